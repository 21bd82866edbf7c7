//! Contract suites that every space, strategy, log, evaluator and worker pool must pass.
//!
//! Each is a function that panics with what is wrong; call it from a test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod ageing;
pub mod fault;
mod log;
mod shared;
mod space;
mod spaces;
mod strategy;
mod vectors;
mod workers;

pub use ageing::Ageing;
pub use log::{every_event, log_contract, stored_log_contract, without_interruptions};
pub use shared::shared;
pub use space::space_contract;
pub use spaces::{Bits, Tree};
pub use strategy::{
    ladder_contract, recomputes, resumes_everywhere, resumes_everywhere_in, strategy_contract,
};
pub use vectors::vectors_are_inlined;
pub use workers::{Meanwhile, PROBED, Probe, listen, probe_job, workers_contract};
