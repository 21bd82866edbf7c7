//! The exporters by name.

use crate::{ExportError, Model, onnx, pytorch, safetensors};

/// One file of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, such as `model.onnx`.
    pub name: &'static str,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// A format that networks can be written in.
#[derive(Debug)]
pub struct Exporter {
    /// The name users type.
    pub name: &'static str,
    /// What it is for, in one line.
    pub summary: &'static str,
    /// Makes the files: one, or several that belong into one folder.
    pub files: fn(&Model<'_>) -> Result<Vec<File>, ExportError>,
    /// Makes another file, of a network that continues text and is asked some tokens at a time, where the format has one.
    pub stepwise: Option<Stepwise>,
}

/// What makes such a file.
pub type Stepwise = fn(&Model<'_>) -> Result<File, ExportError>;

// The registration: a new exporter is one file and one line here.
static ALL: &[&Exporter] = &[&onnx::EXPORTER, &safetensors::EXPORTER, &pytorch::EXPORTER];

/// All exporters, in the order they are listed.
#[must_use]
pub fn all() -> &'static [&'static Exporter] {
    ALL
}

/// The exporter of this name.
///
/// # Errors
/// Where there is none; the error lists them.
pub fn find(name: &str) -> Result<&'static Exporter, ExportError> {
    ALL.iter().copied().find(|e| e.name == name).ok_or_else(|| ExportError::Unknown {
        name: name.into(),
        known: ALL.iter().map(|e| e.name).collect::<Vec<_>>().join(", "),
    })
}

/// Numbers as files hold them.
pub(crate) fn to_bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// A matrix, row-major, with rows and columns exchanged.
pub(crate) fn transposed(numbers: &[f32], columns: usize) -> Vec<f32> {
    let columns = columns.max(1);
    (0..columns).flat_map(|c| numbers.iter().skip(c).step_by(columns).copied()).collect()
}

/// The numbers of a table of codes with the row of zeros that code 0 stands for.
pub(crate) fn with_nothing(numbers: &[f32], size: usize) -> Vec<f32> {
    std::iter::repeat_n(0.0, size).chain(numbers.iter().copied()).collect()
}
