//! The contracts of logs and workers, and what happens to them on bad days.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod log_files;
mod processes;
#[cfg(target_os = "linux")]
mod supervisor;
mod threads;
mod version_1;
mod worker;
