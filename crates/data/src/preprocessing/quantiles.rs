use serde::{Deserialize, Serialize};

/// The most knots of a quantile function.
const KNOTS: usize = 128;
/// Where there are more values, these many, evenly spaced, stand for them.
const SAMPLE: usize = 200_000;

/// Which share of the training values lies below a number: a piecewise-linear function through values that occur.
///
/// A value that occurs often gets the middle of the ranks it takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantiles {
    /// Values in ascending order, each with its quantile.
    pub(crate) knots: Vec<[f64; 2]>,
}

/// What a sorted sample of values tells.
pub(crate) struct Sorted {
    values: Vec<f64>,
}

impl Sorted {
    /// Sorts the values, or an even sample of them; none of them is NaN.
    pub(crate) fn of(values: &[f64]) -> Self {
        let step = values.len().div_ceil(SAMPLE).max(1);
        let mut values: Vec<f64> = values.iter().step_by(step).copied().collect();
        values.sort_unstable_by(f64::total_cmp);
        Self { values }
    }

    pub(crate) fn median(&self) -> f64 {
        self.values.get(self.values.len() / 2).copied().unwrap_or(0.0)
    }

    /// Each different value and how often it occurs; nothing where there are more than `most`.
    pub(crate) fn levels(&self, most: usize) -> Option<Vec<(f64, usize)>> {
        let mut levels = Vec::new();
        for run in self.values.chunk_by(|a, b| a == b) {
            if levels.len() == most {
                return None;
            }
            levels.push((run[0], run.len()));
        }
        Some(levels)
    }

    /// How many different values there are among those that were sorted.
    pub(crate) fn different(&self) -> usize {
        self.values.chunk_by(|a, b| a == b).count()
    }

    pub(crate) fn quantiles(&self) -> Quantiles {
        let n = self.values.len().max(1) as f64;
        let mut knots: Vec<[f64; 2]> = Vec::new();
        let mut below = 0usize;
        let different = self.different();
        for run in self.values.chunk_by(|a, b| a == b) {
            let quantile = (below as f64 + run.len() as f64 / 2.0) / n;
            // Of many values, one for each step of the ranks, and both ends.
            let step = |rank: usize| rank * (KNOTS - 2) / self.values.len().max(1);
            let last = below + run.len() == self.values.len();
            if different <= KNOTS || last || below == 0 || step(below) != step(below + run.len()) {
                knots.push([run[0], quantile]);
            }
            below += run.len();
        }
        Quantiles { knots }
    }
}

impl Quantiles {
    /// The quantile of a value, 0 to 1.
    #[must_use]
    pub fn at(&self, value: f64) -> f64 {
        let above = self.knots.partition_point(|[x, _]| *x <= value);
        let (Some([x0, q0]), Some([x1, q1])) =
            (above.checked_sub(1).and_then(|i| self.knots.get(i)), self.knots.get(above))
        else {
            let end = if above == 0 { self.knots.first() } else { self.knots.last() };
            return end.map_or(0.5, |[_, q]| *q);
        };
        q0 + (q1 - q0) * ((value - x0) / (x1 - x0)).clamp(0.0, 1.0)
    }

    /// Whether values and quantiles ascend, and quantiles are from 0 to 1.
    pub(crate) fn valid(&self) -> bool {
        let inside = |[x, q]: &[f64; 2]| x.is_finite() && (0.0..=1.0).contains(q);
        self.knots.iter().all(inside)
            && self.knots.windows(2).all(|w| w[0][0] < w[1][0] && w[0][1] <= w[1][1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_get_their_middle_ranks() {
        let quantiles = Sorted::of(&[3.0, 1.0, 1.0, 2.0]).quantiles();
        assert_eq!(quantiles.knots, vec![[1.0, 0.25], [2.0, 0.625], [3.0, 0.875]]);
        let found = [0.0, 1.0, 1.5, 3.0, 9.0].map(|x| quantiles.at(x));
        assert_eq!(found, [0.25, 0.25, 0.4375, 0.875, 0.875]);
    }

    #[test]
    fn many_values_get_few_knots_that_follow_the_ranks() {
        let values: Vec<f64> =
            (0..300_000i64).map(|i| ((i * 7919) % 300_000) as f64).map(|x| x * x).collect();
        let quantiles = Sorted::of(&values).quantiles();
        assert!(quantiles.knots.len() <= KNOTS && quantiles.valid(), "{}", quantiles.knots.len());
        for share in [0.1f64, 0.5, 0.9] {
            let found = quantiles.at((share * 300_000.0).powi(2));
            assert!((found - share).abs() < 0.01, "{share} {found}");
        }
        // Half of all being one value makes one knot of them.
        let values: Vec<f64> = (0..10_000).map(|i| if i % 2 == 0 { 0.0 } else { f64::from(i) }).collect();
        let quantiles = Sorted::of(&values).quantiles();
        assert!((quantiles.at(0.0) - 0.25).abs() < 1e-3 && (quantiles.at(5000.0) - 0.75).abs() < 0.01);
    }
}
