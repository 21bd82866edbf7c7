use nascent_core::SpaceError;
use std::fmt;
use std::ops;

/// Why a description of a space makes no space, and where in the file that is.
#[derive(Debug, Clone, PartialEq)]
pub struct DefinitionError {
    /// What is wrong; boxed, so that results stay small.
    pub problem: Box<Problem>,
    /// The bytes of the file that are to blame, where there is a file.
    pub span: Option<ops::Range<usize>>,
}

impl DefinitionError {
    pub(crate) fn at(self, span: ops::Range<usize>) -> Self {
        Self { span: Some(span), ..self }
    }
}

impl From<Problem> for DefinitionError {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), span: None }
    }
}

impl From<SpaceError> for DefinitionError {
    fn from(error: SpaceError) -> Self {
        Problem::Space(error).into()
    }
}

impl fmt::Display for DefinitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl std::error::Error for DefinitionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.problem)
    }
}

/// What is wrong with a description of a space.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// No space has this name.
    #[error("there is no space {name:?}{}; there are: {}", suggestion(nearest), known.join(", "))]
    UnknownSpace {
        /// What was asked for.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
        /// All names.
        known: Vec<String>,
    },
    /// The space has no such parameter.
    #[error("space {space} has no parameter {name:?}{}; it has: {}", suggestion(nearest), known.join(", "))]
    UnknownParameter {
        /// The space.
        space: String,
        /// What was asked for.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
        /// All its parameters.
        known: Vec<String>,
    },
    /// A parameter of the wrong type, or out of its range.
    #[error("space {space}: {name} must be {allowed}, got {value}")]
    Parameter {
        /// The space.
        space: String,
        /// The parameter.
        name: String,
        /// What was given.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// The space has no network for such a task.
    #[error("space {space} needs {needed}, and this task has {found}; choose another space")]
    Task {
        /// The space.
        space: String,
        /// What it needs.
        needed: String,
        /// What the task has.
        found: String,
    },
    /// A key that a space file does not have.
    #[error("a space file has no key {key:?}{}; it has: {}", suggestion(nearest), known.join(", "))]
    UnknownKey {
        /// What was written.
        key: String,
        /// The most similar key.
        nearest: Option<String>,
        /// All keys.
        known: Vec<String>,
    },
    /// A key without which a space file means nothing.
    #[error("a space file needs {key} = {expected}")]
    Missing {
        /// The key.
        key: String,
        /// What its value must be.
        expected: String,
    },
    /// A value of the wrong type.
    #[error("{key} must be {expected}, got {found}")]
    Type {
        /// The key.
        key: String,
        /// What its value must be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The space asks no question at such a place.
    #[error("the space asks nothing at {pattern:?}{}; it asks: {}", suggestion(nearest), known.join(", "))]
    UnknownQuestion {
        /// What was written.
        pattern: String,
        /// The most similar place.
        nearest: Option<String>,
        /// All places, numbers as `[*]`.
        known: Vec<String>,
    },
    /// The question has no such option.
    #[error("{pattern:?} has no option {option:?}{}; it has: {}", suggestion(nearest), known.join(", "))]
    UnknownOption {
        /// The place.
        pattern: String,
        /// What was written.
        option: String,
        /// The most similar option.
        nearest: Option<String>,
        /// All options.
        known: Vec<String>,
    },
    /// A narrowing that leaves a question without options.
    #[error("{pattern:?} leaves no option at {path:?}; name at least one of: {}", known.join(", "))]
    NothingLeft {
        /// What was written.
        pattern: String,
        /// The place.
        path: String,
        /// All options there.
        known: Vec<String>,
    },
    /// Two narrowings of one place, neither more exact than the other.
    #[error(
        "{first:?} and {second:?} both narrow {path:?}, and neither is more exact; write {path:?} itself"
    )]
    Ambiguous {
        /// The place.
        path: String,
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// Text that is not TOML.
    #[error("not TOML: {0}")]
    Syntax(String),
    /// The space cannot be asked.
    #[error(transparent)]
    Space(SpaceError),
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|n| format!(", did you mean {n:?}?")).unwrap_or_default()
}

/// The most similar of some names, if any is similar at all.
pub(crate) fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let is_slip = |n: &str| name.chars().count() > 2 && strsim::damerau_levenshtein(name, n) == 1;
    names
        .into_iter()
        .map(|n| (if is_slip(n) { 1.0 } else { strsim::jaro_winkler(name, n) }, n))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, n)| n.to_string())
}
