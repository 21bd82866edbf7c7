//! The numbers as safetensors beside the graph as data: what Nascent itself reads.

use crate::exporter::{Exporter, File, to_bytes};
use crate::{ExportError, Model};
use nascent_data::Inputs;
use safetensors::tensor::{Dtype, TensorView};

/// The exporter.
pub(crate) static EXPORTER: Exporter = Exporter {
    name: "safetensors",
    summary: "the numbers, the graph and the preprocessing as data",
    files,
    stepwise: None,
};

/// A tensor of a file.
pub(crate) struct Stored {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

impl Stored {
    /// Single-precision numbers.
    pub fn floats(name: String, shape: Vec<usize>, numbers: &[f32]) -> Self {
        Self { name, dtype: Dtype::F32, shape, bytes: to_bytes(numbers) }
    }
}

/// A safetensors file.
pub(crate) fn file(tensors: &[Stored]) -> Result<File, ExportError> {
    let name = "model.safetensors";
    let fail = |e: safetensors::SafeTensorError| ExportError::Format { file: name, reason: e.to_string() };
    let mut views = Vec::with_capacity(tensors.len());
    for tensor in tensors {
        let view = TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes).map_err(fail)?;
        views.push((tensor.name.as_str(), view));
    }
    Ok(File { name, bytes: safetensors::serialize(views, None).map_err(fail)? })
}

/// A file of JSON.
pub(crate) fn json(name: &'static str, value: &impl serde::Serialize) -> Result<File, ExportError> {
    let bytes = serde_json::to_vec_pretty(value);
    Ok(File { name, bytes: bytes.map_err(|e| ExportError::Format { file: name, reason: e.to_string() })? })
}

/// What stands beside any network in a folder: what inputs go through, and the card.
pub(crate) fn beside(model: &Model<'_>) -> Result<Vec<File>, ExportError> {
    let mut files = Vec::new();
    if let Some(preprocessing) = model.preprocessing {
        files.push(json("preprocessing.json", preprocessing)?);
        if let Inputs::Language(inputs) = &preprocessing.inputs {
            let fail = |reason| ExportError::Format { file: "tokenizer.json", reason };
            let text = inputs.codes.tokenizer().map_err(fail)?;
            files.push(File { name: "tokenizer.json", bytes: text.into_bytes() });
        }
    }
    if let Some(card) = model.card {
        files.push(File { name: "card.md", bytes: card.into() });
    }
    Ok(files)
}

fn files(model: &Model<'_>) -> Result<Vec<File>, ExportError> {
    let tensors = model.tensors();
    let tensors: Vec<Stored> = tensors
        .map(|(slot, numbers)| Stored::floats(slot.name.clone(), slot.shape.clone(), numbers))
        .collect();
    let mut files = vec![file(&tensors)?, json("architecture.json", model.graph)?];
    files.extend(beside(model)?);
    Ok(files)
}
