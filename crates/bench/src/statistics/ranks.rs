use super::Pair;
use nascent_core::objective::Direction;

/// The rank of each of some strategies in one run: 1 is the best, equal ones share the mean of their ranks.
#[must_use]
pub fn ranks(values: &[f64], direction: Direction) -> Vec<f64> {
    let rank = |value: f64| {
        let better = values.iter().filter(|v| direction.is_better(**v, value)).count() as f64;
        let equal = values.iter().filter(|v| **v == value).count() as f64;
        better + (equal + 1.0) / 2.0
    };
    values.iter().map(|v| rank(*v)).collect()
}

/// The largest groups of neighbours in rank that the tests cannot tell apart, each as indices by rank; groups of one
/// are left out.
///
/// `order` lists the strategies by mean rank; a group is one where no pair differs at 5 %.
#[must_use]
pub fn cliques(order: &[usize], pairs: &[Pair]) -> Vec<Vec<usize>> {
    let differ = |a: usize, b: usize| {
        pairs.iter().any(|p| ((p.first, p.second) == (a, b) || (p.first, p.second) == (b, a)) && p.p < 0.05)
    };
    let mut found: Vec<(usize, usize)> = Vec::new();
    for from in 0..order.len() {
        let mut to = from;
        while to + 1 < order.len() && (from..=to).all(|i| !differ(order[i], order[to + 1])) {
            to += 1;
        }
        // A part of the group before says nothing new.
        if to > from && found.last().is_none_or(|(_, end)| to > *end) {
            found.push((from, to));
        }
    }
    found.into_iter().map(|(from, to)| order[from..=to].to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_a_rank() {
        assert_eq!(ranks(&[0.1, 0.3, 0.1, 0.0], Direction::Minimize), [2.5, 4.0, 2.5, 1.0]);
        assert_eq!(ranks(&[0.1, 0.3], Direction::Maximize), [2.0, 1.0]);
    }

    #[test]
    fn groups_are_those_without_a_difference() {
        let pair = |first, second, p| Pair {
            first,
            second,
            advantage: 0.0,
            ci95: [0.0; 2],
            worse_by: [0.0; 2],
            p,
            effect: 0.0,
        };
        let pairs = [
            pair(0, 1, 0.5),
            pair(0, 2, 0.01),
            pair(0, 3, 0.001),
            pair(1, 2, 0.2),
            pair(1, 3, 0.01),
            pair(2, 3, 0.01),
        ];
        assert_eq!(cliques(&[0, 1, 2, 3], &pairs), [vec![0, 1], vec![1, 2]]);
        assert_eq!(cliques(&[3, 0], &pairs), Vec::<Vec<usize>>::new());
    }
}
