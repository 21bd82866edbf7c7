use super::{OpCode, Operation, Shape, code, only};
use serde::{Deserialize, Serialize};

/// A pointwise nonlinearity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "function", rename_all = "snake_case")]
pub enum Activation {
    /// `max(0, x)`.
    Relu,
    /// `x · sigmoid(x)` (Elfwing et al. 2017, arXiv:1702.03118).
    Silu,
    /// `x · Φ(x)`, exact (Hendrycks & Gimpel 2016, arXiv:1606.08415).
    Gelu,
    /// `tanh(x)`.
    Tanh,
    /// `1 / (1 + exp(−x))`.
    Sigmoid,
}

impl Operation for Activation {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        only(inputs).cloned()
    }
    fn code(&self) -> OpCode {
        code(7, &[*self as usize])
    }
    fn label(&self) -> String {
        match self {
            Self::Relu => "ReLU",
            Self::Silu => "SiLU",
            Self::Gelu => "GELU",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
        }
        .into()
    }
}
