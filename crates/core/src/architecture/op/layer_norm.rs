use super::{OpCode, Operation, Shape, code, only};
use serde::{Deserialize, Serialize};

/// Layer normalisation, with scale and shift (Ba et al. 2016, arXiv:1607.06450): over all features of a vector, over
/// the channels of each step of a sequence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerNorm {}

impl Operation for LayerNorm {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        let input = only(inputs)?;
        if matches!(input.extents().len(), 1 | 2) {
            Ok(input.clone())
        } else {
            Err(format!("needs features or channels×steps, got {input}"))
        }
    }
    fn params(&self, inputs: &[&Shape]) -> u64 {
        inputs.first().and_then(|s| s.extents().first()).map_or(0, |&c| 2 * c as u64)
    }
    fn code(&self) -> OpCode {
        code(24, &[])
    }
    fn label(&self) -> String {
        "layer norm".into()
    }
}
