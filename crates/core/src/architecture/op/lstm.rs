use super::{OpCode, Operation, Shape, code, sequence, states};
use serde::{Deserialize, Serialize};

/// A long short-term memory over `[channels, steps]`, giving its state at each step, `[size, steps]` (Hochreiter & Schmidhuber 1997,
/// doi:10.1162/neco.1997.9.8.1735; with the forget gate of Gers et al. 2000, doi:10.1162/089976600300015015).
///
/// State and memory start at zero. Gates do not see the memory, as in PyTorch; biases are on the side of the input only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lstm {
    /// Numbers in the state, and as many in the memory.
    pub size: usize,
}

impl Operation for Lstm {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        states(self.size, inputs)
    }
    fn params(&self, inputs: &[&Shape]) -> u64 {
        4 * self.size as u64 * (sequence(inputs).0 + self.size as u64 + 1)
    }
    fn macs(&self, inputs: &[&Shape], _: &Shape) -> u64 {
        let (channels, steps) = sequence(inputs);
        4 * self.size as u64 * (channels + self.size as u64) * steps
    }
    fn kept(&self, inputs: &[&Shape]) -> u64 {
        // What the input gives the gates, then gates and memory.
        9 * self.size as u64 * sequence(inputs).1
    }
    fn remembered(&self, _: &[&Shape]) -> u64 {
        2 * self.size as u64
    }
    fn code(&self) -> OpCode {
        code(31, &[self.size])
    }
    fn label(&self) -> String {
        format!("LSTM {}", self.size)
    }
}
