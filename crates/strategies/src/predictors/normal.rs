//! The standard normal distribution, and values replaced by where they stand among others.

use std::f64::consts::PI;

/// The density at `x`.
pub(crate) fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// The chance of a value below `x`, exact to a share of 10⁻¹³ however small it is.
pub(crate) fn below(x: f64) -> f64 {
    if x <= 0.0 { density(x) * mills(-x) } else { 1.0 - density(x) * mills(x) }
}

/// The chance of a value above `t` over the density there, for `t` of 0 and more (Mills' ratio).
fn mills(t: f64) -> f64 {
    if t > 3.0 {
        // Laplace's continued fraction.
        return 1.0 / (1..60).rev().fold(t, |rest, k| t + f64::from(k) / rest);
    }
    let (mut sum, mut term, mut k) = (t, t, 1.0);
    while term > 1e-17 * sum {
        k += 2.0;
        term *= t * t / k;
        sum += term;
    }
    0.5 / density(t) - sum
}

/// The logarithm of [`below`], also where that is too small for a number.
pub(crate) fn ln_below(x: f64) -> f64 {
    if x < -3.0 { ln_density(x) + mills(-x).ln() } else { below(x).ln() }
}

fn ln_density(x: f64) -> f64 {
    -0.5 * (x * x + (2.0 * PI).ln())
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

/// The logarithm of what an improvement on `best` is worth on average where lower is better, for a guess of this mean
/// and deviation: it tells apart what is unlikely from what is still less likely (Ament et al. 2023, arXiv:2310.20708).
pub(crate) fn ln_expected_improvement(mean: f64, deviation: f64, best: f64) -> f64 {
    let distance = (best - mean) / deviation;
    let ln_gain = if distance > -1.0 {
        (distance * below(distance) + density(distance)).ln()
    } else {
        // Far out the difference from 1 is lost in rounding, and goes with the square of the distance.
        let share = if distance < -1e4 { distance.powi(-2) } else { 1.0 + distance * mills(-distance) };
        ln_density(distance) + share.ln()
    };
    deviation.ln() + ln_gain
}

/// The share of a normal distribution in its middle that intervals hold, and how many deviations that is on each side.
pub(crate) const MIDDLE_SHARE: f64 = 0.8;
pub(crate) const MIDDLE: f64 = 1.281_551_6;

/// Values replaced by normal quantiles of their ranks, which no outlier can distort.
pub struct Quantiles {
    /// The distinct values, ascending, and the score of each.
    steps: Vec<(f64, f64)>,
}

impl Quantiles {
    /// The scores of a sample; equal values share one.
    #[must_use]
    pub fn new(values: impl Iterator<Item = f64>) -> Self {
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
    #[must_use]
    pub fn score(&self, value: f64) -> f64 {
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
        assert!((ln_expected_improvement(0.0, 1.0, 0.0) - density(0.0).ln()).abs() < 1e-12);
        assert!((ln_expected_improvement(-2.0, 1e-3, 0.0) - 2f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn tails_are_exact_and_join_where_the_formulas_change() {
        // The tail beyond 5 and beyond 10 deviations.
        for (x, p) in [(-5.0, 2.866_515_718_791_939e-7), (-10.0, 7.619_853_024_160_527e-24)] {
            assert!((below(x) / p - 1.0).abs() < 1e-12, "{x}: {}", below(x));
            assert!((ln_below(x) - p.ln()).abs() < 1e-12);
        }
        assert!((ln_below(-100.0) + 5_005.524_208_6).abs() < 1e-6);
        for x in [-1.0, -3.0, -1e4] {
            let [above, under] = [x + 1e-9, x - 1e-9].map(|x| ln_expected_improvement(-x, 1.0, 0.0));
            let slope = (above - under) / 2e-9;
            assert!(slope > 0.0 && slope < 2.0 * (1.0 - x), "{x}: a slope of {slope}");
        }
    }

    #[test]
    fn scores_keep_the_order_and_share_ties() {
        let scores = Quantiles::new([3.0, 1.0, 1.0, 1e9, 2.0].into_iter());
        assert!(scores.score(1.0) < scores.score(2.0) && scores.score(3.0) < scores.score(1e9));
        assert_eq!(scores.score(1e9), quantile(0.9));
        assert_eq!(scores.score(1.0), quantile(0.2));
        let between = scores.score(2.5);
        assert!(scores.score(2.0) < between && between < scores.score(3.0));
        assert_eq!(scores.score(-7.0), scores.score(1.0));
    }
}
