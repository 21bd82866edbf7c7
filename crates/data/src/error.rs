use std::path::PathBuf;

/// Why data could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// No built-in task has this name.
    #[error("there is no task {name:?}{}; there are: {}", nearest.as_ref().map(|n| format!(", did you mean {n:?}?")).unwrap_or_default(), known.join(", "))]
    UnknownTask {
        /// What was asked for.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
        /// All names.
        known: Vec<String>,
    },
    /// A line of a file is not what it should be.
    #[error("{place}, line {line}: {reason}")]
    Line {
        /// The file.
        place: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong, with the value and what is allowed.
        reason: String,
    },
    /// A file cannot be used.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// An option does not fit the data, or is needed to decide between two readings of them.
    #[error("{option}: {reason}")]
    Choice {
        /// The option's field in [`Options`](crate::Options), such as `target`.
        option: &'static str,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// There are too few examples.
    #[error("{0}")]
    TooFew(String),
}

impl DataError {
    /// A file that cannot be used.
    pub(crate) fn file(place: &str, reason: impl Into<String>) -> Self {
        Self::File { path: place.into(), reason: reason.into() }
    }

    /// A line that is not what it should be.
    pub(crate) fn line(place: &str, line: usize, reason: impl Into<String>) -> Self {
        Self::Line { place: place.into(), line, reason: reason.into() }
    }

    /// An option that does not fit.
    pub(crate) fn choice(option: &'static str, reason: impl Into<String>) -> Self {
        Self::Choice { option, reason: reason.into() }
    }
}
