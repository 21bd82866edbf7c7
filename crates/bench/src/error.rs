use nascent_core::study::StudyError;
use std::path::{Path, PathBuf};

/// Why a bench could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// A file cannot be read or written.
    #[error("{path}: {reason}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What went wrong, and what to do.
        reason: String,
    },
    /// A table file is not what was once written.
    #[error(
        "{path}: {reason}; the file was cut short or altered, so nothing in it can be trusted: \
         copy it again, or make it anew with `nascent bench import`"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A table file written by a later version.
    #[error("{path}: its format is {format}, this program reads up to {known}; use a later Nascent")]
    Format {
        /// The file.
        path: PathBuf,
        /// The format it has.
        format: u32,
        /// The latest format that is known.
        known: u32,
    },
    /// A table lacks a column.
    #[error("table {table} has no column {column:?}{}; it has: {}", suggestion(nearest), known.join(", "))]
    Column {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The most similar one that it has.
        nearest: Option<String>,
        /// All that it has.
        known: Vec<String>,
    },
    /// No table or protocol of this name.
    #[error("there is no table or protocol {name:?}{}; there are: {}", suggestion(nearest), known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
        /// All names.
        known: Vec<String>,
    },
    /// A table has to be imported first.
    #[error(
        "protocol {protocol} needs table {table}, which is not at {path}; make it with \
         `nascent bench import PARQUET-FILE --tables {}`", path.parent().unwrap_or(path).display()
    )]
    NotImported {
        /// What needs it.
        protocol: String,
        /// The table.
        table: String,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A description, a file or an option that makes no sense.
    #[error("{0}")]
    Input(String),
    /// A strategy that cannot do what is asked.
    #[error("strategy {strategy:?} cannot be run on {case}: {reason}")]
    Strategy {
        /// The strategy as written.
        strategy: String,
        /// Where.
        case: String,
        /// Why not, and what would work.
        reason: String,
    },
    /// A run failed.
    #[error("strategy {strategy:?} on {case}, run {run}: {source}")]
    Run {
        /// The strategy as written.
        strategy: String,
        /// Where.
        case: String,
        /// The run's number, from 0.
        run: u64,
        /// What happened.
        source: StudyError,
    },
    /// The user wants a pause; finished runs are stored.
    #[error("paused after {done} of {all} runs; the same command continues")]
    Interrupted {
        /// Runs that are stored.
        done: u64,
        /// Runs asked for.
        all: u64,
    },
}

impl BenchError {
    /// What is wrong with a file.
    pub(crate) fn file(path: &Path, reason: impl ToString) -> Self {
        Self::File { path: path.into(), reason: reason.to_string() }
    }
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|n| format!(", did you mean {n:?}?")).unwrap_or_default()
}
