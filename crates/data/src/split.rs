use nascent_core::rng::Rng;
use std::collections::{BTreeMap, HashMap};

/// Which rows belong to which part, each in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The rows to learn from.
    pub train: Vec<usize>,
    /// The rows that judge during a search.
    pub validation: Vec<usize>,
    /// The rows that are used once, at the end.
    pub test: Vec<usize>,
    /// What it takes to cut training and validation rows anew; nothing where their order must be kept.
    pub(crate) recut: Option<Recut>,
}

/// For each row, the stratum it is drawn from, and the group that stays together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recut {
    pub(crate) strata: Vec<u32>,
    pub(crate) groups: Vec<u64>,
}

impl Split {
    /// Whether there are other cuts than the given one.
    #[must_use]
    pub fn has_folds(&self) -> bool {
        self.recut.is_some()
    }

    /// Training and validation rows cut anew, with as many for validation: the given cut for 0, and for every other
    /// number a cut of its own. Where rows are ordered in time there is only the given one.
    #[must_use]
    pub fn fold(&self, number: u32) -> (Vec<usize>, Vec<usize>) {
        match &self.recut {
            Some(Recut { strata, groups }) if number > 0 => {
                let mut rows = [&self.train[..], &self.validation[..]].concat();
                rows.sort_unstable();
                let wanted = self.validation.len();
                cut(&rows, strata, groups, wanted, &mut Rng::new(u64::from(number), 3))
            }
            _ => (self.train.clone(), self.validation.clone()),
        }
    }
}

/// The most rows that are used for validation: beyond these the noise of a score is below half a point.
pub(crate) const MOST_VALIDATION: usize = 10_000;

/// Cuts a fifth for testing, then a fifth of the rest for validation, each class in proportion.
///
/// `groups` names what must stay on one side: rows with equal entries, such as exact duplicates, are never separated.
/// The last group of a class is never taken, so that every class can be learned. The same seed always gives the same
/// parts. `labels` and `groups` are of one length.
#[must_use]
pub fn stratified(labels: &[u32], groups: &[u64], seed: u64) -> Split {
    let rows: Vec<usize> = (0..labels.len()).collect();
    let (rest, test) = hold_out_test(&rows, labels, groups, seed);
    let (train, validation) = hold_out_validation(&rest, labels, groups, seed);
    let recut = Some(Recut { strata: labels.to_vec(), groups: groups.to_vec() });
    Split { train, validation, test, recut }
}

/// `rows` without a fifth for testing, and that fifth.
pub(crate) fn hold_out_test(
    rows: &[usize],
    labels: &[u32],
    groups: &[u64],
    seed: u64,
) -> (Vec<usize>, Vec<usize>) {
    cut(rows, labels, groups, rows.len().div_ceil(5), &mut Rng::new(seed, 0))
}

/// `rows` without a fifth for validation, and that fifth, of at most [`MOST_VALIDATION`] rows.
pub(crate) fn hold_out_validation(
    rows: &[usize],
    labels: &[u32],
    groups: &[u64],
    seed: u64,
) -> (Vec<usize>, Vec<usize>) {
    let part = rows.len().div_ceil(5).min(MOST_VALIDATION);
    cut(rows, labels, groups, part, &mut Rng::new(seed, 1))
}

/// Some of `rows`, drawn class by class: about `wanted` of them.
pub(crate) fn draw(rows: &[usize], labels: &[u32], groups: &[u64], wanted: usize, seed: u64) -> Vec<usize> {
    if wanted >= rows.len() {
        return rows.to_vec();
    }
    cut(rows, labels, groups, rows.len() - wanted, &mut Rng::new(seed, 2)).0
}

/// Takes `wanted` of `rows`, class by class in proportion.
fn cut(
    rows: &[usize],
    labels: &[u32],
    groups: &[u64],
    wanted: usize,
    rng: &mut Rng,
) -> (Vec<usize>, Vec<usize>) {
    // Whole groups are dealt out, each with the class of its first row.
    let mut numbers: HashMap<u64, usize> = HashMap::new();
    let mut classes: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    let mut chains: Vec<Chain> = Vec::new();
    let mut after = vec![usize::MAX; rows.len()];
    for (i, &row) in rows.iter().enumerate() {
        let group = *numbers.entry(groups[row]).or_insert(chains.len());
        if group == chains.len() {
            chains.push(Chain { first: i, last: i, len: 1 });
            classes.entry(labels[row]).or_default().push(group);
        } else {
            let chain = &mut chains[group];
            after[chain.last] = i;
            (chain.last, chain.len) = (i, chain.len + 1);
        }
    }
    let (mut kept, mut taken) = (Vec::new(), Vec::new());
    // What is wanted is shared out along the classes, so that roundings do not add up.
    let part = wanted as f64 / rows.len().max(1) as f64;
    let mut due = 0.0;
    for class in classes.values_mut() {
        rng.shuffle(class);
        let size: usize = class.iter().map(|&g| chains[g].len).sum();
        due += size as f64 * part;
        let wanted = (due + 0.5).floor() as usize;
        for (i, &group) in class.iter().enumerate() {
            // What the last group keeps back from one class, another gives.
            let take = taken.len() < wanted && i + 1 < class.len();
            let part = if take { &mut taken } else { &mut kept };
            let mut at = chains[group].first;
            while at != usize::MAX {
                part.push(rows[at]);
                at = after[at];
            }
        }
    }
    kept.sort_unstable();
    taken.sort_unstable();
    (kept, taken)
}

/// The rows of a group, linked by the place of the next.
struct Chain {
    first: usize,
    last: usize,
    len: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stay_together_and_classes_in_proportion() {
        let labels: Vec<u32> = (0..1000).map(|i| u32::from(i % 10 < 3)).collect();
        let groups: Vec<u64> = (0..1000).map(|i| if i % 20 == 0 { i } else { i / 2 + 5000 }).collect();
        let split = stratified(&labels, &groups, 0);
        let mut all: Vec<usize> =
            [&split.train, &split.validation, &split.test].into_iter().flatten().copied().collect();
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
        let of = |rows: &[usize]| rows.iter().map(|&r| groups[r]).collect::<std::collections::HashSet<_>>();
        let (train, validation, test) = (of(&split.train), of(&split.validation), of(&split.test));
        assert!(train.is_disjoint(&validation) && train.is_disjoint(&test) && validation.is_disjoint(&test));
        let share = split.test.iter().filter(|&&r| labels[r] == 1).count() as f64 / split.test.len() as f64;
        assert!((share - 0.3).abs() < 0.02, "{share}");
        assert_eq!(split, stratified(&labels, &groups, 0));
        assert_ne!(split, stratified(&labels, &groups, 1));
    }

    #[test]
    fn folds_are_cuts_of_the_same_rows_that_never_touch_the_test_part() {
        let labels: Vec<u32> = (0..500).map(|i| i % 5).collect();
        let groups: Vec<u64> = (0..500).map(|i| i / 2).collect();
        let split = stratified(&labels, &groups, 0);
        assert_eq!(split.fold(0), (split.train.clone(), split.validation.clone()));
        let mut seen = std::collections::HashSet::new();
        for number in 1..4 {
            let (train, validation) = split.fold(number);
            assert_eq!(split.fold(number), (train.clone(), validation.clone()));
            assert!(validation.len().abs_diff(split.validation.len()) <= 1);
            assert!(validation.iter().all(|r| !train.contains(r) && !train.contains(&(r ^ 1))));
            let mut all = [train, validation.clone()].concat();
            all.sort_unstable();
            let mut rest = [split.train.clone(), split.validation.clone()].concat();
            rest.sort_unstable();
            assert_eq!(all, rest);
            seen.insert(validation);
        }
        assert_eq!(seen.len(), 3);
        let ordered = Split { recut: None, ..split.clone() };
        assert_eq!(ordered.fold(2), (split.train, split.validation));
    }

    #[test]
    fn a_single_row_of_a_class_is_learned_from() {
        let labels: Vec<u32> = (0..40).map(|i| if i < 5 { i } else { 5 }).collect();
        let groups: Vec<u64> = (0..40).collect();
        for seed in 0..50 {
            let split = stratified(&labels, &groups, seed);
            assert!((0..5).all(|row| split.train.contains(&row)), "{split:?}");
            assert_eq!((split.test.len(), split.validation.len()), (8, 7));
        }
    }

    #[test]
    fn the_validation_part_is_bounded_and_draws_are_of_the_size_asked_for() {
        let labels: Vec<u32> = (0..100_000).map(|i| i % 4).collect();
        let groups: Vec<u64> = (0..100_000).collect();
        let split = stratified(&labels, &groups, 3);
        assert_eq!([split.train.len(), split.validation.len(), split.test.len()], [70_000, 10_000, 20_000]);
        let some = draw(&split.train, &labels, &groups, 999, 0);
        assert_eq!(some.len(), 999);
        let of_class = some.iter().filter(|&&r| labels[r] == 2).count();
        assert!((249..=251).contains(&of_class), "{of_class}");
    }
}
