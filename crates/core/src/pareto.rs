//! Sets of networks none of which is better than another in everything.

use crate::objective::Score;

/// The indices of the scores that no other dominates, in their order; equal scores all stay.
#[must_use]
pub fn front(scores: &[Score]) -> Vec<usize> {
    (0..scores.len()).filter(|&i| !scores.iter().any(|other| other.dominates(&scores[i]))).collect()
}

/// By what a member of a Pareto set is recommended.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Preference {
    /// Of the members whose first objective is within a tolerance of the best, the one that is best in the second; among equals there the
    /// third decides, and so on; then the first objective; then the earlier.
    #[default]
    First,
    /// The least sum of objectives, each counted from 0, the set's best, to 1, its worst, and times its weight. With equal weights it is the
    /// set's knee: the member that lies furthest below the plane through its ends (Das 1999, doi:10.1007/BF01195985).
    Weights(Vec<f64>),
    /// The member that exceeds values wished for by most in the objective where it does so least, in parts of the set's extent (the
    /// achievement function of Wierzbicki 1980, doi:10.1007/978-3-642-48782-8_32); values are to be minimised.
    Point(Vec<f64>),
}

/// What of a sum of all objectives tells equal members apart that a wish is compared with.
const REST: f64 = 1e-3;

/// The member of a Pareto set to recommend: an index into `scores`, `None` where there is none that keeps the limits.
#[must_use]
pub fn recommend(scores: &[Score], tolerance: f64, preference: &Preference) -> Option<usize> {
    let kept: Vec<usize> = front(scores).into_iter().filter(|&i| scores[i].violation == 0.0).collect();
    let value =
        |i: usize, objective: usize| scores[i].values.get(objective).copied().unwrap_or(f64::INFINITY);
    let extent = |objective: usize| {
        let all = || kept.iter().map(|&i| value(i, objective));
        let (least, most) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
        (least, if most > least { most - least } else { 1.0 })
    };
    let part = |i: usize, objective: usize, from: f64| (value(i, objective) - from) / extent(objective).1;
    let worth: Vec<f64> = match preference {
        Preference::First => return first_within(scores, kept, tolerance),
        Preference::Weights(weights) => {
            let sum = |&i: &usize| {
                let of =
                    |(objective, weight): (usize, &f64)| weight * part(i, objective, extent(objective).0);
                weights.iter().enumerate().map(of).sum()
            };
            kept.iter().map(sum).collect()
        }
        Preference::Point(point) => {
            let miss = |&i: &usize| {
                let each = || point.iter().enumerate().map(|(objective, wish)| part(i, objective, *wish));
                each().fold(f64::NEG_INFINITY, f64::max) + REST * each().sum::<f64>()
            };
            kept.iter().map(miss).collect()
        }
    };
    // The earlier of equals.
    (0..kept.len()).min_by(|&a, &b| worth[a].total_cmp(&worth[b])).map(|place| kept[place])
}

fn first_within(scores: &[Score], kept: Vec<usize>, tolerance: f64) -> Option<usize> {
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
        let first = |scores: &[Score], tolerance| recommend(scores, tolerance, &Preference::First);
        assert_eq!(first(&scores, 0.005), Some(1));
        assert_eq!(first(&scores, 0.0), Some(0));
        assert_eq!(first(&[score(0.1, &[-1.0, 1.0])], 0.0), None);
    }

    #[test]
    fn a_preference_chooses_among_the_members() {
        // The third is the knee: near the best in both. What is dominated or breaks a limit is no member.
        let scores = [
            score(0.0, &[-0.90, 100.0]),
            score(0.0, &[-0.50, 10.0]),
            score(0.0, &[-0.85, 20.0]),
            score(0.0, &[-0.84, 30.0]),
            score(0.5, &[-1.0, 1.0]),
        ];
        let chosen = |preference| recommend(&scores, 0.0, &preference);
        assert_eq!(chosen(Preference::Weights(vec![1.0, 1.0])), Some(2));
        assert_eq!(chosen(Preference::Weights(vec![9.0, 1.0])), Some(0));
        assert_eq!(chosen(Preference::Weights(vec![0.0, 1.0])), Some(1));
        assert_eq!(chosen(Preference::Point(vec![-0.84, 25.0])), Some(2));
        assert_eq!(chosen(Preference::Point(vec![-0.90, 500.0])), Some(0));
        assert_eq!(chosen(Preference::Point(vec![-0.10, 10.0])), Some(1));
        let alone = [score(0.0, &[-0.5, 3.0]), score(0.0, &[-0.5, 3.0])];
        assert_eq!(recommend(&alone, 0.0, &Preference::Weights(vec![1.0, 1.0])), Some(0));
        assert_eq!(recommend(&scores[4..], 0.0, &Preference::Weights(vec![1.0, 1.0])), None);
    }
}
