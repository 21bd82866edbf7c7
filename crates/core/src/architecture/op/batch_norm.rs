use super::{OpCode, Operation, Shape, code, only};
use serde::{Deserialize, Serialize};

/// Batch normalisation over the first extent, with scale and shift (Ioffe & Szegedy 2015, arXiv:1502.03167).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchNorm {}

impl Operation for BatchNorm {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        let input = only(inputs)?;
        if matches!(input.extents().len(), 1..=3) {
            Ok(input.clone())
        } else {
            Err(format!("needs features, channels×steps or channels×height×width, got {input}"))
        }
    }
    fn params(&self, inputs: &[&Shape]) -> u64 {
        inputs.first().and_then(|s| s.extents().first()).map_or(0, |&c| 2 * c as u64)
    }
    fn code(&self) -> OpCode {
        code(6, &[])
    }
    fn label(&self) -> String {
        "batch norm".into()
    }
}
