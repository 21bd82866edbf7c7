//! What a difference is worth: intervals, tests and verdicts.

mod bootstrap;
mod verdict;

pub use bootstrap::{Difference, Interval, difference, interval};
pub use verdict::{Verdict, VerdictResult, holm, verdict};
