use super::{OpCode, Operation, Shape, code, only};
use serde::{Deserialize, Serialize};

/// The network's input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The shape of one example.
    pub shape: Shape,
}

impl Operation for Input {
    fn arity(&self) -> (usize, usize) {
        (0, 0)
    }
    fn output(&self, _: &[&Shape]) -> Result<Shape, String> {
        Ok(self.shape.clone())
    }
    fn code(&self) -> OpCode {
        code(1, self.shape.extents())
    }
    fn label(&self) -> String {
        format!("input {}", self.shape)
    }
}

/// Nothing but zeros: the value of an edge that is cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zero {
    /// The shape of one example.
    pub shape: Shape,
}

impl Operation for Zero {
    fn arity(&self) -> (usize, usize) {
        (0, 0)
    }
    fn output(&self, _: &[&Shape]) -> Result<Shape, String> {
        Ok(self.shape.clone())
    }
    fn code(&self) -> OpCode {
        code(2, self.shape.extents())
    }
    fn label(&self) -> String {
        "zero".into()
    }
}

/// Its input, unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {}

impl Operation for Identity {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        only(inputs).cloned()
    }
    fn code(&self) -> OpCode {
        code(3, &[])
    }
    fn label(&self) -> String {
        "skip".into()
    }
}

/// All extents in one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flatten {}

impl Operation for Flatten {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        let len = only(inputs)?.len();
        usize::try_from(len).map(|n| Shape::new(&[n])).map_err(|_| format!("{len} values are too many"))
    }
    fn code(&self) -> OpCode {
        code(4, &[])
    }
    fn label(&self) -> String {
        "flatten".into()
    }
}
