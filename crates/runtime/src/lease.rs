//! One writer at a time: a lock that the system releases when its holder dies.

use crate::artifacts::in_words;
use nascent_core::LogError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The right to write a log, for as long as it is kept.
///
/// It is a lock on a file beside the log. The file itself stays: deleting it would let two processes hold locks on
/// two files of one name.
#[derive(Debug)]
pub(crate) struct Lease {
    locked: File,
}

// A process that was killed in the middle of starting another leaves its lock with it for the moment that takes.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

impl Lease {
    /// Takes the lease of the log at `log`.
    ///
    /// # Errors
    /// Where another process has it, or the file cannot be made.
    pub(crate) fn take(log: &Path) -> Result<Self, LogError> {
        let path = Self::path(log);
        let place = || path.display().to_string();
        let storage = |e: std::io::Error| LogError::Storage { place: place(), reason: in_words(&e) };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(storage)?;
        let mut tries = TRIES;
        while let Err(error) = file.try_lock() {
            match error {
                TryLockError::Error(e) => return Err(storage(e)),
                TryLockError::WouldBlock if tries > 0 => {
                    tries -= 1;
                    std::thread::sleep(PAUSE);
                }
                TryLockError::WouldBlock => {
                    let mut holder = String::new();
                    // A holder that is only just starting has not written its number yet.
                    let known = file.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
                    let number = if known { holder.trim() } else { "of unknown number" };
                    let holder = format!("process {number}");
                    return Err(LogError::InUse { place: log.display().to_string(), holder });
                }
            }
        }
        // The number is for the message only; the lock is what counts.
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(storage)?;
        Ok(Self { locked: file })
    }

    fn path(log: &Path) -> PathBuf {
        log.with_extension("lock")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Closing the file would not do: another process that is being started this very moment has it open as well.
        let _ = self.locked.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("study.db");
        let lease = Lease::take(&log).unwrap();
        let error = Lease::take(&log).unwrap_err();
        let holder = format!("process {}", std::process::id());
        assert_eq!(error, LogError::InUse { place: log.display().to_string(), holder });
        drop(lease);
        Lease::take(&log).unwrap();
        assert!(folder.path().join("study.lock").is_file());
    }
}
