use super::Difference;
use crate::objective::Direction;
use serde::{Deserialize, Serialize};

/// What a comparison says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VerdictResult {
    /// The difference is in favour, and not chance.
    Better,
    /// The difference is within the margin, and that is not chance.
    Equal,
    /// The difference is against, and not chance.
    Worse,
    /// These data cannot tell.
    Undecided,
}

/// The winner against one baseline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What the comparison says.
    pub result: VerdictResult,
    /// The p-value, corrected for the number of baselines.
    pub p: f64,
    /// Differences up to this count as none.
    pub margin: f64,
    /// The winner's mean minus the baseline's, in the metric's unit.
    pub difference: f64,
    /// Its 95 % interval.
    pub ci95: [f64; 2],
}

/// Judges a difference: within the margin first, then by the corrected p-value at 5 %.
#[must_use]
pub fn verdict(difference: &Difference, better: Direction, corrected_p: f64, margin: f64) -> Verdict {
    let result = if difference.ci90[0] >= -margin && difference.ci90[1] <= margin {
        VerdictResult::Equal
    } else if corrected_p >= 0.05 {
        VerdictResult::Undecided
    } else if (difference.mean > 0.0) == (better == Direction::Maximize) {
        VerdictResult::Better
    } else {
        VerdictResult::Worse
    };
    Verdict { result, p: corrected_p, margin, difference: difference.mean, ci95: difference.ci95 }
}

/// P-values corrected for their number (Holm 1979, <https://www.jstor.org/stable/4615733>), in the given order.
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut corrected = vec![0.0; p.len()];
    let mut highest = 0.0f64;
    for (rank, &i) in order.iter().enumerate() {
        highest = highest.max((p[i] * (p.len() - rank) as f64).min(1.0));
        corrected[i] = highest;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holm_steps_down() {
        assert_eq!(holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
        assert_eq!(holm(&[0.6, 0.9]), [1.0, 1.0]);
    }

    #[test]
    fn each_verdict_is_reached() {
        let d = |mean: f64, half: f64| Difference {
            mean,
            ci95: [mean - half, mean + half],
            ci90: [mean - 0.84 * half, mean + 0.84 * half],
            p: 0.5,
        };
        assert_eq!(verdict(&d(0.001, 0.003), Direction::Maximize, 0.001, 0.005).result, VerdictResult::Equal);
        assert_eq!(
            verdict(&d(0.020, 0.010), Direction::Maximize, 0.001, 0.005).result,
            VerdictResult::Better
        );
        assert_eq!(verdict(&d(-0.02, 0.010), Direction::Maximize, 0.001, 0.005).result, VerdictResult::Worse);
        assert_eq!(
            verdict(&d(0.002, 0.010), Direction::Maximize, 0.400, 0.005).result,
            VerdictResult::Undecided
        );
        let error = verdict(&d(-0.02, 0.010), Direction::Minimize, 0.001, 0.005);
        assert_eq!(error.result, VerdictResult::Better);
    }
}
