use super::{OpCode, Operation, Shape, code, only};
use serde::{Deserialize, Serialize};

/// Some neighbouring numbers of a vector, or channels of what has any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// The first of them, counted from 0.
    pub from: usize,
    /// How many.
    pub len: usize,
}

impl Operation for Slice {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        let input = only(inputs)?;
        let (&n, rest) =
            input.extents().split_first().ok_or_else(|| format!("needs features, got {input}"))?;
        match self.from.checked_add(self.len) {
            Some(end) if end <= n => Ok(Shape::new(&[&[self.len][..], rest].concat())),
            _ => Err(format!("{} numbers from {} on are not among {n}", self.len, self.from)),
        }
    }
    fn code(&self) -> OpCode {
        code(18, &[self.from, self.len])
    }
    fn label(&self) -> String {
        // Numbers are counted from 1 in what people read.
        format!("numbers {} to {}", self.from + 1, self.from + self.len)
    }
}
