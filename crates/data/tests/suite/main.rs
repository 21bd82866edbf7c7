//! Whole tasks from whole files: good ones, and everything that can be wrong with them.
#![allow(clippy::unwrap_used)]

mod bad_arrays;
mod bad_pictures;
mod bad_tables;
mod damaged;
mod formats;
mod language;
mod raw;
mod real;
mod streamed;

use nascent_data::{DataError, Options, Task, load};
use std::path::{Path, PathBuf};

/// A folder of files that vanishes with it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

fn target(name: &str) -> Options {
    Options { target: Some(name.into()), ..Options::default() }
}

/// Asserts that an error says all of this.
#[track_caller]
fn says(result: Result<Task, DataError>, words: &[&str]) {
    let error = match result {
        Ok(task) => panic!("no error, but {:?}", task.findings()),
        Err(error) => error.to_string(),
    };
    for word in words {
        assert!(error.contains(word), "{word:?} is not in: {error}");
    }
}

/// Asserts that some warning says all of this.
#[track_caller]
fn warns(task: &Task, words: &[&str]) {
    let warnings = &task.findings().warnings;
    assert!(warnings.iter().any(|w| words.iter().all(|word| w.contains(word))), "{words:?}: {warnings:?}");
}

/// A table of two inputs and classes `a` and `b`.
fn small_table(rows: usize) -> String {
    let row = |i: usize| {
        format!("{},{},{}\n", i as f64 * 0.37 % 5.0, ["u", "v", "w"][i % 3], ["a", "b"][i % 7 % 2])
    };
    format!("x,k,y\n{}", (0..rows).map(row).collect::<String>())
}

fn read(path: &Path, options: &Options) -> Result<Task, DataError> {
    load(path, options)
}
