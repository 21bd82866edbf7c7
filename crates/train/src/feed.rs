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
    /// Where running text is read on from batch to batch.
    streams: Option<Streams>,
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
            streams: None,
            order: (0..rows).collect(),
            rows: examples.targets.of_an_epoch(),
            rng: Rng::new(0, 0),
            inputs: Vec::new(),
        }
    }

    /// The same, each example of a batch following the one in its place in the batch before, where the examples are windows of a text,
    /// and a batch can be of some places in it.
    pub(crate) fn followed(mut self) -> Self {
        let each = self.order.len() / self.batch;
        if matches!(self.examples.targets, Targets::Tokens { .. }) && each > 1 {
            self.rows = self.rows / self.batch * self.batch;
            let from = Rng::new(mix(&[self.seed, 3]), 0).below(each / 2);
            self.streams = Some(Streams { each, from });
        }
        self
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
        let Some(streams) = self.streams else { return self.rng.shuffle(&mut self.order) };
        let steps = self.steps();
        let batch = self.batch;
        let first = (epoch.max(1) as usize - 1) * steps;
        self.order.clear();
        self.order.extend((first..first + steps).flat_map(|at| streams.windows(at).take(batch)));
    }

    /// Whether each example of the epoch's batch follows the one in its place in the batch before; nothing is said of examples in no order.
    pub(crate) fn follows(&self, step: usize) -> Option<bool> {
        self.streams?;
        let before = step.checked_sub(1).map(|before| self.order[before * self.batch]);
        Some(before.is_some_and(|before| self.order[step * self.batch] == before + 2))
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

/// Places of a text that are read on side by side, one for each example of a batch. Windows overlap by half: every second is read
/// in one pass over the text, the others in the next.
#[derive(Clone, Copy)]
struct Streams {
    /// Windows of a place, two at least.
    each: usize,
    /// At which of the windows of a pass the first epoch begins.
    from: usize,
}

impl Streams {
    /// The windows that are read at a step, counted over all epochs: one a place, without end.
    fn windows(self, step: usize) -> impl Iterator<Item = usize> {
        let half = self.each / 2;
        let at = self.from + step;
        let window = 2 * (at % half) + at / half % 2;
        (0..).map(move |place| place * self.each + window)
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

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::architecture::Shape;

    /// Windows of four tokens that overlap by half, each beginning with its place in the text.
    fn windows(count: usize) -> Examples {
        let inputs: Vec<f32> = (0..count).flat_map(|n| (0..4).map(move |i| (2 * n + i) as f32)).collect();
        let targets = Targets::Tokens {
            vocabulary: 9,
            length: 4,
            labels: vec![1; 4 * count],
            bytes: vec![1; 9].into(),
        };
        Examples { shape: Shape::new(&[4]), inputs: inputs.into(), targets }
    }

    /// The windows of each batch of an epoch by their first tokens, and whether they follow those before.
    fn batches(feed: &mut Feed<'_>, epoch: u32) -> Vec<(Vec<f32>, Option<bool>)> {
        feed.begin(epoch);
        let steps = 0..feed.steps();
        let firsts = |inputs: &[f32]| inputs.iter().step_by(4).copied().collect();
        steps.map(|step| (firsts(feed.batch(step).unwrap().0), feed.follows(step))).collect()
    }

    #[test]
    fn places_in_a_text_are_read_on_and_all_of_it_is_read() {
        for (count, batch) in [(40, 4), (41, 3), (7, 2), (4, 2)] {
            let examples = windows(count);
            let mut feed = Feed::new(&examples, None, batch, 5).followed();
            assert_eq!(feed.rows(), count / batch * batch);
            let mut met = std::collections::BTreeSet::new();
            for epoch in 1..=4 {
                let all = batches(&mut feed, epoch);
                assert_eq!(all.len(), feed.steps());
                assert_eq!(all[0].1, Some(false));
                for pair in all.windows(2) {
                    let follows =
                        pair[0].0.iter().zip(&pair[1].0).all(|(before, next)| *next == before + 4.0);
                    assert_eq!(pair[1].1, Some(follows), "{pair:?}");
                }
                met.extend(all.iter().flat_map(|(firsts, _)| firsts).map(|first| *first as usize / 2));
            }
            // But for what an even number of windows for each place leaves over.
            assert_eq!(met.len(), count / batch / 2 * 2 * batch, "{count} in batches of {batch}");
            // Any epoch can be begun without those before.
            let mut again = Feed::new(&examples, None, batch, 5).followed();
            assert_eq!(batches(&mut again, 3), batches(&mut feed, 3));
        }
    }

    #[test]
    fn what_is_no_text_or_too_short_has_no_order() {
        let examples = windows(3);
        let mut feed = Feed::new(&examples, None, 2, 5).followed();
        assert!(batches(&mut feed, 1).iter().all(|(_, follows)| follows.is_none()));
        let targets = Targets::Classes { classes: 2, labels: vec![0; 40] };
        let examples = Examples { targets, ..windows(40) };
        let mut feed = Feed::new(&examples, None, 4, 5).followed();
        assert!(batches(&mut feed, 1).iter().all(|(_, follows)| follows.is_none()));
    }
}
