use super::{OpCode, Operation, Shape, code};
use serde::{Deserialize, Serialize};

/// A number for each code at each step, by the vectors that an embedding has for them: `[size, steps]` to `[vocabulary, steps]` (Press and
/// Wolf 2017, arXiv:1608.05859; Inan et al. 2017, arXiv:1611.01462).
///
/// The second input is the [`Embedding`](super::Embedding) whose table it shares; what that gives is not read. Its own is a bias for
/// each code, and that of code 0, whose vector is zero, is its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TiedOutput {
    /// Codes there are, 0 among them.
    pub vocabulary: usize,
    /// Numbers of a code's vector.
    pub size: usize,
}

impl Operation for TiedOutput {
    fn arity(&self) -> (usize, usize) {
        (2, 2)
    }
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        let [input, embedded] = inputs else {
            return Err(format!("takes a sequence and an embedding, was given {} inputs", inputs.len()));
        };
        for shape in [input, embedded] {
            if shape.sequence().is_none_or(|(channels, _)| channels != self.size) {
                return Err(format!("needs {} channels×steps, got {shape}", self.size));
            }
        }
        Ok(Shape::new(&[self.vocabulary, input.extents()[1]]))
    }
    fn params(&self, _: &[&Shape]) -> u64 {
        self.vocabulary as u64
    }
    fn macs(&self, _: &[&Shape], output: &Shape) -> u64 {
        self.size as u64 * output.len()
    }
    fn code(&self) -> OpCode {
        code(30, &[self.vocabulary, self.size])
    }
    fn label(&self) -> String {
        format!("tied to embedding {} of {}", self.size, self.vocabulary)
    }
}
