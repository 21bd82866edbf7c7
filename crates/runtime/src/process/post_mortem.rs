//! Why a worker is gone, in words.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::process::ExitStatus;

/// How a process ended that was not asked to.
pub(super) fn how_it_ended(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("the worker was ended by signal {signal}{}", name_of(signal));
    }
    match status.code() {
        Some(code) => format!("the worker ended with exit code {code} before it gave a result"),
        None => "the worker ended before it gave a result".into(),
    }
}

/// The signals that have one number on all systems.
#[cfg(unix)]
fn name_of(signal: i32) -> &'static str {
    match signal {
        2 => " (SIGINT: somebody interrupted it)",
        4 => " (SIGILL: an instruction this processor does not have)",
        6 => " (SIGABRT: it aborted)",
        8 => " (SIGFPE: an arithmetic fault)",
        9 => " (SIGKILL: somebody killed it, perhaps the system, for want of memory)",
        11 => " (SIGSEGV: it used memory that is not its own)",
        15 => " (SIGTERM: somebody ended it)",
        _ => "",
    }
}

/// As much of a log as is looked at.
const TAIL_BYTES: u64 = 2_000;
const LINES: usize = 3;

/// The last lines of a log after `from`; `None` where there are none.
pub(super) fn last_words(log: &Path, from: u64) -> Option<String> {
    let mut file = File::open(log).ok()?;
    let end = file.metadata().ok()?.len();
    let start = from.max(end.saturating_sub(TAIL_BYTES));
    file.seek(SeekFrom::Start(start)).ok()?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let last: Vec<String> =
        lines[lines.len().saturating_sub(LINES)..].iter().map(|l| without_thread_number(l)).collect();
    (!last.is_empty()).then(|| last.join(" / "))
}

/// A panic's first line without the thread's number, which differs each time: the same fault has the same reason.
fn without_thread_number(line: &str) -> String {
    let cut = || {
        let (before, after) = line.strip_prefix("thread '")?.split_once("' (")?;
        let (number, after) = after.split_once(')')?;
        number.bytes().all(|b| b.is_ascii_digit()).then(|| format!("thread '{before}'{after}"))
    };
    cut().unwrap_or_else(|| line.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_those_of_the_present_job() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("worker-1.log");
        assert_eq!(last_words(&log, 0), None);
        std::fs::write(&log, "old\n").unwrap();
        assert_eq!(last_words(&log, 4), None);
        let panic = "thread 'main' (421) panicked at a.rs:1:2:";
        std::fs::write(&log, format!("old\na\nb\n\n{panic}\nno memory\n")).unwrap();
        assert_eq!(last_words(&log, 4).unwrap(), "b / thread 'main' panicked at a.rs:1:2: / no memory");
        std::fs::write(&log, "é".repeat(10_000)).unwrap();
        assert!(last_words(&log, 0).unwrap().len() < 3_000);
    }

    #[test]
    fn only_the_number_of_a_thread_is_cut() {
        for line in ["thread 'a' panicked", "thread 'a' (x) b", "no (1)", "thread '"] {
            assert_eq!(without_thread_number(line), line);
        }
    }
}
