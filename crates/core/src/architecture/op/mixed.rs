use super::merge::common;
use super::{OpCode, Operation, Shape, code};
use serde::{Deserialize, Serialize};

/// A choice that is still open: its inputs are what each option of a question would give, weighed against each other.
///
/// Only supernets have any. All inputs are of one shape; several of these with one path are one choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mixed {
    /// The path of the question, such as `edge[2]`.
    pub path: String,
    /// The labels of its options, one an input.
    pub options: Vec<String>,
}

impl Operation for Mixed {
    fn arity(&self) -> (usize, usize) {
        (1, usize::MAX)
    }
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        if inputs.len() != self.options.len() {
            return Err(format!("has {} options and {} inputs", self.options.len(), inputs.len()));
        }
        common(inputs).cloned()
    }
    fn code(&self) -> OpCode {
        let text = [&self.path[..], &self.options.join("\n")].join("\n");
        let digest = xxhash_rust::xxh3::xxh3_64(text.as_bytes());
        code(90, &[self.options.len(), digest as u32 as usize, (digest >> 32) as usize])
    }
    fn label(&self) -> String {
        format!("one of {}", self.options.len())
    }
}
