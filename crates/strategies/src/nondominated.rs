//! Non-dominated sorting and crowding distance (Deb et al. 2002, doi:10.1109/4235.996017).

use nascent_core::objective::Score;

/// Where a member stands among others: a lower front is better, then a larger distance to its neighbours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Standing {
    /// 0 for those that nothing dominates, 1 for those that only these dominate, and so on.
    pub(crate) front: u32,
    /// How much room there is around it on its front; infinite at the ends.
    pub(crate) room: f64,
}

impl Standing {
    /// The better first.
    pub(crate) fn compare(&self, other: &Self) -> std::cmp::Ordering {
        self.front.cmp(&other.front).then(other.room.total_cmp(&self.room))
    }
}

/// The standing of each score. Quadratic in their number.
pub(crate) fn standings(scores: &[&Score]) -> Vec<Standing> {
    let mut standings = vec![Standing { front: 0, room: 0.0 }; scores.len()];
    for (number, mut front) in (0..).zip(fronts(scores)) {
        for &i in &front {
            standings[i].front = number;
        }
        spread(scores, &mut front, &mut standings);
    }
    standings
}

/// The fronts, best first, each the indices of its members.
pub(crate) fn fronts(scores: &[&Score]) -> Vec<Vec<usize>> {
    let n = scores.len();
    let mut beaten_by = vec![0u32; n];
    let mut beats: Vec<Vec<u32>> = vec![Vec::new(); n];
    for i in 0..n {
        for j in i + 1..n {
            let (winner, loser) = if scores[i].dominates(scores[j]) {
                (i, j)
            } else if scores[j].dominates(scores[i]) {
                (j, i)
            } else {
                continue;
            };
            beats[winner].push(loser as u32);
            beaten_by[loser] += 1;
        }
    }
    let mut fronts = Vec::new();
    let mut front: Vec<usize> = (0..n).filter(|&i| beaten_by[i] == 0).collect();
    while !front.is_empty() {
        let mut next = Vec::new();
        for &i in &front {
            for &j in &beats[i] {
                beaten_by[j as usize] -= 1;
                if beaten_by[j as usize] == 0 {
                    next.push(j as usize);
                }
            }
        }
        fronts.push(std::mem::replace(&mut front, next));
    }
    fronts
}

/// Adds to each member of a front the room around it, one objective after the other.
fn spread(scores: &[&Score], front: &mut [usize], standings: &mut [Standing]) {
    let objectives = front.first().map_or(0, |&i| scores[i].values.len());
    for objective in 0..objectives {
        let value = |i: usize| scores[i].values[objective];
        front.sort_by(|&a, &b| value(a).total_cmp(&value(b)).then(a.cmp(&b)));
        let (Some(&first), Some(&last)) = (front.first(), front.last()) else { return };
        let range = value(last) - value(first);
        standings[first].room = f64::INFINITY;
        standings[last].room = f64::INFINITY;
        if range <= 0.0 {
            continue;
        }
        for three in front.windows(3) {
            standings[three[1]].room += (value(three[2]) - value(three[0])) / range;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::rng::Rng;

    fn score(values: &[f64]) -> Score {
        Score { violation: 0.0, values: values.iter().copied().collect() }
    }

    #[test]
    fn fronts_are_those_of_peeling_one_by_one() {
        let mut rng = Rng::new(1, 0);
        let scores: Vec<Score> = (0..80)
            .map(|_| score(&[rng.below(12) as f64, rng.below(12) as f64, rng.below(3) as f64]))
            .collect();
        let mut left: Vec<usize> = (0..scores.len()).collect();
        for front in fronts(&scores.iter().collect::<Vec<_>>()) {
            let rest: Vec<Score> = left.iter().map(|&i| scores[i].clone()).collect();
            let mut expected: Vec<usize> =
                nascent_core::pareto::front(&rest).iter().map(|&i| left[i]).collect();
            let mut front = front;
            front.sort_unstable();
            expected.sort_unstable();
            assert_eq!(front, expected);
            left.retain(|i| !front.contains(i));
        }
        assert!(left.is_empty());
    }

    #[test]
    fn room_is_the_sum_of_the_sides_of_the_box_between_neighbours() {
        let scores = [
            score(&[0.0, 4.0]),
            score(&[1.0, 3.0]),
            score(&[3.0, 1.0]),
            score(&[4.0, 0.0]),
            score(&[5.0, 5.0]),
        ];
        let found = standings(&scores.iter().collect::<Vec<_>>());
        assert_eq!(found[0], Standing { front: 0, room: f64::INFINITY });
        assert_eq!(found[1], Standing { front: 0, room: 0.75 + 0.75 });
        assert_eq!(found[4].front, 1);
        assert!(found[0].compare(&found[1]).is_lt() && found[2].compare(&found[4]).is_lt());
    }
}
