//! How alike two members of a space are.

use super::encoding::{Codes, NOT_ASKED, Tallies};

/// An encoded member.
#[derive(Clone)]
pub(crate) struct Point {
    codes: Codes,
    tallies: Tallies,
    /// How many questions it was asked.
    asked: f64,
}

impl Point {
    pub(crate) fn new(codes: Codes, tallies: Tallies) -> Self {
        let asked = codes.iter().filter(|code| **code != NOT_ASKED).count() as f64;
        Self { codes, tallies, asked }
    }

    /// How many columns and tallies it has.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.codes.len(), self.tallies.len())
    }

    /// A tally; 0 where it is not known.
    pub(crate) fn tally(&self, i: usize) -> f64 {
        self.tallies.get(i).copied().map_or(0.0, f64::from)
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

/// Three ways of being alike, mixed: answers that agree all together, answers that agree one by one, and options that
/// are chosen as often wherever they are offered.
///
/// The first falls by a factor of its own for each answer that differs, so that what answers do depends on the others.
/// The second is the share of answers in common, so that what is known of an answer is known everywhere. The third
/// falls with the squared differences of the tallies, each with a weight of its own: the Weisfeiler–Lehman kernel of no
/// rounds, where questions are the vertices of a graph (Shervashidze et al. 2011). All are 1 for equals, and all are
/// positive definite.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kernel {
    /// For each column, the logarithm of how fast likeness falls where its answers differ.
    pub(crate) log_weights: Vec<f64>,
    /// The same for each tally.
    pub(crate) log_tallies: Vec<f64>,
    /// The shares of the second and the third way, by the soft maximum of 0 and these.
    pub(crate) logits: [f64; 2],
    /// The logarithm of the noise's variance, in units of the signal's.
    pub(crate) log_noise: f64,
}

/// How alike two members are: together, one by one, and in all.
pub(crate) type Likeness = [f64; 3];

/// The weights of a kernel: what [`likeness`] needs again and again.
pub(crate) struct Weights {
    pub(crate) columns: Vec<f64>,
    pub(crate) tallies: Vec<f64>,
    pub(crate) shares: [f64; 3],
}

impl Kernel {
    pub(crate) fn noise(&self) -> f64 {
        self.log_noise.exp()
    }

    pub(crate) fn weights(&self) -> Weights {
        let exp = |logs: &[f64]| logs.iter().map(|w| w.exp()).collect();
        let [one_by_one, in_all] = self.logits.map(f64::exp);
        let shares = [1.0, one_by_one, in_all].map(|s| s / (1.0 + one_by_one + in_all));
        Weights { columns: exp(&self.log_weights), tallies: exp(&self.log_tallies), shares }
    }
}

impl Weights {
    pub(crate) fn mix(&self, likeness: Likeness) -> f64 {
        likeness.iter().zip(&self.shares).map(|(l, s)| l * s).sum()
    }
}

/// The likenesses of two members, for one weight a column.
pub(crate) fn likeness(weights: &Weights, a: &Point, b: &Point) -> Likeness {
    let columns = weights.columns.len();
    let (mut fall, mut apart, mut asked) = (0.0, 0.0, columns as f64);
    if a.codes.len() >= columns && b.codes.len() >= columns {
        for ((x, y), weight) in a.codes.iter().zip(&b.codes).zip(&weights.columns) {
            let distance = distance(*x, *y);
            fall += weight * distance;
            apart += distance;
        }
    } else {
        for ((x, y), weight) in a.filled(columns).zip(b.filled(columns)).zip(&weights.columns) {
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
    let mut unlike = 0.0;
    for (i, weight) in weights.tallies.iter().enumerate() {
        unlike += weight * (a.tally(i) - b.tally(i)).powi(2);
    }
    [(-fall).exp(), one_by_one, (-unlike).exp()]
}

/// Adds `factor` times the distance of each column's answers to `sums`.
pub(crate) fn add_distances(a: &Point, b: &Point, factor: f64, sums: &mut [f64]) {
    let columns = sums.len();
    for ((x, y), sum) in a.filled(columns).zip(b.filled(columns)).zip(sums) {
        *sum += factor * distance(x, y);
    }
}

/// Adds `factor` times the squared difference of each tally to `sums`.
pub(crate) fn add_squares(a: &Point, b: &Point, factor: f64, sums: &mut [f64]) {
    for (i, sum) in sums.iter_mut().enumerate() {
        *sum += factor * (a.tally(i) - b.tally(i)).powi(2);
    }
}
