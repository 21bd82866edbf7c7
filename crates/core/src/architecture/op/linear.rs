use super::{OpCode, Operation, Shape, code, only};
use serde::{Deserialize, Serialize};

/// A fully connected layer from `[features]` to `[features]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linear {
    /// Output features.
    pub features: usize,
    /// Whether a bias is added.
    pub bias: bool,
}

impl Operation for Linear {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        let input = only(inputs)?;
        if self.features == 0 {
            return Err("needs at least 1 output feature, got 0".into());
        }
        input
            .vector()
            .map(|_| Shape::new(&[self.features]))
            .ok_or_else(|| format!("needs features, got {input}"))
    }
    fn params(&self, inputs: &[&Shape]) -> u64 {
        let features = inputs.first().and_then(|s| s.vector()).unwrap_or(0);
        (features * self.features + if self.bias { self.features } else { 0 }) as u64
    }
    fn macs(&self, inputs: &[&Shape], output: &Shape) -> u64 {
        inputs.first().and_then(|s| s.vector()).unwrap_or(0) as u64 * output.len()
    }
    fn code(&self) -> OpCode {
        code(10, &[self.features, usize::from(self.bias)])
    }
    fn label(&self) -> String {
        format!("linear {}", self.features)
    }
}
