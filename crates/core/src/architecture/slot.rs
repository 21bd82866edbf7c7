//! The places of a network's numbers: what a graph says of its weights without having any.

use super::{Architecture, NodeId, Op, op};

/// What the numbers of a slot are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotKind {
    /// The weights of a convolution or a linear layer: trained, and decayed.
    Weight,
    /// A table with a row for each code from 1 on: trained, not decayed, and only the rows that a batch uses.
    Embedding,
    /// What is added to each step: trained, not decayed.
    Positions,
    /// Frequencies of waves, drawn with a deviation in thousandths: trained, not decayed.
    Frequencies {
        /// The deviation.
        sigma_per_mille: usize,
    },
    /// A bias, or a norm's shift: trained, not decayed.
    Bias,
    /// A norm's scale: trained, not decayed.
    Scale,
    /// A norm's running mean: not trained.
    RunningMean,
    /// A norm's running variance: not trained.
    RunningVariance,
}

impl SlotKind {
    /// Whether gradients change it.
    #[must_use]
    pub fn is_trained(self) -> bool {
        !matches!(self, Self::RunningMean | Self::RunningVariance)
    }
}

/// A place for some of a network's numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The node they belong to.
    pub node: NodeId,
    /// Their name in files, such as `003.conv2d.weight`.
    pub name: String,
    /// What they are.
    pub kind: SlotKind,
    /// Convolutions `[out, in / groups, rows, columns]` or `[out, in / groups, steps]`, projections of steps `[out, in]`,
    /// linear layers and states `[in, out]`, those of cells `[nodes, in, out]`, those of single features `[features, in, out]`, embeddings `[codes - 1, size]`,
    /// positions `[channels, steps]`, frequencies `[numbers, frequencies]`, everything else `[channels]`.
    pub shape: Vec<usize>,
    /// How many inputs are summed into one output.
    pub fan_in: usize,
}

impl Slot {
    /// How many numbers it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The slots of a network, in the order of its nodes.
#[must_use]
pub fn slots(architecture: &Architecture) -> Vec<Slot> {
    let mut slots = Vec::new();
    for (i, node) in architecture.nodes().iter().enumerate() {
        let id = NodeId(i as u32);
        let inputs = architecture.input_shapes(id);
        let mut add = |part: &str, kind, shape: Vec<usize>, fan_in| {
            let name = format!("{i:03}.{}.{part}", node.op.name().to_lowercase());
            slots.push(Slot { node: id, name, kind, shape, fan_in });
        };
        let first = inputs.first().map_or(0, |shape| shape.extents()[0]);
        match &node.op {
            Op::Conv2d(c) => {
                let fan_in = first / c.groups * c.kernel * c.kernel;
                let shape = vec![c.channels, first / c.groups, c.kernel, c.kernel];
                add("weight", SlotKind::Weight, shape, fan_in);
                if c.bias {
                    add("bias", SlotKind::Bias, vec![c.channels], fan_in);
                }
            }
            Op::Conv1d(c) => {
                let fan_in = first / c.groups * c.kernel;
                add("weight", SlotKind::Weight, vec![c.channels, first / c.groups, c.kernel], fan_in);
                if c.bias {
                    add("bias", SlotKind::Bias, vec![c.channels], fan_in);
                }
            }
            Op::Linear(l) => {
                add("weight", SlotKind::Weight, vec![first, l.features], first);
                if l.bias {
                    add("bias", SlotKind::Bias, vec![l.features], first);
                }
            }
            Op::PerFeature(p) => {
                let each = first / p.features;
                add("weight", SlotKind::Weight, vec![p.features, each, p.size], each);
                add("bias", SlotKind::Bias, vec![p.features * p.size], each);
            }
            Op::Periodic(p) => {
                let kind = SlotKind::Frequencies { sigma_per_mille: p.sigma_per_mille };
                add("frequencies", kind, vec![first, p.frequencies], 1);
            }
            Op::Embedding(op::Embedding { vocabulary, size })
            | Op::EmbeddingBag(op::EmbeddingBag { vocabulary, size }) => {
                add("weight", SlotKind::Embedding, vec![vocabulary - 1, *size], 1);
            }
            Op::TiedOutput(t) => add("bias", SlotKind::Bias, vec![t.vocabulary], t.size),
            Op::PositionEmbedding(_) => {
                add("weight", SlotKind::Positions, inputs[0].extents().to_vec(), 1);
            }
            Op::SelfAttention(a) => {
                let projected = a.parts(first).iter().sum();
                add("projection.weight", SlotKind::Weight, vec![projected, first], first);
                add("projection.bias", SlotKind::Bias, vec![projected], first);
                add("output.weight", SlotKind::Weight, vec![first, first], first);
                add("output.bias", SlotKind::Bias, vec![first], first);
            }
            unit @ (Op::Gru(op::Gru { size })
            | Op::Lstm(op::Lstm { size })
            | Op::Cell(op::Cell { size, .. })) => {
                let wide = unit.gates().unwrap_or(1) * size;
                add("input.weight", SlotKind::Weight, vec![wide, first], first);
                add("input.bias", SlotKind::Bias, vec![wide], first);
                let state = match unit {
                    Op::Cell(cell) => vec![cell.nodes.len(), *size, wide],
                    _ => vec![*size, wide],
                };
                add("state.weight", SlotKind::Weight, state, *size);
            }
            Op::BatchNorm(_) | Op::LayerNorm(_) => {
                add("scale", SlotKind::Scale, vec![first], 1);
                add("shift", SlotKind::Bias, vec![first], 1);
                if matches!(node.op, Op::BatchNorm(_)) {
                    add("running_mean", SlotKind::RunningMean, vec![first], 1);
                    add("running_variance", SlotKind::RunningVariance, vec![first], 1);
                }
            }
            _ => {}
        }
    }
    slots
}
