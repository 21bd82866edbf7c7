use crate::machine::{MEASURES_MEMORY, total_memory_bytes};
use nascent_core::{Identity, WorkerError};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// How worker processes are started and what they may do.
#[derive(Clone, Debug)]
pub struct ProcessSettings {
    /// The program of a worker.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Environment variables besides this process's own.
    pub environment: Vec<(OsString, OsString)>,
    /// Where it works; left out, where this process does.
    pub folder: Option<PathBuf>,
    /// What each worker is sent first: all it needs to make its evaluator.
    pub setup: serde_json::Value,
    /// What makes two jobs the same for the worker's evaluator.
    pub identity: Identity,
    /// How many processes there are at most. At least 1.
    pub workers: usize,
    /// The folder for what workers print to their standard error; it is made where it does not exist.
    pub logs: PathBuf,
    /// The most memory that a worker may use, in bytes; processes that it starts do not count.
    ///
    /// By default what the machine has, less 1 GiB, divided by the workers. Looked at 20 times a second. Only Linux
    /// tells; elsewhere there is no limit by default, and one that is asked for is refused.
    pub memory_limit_bytes: Option<u64>,
    /// How long a trial may go on without a report or another sign of life.
    pub silence: Duration,
    /// How long a worker has to end a trial, or itself, before it is killed.
    pub grace: Duration,
}

const GIB: u64 = 1 << 30;

impl ProcessSettings {
    /// One worker that runs `program`, with two minutes of silence and two seconds of grace.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, setup: serde_json::Value, logs: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: None,
            setup,
            identity: Identity::Architecture,
            workers: 1,
            logs: logs.into(),
            memory_limit_bytes: None,
            silence: Duration::from_secs(120),
            grace: Duration::from_secs(2),
        }
    }

    /// The limit that is kept: the one asked for, else the machine's share.
    pub(super) fn effective_memory_limit(&self) -> Result<Option<u64>, WorkerError> {
        match self.memory_limit_bytes {
            Some(limit) if MEASURES_MEMORY => Ok(Some(limit)),
            Some(limit) => Err(WorkerError(format!(
                "memory of {limit} bytes per trial is asked for, but on this system the memory of a process cannot \
                 be measured: leave the limit out"
            ))),
            None => Ok(memory_share_bytes(self.workers)),
        }
    }

    /// What is run, as one would type it.
    pub(super) fn command_line(&self) -> String {
        let mut line = self.program.display().to_string();
        for argument in &self.arguments {
            line.push(' ');
            line.push_str(&argument.to_string_lossy());
        }
        line
    }
}

/// The memory that each of so many workers may use where nothing else is said; `None` where the system does not say how much
/// there is.
#[must_use]
pub fn memory_share_bytes(workers: usize) -> Option<u64> {
    total_memory_bytes().map(|total| share(total, workers))
}

/// A worker's share of a machine's memory; a gibibyte is left to everything else, or a half of a small machine.
fn share(total: u64, workers: usize) -> u64 {
    total.saturating_sub(GIB).max(total / 2) / workers.max(1) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_limit_is_a_share_of_the_machine() {
        assert_eq!(share(9 * GIB, 2), 4 * GIB);
        assert_eq!(share(GIB, 1), GIB / 2);
        assert_eq!(share(2 * GIB, 0), GIB);
    }
}
