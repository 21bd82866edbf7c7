use super::Grid;
use nascent_core::architecture::op::Activation;
use nascent_core::architecture::{Architecture, NodeId, Op};
use std::collections::BTreeMap;

/// The grid of each value that is rounded, by its node.
pub type Grids = BTreeMap<NodeId, Grid>;

/// Whether an operation is computed with whole numbers: sums of products of its input with weights.
pub(crate) fn is_layer(op: &Op) -> bool {
    matches!(op, Op::Conv2d(_) | Op::Conv1d(_) | Op::Linear(_))
}

/// The values of a folded network that are rounded: what layers read, and what convolutions give, after their rectifier
/// where that is all that reads it. Codes and the network's answers are not.
#[must_use]
pub fn places(graph: &Architecture) -> Vec<NodeId> {
    let nodes = graph.nodes();
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut is_code = vec![false; nodes.len()];
    for (i, node) in nodes.iter().enumerate() {
        for (place, input) in node.inputs.iter().enumerate() {
            readers[input.index()].push(i);
            is_code[input.index()] |= match node.op {
                Op::Embedding(_) | Op::EmbeddingBag(_) | Op::Slice(_) => true,
                Op::SelfAttention(_) | Op::MaskedPool(_) => place == 1,
                _ => false,
            };
        }
    }
    let is_relu = |i: usize| matches!(nodes[i].op, Op::Activation(Activation::Relu));
    let is_convolution = |i: usize| matches!(nodes[i].op, Op::Conv2d(_) | Op::Conv1d(_));
    let is_wanted = |i: usize| {
        let is_read = readers[i].iter().any(|reader| is_layer(&nodes[*reader].op));
        let ends = match &readers[i][..] {
            [only] if is_relu(*only) => false,
            _ => is_convolution(i) || is_relu(i) && ends_convolution(graph, &readers, i),
        };
        is_read || ends && graph.output().index() != i
    };
    let wanted = (0..nodes.len()).filter(|i| !is_code[*i] && is_wanted(*i));
    wanted.map(|i| NodeId(i as u32)).collect()
}

/// Whether a rectifier is all that reads a convolution.
fn ends_convolution(graph: &Architecture, readers: &[Vec<usize>], relu: usize) -> bool {
    let before = graph.nodes()[relu].inputs[0].index();
    readers[before].len() == 1
        && graph.output().index() != before
        && matches!(graph.nodes()[before].op, Op::Conv2d(_) | Op::Conv1d(_))
}
