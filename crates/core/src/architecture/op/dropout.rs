use super::{OpCode, Operation, Shape, code, only};
use serde::{Deserialize, Serialize};

/// Random zeroing while training; survivors are scaled up (Srivastava et al. 2014).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropout {
    /// How many of a thousand values are zeroed, 0 to 999. A whole number, so that equality is exact.
    pub per_mille: u16,
}

impl Operation for Dropout {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        if self.per_mille > 999 {
            return Err(format!("rate must be 0 to 999 per mille, got {}", self.per_mille));
        }
        only(inputs).cloned()
    }
    fn code(&self) -> OpCode {
        code(11, &[usize::from(self.per_mille)])
    }
    fn label(&self) -> String {
        format!("dropout {}", f64::from(self.per_mille) / 1000.0)
    }
}
