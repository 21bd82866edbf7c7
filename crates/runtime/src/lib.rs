//! The event log in SQLite, worker processes and their protocol, and the files of a run.
//!
//! Read in this order: [`RunFolder`] (where things are), [`SqliteLog`] (what is remembered).
// This crate is where the other crates' time comes from.
#![allow(clippy::disallowed_methods)]

pub mod artifacts;
pub mod clock;
mod lease;
mod machine;
mod sqlite_log;
mod threads;

pub use artifacts::{ArtifactError, RunFolder, write_atomically};
pub use machine::{available_memory_bytes, total_memory_bytes};
pub use sqlite_log::{Durability, SqliteLog};
pub use threads::ThreadWorkers;
