use crate::rng::Rng;
use serde::{Deserialize, Serialize};

/// A mean and where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The mean over seeds and examples.
    pub mean: f64,
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// A difference of two means, its interval, and what speaks against "no difference".
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The first mean minus the second.
    pub mean: f64,
    /// The 95 % interval.
    pub ci95: [f64; 2],
    /// The 90 % interval, from which equivalence is judged (two one-sided tests at 5 %).
    pub ci90: [f64; 2],
    /// The two-sided p-value.
    pub p: f64,
}

const RESAMPLES: usize = 4_000;

/// The mean of per-example scores over seeds, with a bootstrap interval over both (Efron 1979, doi:10.1214/aos/1176344552).
///
/// `scores` holds one row for each seed, all of one length: a score for each test example. `value` makes a metric of a
/// seed's mean score: nothing for an accuracy, the root for a root mean squared error. `None` where `scores` is empty.
#[must_use]
pub fn interval(scores: &[Vec<f32>], value: &dyn Fn(f64) -> f64, seed: u64) -> Option<Interval> {
    let (seeds, examples) = extent(scores)?;
    let mut rng = Rng::new(seed, 0);
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let rows = draw(&mut rng, seeds);
            resampled(scores, value, &rows, &draw(&mut rng, examples))
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let mean = resampled(scores, value, &all(seeds), &all(examples));
    Some(Interval { mean, low: quantile(&means, 0.025), high: quantile(&means, 0.975) })
}

/// The paired bootstrap: both networks are scored on the same resampled examples, each with resampled seeds.
///
/// Rows as in [`interval`]; both must have scores for the same examples. `None` otherwise.
#[must_use]
pub fn difference(
    first: &[Vec<f32>],
    second: &[Vec<f32>],
    value: &dyn Fn(f64) -> f64,
    seed: u64,
) -> Option<Difference> {
    let (first_seeds, examples) = extent(first)?;
    let (second_seeds, others) = extent(second)?;
    if examples != others {
        return None;
    }
    let mut rng = Rng::new(seed, 1);
    let mut differences: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let drawn = draw(&mut rng, examples);
            let (rows, other_rows) = (draw(&mut rng, first_seeds), draw(&mut rng, second_seeds));
            resampled(first, value, &rows, &drawn) - resampled(second, value, &other_rows, &drawn)
        })
        .collect();
    differences.sort_by(f64::total_cmp);
    let mean = resampled(first, value, &all(first_seeds), &all(examples))
        - resampled(second, value, &all(second_seeds), &all(examples));
    // One is added to each count, so that p is never 0 with finitely many resamples.
    let tail = |n: usize| (n + 1) as f64 / (RESAMPLES + 1) as f64;
    let below = differences.iter().filter(|d| **d <= 0.0).count();
    let above = differences.iter().filter(|d| **d >= 0.0).count();
    Some(Difference {
        mean,
        ci95: [quantile(&differences, 0.025), quantile(&differences, 0.975)],
        ci90: [quantile(&differences, 0.05), quantile(&differences, 0.95)],
        p: (2.0 * tail(below.min(above))).min(1.0),
    })
}

fn extent(scores: &[Vec<f32>]) -> Option<(usize, usize)> {
    let examples = scores.first()?.len();
    (examples > 0 && scores.iter().all(|row| row.len() == examples)).then_some((scores.len(), examples))
}

fn all(n: usize) -> Vec<usize> {
    (0..n).collect()
}

fn draw(rng: &mut Rng, n: usize) -> Vec<usize> {
    (0..n).map(|_| rng.below(n)).collect()
}

/// The mean over seeds of the metric on the drawn examples.
fn resampled(scores: &[Vec<f32>], value: &dyn Fn(f64) -> f64, rows: &[usize], examples: &[usize]) -> f64 {
    let metric = |row: &usize| {
        let sum: f64 = examples.iter().map(|&e| f64::from(scores[*row][e])).sum();
        value(sum / examples.len() as f64)
    };
    rows.iter().map(metric).sum::<f64>() / rows.len() as f64
}

/// The quantile of sorted values, interpolated.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    sorted[low] + (sorted[high] - sorted[low]) * (at - low as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coin(seed: u64, p: f64, n: usize) -> Vec<f32> {
        let mut rng = Rng::new(seed, 9);
        (0..n).map(|_| if rng.unit() < p { 1.0 } else { 0.0 }).collect()
    }

    fn same(mean: f64) -> f64 {
        mean
    }

    #[test]
    fn a_root_is_taken_of_each_seed() {
        let i = interval(&[vec![4.0; 9], vec![16.0; 9]], &f64::sqrt, 0).unwrap();
        assert!((i.mean - 3.0).abs() < 1e-9 && i.low >= 2.0 && i.high <= 4.0, "{i:?}");
    }

    #[test]
    fn the_interval_has_the_binomial_width() {
        let i = interval(&[coin(1, 0.9, 1000)], &same, 0).unwrap();
        let expected = 2.0 * 1.96 * (0.9f64 * 0.1 / 1000.0).sqrt();
        assert!(((i.high - i.low) / expected - 1.0).abs() < 0.15, "{i:?} {expected}");
        assert!(i.low < i.mean && i.mean < i.high);
        assert_eq!(interval(&[], &same, 0), None);
        assert_eq!(interval(&[vec![1.0], vec![]], &same, 0), None);
    }

    #[test]
    fn pairing_finds_what_is_there_and_only_that() {
        let easy = coin(3, 0.9, 2000);
        let mut worse = easy.clone();
        worse.iter_mut().filter(|s| **s > 0.5).take(60).for_each(|s| *s = 0.0);
        let found = difference(std::slice::from_ref(&easy), &[worse], &same, 0).unwrap();
        assert!(found.p < 0.01 && found.ci95[0] > 0.0 && (found.mean - 0.03).abs() < 1e-6, "{found:?}");
        let nothing = difference(std::slice::from_ref(&easy), std::slice::from_ref(&easy), &same, 0).unwrap();
        assert!(nothing.p > 0.99 && nothing.mean == 0.0);
    }
}
