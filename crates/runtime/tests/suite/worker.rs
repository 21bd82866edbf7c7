//! The worker program that the tests run.

use nascent_runtime::{ProcessSettings, ProcessWorkers};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The example `faulty_worker`, which `cargo test` builds beside the tests.
pub fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let built = tests.parent().unwrap().parent().unwrap();
    let name = format!("faulty_worker{}", std::env::consts::EXE_SUFFIX);
    let path = built.join("examples").join(name);
    assert!(path.is_file(), "{} is missing: run all tests, or build it with --examples", path.display());
    path
}

pub fn settings(folder: &Path, setup: Value) -> ProcessSettings {
    ProcessSettings::new(program(), setup, folder)
}

pub fn workers(settings: ProcessSettings) -> ProcessWorkers {
    ProcessWorkers::new(settings).unwrap()
}
