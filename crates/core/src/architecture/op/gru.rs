use super::{OpCode, Operation, Shape, code, sequence, states};
use serde::{Deserialize, Serialize};

/// A gated recurrent unit over `[channels, steps]`, giving its state at each step, `[size, steps]` (Cho et al. 2014,
/// arXiv:1406.1078).
///
/// The state starts at zero. The reset gate scales what the old state gives the candidate, as in PyTorch; biases are
/// on the side of the input only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gru {
    /// Numbers in the state.
    pub size: usize,
}

impl Operation for Gru {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        states(self.size, inputs)
    }
    fn params(&self, inputs: &[&Shape]) -> u64 {
        3 * self.size as u64 * (sequence(inputs).0 + self.size as u64 + 1)
    }
    fn macs(&self, inputs: &[&Shape], _: &Shape) -> u64 {
        let (channels, steps) = sequence(inputs);
        3 * self.size as u64 * (channels + self.size as u64) * steps
    }
    fn kept(&self, inputs: &[&Shape]) -> u64 {
        // What the input gives the gates, then states, gates and what the state gives the candidate.
        8 * self.size as u64 * sequence(inputs).1
    }
    fn remembered(&self, _: &[&Shape]) -> u64 {
        self.size as u64
    }
    fn code(&self) -> OpCode {
        code(28, &[self.size])
    }
    fn label(&self) -> String {
        format!("GRU {}", self.size)
    }
}
