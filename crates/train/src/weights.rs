use crate::TrainError;
use nascent_core::architecture::{Architecture, NodeId, Op, op};
use nascent_core::rng::{Rng, mix};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::path::Path;

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
    /// linear layers `[in, out]`, those of single features `[features, in, out]`, embeddings `[codes - 1, size]`,
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
            Op::PositionEmbedding(_) => {
                add("weight", SlotKind::Positions, inputs[0].extents().to_vec(), 1);
            }
            Op::SelfAttention(_) => {
                add("projection.weight", SlotKind::Weight, vec![3 * first, first], first);
                add("projection.bias", SlotKind::Bias, vec![3 * first], first);
                add("output.weight", SlotKind::Weight, vec![first, first], first);
                add("output.bias", SlotKind::Bias, vec![first], first);
            }
            Op::Gru(g) => {
                add("input.weight", SlotKind::Weight, vec![3 * g.size, first], first);
                add("input.bias", SlotKind::Bias, vec![3 * g.size], first);
                add("state.weight", SlotKind::Weight, vec![g.size, 3 * g.size], g.size);
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

/// The deviation of a slot's fresh numbers, where they are random.
fn deviation(architecture: &Architecture, slot: &Slot) -> Option<f64> {
    match slot.kind {
        SlotKind::Weight => {
            let linear =
                matches!(architecture.nodes()[slot.node.index()].op, Op::SelfAttention(_) | Op::Gru(_));
            let gain = if linear || slot.node == architecture.output() { 1.0 } else { 2.0 };
            Some((gain / slot.fan_in.max(1) as f64).sqrt())
        }
        SlotKind::Embedding => Some(1.0 / (slot.shape[1] as f64).sqrt()),
        // As in the first networks with learned positions.
        SlotKind::Positions => Some(0.02),
        SlotKind::Frequencies { sigma_per_mille } => Some(sigma_per_mille as f64 / 1000.0),
        SlotKind::Scale | SlotKind::Bias | SlotKind::RunningMean | SlotKind::RunningVariance => None,
    }
}

/// Fresh numbers for a slot, or for `len` numbers of its kind.
pub(crate) fn fresh_numbers(graph: &Architecture, slot: &Slot, len: usize, rng: &mut Rng) -> Vec<f32> {
    match deviation(graph, slot) {
        Some(deviation) => (0..len).map(|_| (deviation * rng.normal()) as f32).collect(),
        None => {
            let ones = matches!(slot.kind, SlotKind::Scale | SlotKind::RunningVariance);
            vec![if ones { 1.0 } else { 0.0 }; len]
        }
    }
}

/// Numbers as they are stored.
pub(crate) fn to_bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// Stored numbers.
pub(crate) fn from_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// Writes a file that appears whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let partial = path.with_extension("partial");
    std::fs::write(&partial, bytes)
        .and_then(|()| std::fs::rename(&partial, path))
        .map_err(|e| TrainError::File { path: path.into(), reason: format!("cannot be written: {e}") })
}

/// All numbers of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// Where each vector belongs.
    pub slots: Vec<Slot>,
    /// One vector a slot, row-major.
    pub values: Vec<Vec<f32>>,
}

impl Weights {
    /// Fresh weights from a seed: He's normal distribution over the fan-in (He et al. 2015, arXiv:1502.01852) for
    /// hidden layers, with half that variance for the last and for what no rectifier follows; vectors of codes of length
    /// about 1; scales 1, biases 0. Each slot has a stream of its own.
    #[must_use]
    pub fn fresh(architecture: &Architecture, seed: u64) -> Self {
        let slots = slots(architecture);
        let values = slots
            .iter()
            .enumerate()
            .map(|(i, slot)| {
                fresh_numbers(architecture, slot, slot.len(), &mut Rng::new(mix(&[seed, 1]), i as u64))
            })
            .collect();
        Self { slots, values }
    }

    /// The number of trained parameters.
    #[must_use]
    pub fn params(&self) -> u64 {
        self.slots.iter().filter(|s| s.kind.is_trained()).map(|s| s.len() as u64).sum()
    }

    /// Writes a safetensors file; the file appears whole or not at all.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), TrainError> {
        let fail = |reason: String| TrainError::File { path: path.into(), reason };
        let bytes: Vec<Vec<u8>> = self.values.iter().map(|v| to_bytes(v)).collect();
        let mut views = Vec::with_capacity(self.slots.len());
        for (slot, bytes) in self.slots.iter().zip(&bytes) {
            let view =
                TensorView::new(Dtype::F32, slot.shape.clone(), bytes).map_err(|e| fail(e.to_string()))?;
            views.push((slot.name.as_str(), view));
        }
        let file = safetensors::serialize(views, None).map_err(|e| fail(e.to_string()))?;
        write_whole(path, &file)
    }

    /// Reads the weights of `architecture` from a safetensors file.
    ///
    /// # Errors
    /// Where the file is missing, damaged, or holds another network's weights.
    pub fn load(path: &Path, architecture: &Architecture) -> Result<Self, TrainError> {
        let fail = |reason: String| TrainError::File { path: path.into(), reason };
        let bytes = std::fs::read(path).map_err(|e| fail(format!("cannot be read: {e}")))?;
        let file = SafeTensors::deserialize(&bytes)
            .map_err(|e| fail(format!("is not a whole safetensors file ({e}); restore it from a copy")))?;
        let slots = slots(architecture);
        let mut values = Vec::with_capacity(slots.len());
        for slot in &slots {
            let tensor = file
                .tensor(&slot.name)
                .map_err(|_| fail(format!("has no tensor {:?}: it belongs to another network", slot.name)))?;
            if tensor.dtype() != Dtype::F32 || tensor.shape() != slot.shape {
                return Err(fail(format!(
                    "tensor {:?} is {:?} {:?}, the network needs F32 {:?}: it belongs to another network",
                    slot.name,
                    tensor.dtype(),
                    tensor.shape(),
                    slot.shape
                )));
            }
            values.push(from_bytes(tensor.data()));
        }
        if let Some(other) = file.names().into_iter().find(|n| !slots.iter().any(|s| s.name == **n)) {
            return Err(fail(format!(
                "has a tensor {other:?} that the network lacks: it belongs to another network"
            )));
        }
        Ok(Self { slots, values })
    }
}
