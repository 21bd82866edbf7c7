use super::places::{Grids, is_layer};
use super::{Folded, Grid};
use nascent_core::architecture::{Architecture, Node, NodeId, Op, Slot, slots};

/// The largest whole number of a weight.
const LARGEST: f32 = 127.0;
/// The same for weights that are multiplied as whole numbers: two products with values of up to 255 must fit into 16 bits, in
/// which x86 processors without VNNI add them.
const LARGEST_FACTOR: f32 = 64.0;
/// The largest whole number of a bias: half of what 32 bits hold, so that sums have room beside it.
const LARGEST_BIAS: f32 = (1u32 << 30) as f32;
/// Fewer numbers than these take more room as whole numbers, with their scales and the node that reads them.
const FEW: usize = 128;

/// Weights as whole numbers, with a scale for each channel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rounded {
    /// One a channel.
    pub scales: Vec<f32>,
    /// Row-major.
    pub numbers: Vec<i8>,
    /// Neighbours of one channel.
    inner: usize,
}

impl Rounded {
    /// Numbers of these extents that are only stored, from -127 to 127; their channels lie along `axis`.
    pub fn stored(numbers: &[f32], extents: &[usize], axis: usize) -> Self {
        Self::new(numbers, extents, axis, LARGEST, |_| 0.0)
    }

    /// Whole numbers up to `largest`; a channel's scale is at least what `least` says.
    fn new(
        numbers: &[f32],
        extents: &[usize],
        axis: usize,
        largest: f32,
        least: impl Fn(usize) -> f32,
    ) -> Self {
        let channels = extents.get(axis).copied().unwrap_or(1).max(1);
        let inner = extents.get(axis + 1..).map_or(1, |rest| rest.iter().product::<usize>()).max(1);
        let mut scales = vec![0.0f32; channels];
        for (i, x) in numbers.iter().enumerate() {
            let scale = &mut scales[i / inner % channels];
            *scale = scale.max(x.abs() / largest);
        }
        for (channel, scale) in scales.iter_mut().enumerate() {
            *scale = scale.max(least(channel));
            // A channel of zeros is one at any scale.
            if !scale.is_normal() {
                *scale = 1.0;
            }
        }
        let round = |(i, x): (usize, &f32)| {
            (x / scales[i / inner % channels]).round_ties_even().clamp(-largest, largest) as i8
        };
        let numbers = numbers.iter().enumerate().map(round).collect();
        Self { scales, numbers, inner }
    }

    /// The numbers that they stand for.
    pub fn values(&self) -> Vec<f32> {
        let scale = |i: usize| self.scales[i / self.inner % self.scales.len()];
        self.numbers.iter().enumerate().map(|(i, n)| f32::from(*n) * scale(i)).collect()
    }
}

/// The weights of a layer, from -64 to 64, and its biases in steps of products: those of what it reads by those of its weights.
pub(crate) fn layer(
    (weights, extents, axis): (&[f32], &[usize], usize),
    biases: Option<&[f32]>,
    grid: Grid,
) -> (Rounded, Option<Vec<i32>>) {
    let bias = |channel: usize| biases.and_then(|b| b.get(channel)).copied().unwrap_or(0.0);
    let least = |channel: usize| bias(channel).abs() / grid.scale / LARGEST_BIAS;
    let rounded = Rounded::new(weights, extents, axis, LARGEST_FACTOR, least);
    let steps = biases.map(|biases| {
        let step = |(b, scale): (&f32, &f32)| (b / (grid.scale * scale)).round_ties_even() as i32;
        biases.iter().zip(&rounded.scales).map(step).collect()
    });
    (rounded, steps)
}

/// The axis of the channels of an operation's weights in one of its places that holds `len` numbers; none where they stay
/// as they are.
pub(crate) fn channel_axis(op: &Op, place: usize, len: usize) -> Option<usize> {
    match (op, place) {
        (Op::Conv2d(_) | Op::Conv1d(_), 0) => Some(0),
        (Op::Linear(_), 0) => Some(1),
        _ if len < FEW => None,
        (Op::SelfAttention(_), 0 | 2) | (Op::PerFeature(_) | Op::PositionEmbedding(_), 0) => Some(0),
        (Op::Gru(_) | Op::Lstm(_) | Op::Cell(_), 0) => Some(0),
        (Op::Gru(_) | Op::Lstm(_), 2) | (Op::Embedding(_) | Op::EmbeddingBag(_), 0) => Some(1),
        (Op::Cell(_), 2) => Some(2),
        _ => None,
    }
}

/// The numbers of a network as whole numbers stand for them, one vector for each of its slots.
#[must_use]
pub fn rounded(folded: &Folded, grids: &Grids) -> Vec<Vec<f32>> {
    let graph = &folded.graph;
    let slots = with_places(graph);
    let mut values = folded.values.clone();
    for (i, (slot, place)) in slots.iter().enumerate().take(folded.values.len()) {
        let node = &graph.nodes()[slot.node.index()];
        let Some(axis) = channel_axis(&node.op, *place, slot.len()) else { continue };
        let grid = node.inputs.first().and_then(|input| grids.get(input)).filter(|_| is_layer(&node.op));
        let Some(grid) = grid else {
            values[i] = Rounded::stored(&values[i], &slot.shape, axis).values();
            continue;
        };
        let has_bias = slots.get(i + 1).is_some_and(|(next, _)| next.node == slot.node);
        let biases = if has_bias { values.get(i + 1).map(Vec::as_slice) } else { None };
        let (weights, steps) = layer((&values[i], &slot.shape, axis), biases, *grid);
        if let Some(steps) = steps {
            let value = |(step, scale): (i32, &f32)| step as f32 * (grid.scale * scale);
            values[i + 1] = steps.into_iter().zip(&weights.scales).map(value).collect();
        }
        values[i] = weights.values();
    }
    values
}

/// How much of a network is whole numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Layers that multiply whole numbers.
    pub layers: usize,
    /// Weights that are stored as whole numbers, those of these layers among them.
    pub whole: usize,
    /// All other numbers: biases, norms, small weights.
    pub rest: usize,
}

impl Counts {
    /// Those of a network with these grids.
    #[must_use]
    pub fn new(folded: &Folded, grids: &Grids) -> Self {
        let nodes = folded.graph.nodes();
        let has_grid = |input: &NodeId| grids.contains_key(input);
        let is_whole = |node: &&Node| is_layer(&node.op) && node.inputs.iter().all(has_grid);
        let mut counts = Self { layers: nodes.iter().filter(is_whole).count(), ..Self::default() };
        for (slot, place) in with_places(&folded.graph) {
            let axis = channel_axis(&nodes[slot.node.index()].op, place, slot.len());
            let count = if axis.is_some() { &mut counts.whole } else { &mut counts.rest };
            *count += slot.len();
        }
        counts
    }
}

/// The slots of a graph, each with its place among those of its node.
fn with_places(graph: &Architecture) -> Vec<(Slot, usize)> {
    let mut last = None;
    let mut place = 0;
    let each = |slot: Slot| {
        place = if last == Some(slot.node) { place + 1 } else { 0 };
        last = Some(slot.node);
        (slot, place)
    };
    slots(graph).into_iter().map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_lose_half_a_step_of_their_channel_at_most() {
        let extents = [3, 2, 4];
        let numbers: Vec<f32> =
            (0..24).map(|i| ((i * 37 % 19) as f32 - 9.0) * 10f32.powi(i / 8 - 1)).collect();
        for (axis, channel) in [(0, (|i| i / 8) as fn(usize) -> usize), (1, |i| i / 4 % 2), (2, |i| i % 4)] {
            let rounded = Rounded::stored(&numbers, &extents, axis);
            assert_eq!(rounded.scales.len(), extents[axis]);
            assert!(rounded.numbers.contains(&127) || rounded.numbers.contains(&-127));
            for (i, (a, b)) in numbers.iter().zip(rounded.values()).enumerate() {
                assert!(
                    (a - b).abs() <= 0.5001 * rounded.scales[channel(i)],
                    "axis {axis}, {i}: {a} became {b}"
                );
            }
        }
    }

    #[test]
    fn a_channel_of_zeros_keeps_its_bias() {
        let grid = Grid { scale: 0.5, zero: 3 };
        let weights = [0.0, 0.0, 0.25, -0.5];
        let (rounded, steps) = layer((&weights, &[2, 2], 0), Some(&[0.3, 0.0]), grid);
        assert_eq!(rounded.numbers, [0, 0, 32, -64]);
        let steps = steps.unwrap();
        assert!((steps[0] as f32 * 0.5 * rounded.scales[0] - 0.3).abs() < 1e-6, "{steps:?}");
        assert_eq!(steps[1], 0);
        // Weights far smaller than the bias give way to it: it must not leave its 32 bits.
        let (_, steps) = layer((&[1e-30, 1e-30], &[1, 2], 0), Some(&[100.0]), grid);
        assert!((1 << 29..=1 << 30).contains(&steps.unwrap()[0]));
        // Nothing at all is nothing.
        let (rounded, steps) = layer((&[0.0], &[1, 1], 0), Some(&[0.0]), grid);
        assert_eq!((rounded.numbers, steps), (vec![0], Some(vec![0])));
    }
}
