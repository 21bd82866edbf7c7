//! The event log in SQLite, worker processes and their protocol, and the files of a run.
//!
//! Read in this order: [`RunFolder`] (where things are), [`SqliteLog`] (what is remembered), [`ThreadWorkers`] (trials
//! in this process), [`ProcessWorkers`] and [`serve`] (trials in processes of their own, the two ends of one protocol).
// This crate is where the other crates' time comes from.
#![allow(clippy::disallowed_methods)]

pub mod artifacts;
pub mod clock;
mod lease;
mod machine;
mod process;
mod serve;
mod sqlite_log;
mod threads;

pub use artifacts::{ArtifactError, RunFolder, write_atomically};
pub use machine::{available_memory_bytes, total_memory_bytes};
pub use process::{ProcessSettings, ProcessWorkers, memory_share_bytes};
pub use serve::{Equipment, serve};
pub use sqlite_log::{Durability, SqliteLog};
pub use threads::ThreadWorkers;
