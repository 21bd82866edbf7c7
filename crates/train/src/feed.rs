use crate::Wanted;
use crate::training::Augment;
use nascent_core::rng::{Rng, mix};
use nascent_data::{DataError, Examples, Metric, Targets};

/// Training examples in batches, in another order each epoch.
pub(crate) struct Feed<'a> {
    examples: &'a Examples,
    augment: Option<Augment<'a>>,
    batch: usize,
    seed: u64,
    order: Vec<usize>,
    /// Rows of an epoch: the first of the order.
    rows: usize,
    /// The epoch's stream: first its order, then how examples are varied.
    rng: Rng,
    inputs: Vec<f32>,
}

impl<'a> Feed<'a> {
    /// Batches of at most `batch` of the examples.
    pub(crate) fn new(examples: &'a Examples, augment: Option<Augment<'a>>, batch: usize, seed: u64) -> Self {
        let rows = examples.len();
        Self {
            examples,
            augment,
            batch: batch.clamp(1, examples.targets.of_an_epoch().max(1)),
            seed,
            order: (0..rows).collect(),
            rows: examples.targets.of_an_epoch(),
            rng: Rng::new(0, 0),
            inputs: Vec::new(),
        }
    }

    /// Batches in an epoch.
    pub(crate) fn steps(&self) -> usize {
        self.rows.div_ceil(self.batch)
    }

    /// Examples in an epoch.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Begins an epoch, counted from 1. Each order comes from the one before: no epoch may be left out.
    pub(crate) fn begin(&mut self, epoch: u32) {
        self.rng = Rng::new(mix(&[self.seed, 3]), u64::from(epoch));
        self.rng.shuffle(&mut self.order);
    }

    /// Begins an epoch whose order comes from its number alone: any may be left out.
    pub(crate) fn restart(&mut self, epoch: u32) {
        self.order.sort_unstable();
        self.begin(epoch);
    }

    /// The batches of the epoch in turn: their inputs, varied, and what is to be answered.
    ///
    /// # Errors
    /// Where examples are in a file that cannot be read.
    pub(crate) fn batch(&mut self, step: usize) -> Result<(&[f32], Targets), DataError> {
        let rows = &self.order[step * self.batch..self.rows.min((step + 1) * self.batch)];
        self.inputs.clear();
        self.examples.gather(rows, &mut self.inputs)?;
        if let Some(augment) = self.augment {
            augment(&mut self.inputs, &mut self.rng);
        }
        Ok((&self.inputs, self.examples.targets.pick(rows)))
    }
}

/// What a batch teaches a network that is judged by `metric`.
pub(crate) fn wanted(targets: &Targets, metric: Metric) -> Wanted<'_> {
    match targets {
        Targets::Classes { labels, .. } => Wanted::Classes(labels),
        Targets::Tokens { labels, .. } => Wanted::Tokens(labels),
        Targets::Values { values, .. } if metric == Metric::Mae => Wanted::Medians(values),
        Targets::Values { values, .. } => Wanted::Values(values),
    }
}
