//! The spaces by name.

use crate::error::{DefinitionError, Problem, nearest};
use crate::parameters::{Parameter, Values};
use crate::{conv1d, convnet, language, mlp, nb201, recurrent, text};
use nascent_core::{Signature, Space};

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

/// Makes a space from its parameters and what the task's networks take and give.
type Make = fn(&Values, &Signature) -> Result<Box<dyn Space>, DefinitionError>;

// The registration: a new space is one file and one line here.
static ALL: &[&Entry] = &[
    &convnet::ENTRY,
    &nb201::ENTRY,
    &mlp::ENTRY,
    &conv1d::ENTRY,
    &text::ENTRY,
    &language::ENTRY,
    &recurrent::ENTRY,
];

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

/// The space of this name, for networks of this signature.
///
/// # Errors
/// Where there is no such space or parameter, a value is out of range, or the space has no network for such a task.
pub fn build(
    name: &str,
    params: &toml::Table,
    signature: &Signature,
) -> Result<Box<dyn Space>, DefinitionError> {
    let entry = describe(name)?;
    let values = Values::read(entry.name, entry.parameters, params, &signature.shape())?;
    (entry.make)(&values, signature)
}
