//! The files of a run, and how they are written.

mod atomic;
mod run_folder;

pub use atomic::write_atomically;
pub use run_folder::RunFolder;

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Why a file or folder could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// The system refused.
    #[error("{}: {reason}", path.display())]
    Storage {
        /// The file or folder.
        path: PathBuf,
        /// What went wrong, and what to do.
        reason: String,
    },
    /// A new run was to go where something is already.
    #[error("{} exists already: choose another folder with --out, or continue the run in it with resume", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The folder of a run was asked for, and this is none.
    #[error("{} is not the folder of a run: {missing}", path.display())]
    NoRun {
        /// The folder.
        path: PathBuf,
        /// What is missing.
        missing: String,
    },
}

impl ArtifactError {
    pub(crate) fn storage(path: &Path, error: &io::Error) -> Self {
        Self::Storage { path: path.into(), reason: in_words(error) }
    }
}

/// What a system error means, and what to do about it.
pub(crate) fn in_words(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "the disk is full: free some space, then resume the run".into()
        }
        ErrorKind::PermissionDenied => {
            "permission denied: choose a folder that you may write to, or change its permissions".into()
        }
        ErrorKind::ReadOnlyFilesystem => {
            "the file system is read-only: choose a folder on another one".into()
        }
        ErrorKind::NotFound => "there is no such file or folder: check the path".into(),
        ErrorKind::NotADirectory => "a part of the path is a file, not a folder: check the path".into(),
        _ => error.to_string(),
    }
}
