//! How alike two members of a space are.

use super::encoding::{Codes, NOT_ASKED};

/// An encoded member.
pub(crate) struct Point {
    codes: Codes,
    /// How many questions it was asked.
    asked: f64,
}

impl Point {
    pub(crate) fn new(codes: Codes) -> Self {
        let asked = codes.iter().filter(|code| **code != NOT_ASKED).count() as f64;
        Self { codes, asked }
    }

    /// The codes, filled up for so many columns.
    fn filled(&self, columns: usize) -> impl Iterator<Item = f32> + '_ {
        self.codes.iter().copied().chain(std::iter::repeat(NOT_ASKED)).take(columns)
    }
}

/// How far apart two answers to a question are, from 0 to 1: 0 where neither was given, 1 where one was.
fn distance(a: f32, b: f32) -> f64 {
    // Codes of categorical answers, and of answers that were not given, differ by 1 or more.
    f64::from((a - b).abs().min(1.0))
}

/// Two ways of being alike, mixed: answers that agree all together, and answers that agree one by one.
///
/// The first falls by a factor of its own for each answer that differs, so that what answers do depends on the others.
/// The second is the share of answers in common, so that what is known of an answer is known everywhere. Both are 1 for
/// equals, and both are positive definite.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kernel {
    /// For each column, the logarithm of how fast likeness falls where its answers differ.
    pub(crate) log_weights: Vec<f64>,
    /// The share of the first way, through the logistic function.
    pub(crate) logit_share: f64,
    /// The logarithm of the noise's variance, in units of the signal's.
    pub(crate) log_noise: f64,
}

/// The two likenesses of two members.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Likeness {
    pub(crate) together: f64,
    pub(crate) one_by_one: f64,
}

impl Kernel {
    pub(crate) fn share(&self) -> f64 {
        1.0 / (1.0 + (-self.logit_share).exp())
    }

    pub(crate) fn noise(&self) -> f64 {
        self.log_noise.exp()
    }

    /// The weights themselves: what [`Self::likeness`] needs again and again.
    pub(crate) fn weights(&self) -> Vec<f64> {
        self.log_weights.iter().map(|w| w.exp()).collect()
    }

    pub(crate) fn mix(&self, likeness: Likeness) -> f64 {
        let share = self.share();
        share * likeness.together + (1.0 - share) * likeness.one_by_one
    }
}

/// The likenesses of two members, for one weight a column.
pub(crate) fn likeness(weights: &[f64], a: &Point, b: &Point) -> Likeness {
    let columns = weights.len();
    let (mut fall, mut apart, mut asked) = (0.0, 0.0, columns as f64);
    if a.codes.len() >= columns && b.codes.len() >= columns {
        for ((x, y), weight) in a.codes.iter().zip(&b.codes).zip(weights) {
            let distance = distance(*x, *y);
            fall += weight * distance;
            apart += distance;
        }
    } else {
        for ((x, y), weight) in a.filled(columns).zip(b.filled(columns)).zip(weights) {
            let distance = distance(x, y);
            fall += weight * distance;
            apart += distance;
        }
    }
    if a.asked < asked || b.asked < asked {
        // Where neither was asked, nothing is in common.
        let neither = |(x, y): &(f32, f32)| *x == NOT_ASKED && *y == NOT_ASKED;
        asked -= a.filled(columns).zip(b.filled(columns)).filter(neither).count() as f64;
    }
    let of = (a.asked * b.asked).sqrt();
    // A space without questions has one member.
    let one_by_one = if of > 0.0 { (asked - apart) / of } else { 1.0 };
    Likeness { together: (-fall).exp(), one_by_one }
}

/// Adds `factor` times the distance of each column's answers to `sums`.
pub(crate) fn add_distances(a: &Point, b: &Point, factor: f64, sums: &mut [f64]) {
    let columns = sums.len();
    for ((x, y), sum) in a.filled(columns).zip(b.filled(columns)).zip(sums) {
        *sum += factor * distance(x, y);
    }
}
