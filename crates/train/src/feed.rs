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
    /// The first windows of stretches of running text, where it is read on from batch to batch.
    stretches: Option<Vec<usize>>,
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
            stretches: None,
            order: (0..rows).collect(),
            rows: examples.targets.of_an_epoch(),
            rng: Rng::new(0, 0),
            inputs: Vec::new(),
        }
    }

    /// The same, each example of a batch following the one in its place in the batch before for [`STRETCH`] batches at a time, where the
    /// examples are windows of a text.
    pub(crate) fn followed(mut self) -> Self {
        let all = stretches(self.order.len());
        let together = STRETCH * self.batch;
        let rows = self.rows.min(all.len() * STRETCH) / together * together;
        if matches!(self.examples.targets, Targets::Tokens { .. }) && rows > 0 {
            (self.rows, self.stretches) = (rows, Some(all));
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
        let Some(all) = &mut self.stretches else { return self.rng.shuffle(&mut self.order) };
        self.rng.shuffle(all);
        self.order.clear();
        for side_by_side in all.chunks_exact(self.batch).take(self.rows / (STRETCH * self.batch)) {
            let windows =
                (0..STRETCH).flat_map(|step| side_by_side.iter().map(move |first| first + 2 * step));
            self.order.extend(windows);
        }
    }

    /// Whether each example of the epoch's batch follows the one in its place in the batch before; nothing is said of examples in no order.
    pub(crate) fn follows(&self, step: usize) -> Option<bool> {
        self.stretches.is_some().then_some(!step.is_multiple_of(STRETCH))
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

/// Windows of a text that are read one after another before a batch goes to other places: what is far back matters little, and many
/// batches of the same places teach these more than the text.
const STRETCH: usize = 4;

/// The first windows of all stretches of a text. Windows overlap by half: the second of a stretch is the next but one.
fn stretches(windows: usize) -> Vec<usize> {
    (0..windows / (2 * STRETCH)).flat_map(|n| [0, 1].map(|side| 2 * STRETCH * n + side)).collect()
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
    fn a_text_is_read_on_for_some_batches_and_all_of_it_in_an_epoch() {
        for (count, batch) in [(80, 4), (83, 3), (16, 2), (8, 1)] {
            let examples = windows(count);
            let mut feed = Feed::new(&examples, None, batch, 5).followed();
            let stretches = count / (2 * STRETCH) * 2;
            assert_eq!(feed.rows(), stretches / batch * batch * STRETCH);
            for epoch in 1..=3 {
                let all = batches(&mut feed, epoch);
                assert_eq!(all.len(), feed.steps());
                for (step, (firsts, follows)) in all.iter().enumerate() {
                    assert_eq!(*follows, Some(step % STRETCH > 0));
                    assert_eq!(firsts.len(), batch);
                    if step % STRETCH > 0 {
                        let before = &all[step - 1].0;
                        assert!(before.iter().zip(firsts).all(|(before, next)| *next == before + 4.0));
                    }
                }
                let firsts: Vec<f32> = all.into_iter().flat_map(|(firsts, _)| firsts).collect();
                let met: std::collections::BTreeSet<usize> = firsts.iter().map(|x| *x as usize / 2).collect();
                assert_eq!(met.len(), firsts.len(), "no window twice");
                assert!(met.iter().all(|window| *window < count));
            }
            let mut again = Feed::new(&examples, None, batch, 5).followed();
            assert_eq!(
                batches(&mut again, 1),
                batches(&mut Feed::new(&examples, None, batch, 5).followed(), 1)
            );
            assert!(stretches == 2 || batches(&mut again, 2) != batches(&mut again, 3));
        }
    }

    #[test]
    fn what_is_no_text_or_too_short_has_no_order() {
        for examples in [
            windows(7),
            windows(15),
            Examples { targets: Targets::Classes { classes: 2, labels: vec![0; 40] }, ..windows(40) },
        ] {
            let mut feed = Feed::new(&examples, None, 4, 5).followed();
            let all = batches(&mut feed, 1);
            assert!(all.iter().all(|(_, follows)| follows.is_none()));
            assert_eq!(all.iter().map(|(firsts, _)| firsts.len()).sum::<usize>(), examples.len());
        }
    }
}
