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
}

/// Cuts a fifth for testing, then a fifth of the rest for validation, each class in proportion.
///
/// `groups` names what must stay on one side: rows with equal entries, such as exact duplicates, are never separated.
/// The same seed always gives the same parts. `labels` and `groups` are of one length.
#[must_use]
pub fn stratified(labels: &[u32], groups: &[u64], seed: u64) -> Split {
    let rows: Vec<usize> = (0..labels.len()).collect();
    let (rest, test) = cut(&rows, labels, groups, &mut Rng::new(seed, 0));
    let (train, validation) = cut(&rest, labels, groups, &mut Rng::new(seed, 1));
    Split { train, validation, test }
}

/// Takes a fifth of `rows`, class by class; the remainder first.
fn cut(rows: &[usize], labels: &[u32], groups: &[u64], rng: &mut Rng) -> (Vec<usize>, Vec<usize>) {
    // Whole groups are dealt out, each with the class of its first row.
    let mut members: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut classes: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for &row in rows {
        let group = members.entry(groups[row]).or_default();
        if group.is_empty() {
            classes.entry(labels[row]).or_default().push(groups[row]);
        }
        group.push(row);
    }
    let (mut kept, mut taken) = (Vec::new(), Vec::new());
    // A fifth of all, rounded up, is shared out along the classes, so that roundings do not add up.
    let part = rows.len().div_ceil(5) as f64 / rows.len().max(1) as f64;
    let mut due = 0.0;
    for class in classes.values_mut() {
        rng.shuffle(class);
        let size: usize = class.iter().map(|g| members[g].len()).sum();
        due += size as f64 * part;
        for group in class.iter() {
            let rows = &members[group];
            let wanted = (due + 0.5).floor() as usize;
            let part = if taken.len() < wanted { &mut taken } else { &mut kept };
            part.extend_from_slice(rows);
        }
    }
    kept.sort_unstable();
    taken.sort_unstable();
    (kept, taken)
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
}
