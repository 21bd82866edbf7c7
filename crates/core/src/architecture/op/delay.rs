use super::{OpCode, Operation, Shape, code, only};
use serde::{Deserialize, Serialize};

/// `[channels, steps]` moved to later steps, zeros first: behind a convolution whose windows are centred on their step, it makes them
/// end there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delay {
    /// By how many steps.
    pub steps: usize,
}

impl Operation for Delay {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        let input = only(inputs)?;
        let (_, n) = input.sequence().ok_or_else(|| format!("needs channels×steps, got {input}"))?;
        if self.steps >= n {
            return Err(format!("a delay of {} steps leaves nothing of {n}", self.steps));
        }
        Ok(input.clone())
    }
    fn code(&self) -> OpCode {
        code(29, &[self.steps])
    }
    fn label(&self) -> String {
        format!("delay {}", self.steps)
    }
}
