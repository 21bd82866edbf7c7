//! What a difference is worth: intervals, tests and verdicts.

mod bootstrap;
mod rank;
mod verdict;

pub use bootstrap::{Difference, Interval, difference, interval};
pub use rank::{kendall, ranks, spearman};
pub use verdict::{Verdict, VerdictResult, holm, verdict};
