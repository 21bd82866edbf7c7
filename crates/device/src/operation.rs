//! Single operations at the shapes that networks have them in.

use nascent_core::architecture::op::*;
use nascent_core::architecture::{
    Architecture, ArchitectureBuilder, ArchitectureError, NodeId, Op, Operation, Shape,
};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// An operation with the shapes it reads: what a table of latencies is looked up by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

impl Key {
    /// The key of a node; none for what takes no time of its own.
    #[must_use]
    pub fn of(graph: &Architecture, node: NodeId) -> Option<Self> {
        let op = &graph.nodes()[node.index()].op;
        if is_free(op) {
            return None;
        }
        let mut key = String::from(op.name());
        // The spelling in the hash has every parameter of the operation; its first word is the name's.
        for word in &op.code()[1..] {
            let _ = write!(key, ".{word}");
        }
        for shape in graph.input_shapes(node) {
            let _ = write!(key, " {shape}");
        }
        Some(Self(key))
    }

    /// As a text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is gone when a network runs.
pub(crate) fn is_free(op: &Op) -> bool {
    matches!(op, Op::Input(_) | Op::Identity(_) | Op::Dropout(_) | Op::Zero(_))
}

/// The family of an operation: those of one family take time in the same way, as far as their numbers go.
pub(crate) fn family(op: &Op, inputs: &[&Shape]) -> String {
    let channels = inputs.first().and_then(|s| s.channels()).unwrap_or(0);
    match op {
        Op::Conv2d(c) if c.groups > 1 && c.groups == channels => "Conv2d depthwise".into(),
        Op::Conv1d(c) if c.groups > 1 && c.groups == channels => "Conv1d depthwise".into(),
        Op::Conv2d(c) => format!("Conv2d {k}×{k}", k = c.kernel.min(2)),
        _ => op.name().into(),
    }
}

/// What an operation has to do, in numbers that its time grows with: multiply-accumulates, and numbers read and written.
pub(crate) fn work(op: &Op, inputs: &[&Shape], output: &Shape) -> [f64; 2] {
    let read: u64 = inputs.iter().map(|s| s.len()).sum();
    // Sines, exponentials and the like are some ten multiplications each; what they are done to is read and written.
    [op.macs(inputs, output) as f64, (read + output.len() + op.params(inputs)) as f64]
}

/// Two networks that differ by one operation: what it takes is the difference of what they take.
pub(crate) struct Carried {
    pub with: Architecture,
    /// Nothing where the other does no more than hand its input on.
    pub without: Option<Architecture>,
}

/// A network around one operation of another network.
pub(crate) fn carried(graph: &Architecture, node: NodeId) -> Result<Carried, ArchitectureError> {
    let op = graph.nodes()[node.index()].op.clone();
    let shapes = graph.input_shapes(node);
    match (&op, &shapes[..]) {
        (Op::Multiply(_), [value, gate]) if value != gate => {
            let with = build((*value).clone(), |b| {
                let gate = b.add(GlobalAveragePool {}, &[b.input()])?;
                b.add(op.clone(), &[b.input(), gate])
            })?;
            let without = build((*value).clone(), |b| b.add(GlobalAveragePool {}, &[b.input()]))?;
            Ok(Carried { with, without: Some(without) })
        }
        (Op::SelfAttention(_) | Op::MaskedPool(_), [value, codes]) => {
            let size = value.extents()[0];
            let embedding = Embedding { vocabulary: 100, size };
            let with = build((*codes).clone(), |b| {
                let vectors = b.add(embedding.clone(), &[b.input()])?;
                b.add(op.clone(), &[vectors, b.input()])
            })?;
            let without = build((*codes).clone(), |b| b.add(embedding.clone(), &[b.input()]))?;
            Ok(Carried { with, without: Some(without) })
        }
        (Op::TiedOutput(tied), [value, _]) => {
            let steps = value.extents().get(1).copied().unwrap_or(1);
            let embedding = Embedding { vocabulary: tied.vocabulary, size: tied.size };
            let with = build(Shape::new(&[steps]), |b| {
                let vectors = b.add(embedding.clone(), &[b.input()])?;
                b.add(op.clone(), &[vectors, vectors])
            })?;
            let without = build(Shape::new(&[steps]), |b| b.add(embedding.clone(), &[b.input()]))?;
            Ok(Carried { with, without: Some(without) })
        }
        (Op::Concat(_), shapes) if shapes.windows(2).any(|pair| pair[0] != pair[1]) => {
            // All parts are cut from one vector or made of one by flattening: their numbers are what is copied.
            let total: u64 = shapes.iter().map(|s| s.len()).sum();
            let with = build(Shape::new(&[total as usize]), |b| {
                let mut from = 0;
                let mut parts = Vec::new();
                for shape in shapes {
                    let len = shape.len() as usize;
                    parts.push(b.add(Slice { from, len }, &[b.input()])?);
                    from += len;
                }
                b.add(op.clone(), &parts)
            })?;
            Ok(Carried { with, without: None })
        }
        (_, shapes) => {
            let shape = shapes.first().map_or_else(|| Shape::new(&[1]), |s| (*s).clone());
            let with = build(shape, |b| b.add(op.clone(), &vec![b.input(); shapes.len()]))?;
            Ok(Carried { with, without: None })
        }
    }
}

fn build(
    input: Shape,
    draw: impl FnOnce(&mut ArchitectureBuilder) -> Result<NodeId, ArchitectureError>,
) -> Result<Architecture, ArchitectureError> {
    let mut b = ArchitectureBuilder::new(input);
    let output = draw(&mut b)?;
    b.finish(output)
}

/// A network that does nothing: what every run takes besides its operations.
pub(crate) fn nothing() -> Result<Architecture, ArchitectureError> {
    build(Shape::new(&[1]), |b| b.add(Identity {}, &[b.input()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_parameters_and_shapes_apart_and_forgets_where_a_node_stands() {
        let graph = |kernel, side| {
            let mut b = ArchitectureBuilder::new(Shape::new(&[4, side, side]));
            let at = b.add(Activation::Relu, &[b.input()]).unwrap();
            let at = b.add(Conv2d::same(8, kernel, 1), &[at]).unwrap();
            b.finish(at).unwrap()
        };
        let key = |kernel, side| Key::of(&graph(kernel, side), NodeId(2)).unwrap();
        assert_eq!(key(3, 8), key(3, 8));
        assert_eq!(key(3, 8).as_str(), "Conv2d.8.3.1.1.1.1.0 4×8×8");
        assert!(key(3, 8) != key(1, 8) && key(3, 8) != key(3, 9));
        assert_eq!(Key::of(&graph(3, 8), NodeId(0)), None);
    }

    #[test]
    fn what_is_carried_is_there_once_more() {
        let mut b = ArchitectureBuilder::new(Shape::new(&[6, 9]));
        let pooled = b.add(GlobalMaxPool {}, &[b.input()]).unwrap();
        let gated = b.add(Multiply {}, &[b.input(), pooled]).unwrap();
        let sum = b.add(Add {}, &[gated, gated, b.input()]).unwrap();
        let graph = b.finish(sum).unwrap();
        for (i, node) in graph.nodes().iter().enumerate().skip(1) {
            let Carried { with, without } = carried(&graph, NodeId(i as u32)).unwrap();
            let count = |graph: &Architecture| graph.nodes().iter().filter(|n| n.op == node.op).count();
            assert_eq!((count(&with), without.as_ref().map_or(0, count)), (1, 0), "{}", node.op.name());
        }
    }
}
