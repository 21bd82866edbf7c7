//! Weights that the networks of a space share.

use super::part::{Axis, Run, axes, located, runs};
use crate::network::{Place, statistics};
use crate::optimizer::Gradient;
use crate::weights::{Slot, fresh_numbers};
use crate::{Device, Network, Optimizers, Weights, slots};
use nascent_core::Settings;
use nascent_core::architecture::{Architecture, NodeId};
use nascent_core::rng::{Rng, mix};
use nascent_data::{DataError, Examples};
use std::collections::{BTreeMap, HashMap};

/// The weights that the networks of a space share: an entry for each place, branch and operation, as large as the largest
/// of the networks seen so far needs; a smaller one uses the first channels, and the middle of a kernel.
///
/// That is how once-for-all networks (Cai et al. 2019, arXiv:1908.09791) and AutoFormer (Chen et al. 2021,
/// arXiv:2107.00651) share weights among sizes. Operations on different branches have weights of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Shared {
    pub(super) seed: u64,
    /// The entry of each key.
    pub(super) keys: BTreeMap<String, usize>,
    /// The extents of each entry.
    pub(super) extents: Vec<Vec<usize>>,
    /// Entries are filed as if they were slots of one network.
    pub(super) weights: Weights,
    pub(super) optimizers: Optimizers,
    /// What the batch at hand teaches each entry, where it teaches it anything.
    pub(super) gradients: Vec<Option<Vec<f32>>>,
}

/// Where the numbers of one slot of a network lie.
pub(crate) struct Located {
    entry: usize,
    runs: Vec<Run>,
}

impl Shared {
    /// No weights yet, to be trained as `settings` say.
    #[must_use]
    pub fn new(settings: &Settings, seed: u64) -> Self {
        let weights = Weights { slots: Vec::new(), values: Vec::new() };
        Self {
            seed,
            keys: BTreeMap::new(),
            extents: Vec::new(),
            optimizers: Optimizers::new(settings, &weights),
            weights,
            gradients: Vec::new(),
        }
    }

    /// How many numbers are trained.
    #[must_use]
    pub fn params(&self) -> u64 {
        self.weights.params()
    }

    /// Makes the entries of a network that are missing or too small.
    pub(crate) fn reserve(&mut self, graph: &Architecture) {
        let slots = slots(graph);
        for (slot, key) in slots.iter().zip(keys(graph, &slots)) {
            self.entry(key, graph, slot, &axes(graph, slot));
        }
    }

    /// The weights of one network, and where they lie; entries that are missing or too small are made.
    pub(crate) fn gather(&mut self, graph: &Architecture) -> (Weights, Vec<Located>) {
        let slots = slots(graph);
        let keys = keys(graph, &slots);
        let mut values = Vec::with_capacity(slots.len());
        let mut places = Vec::with_capacity(slots.len());
        for (slot, key) in slots.iter().zip(keys) {
            let entry = self.entry(key, graph, slot, &axes(graph, slot));
            let runs = located(graph, slot, &self.extents[entry]);
            let whole = &self.weights.values[entry];
            let mut own = vec![0.0; slot.len()];
            for run in &runs {
                own[run.part..run.part + run.len].copy_from_slice(&whole[run.whole..run.whole + run.len]);
            }
            values.push(own);
            places.push(Located { entry, runs });
        }
        (Weights { slots, values }, places)
    }

    /// The entry of a key, at least as large as `part`.
    fn entry(&mut self, key: String, graph: &Architecture, slot: &Slot, part: &[Axis]) -> usize {
        let known = self.keys.get(&key).copied();
        let old = known.map_or(&[][..], |entry| &self.extents[entry][..]);
        let extents: Vec<usize> =
            part.iter().enumerate().map(|(i, axis)| axis.len.max(old.get(i).copied().unwrap_or(0))).collect();
        if let Some(entry) = known.filter(|_| extents == old) {
            return entry;
        }
        let stream = key.bytes().fold(0u64, |sum, byte| mix(&[sum, u64::from(byte)]));
        let len: usize = extents.iter().product();
        let mut rng = Rng::new(mix(&[self.seed, 1, stream]), len as u64);
        let mut values = fresh_numbers(graph, slot, len, &mut rng);
        let has_second = self.optimizers.has_second();
        let trained = if slot.kind.is_trained() { len } else { 0 };
        let (mut first, mut second) = (vec![0.0; trained], vec![0.0; if has_second { trained } else { 0 }]);
        let Some(entry) = known else {
            let entry = self.extents.len();
            self.keys.insert(key.clone(), entry);
            self.extents.push(extents.clone());
            self.weights.slots.push(Slot { name: key, shape: extents, ..slot.clone() });
            self.weights.values.push(values);
            self.optimizers.push(first, second);
            self.gradients.push(None);
            return entry;
        };
        // What was learned keeps its place in the larger entry.
        let small: Vec<Axis> = old.iter().zip(part).map(|(&len, axis)| Axis { len, ..*axis }).collect();
        let runs = runs(&extents, &small);
        let carry = |new: &mut [f32], old: &[f32]| {
            for run in runs.iter().filter(|_| !old.is_empty()) {
                new[run.whole..run.whole + run.len].copy_from_slice(&old[run.part..run.part + run.len]);
            }
        };
        carry(&mut values, &self.weights.values[entry]);
        carry(&mut first, &self.optimizers.first[entry]);
        if has_second {
            carry(&mut second, &self.optimizers.second[entry]);
            self.optimizers.second[entry] = second;
        }
        self.optimizers.first[entry] = first;
        self.weights.values[entry] = values;
        self.weights.slots[entry].shape.clone_from(&extents);
        self.extents[entry] = extents;
        self.gradients[entry] = None;
        entry
    }

    /// Adds what a batch teaches one network, at `share` of its weight.
    pub(crate) fn learn(&mut self, places: &[Located], gradients: &[Option<Gradient>], share: f32) {
        for (place, gradient) in places.iter().zip(gradients) {
            let Some(Gradient { numbers, rows }) = gradient else { continue };
            let len = self.weights.values[place.entry].len();
            let sum = self.gradients[place.entry].get_or_insert_with(|| vec![0.0; len]);
            let own;
            let numbers = match rows {
                None => numbers,
                Some(rows) => {
                    own = spread(numbers, rows, place.runs.iter().map(|run| run.len).sum());
                    &own
                }
            };
            for run in &place.runs {
                let sums = &mut sum[run.whole..run.whole + run.len];
                for (sum, number) in sums.iter_mut().zip(&numbers[run.part..run.part + run.len]) {
                    *sum += share * number;
                }
            }
        }
    }

    /// Moves the entries that something was learned of.
    pub(crate) fn step(&mut self, learning_rate: f64) {
        let gradients: Vec<Option<Gradient>> = self
            .gradients
            .iter_mut()
            .map(|sum| Some(Gradient { numbers: sum.take()?, rows: None }))
            .collect();
        self.optimizers.step(&mut self.weights, &gradients, learning_rate);
    }

    /// A network with these weights, its norms set to what they find in `examples`.
    ///
    /// Norms of a network among many have seen the values of all of them, and so remember those of none.
    ///
    /// # Errors
    /// Where examples are in a file that cannot be read.
    pub fn calibrated(
        &mut self,
        graph: &Architecture,
        examples: &Examples,
        batch: usize,
        device: Device,
    ) -> Result<Network, DataError> {
        let (mut weights, _) = self.gather(graph);
        let place = Place::from(device);
        let mut sums: HashMap<usize, (Vec<f64>, usize)> = HashMap::new();
        let has_norms = weights.slots.iter().any(|slot| !slot.kind.is_trained());
        // A last batch of few examples would tell less than it counts.
        let (size, mut room) = (batch.max(2), Vec::new());
        let batches = (0..examples.len()).step_by(size).map(|first| first..examples.len().min(first + size));
        let whole = batches.filter(|rows| has_norms && rows.len() >= batch.clamp(2, examples.len().max(2)));
        for rows in whole.take(CALIBRATION) {
            let inputs = examples.range(rows, &mut room)?;
            for (slot, found) in statistics(graph, &weights, &place, inputs) {
                let (sum, count) = sums.entry(slot).or_insert_with(|| (vec![0.0; found.len()], 0));
                sum.iter_mut().zip(found).for_each(|(sum, found)| *sum += f64::from(found));
                *count += 1;
            }
        }
        for (slot, (sum, count)) in sums {
            weights.values[slot] = sum.into_iter().map(|sum| (sum / count as f64) as f32).collect();
        }
        Ok(Network::new(graph.clone(), weights, &Settings::default(), 0, device))
    }
}

/// The most batches that norms are set by.
const CALIBRATION: usize = 16;

/// Gradients of some rows, as those of all.
fn spread(numbers: &[f32], rows: &[u32], len: usize) -> Vec<f32> {
    let mut all = vec![0.0; len];
    let size = numbers.len() / rows.len().max(1);
    for (row, numbers) in rows.iter().zip(numbers.chunks_exact(size.max(1))) {
        all[*row as usize * size..][..size].copy_from_slice(numbers);
    }
    all
}

/// What the slots of a network are called among all networks of its space: the place, the operation, which of its kind it
/// is there, and the part.
pub(crate) fn keys(graph: &Architecture, slots: &[Slot]) -> Vec<String> {
    let mut counts: HashMap<(&str, &str), usize> = HashMap::new();
    let mut last: Option<(NodeId, usize)> = None;
    let mut keys = Vec::with_capacity(slots.len());
    for slot in slots {
        let (place, op) = (graph.place(slot.node), graph.nodes()[slot.node.index()].op.name());
        let number = match last {
            Some((node, number)) if node == slot.node => number,
            _ => {
                let count = counts.entry((place, op)).or_default();
                *count += 1;
                *count
            }
        };
        last = Some((slot.node, number));
        let part = slot.name.splitn(3, '.').last().unwrap_or_default();
        keys.push(format!("{place} / {op} {number} / {part}"));
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::architecture::op::{Conv2d, GlobalAveragePool, Linear};
    use nascent_core::architecture::{ArchitectureBuilder, Shape};

    fn network(channels: usize, kernel: usize) -> Architecture {
        let mut b = ArchitectureBuilder::new(Shape::new(&[1, 8, 8]));
        b.scope("stem");
        let ops = [Conv2d::same(channels, kernel, 1).into(), GlobalAveragePool {}.into()];
        let at = b.chain(b.input(), ops).unwrap();
        b.scope("head");
        let output = b.add(Linear { features: 2, bias: true }, &[at]).unwrap();
        b.finish(output).unwrap()
    }

    fn shared() -> Shared {
        Shared::new(&Settings::default(), 1)
    }

    #[test]
    fn a_smaller_network_uses_the_first_channels_and_the_middle_of_a_kernel() {
        let mut shared = shared();
        let (large, _) = shared.gather(&network(4, 5));
        let (small, _) = shared.gather(&network(3, 3));
        let at = |w: &Weights, kernel: usize, o: usize, y: usize, x: usize| {
            w.values[0][(o * kernel + y) * kernel + x]
        };
        for (o, y, x) in [(0, 0, 0), (1, 2, 1), (2, 1, 2)] {
            assert_eq!(at(&small, 3, o, y, x), at(&large, 5, o, y + 1, x + 1));
        }
        // The linear layer's rows are channels.
        assert_eq!(small.values[1], large.values[1][..6]);
    }

    #[test]
    fn what_grows_keeps_what_it_has_learned() {
        let mut shared = shared();
        let (before, places) = shared.gather(&network(3, 3));
        let ones = before.values.iter().map(|v| Some(Gradient { numbers: vec![1.0; v.len()], rows: None }));
        shared.learn(&places, &ones.collect::<Vec<_>>(), 1.0);
        shared.step(0.1);
        let (learned, _) = shared.gather(&network(3, 3));
        assert_ne!(learned, before);
        let (first, second) = (shared.optimizers.first[0].clone(), shared.optimizers.second[0].clone());
        shared.gather(&network(6, 7));
        assert_eq!(shared.gather(&network(3, 3)).0, learned);
        assert_eq!(shared.extents[0], [6, 1, 7, 7]);
        let sum = |v: &[f32]| v.iter().sum::<f32>();
        assert_eq!(
            (sum(&first), sum(&second)),
            (sum(&shared.optimizers.first[0]), sum(&shared.optimizers.second[0]))
        );
        // Moments lie where their weights do: the middle of the kernel, the first channels.
        assert!(shared.optimizers.first[0][3 * 7 + 3] != 0.0 && shared.optimizers.first[0][0] == 0.0);
    }

    #[test]
    fn what_no_batch_used_does_not_move() {
        let mut shared = shared();
        let (whole, _) = shared.gather(&network(4, 5));
        let (small, places) = shared.gather(&network(2, 3));
        let gradients =
            small.values.iter().map(|v| Some(Gradient { numbers: vec![1.0; v.len()], rows: None }));
        shared.learn(&places, &gradients.collect::<Vec<_>>(), 0.5);
        shared.step(0.1);
        let (after, _) = shared.gather(&network(4, 5));
        let moved = |i: usize| (after.values[0][i] - whole.values[0][i]).abs() > 0.05;
        assert!(moved(6) && !moved(0) && !moved(3 * 25 + 6), "only the middle of the first two channels");
    }
}
