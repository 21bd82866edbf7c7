use crate::error::{DefinitionError, Problem, nearest};
use nascent_core::architecture::Shape;
use std::collections::BTreeMap;
use std::fmt;

/// A parameter of a space.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// The name users type.
    pub name: &'static str,
    /// What it does.
    pub meaning: &'static str,
    /// What it may be.
    pub range: Range,
    /// The default in words.
    pub default_text: &'static str,
    /// The value where none is given, for a task with such an input. A switch is 0 or 1.
    pub default: fn(input: &Shape) -> usize,
}

/// What a parameter may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// A whole number between two.
    Whole {
        /// The least.
        least: usize,
        /// The most.
        most: usize,
    },
    /// `true` or `false`.
    Switch,
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole { least, most } => write!(f, "a whole number from {least} to {most}"),
            Self::Switch => f.write_str("true or false"),
        }
    }
}

/// Whether a space asks about training; every space has it.
pub(crate) const TRAINING: Parameter = Parameter {
    name: "training",
    meaning: "whether learning rate, weight decay and augmentation are asked too",
    range: Range::Switch,
    default_text: "true",
    default: |_| 1,
};

/// Values by name, of the right types; ranges are checked by the space itself.
pub(crate) struct Values(BTreeMap<&'static str, usize>);

impl Values {
    /// The defaults for such an input, overridden by what was given.
    pub(crate) fn read(
        space: &str,
        parameters: &[Parameter],
        given: &toml::Table,
        input: &Shape,
    ) -> Result<Self, DefinitionError> {
        let mut values: BTreeMap<_, _> = parameters.iter().map(|p| (p.name, (p.default)(input))).collect();
        for (name, value) in given {
            let parameter = parameters.iter().find(|p| p.name == name).ok_or_else(|| {
                let known = parameters.iter().map(|p| p.name);
                Problem::UnknownParameter {
                    space: space.into(),
                    name: name.clone(),
                    nearest: nearest(name, known.clone()),
                    known: known.map(Into::into).collect(),
                }
            })?;
            let number = match (parameter.range, value) {
                (Range::Whole { .. }, toml::Value::Integer(n)) => usize::try_from(*n).ok(),
                (Range::Switch, toml::Value::Boolean(on)) => Some(usize::from(*on)),
                _ => None,
            };
            let number = number.ok_or_else(|| out_of_range(space, parameter, value.to_string()))?;
            values.insert(parameter.name, number);
        }
        Ok(Self(values))
    }

    /// The value of a parameter; 0 for one the space does not have.
    pub(crate) fn number(&self, name: &str) -> usize {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// Whether a switch is on.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.number(name) != 0
    }
}

fn out_of_range(space: &str, parameter: &Parameter, value: String) -> DefinitionError {
    let allowed = parameter.range.to_string();
    Problem::Parameter { space: space.into(), name: parameter.name.into(), value, allowed }.into()
}

/// Checks whole numbers against the ranges in which they are documented.
pub(crate) fn check_ranges(
    space: &str,
    parameters: &[Parameter],
    values: &[(&str, usize)],
) -> Result<(), DefinitionError> {
    for (name, value) in values {
        for parameter in parameters.iter().filter(|p| p.name == *name) {
            if let Range::Whole { least, most } = parameter.range
                && !(least..=most).contains(value)
            {
                return Err(out_of_range(space, parameter, value.to_string()));
            }
        }
    }
    Ok(())
}

/// What is wrong where a space cannot read a task's inputs.
pub(crate) fn wrong_input(space: &str, needed: &str, input: &Shape) -> DefinitionError {
    Problem::Task { space: space.into(), needed: needed.into(), found: format!("inputs of {input}") }.into()
}

/// Checks that there is something to read and something to answer.
pub(crate) fn check_task(space: &str, input: &Shape, outputs: usize) -> Result<(), DefinitionError> {
    if outputs == 0 {
        let needed = "at least 1 output".into();
        return Err(Problem::Task { space: space.into(), needed, found: "0".into() }.into());
    }
    if input.extents().is_empty() || input.is_empty() {
        return Err(wrong_input(space, "an input with at least one value", input));
    }
    Ok(())
}

/// `(channels, height, width)` of the task's images.
pub(crate) fn check_images(
    space: &str,
    input: &Shape,
    outputs: usize,
) -> Result<(usize, usize, usize), DefinitionError> {
    check_task(space, input, outputs)?;
    input.image().ok_or_else(|| wrong_input(space, "images (channels×height×width)", input))
}

/// The shorter side of an image; 1 for any other input.
pub(crate) fn side(input: &Shape) -> usize {
    input.image().map_or(1, |(_, height, width)| height.min(width))
}
