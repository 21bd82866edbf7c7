//! Data sets and tasks: reading, splits, transforms and batches.

mod examples;

pub use examples::{Examples, Targets};
