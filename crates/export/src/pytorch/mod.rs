//! PyTorch: one module in source, as a person would write it, and its numbers under the names that it gives them.

mod helpers;
mod layer;
mod names;
mod network;
mod source;

use crate::exporter::{Exporter, File};
use crate::safetensors::{beside, file};
use crate::{ExportError, Model};

/// The exporter.
pub(crate) static EXPORTER: Exporter = Exporter {
    name: "pytorch",
    summary: "a model.py to read, use and train on, with its numbers as safetensors",
    files,
    stepwise: None,
};

fn files(model: &Model<'_>) -> Result<Vec<File>, ExportError> {
    let network = network::Network::new(model)?;
    let source = source::write(model, &network);
    let mut files = vec![File { name: "model.py", bytes: source.into_bytes() }, file(&network.tensors)?];
    files.extend(beside(model)?);
    Ok(files)
}
