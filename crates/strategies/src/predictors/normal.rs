//! The standard normal distribution, and values replaced by where they stand among others.

use std::f64::consts::{PI, SQRT_2};

/// The density at `x`.
pub(crate) fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// The chance of a value below `x`.
pub(crate) fn below(x: f64) -> f64 {
    0.5 * (1.0 + error_function(x / SQRT_2))
}

/// The error function to seven digits (Abramowitz & Stegun 1964, 7.1.26).
fn error_function(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let coefficients = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592];
    let series = coefficients.iter().fold(0.0, |sum, c| sum * t + c) * t;
    (1.0 - series * (-x * x).exp()).copysign(x)
}

/// The value that a share `p` of the distribution lies below; `p` between 0 and 1.
pub(crate) fn quantile(p: f64) -> f64 {
    // Newton's method on a convex or concave half, from the logistic distribution's quantile.
    let mut x = (p / (1.0 - p)).ln() / 1.702;
    for _ in 0..20 {
        let step = (below(x) - p) / density(x).max(1e-300);
        x -= step.clamp(-1.0, 1.0);
        if step.abs() < 1e-9 {
            break;
        }
    }
    x
}

/// What an improvement on `best` is worth on average where lower is better, for a guess of this mean and deviation.
pub(crate) fn expected_improvement(mean: f64, deviation: f64, best: f64) -> f64 {
    let distance = (best - mean) / deviation;
    deviation * (distance * below(distance) + density(distance))
}

/// Values replaced by normal quantiles of their ranks, which no outlier can distort.
pub(crate) struct Scores {
    /// The distinct values, ascending, and the score of each.
    steps: Vec<(f64, f64)>,
}

impl Scores {
    /// The scores of a sample; equal values share one.
    pub(crate) fn new(values: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len() as f64;
        let mut steps: Vec<(f64, f64)> = Vec::new();
        let mut start = 0;
        for i in 0..sorted.len() {
            if i + 1 == sorted.len() || sorted[i + 1] > sorted[i] {
                let rank = (start + i) as f64 / 2.0;
                steps.push((sorted[i], quantile((rank + 0.5) / n)));
                start = i + 1;
            }
        }
        Self { steps }
    }

    /// The score of a value, between two of the sample's in proportion, and beyond them that of the last.
    pub(crate) fn score(&self, value: f64) -> f64 {
        let above = self.steps.partition_point(|(v, _)| *v < value);
        match (above.checked_sub(1).map(|i| self.steps[i]), self.steps.get(above)) {
            (_, Some(&(v, score))) if v == value => score,
            (Some((low, a)), Some(&(high, b))) => a + (b - a) * (value - low) / (high - low),
            (Some((_, last)), None) => last,
            (None, Some(&(_, first))) => first,
            (None, None) => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_come_out() {
        for (p, x) in [(0.5, 0.0), (0.975, 1.959_964), (0.001, -3.090_232), (0.841_344_7, 1.0)] {
            assert!((quantile(p) - x).abs() < 2e-4, "{p}: {}", quantile(p));
            assert!((below(x) - p).abs() < 1e-6);
        }
        assert!((expected_improvement(0.0, 1.0, 0.0) - density(0.0)).abs() < 1e-7);
        assert!((expected_improvement(-2.0, 1e-3, 0.0) - 2.0).abs() < 1e-6);
    }

    #[test]
    fn scores_keep_the_order_and_share_ties() {
        let scores = Scores::new([3.0, 1.0, 1.0, 1e9, 2.0].into_iter());
        assert!(scores.score(1.0) < scores.score(2.0) && scores.score(3.0) < scores.score(1e9));
        assert_eq!(scores.score(1e9), quantile(0.9));
        assert_eq!(scores.score(1.0), quantile(0.2));
        let between = scores.score(2.5);
        assert!(scores.score(2.0) < between && between < scores.score(3.0));
        assert_eq!(scores.score(-7.0), scores.score(1.0));
    }
}
