use super::{OpCode, Operation, Shape, code};
use serde::{Deserialize, Serialize};

/// The shape that all inputs share, or which two differ.
pub(super) fn common<'a>(inputs: &[&'a Shape]) -> Result<&'a Shape, String> {
    let (first, rest) = inputs.split_first().ok_or("needs at least one input")?;
    match rest.iter().find(|s| *s != first) {
        Some(other) => Err(format!("inputs differ: {first} and {other}")),
        None => Ok(first),
    }
}

/// The sum of its inputs, all of one shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Add {}

impl Operation for Add {
    fn arity(&self) -> (usize, usize) {
        (1, usize::MAX)
    }
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        common(inputs).cloned()
    }
    fn commutes(&self) -> bool {
        true
    }
    fn code(&self) -> OpCode {
        code(12, &[])
    }
    fn label(&self) -> String {
        "+".into()
    }
}

/// The elementwise product of two inputs.
///
/// The second is of the first's shape, or `[channels]` against `[channels, steps]` or `[channels, height, width]` (a
/// gate).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Multiply {}

impl Operation for Multiply {
    fn arity(&self) -> (usize, usize) {
        (2, 2)
    }
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        match inputs {
            [value, gate]
                if value == gate || gate.vector().is_some() && gate.vector() == value.channels() =>
            {
                Ok((*value).clone())
            }
            [value, gate] => Err(format!("a gate of {gate} does not fit {value}")),
            _ => Err(format!("takes two inputs, was given {}", inputs.len())),
        }
    }
    fn code(&self) -> OpCode {
        code(13, &[])
    }
    fn label(&self) -> String {
        "×".into()
    }
}

/// Its inputs side by side along the first extent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concat {}

impl Operation for Concat {
    fn arity(&self) -> (usize, usize) {
        (1, usize::MAX)
    }
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        let (first, rest) = inputs.split_first().ok_or("needs at least one input")?;
        let mut extents = first.extents().to_vec();
        for other in rest {
            if other.extents().len() != extents.len() || other.extents()[1..] != first.extents()[1..] {
                return Err(format!("inputs differ beyond the first extent: {first} and {other}"));
            }
            extents[0] += other.extents()[0];
        }
        Ok(Shape::new(&extents))
    }
    fn code(&self) -> OpCode {
        code(14, &[])
    }
    fn label(&self) -> String {
        "concat".into()
    }
}
