//! What many runs say: means, ranks, tests between pairs, and which strategies cannot be told apart.

mod describe;
mod pairs;
mod ranks;

pub use describe::{Description, describe, student};
pub use pairs::{Pair, Wilcoxon, compare_all, wilcoxon};
pub use ranks::{cliques, ranks};
