//! How logits become weights of options, one file each: what gradient-based search is about.
//!
//! Every relaxation gives the weights of one pass, and their derivative along the logits, so that what a pass says of the
//! weights is what it says of the logits. All of it is plain `f64`.

mod darts;
mod drnas;
mod enas;
mod gdas;

pub(super) use darts::DARTS;
pub(super) use drnas::DRNAS;
pub(super) use enas::ENAS;
pub(super) use gdas::GDAS;

use nascent_core::rng::Rng;

/// The weights of a choice's options in one pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    /// A weight for each option; what weighs nothing is not computed.
    pub weights: Vec<f64>,
    /// Row-major, `[options × options]`: how each weight changes with each logit. Of a relaxation that learns from reward:
    /// in the first row, how the logarithm of the probability of what was drawn changes with each logit.
    pub jacobian: Vec<f64>,
}

/// A way from logits to weights.
pub struct Relaxation {
    /// The weights of one pass; `progress`, from 0 to 1, is the part of the training that is over.
    pub weigh: fn(logits: &[f64], progress: f64, rng: &mut Rng) -> Weighed,
    /// How likely each option is, as far as it was learned: sums to 1.
    pub shares: fn(logits: &[f64]) -> Vec<f64>,
    /// Whether logits follow the reward of what was drawn, and not the slopes of the loss.
    pub by_reward: bool,
}

impl Weighed {
    /// The slope of the loss along each logit, from that along each weight.
    #[must_use]
    pub fn back(&self, slopes: &[f64]) -> Vec<f64> {
        let n = self.weights.len();
        (0..n).map(|logit| (0..n).map(|w| slopes[w] * self.jacobian[w * n + logit]).sum()).collect()
    }
}

/// The probabilities of logits.
pub(crate) fn softmax(logits: &[f64]) -> Vec<f64> {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|l| (l - most).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|p| p / sum).collect()
}

/// The derivative of probabilities along logits, times a factor.
fn softmax_jacobian(shares: &[f64], factor: f64) -> Vec<f64> {
    let n = shares.len();
    let entry = |i: usize, j: usize| shares[i] * (f64::from(u8::from(i == j)) - shares[j]) * factor;
    (0..n * n).map(|at| entry(at / n, at % n)).collect()
}

/// The place of the largest number, the first among equals.
pub(super) fn largest(numbers: &[f64]) -> usize {
    (0..numbers.len()).rev().max_by(|&a, &b| numbers[a].total_cmp(&numbers[b])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f64; 4] = [0.3, -0.8, 1.1, 0.0];

    fn weigh(relaxation: &Relaxation, logits: &[f64]) -> Weighed {
        (relaxation.weigh)(logits, 0.3, &mut Rng::new(7, 2))
    }

    #[test]
    fn every_relaxation_weighs_and_shares_as_probabilities_do() {
        for relaxation in [&DARTS, &DRNAS, &ENAS, &GDAS] {
            let weighed = weigh(relaxation, &LOGITS);
            assert!((weighed.weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            assert!(weighed.weights.iter().all(|w| (0.0..=1.0).contains(w)));
            assert_eq!(weighed, weigh(relaxation, &LOGITS), "the same stream gives the same weights");
            let shares = (relaxation.shares)(&LOGITS);
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            assert_eq!(largest(&shares), 2, "the largest logit is the likeliest option");
        }
    }

    #[test]
    fn derivatives_are_those_of_finite_differences() {
        // Of a choice that was drawn, what is differentiated is the distribution behind it.
        for relaxation in [&DARTS, &DRNAS] {
            let weighed = weigh(relaxation, &LOGITS);
            for logit in 0..4 {
                let moved = |by: f64| {
                    let mut logits = LOGITS;
                    logits[logit] += by;
                    weigh(relaxation, &logits).weights
                };
                let (up, down) = (moved(1e-5), moved(-1e-5));
                for w in 0..4 {
                    let slope = (up[w] - down[w]) / 2e-5;
                    let derived = weighed.jacobian[w * 4 + logit];
                    assert!((slope - derived).abs() < 2e-3, "{w} along {logit}: {slope} and {derived}");
                }
            }
        }
    }
}
