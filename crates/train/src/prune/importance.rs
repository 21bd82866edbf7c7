use super::Channels;
use super::channels::Along;
use super::without::{stride, with_places};
use crate::{Slot, Weights, tapped};
use nascent_core::architecture::{Architecture, NodeId, Op};
use nascent_data::{DataError, Examples};
use std::collections::BTreeMap;

/// Examples that go through the network at a time.
const BATCH: usize = 64;

/// What is known of one number of a value over examples.
#[derive(Clone, Copy, Default)]
struct Moments {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    fn see(&mut self, x: f32) {
        let x = f64::from(x);
        self.count += 1.0;
        self.sum += x;
        self.squares += x * x;
    }

    fn variance(self) -> f64 {
        let mean = self.sum / self.count.max(1.0);
        (self.squares / self.count.max(1.0) - mean * mean).max(0.0)
    }
}

/// Weights that read a node's value.
struct Reader<'n> {
    value: NodeId,
    slot: &'n Slot,
    /// Over which channels.
    along: Along<'n>,
    numbers: &'n [f32],
}

/// How much each group of channels matters: over all layers that read it, which part of what varies in their sums comes from it,
/// by the variance of its values for `rows` of the examples and the squares of the weights that read them.
///
/// What does not vary is a constant to its readers, which a bias or a norm makes up for (as in FLAP, An et al. 2023,
/// arXiv:2312.11983). Neither labels nor gradients are asked, which say little of a network that has learned its examples.
///
/// # Errors
/// Where examples are in a file that cannot be read.
pub fn importances(
    (graph, weights): (&Architecture, &Weights),
    examples: &Examples,
    rows: &[usize],
) -> Result<Vec<f64>, DataError> {
    let channels = Channels::new(graph);
    let read_by = |node: NodeId| graph.nodes()[node.index()].inputs[0];
    let mut readers: Vec<Reader<'_>> = Vec::new();
    for ((slot, place), numbers) in with_places(&weights.slots).zip(&weights.values) {
        for along in channels.along(graph, slot, place).into_iter().filter(|along| along.is_read) {
            readers.push(Reader { value: read_by(slot.node), slot, along, numbers });
        }
        // A table that answers share reads what they are made of, with the numbers of the codes.
        for node in graph.nodes().iter().filter(|_| place == 0) {
            if matches!(node.op, Op::TiedOutput(_)) && node.inputs[1] == slot.node {
                let along = Along { axis: 1, groups: channels.of(node.inputs[0]), is_read: true };
                readers.push(Reader { value: node.inputs[0], slot, along, numbers });
            }
        }
    }
    let mut nodes: Vec<NodeId> = readers.iter().map(|reader| reader.value).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let mut seen: BTreeMap<NodeId, Vec<Moments>> = BTreeMap::new();
    let mut inputs = Vec::new();
    for rows in rows.chunks(BATCH) {
        inputs.clear();
        examples.gather(rows, &mut inputs)?;
        let mut see = |node: NodeId, numbers: &mut [f32]| {
            let count = channels.of(node).len();
            let each = numbers.len() / rows.len() / count.max(1);
            let moments = seen.entry(node).or_insert_with(|| vec![Moments::default(); count]);
            for (i, x) in numbers.iter().enumerate() {
                moments[i / each % count].see(*x);
            }
        };
        let _ = tapped((graph, weights), &inputs, &nodes, &mut see);
    }
    let mut importances = vec![0.0; channels.len()];
    for Reader { value, slot, along, numbers } in readers {
        let Some(moments) = seen.get(&value) else { continue };
        let (stride, count) = (stride(slot, along.axis), along.groups.len());
        let mut parts = vec![0.0; count];
        for (i, weight) in numbers.iter().enumerate() {
            parts[i / stride % count] += f64::from(*weight).powi(2);
        }
        parts.iter_mut().zip(moments).for_each(|(part, moments)| *part *= moments.variance());
        let whole: f64 = parts.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        for (group, part) in along.groups.iter().zip(parts) {
            importances[*group] += part / whole;
        }
    }
    Ok(importances)
}
