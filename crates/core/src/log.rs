use crate::event::{Event, Seq, Stamped};

/// Where a study's events are kept.
pub trait Log {
    /// Adds events, all or none of them, and answers with the number of the last.
    ///
    /// # Errors
    /// Where they cannot be stored, or another process has written in between.
    fn append(&mut self, at_ms: u64, events: &[Event]) -> Result<Seq, LogError>;

    /// The events after `seq`, in order.
    ///
    /// # Errors
    /// Where they cannot be read.
    fn after(&self, seq: Seq) -> Result<Vec<Stamped>, LogError>;
}

/// Why a log could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The storage failed.
    #[error("{place}: {reason}")]
    Storage {
        /// The file or server.
        place: String,
        /// What went wrong, and what to do.
        reason: String,
    },
    /// Another process works on this study.
    #[error("{place} is in use by another process ({holder}): wait until it ends, or stop it")]
    InUse {
        /// The file or server.
        place: String,
        /// Who holds it.
        holder: String,
    },
    /// What is stored is not a log this program can read.
    #[error("{place}: {reason}")]
    Unreadable {
        /// The file or server.
        place: String,
        /// What is wrong with it, and what to do.
        reason: String,
    },
}

/// A log in memory, for studies that need not outlive the process.
#[derive(Clone, Debug, Default)]
pub struct MemoryLog(Vec<Stamped>);

impl MemoryLog {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// All events so far.
    #[must_use]
    pub fn events(&self) -> &[Stamped] {
        &self.0
    }
}

impl From<Vec<Stamped>> for MemoryLog {
    fn from(events: Vec<Stamped>) -> Self {
        Self(events)
    }
}

impl Log for MemoryLog {
    fn append(&mut self, at_ms: u64, events: &[Event]) -> Result<Seq, LogError> {
        for event in events {
            let seq = Seq(self.0.len() as u64 + 1);
            self.0.push(Stamped { seq, at_ms, event: event.clone() });
        }
        Ok(Seq(self.0.len() as u64))
    }

    fn after(&self, seq: Seq) -> Result<Vec<Stamped>, LogError> {
        Ok(self.0.get(seq.0 as usize..).unwrap_or_default().to_vec())
    }
}
