//! The program, called as users call it.
// Not every test calls all of it.
#![allow(clippy::unwrap_used, dead_code)]

use std::path::Path;
use std::process::{Command, Output};

/// Runs it in a folder with the words of a line.
pub fn nascent(folder: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nascent"));
    command.args(line.split_whitespace()).current_dir(folder).output().unwrap()
}

/// What a command that succeeds says.
pub fn said(folder: &Path, line: &str) -> String {
    let output = nascent(folder, line);
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The JSON that a command prints.
pub fn json(folder: &Path, line: &str) -> serde_json::Value {
    serde_json::from_str(&said(folder, line)).unwrap()
}

/// What a command that is refused says, in one line.
pub fn refused(folder: &Path, line: &str) -> String {
    let output = nascent(folder, line);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{line}: {error}");
    error.replace('\n', " ")
}
