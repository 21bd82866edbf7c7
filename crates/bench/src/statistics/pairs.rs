use super::describe::describe;
use nascent_core::objective::Direction;
use nascent_core::statistics::holm;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

/// The signed-rank test of paired differences (Wilcoxon 1945, doi:10.2307/3001968).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wilcoxon {
    /// The two-sided p-value; 1 where all differences are 0.
    pub p: f64,
    /// The matched-pairs rank-biserial correlation, −1 to 1: by how much the ranks of positive differences outweigh
    /// those of negative ones (Kerby 2014, doi:10.2466/11.IT.3.1).
    pub effect: f64,
}

/// Up to so many different differences the distribution is counted out.
const EXACT: usize = 50;

/// Tests whether paired differences lie around 0. Differences of 0 are left out; where some are equal in size, or there
/// are more than 50, the normal approximation with its correction for ties is used.
#[must_use]
pub fn wilcoxon(differences: &[f64]) -> Wilcoxon {
    let mut kept: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0 && d.is_finite()).collect();
    if kept.is_empty() {
        return Wilcoxon { p: 1.0, effect: 0.0 };
    }
    kept.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let sizes: Vec<f64> = kept.iter().map(|d| d.abs()).collect();
    let (ranks, ties) = mid_ranks(&sizes);
    let n = kept.len() as f64;
    let total = n * (n + 1.0) / 2.0;
    let positive: f64 = kept.iter().zip(&ranks).filter(|(d, _)| **d > 0.0).map(|(_, r)| r).sum();
    let smaller = positive.min(total - positive);
    let p = match ties == 0.0 && kept.len() <= EXACT && kept.len() == differences.len() {
        true => exact(kept.len(), smaller as usize),
        false => {
            let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0;
            let z = (smaller - total / 2.0) / variance.sqrt();
            2.0 * Normal::standard().cdf(z)
        }
    };
    Wilcoxon { p: p.min(1.0), effect: (2.0 * positive - total) / total }
}

/// The ranks of sorted values from 1, equal ones sharing their mean, and the sum of t³ − t over groups of equals.
fn mid_ranks(sorted: &[f64]) -> (Vec<f64>, f64) {
    let mut ranks = vec![0.0; sorted.len()];
    let (mut at, mut ties) = (0, 0.0);
    while at < sorted.len() {
        let equal = sorted[at..].iter().take_while(|v| **v == sorted[at]).count();
        let mean = at as f64 + (equal as f64 + 1.0) / 2.0;
        ranks[at..at + equal].iter_mut().for_each(|r| *r = mean);
        let t = equal as f64;
        ties += t * t * t - t;
        at += equal;
    }
    (ranks, ties)
}

/// Twice the probability of a rank sum of at most `sum` among `n` signs.
fn exact(n: usize, sum: usize) -> f64 {
    // How many choices of signs give each sum: at most 2^50, so every count is exact.
    let mut ways = vec![0.0f64; n * (n + 1) / 2 + 1];
    ways[0] = 1.0;
    for rank in 1..=n {
        for at in (rank..ways.len()).rev() {
            ways[at] += ways[at - rank];
        }
    }
    2.0 * ways.iter().take(sum + 1).sum::<f64>() / 2f64.powi(n as i32)
}

/// Two strategies on the same seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// The first, an index into what was compared.
    pub first: usize,
    /// The second.
    pub second: usize,
    /// The mean advantage of the first, in the metric's unit: positive where it is better, whichever way that is.
    pub advantage: f64,
    /// The 95 % interval of that.
    pub ci95: [f64; 2],
    /// How much worse the first may be than the second in the mean, and the second than the first: one-sided 95 % bounds,
    /// not corrected for the number of pairs.
    pub worse_by: [f64; 2],
    /// The p-value of the signed-rank test, corrected for all pairs (Holm).
    pub p: f64,
    /// The rank-biserial correlation: 1 where the first wins every run.
    pub effect: f64,
}

impl Pair {
    /// What the corrected p-value says of the first: `better`, `worse`, or `indistinguishable` where it is 0.05 or more.
    ///
    /// The side is that of the test, which looks at ranks, and not of the means.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        match self.p < 0.05 {
            true if self.effect > 0.0 => "better",
            true => "worse",
            false => "indistinguishable",
        }
    }
}

/// Every pair of some strategies, each with one value for each seed.
#[must_use]
pub fn compare_all(values: &[Vec<f64>], direction: Direction) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for first in 0..values.len() {
        for second in first + 1..values.len() {
            let advantage = |(a, b): (&f64, &f64)| match direction {
                Direction::Maximize => a - b,
                Direction::Minimize => b - a,
            };
            let advantages: Vec<f64> = values[first].iter().zip(&values[second]).map(advantage).collect();
            let Some(described) = describe(&advantages) else { continue };
            let test = wilcoxon(&advantages);
            pairs.push(Pair {
                first,
                second,
                advantage: described.mean,
                ci95: described.ci95,
                worse_by: [described.bound(-1.0), described.bound(1.0)],
                p: test.p,
                effect: test.effect,
            });
        }
    }
    let corrected = holm(&pairs.iter().map(|p| p.p).collect::<Vec<_>>());
    pairs.iter_mut().zip(corrected).for_each(|(pair, p)| pair.p = p);
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn p_values_are_those_of_scipy() {
        let few = [1.5, -0.3, 2.1, 0.7, -0.9, 3.2, 0.4, 1.1, -0.2, 2.6];
        assert!(near(wilcoxon(&few).p, 0.048_828_125));
        let tied = [1., 2., -1., 0., 3., 2., -2., 0., 1., 4., 5., -1., 2., 2., 0., 3.];
        assert!(near(wilcoxon(&tied).p, 0.018_096_246_610_782_112), "{:?}", wilcoxon(&tied));
        let many: Vec<f64> = (0..80).map(|i| f64::from(i * 37 % 101 - 40) / 10.0).collect();
        assert!(near(wilcoxon(&many).p, 0.005_800_595_551_585_803_5), "{:?}", wilcoxon(&many));
        assert_eq!(wilcoxon(&[0.0; 9]), Wilcoxon { p: 1.0, effect: 0.0 });
        assert_eq!(wilcoxon(&[1.0, 2.0, 3.0]).effect, 1.0);
    }

    #[test]
    fn advantages_have_the_sign_of_better() {
        let values = [vec![1.0, 2.0, 3.0, 1.5], vec![2.0, 3.5, 4.1, 2.7], vec![1.0, 2.0, 3.0, 1.5]];
        let pairs = compare_all(&values, Direction::Minimize);
        assert_eq!(pairs.len(), 3);
        assert!(pairs[0].advantage > 0.0 && pairs[0].effect == 1.0);
        assert_eq!((pairs[1].advantage, pairs[1].p), (0.0, 1.0));
        assert!(pairs[2].effect == -1.0);
        assert!(pairs[0].p >= 0.125 * 3.0 - 1e-12, "not corrected for the number of pairs: {pairs:?}");
        assert!(compare_all(&values, Direction::Maximize)[0].advantage < 0.0);
        // The first is better than the second in every run, and equal to the third.
        assert!(pairs[0].worse_by[0] < 0.0 && pairs[0].worse_by[1] > 1.0 && pairs[1].worse_by == [0.0; 2]);
    }
}
