//! The spaces by name.

use crate::error::{DefinitionError, Problem, nearest};
use crate::parameters::{Parameter, Values};
use crate::{convnet, mlp, nb201};
use nascent_core::Space;
use nascent_core::architecture::Shape;

/// A space as it is listed.
#[derive(Debug)]
pub struct Entry {
    /// The name users type.
    pub name: &'static str,
    /// What it holds, in one line.
    pub summary: &'static str,
    /// What inputs it takes.
    pub input: &'static str,
    /// The paper it is from, or an empty text.
    pub paper: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    pub(crate) make: Make,
}

/// Makes a space from its parameters, the task's input and the number of outputs.
type Make = fn(&Values, &Shape, usize) -> Result<Box<dyn Space>, DefinitionError>;

// The registration: a new space is one file and one line here.
static ALL: &[&Entry] = &[&convnet::ENTRY, &nb201::ENTRY, &mlp::ENTRY];

/// All spaces, in the order they are listed.
#[must_use]
pub fn all() -> &'static [&'static Entry] {
    ALL
}

/// The names of all spaces, in the order they are listed.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    ALL.iter().map(|e| e.name)
}

/// What a space holds, and its parameters with their ranges and defaults.
///
/// # Errors
/// Where there is none of this name; the error names the nearest.
pub fn describe(name: &str) -> Result<&'static Entry, DefinitionError> {
    ALL.iter().copied().find(|e| e.name == name).ok_or_else(|| {
        Problem::UnknownSpace {
            name: name.into(),
            nearest: nearest(name, names()),
            known: names().map(Into::into).collect(),
        }
        .into()
    })
}

/// The space of this name, for a task with inputs of `input` and `outputs` numbers (or classes) to answer.
///
/// # Errors
/// Where there is no such space or parameter, a value is out of range, or the space has no network for such a task.
pub fn build(
    name: &str,
    params: &toml::Table,
    input: &Shape,
    outputs: usize,
) -> Result<Box<dyn Space>, DefinitionError> {
    let entry = describe(name)?;
    (entry.make)(&Values::read(entry.name, entry.parameters, params, input)?, input, outputs)
}
