use crate::TrainError;
use nascent_core::architecture::{Architecture, Op};
pub use nascent_core::architecture::{Slot, SlotKind, slots};
use nascent_core::rng::{Rng, mix};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::HashMap;
use std::path::Path;

/// The deviation of a slot's fresh numbers, where they are random.
fn deviation(architecture: &Architecture, slot: &Slot) -> Option<f64> {
    match slot.kind {
        SlotKind::Weight => {
            let op = &architecture.nodes()[slot.node.index()].op;
            let linear = matches!(op, Op::SelfAttention(_)) || op.gates().is_some();
            let gain = if linear || slot.node == architecture.output() { 1.0 } else { 2.0 };
            Some((gain / slot.fan_in.max(1) as f64).sqrt())
        }
        SlotKind::Embedding => Some(1.0 / (slot.shape[1] as f64).sqrt()),
        // As large as embeddings: beside them, smaller ones are not seen for long.
        SlotKind::Positions => Some(1.0 / (slot.shape[0] as f64).sqrt()),
        SlotKind::Frequencies { sigma_per_mille } => Some(sigma_per_mille as f64 / 1000.0),
        SlotKind::Scale | SlotKind::Bias | SlotKind::RunningMean | SlotKind::RunningVariance => None,
    }
}

/// Fresh numbers for a slot, or for `len` numbers of its kind.
pub(crate) fn fresh_numbers(graph: &Architecture, slot: &Slot, len: usize, rng: &mut Rng) -> Vec<f32> {
    match deviation(graph, slot) {
        Some(deviation) => (0..len).map(|_| (deviation * rng.normal()) as f32).collect(),
        // A memory keeps what it has until it learns to forget (Gers et al. 2000, doi:10.1162/089976600300015015). Gates are input, forget,
        // candidate, output.
        None if slot.kind == SlotKind::Bias && matches!(graph.nodes()[slot.node.index()].op, Op::Lstm(_)) => {
            (0..len).map(|i| f32::from(u8::from(4 * i / len == 1))).collect()
        }
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

/// Writes vectors, `PART.NUMBER` each, and texts beside them as a safetensors file, which appears whole or not at all.
pub(crate) fn write_vectors(
    path: &Path,
    parts: &[(&str, &Vec<Vec<f32>>)],
    texts: HashMap<String, String>,
) -> Result<(), TrainError> {
    let fail = |reason: String| TrainError::File { path: path.into(), reason };
    let vectors: Vec<(String, Vec<u8>)> = parts
        .iter()
        .flat_map(|(part, values)| {
            values.iter().enumerate().map(move |(i, v)| (format!("{part}.{i}"), to_bytes(v)))
        })
        .collect();
    let mut views = Vec::with_capacity(vectors.len());
    for (name, bytes) in &vectors {
        let view =
            TensorView::new(Dtype::F32, vec![bytes.len() / 4], bytes).map_err(|e| fail(e.to_string()))?;
        views.push((name.as_str(), view));
    }
    let file = safetensors::serialize(views, Some(texts)).map_err(|e| fail(e.to_string()))?;
    write_whole(path, &file)
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
    /// about 1; scales 1, biases 0, but 1 where an LSTM forgets. Each slot has a stream of its own.
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

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::architecture::op::{Embedding, Gru, Lstm};
    use nascent_core::architecture::{ArchitectureBuilder, Shape};

    #[test]
    fn memories_begin_by_keeping_what_they_have() {
        let mut b = ArchitectureBuilder::new(Shape::new(&[5]));
        let ops: [Op; 3] =
            [Embedding { vocabulary: 4, size: 3 }.into(), Lstm { size: 2 }.into(), Gru { size: 2 }.into()];
        let output = b.chain(b.input(), ops).unwrap();
        let weights = Weights::fresh(&b.finish(output).unwrap(), 1);
        let biases =
            weights.slots.iter().zip(&weights.values).filter(|(slot, _)| slot.kind == SlotKind::Bias);
        let biases: Vec<&Vec<f32>> = biases.map(|(_, numbers)| numbers).collect();
        assert_eq!(biases, [&vec![0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0], &vec![0.0; 6]]);
    }
}
