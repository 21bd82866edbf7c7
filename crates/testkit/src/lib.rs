//! Contract suites that every space, strategy, log, evaluator and worker pool must pass.
//!
//! Each is a function that panics with what is wrong; call it from a test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod shared;
mod space;
mod spaces;
mod strategy;

pub use shared::shared;
pub use space::space_contract;
pub use spaces::{Bits, Tree};
pub use strategy::{recomputes, resumes_everywhere, strategy_contract};
