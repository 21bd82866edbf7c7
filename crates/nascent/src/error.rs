use nascent_core::study::StudyError;
use std::ops::Range;
use std::path::PathBuf;

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was asked for makes no sense.
    #[error(transparent)]
    Input(#[from] Box<InputError>),
    /// No network meets the limits.
    #[error("{0}")]
    Infeasible(String),
    /// A study cannot go on.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// A file cannot be used.
    #[error("{path}: {reason}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A study ended without a network, or waits for one.
    #[error("{0}")]
    NothingWorked(String),
}

/// What is wrong with what a user wrote, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InputError {
    /// What is wrong, with the value and what is allowed.
    pub message: String,
    /// The setting it is about, in the spelling of a study file.
    pub key: Option<String>,
    /// The file it was written in: its name, its text, and the bytes to blame.
    pub place: Option<(String, String, Range<usize>)>,
}

impl InputError {
    /// What is wrong with a setting.
    pub fn about(key: &str, message: impl Into<String>) -> Box<Self> {
        Box::new(Self { message: message.into(), key: Some(key.into()), place: None })
    }
}

impl Error {
    /// What is wrong with an input that is no setting.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::Input(Box::new(InputError { message: message.into(), key: None, place: None }))
    }

    /// What is wrong with a file.
    pub(crate) fn file(path: impl Into<PathBuf>, reason: impl ToString) -> Self {
        Self::File { path: path.into(), reason: reason.to_string() }
    }

    /// The exit code of the command line: 1 a failure of the study, 2 bad input, 3 no network meets the limits.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Input(_) | Self::File { .. } => 2,
            Self::Infeasible(_) => 3,
            Self::Study(_) | Self::NothingWorked(_) => 1,
        }
    }
}
