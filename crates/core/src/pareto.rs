//! Sets of networks none of which is better than another in everything.

use crate::objective::Score;

/// The indices of the scores that no other dominates, in their order; equal scores all stay.
#[must_use]
pub fn front(scores: &[Score]) -> Vec<usize> {
    (0..scores.len()).filter(|&i| !scores.iter().any(|other| other.dominates(&scores[i]))).collect()
}

/// The member of a Pareto set to recommend: an index into `scores`, `None` where there is none that keeps the limits.
///
/// Of the members whose first objective is within `tolerance` of the best, the one that is best in the second;
/// among equals there the third decides, and so on; then the first objective; then the earlier.
#[must_use]
pub fn recommend(scores: &[Score], tolerance: f64) -> Option<usize> {
    let kept: Vec<usize> = front(scores).into_iter().filter(|&i| scores[i].violation == 0.0).collect();
    let first = |i: usize| scores[i].values.first().copied().unwrap_or(f64::INFINITY);
    let best = kept.iter().map(|&i| first(i)).fold(f64::INFINITY, f64::min);
    let others = |i: usize| scores[i].values.iter().skip(1);
    kept.into_iter().filter(|&i| first(i) <= best + tolerance).min_by(|&a, &b| {
        let compare = |(x, y): (&f64, &f64)| x.total_cmp(y);
        others(a)
            .zip(others(b))
            .map(compare)
            .find(|o| o.is_ne())
            .unwrap_or_else(|| first(a).total_cmp(&first(b)))
            .then(a.cmp(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use smallvec::SmallVec;

    fn score(violation: f64, values: &[f64]) -> Score {
        Score { violation, values: SmallVec::from_slice(values) }
    }

    #[test]
    fn the_front_keeps_what_nothing_dominates() {
        let scores = [
            score(0.0, &[-0.9, 10.0]),
            score(0.0, &[-0.8, 5.0]),
            score(0.0, &[-0.8, 6.0]),
            score(1.0, &[-1.0, 1.0]),
        ];
        assert_eq!(front(&scores), [0, 1]);
    }

    #[test]
    fn a_smaller_network_is_recommended_where_the_better_one_is_no_better_than_the_tolerance() {
        let scores = [score(0.0, &[-0.900, 10.0]), score(0.0, &[-0.897, 5.0]), score(0.0, &[-0.8, 1.0])];
        assert_eq!(recommend(&scores, 0.005), Some(1));
        assert_eq!(recommend(&scores, 0.0), Some(0));
        assert_eq!(recommend(&[score(0.1, &[-1.0, 1.0])], 0.0), None);
    }
}
