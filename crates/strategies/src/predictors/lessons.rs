//! Which results models learn from, and what they are to say of them.

use super::normal::quantile;
use crate::elite::Elite;
use crate::nondominated::standings;
use nascent_core::objective::Score;
use std::cmp::Ordering;

/// The numbers of the best and the latest of all results, so many of each, in the order in which they came.
pub(crate) fn best_and_latest(scores: &[Score], best: usize, latest: usize) -> Vec<usize> {
    let earlier = scores.len().saturating_sub(latest);
    let mut elite = Elite::new(best);
    (0..earlier).for_each(|i| elite.add(scores[i].clone(), i));
    let mut chosen: Vec<usize> = elite.members().iter().map(|(_, i)| *i).collect();
    chosen.sort_unstable();
    chosen.extend(earlier..scores.len());
    chosen
}

/// The normal quantile of each result's rank, the best lowest; equals share one.
pub(crate) fn targets(scores: &[&Score]) -> Vec<f64> {
    let standings = standings(scores);
    let several = scores.first().is_some_and(|score| score.values.len() > 1);
    let compare = |a: usize, b: usize| match several {
        true => standings[a].compare(&standings[b]),
        false if scores[a].dominates(scores[b]) => Ordering::Less,
        false if scores[b].dominates(scores[a]) => Ordering::Greater,
        false => Ordering::Equal,
    };
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| compare(a, b));
    let mut targets = vec![0.0; scores.len()];
    let mut start = 0;
    for end in 1..=order.len() {
        if end == order.len() || compare(order[start], order[end]).is_ne() {
            let rank = (start + end) as f64 / 2.0;
            order[start..end].iter().for_each(|&i| targets[i] = quantile(rank / order.len() as f64));
            start = end;
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(value: f64) -> Score {
        Score { violation: 0.0, values: [value].into_iter().collect() }
    }

    #[test]
    fn the_best_and_the_latest_are_learnt_from() {
        let scores: Vec<Score> = [3.0, 1.0, 5.0, 0.0, 4.0, 9.0, 8.0].map(score).to_vec();
        assert_eq!(best_and_latest(&scores, 2, 3), [1, 3, 4, 5, 6]);
        assert_eq!(best_and_latest(&scores, 9, 3), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(best_and_latest(&scores[..2], 9, 3), [0, 1]);
    }

    #[test]
    fn targets_are_quantiles_and_equals_share_one() {
        let scores: Vec<Score> = [2.0, 7.0, 2.0, 1.0].map(score).to_vec();
        let targets = targets(&scores.iter().collect::<Vec<_>>());
        assert_eq!(targets, [2.0, 3.5, 2.0, 0.5].map(|rank| quantile(rank / 4.0)));
        assert!(targets[3] < targets[0] && targets[0] < targets[1]);
    }
}
