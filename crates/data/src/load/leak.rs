//! Columns that tell the target outright.

use crate::load::goal::Goal;
use crate::table::{Cells, Column, MISSING};
use std::collections::HashMap;

/// A correlation from here on is a leak.
const CORRELATION: f64 = 0.9999;
/// With fewer training rows, or fewer of other classes than the commonest, that classes follow from a column may be an accident.
const FEWEST: usize = 50;
const FEWEST_OTHERS: usize = 10;

/// What is said of a column that tells the target outright, in the training rows.
pub(super) fn leak(column: &Column, goal: &Goal, target: &[f64], rows: &[usize]) -> Option<String> {
    let Column { name, cells, .. } = column;
    let are_classes = matches!(goal, Goal::Classes { .. });
    let how = match cells {
        Cells::Numbers(values) => {
            let values: Vec<f64> = rows.iter().map(|&r| values[r]).collect();
            if correlation(&values, target).is_some_and(|r| r.abs() >= CORRELATION) {
                "correlation 1".to_string()
            } else if are_classes && are_apart(&values, target) {
                "the values of no two classes overlap".into()
            } else {
                return None;
            }
        }
        Cells::Words { codes, .. } if are_classes => {
            let codes = || rows.iter().map(|&r| codes[r]);
            if one_to_one(codes(), target) { "correlation 1".into() } else { determined(codes(), target)? }
        }
        Cells::Words { .. } | Cells::Dates(_) => return None,
    };
    Some(format!(
        "column {name:?} tells the target {:?} outright ({how}): if it is not known when answers are needed, pass --ignore {name}",
        goal.target()
    ))
}

/// The correlation of two columns over the rows that have both, nothing where one of them is constant.
fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let pairs = || a.iter().zip(b).filter(|(a, b)| !a.is_nan() && !b.is_nan());
    let n = pairs().count() as f64;
    let (mean_a, mean_b) = pairs().fold((0.0, 0.0), |(x, y), (a, b)| (x + a / n, y + b / n));
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for (a, b) in pairs() {
        let (a, b) = (a - mean_a, b - mean_b);
        (aa, bb, ab) = (aa + a * a, bb + b * b, ab + a * b);
    }
    let spread = (aa * bb).sqrt();
    (n >= 10.0 && spread.is_normal()).then(|| ab / spread)
}

/// Whether each word goes with one class and each class with one word.
fn one_to_one(codes: impl Iterator<Item = u32>, target: &[f64]) -> bool {
    let (mut class_of, mut word_of) = (HashMap::new(), HashMap::new());
    codes.zip(target).all(|(code, class)| {
        code != MISSING
            && *class_of.entry(code).or_insert(class.to_bits()) == class.to_bits()
            && *word_of.entry(class.to_bits()).or_insert(code) == code
    })
}

/// The rows that are not of the commonest class; nothing where rows are too few to say anything.
fn others(classes: impl Iterator<Item = f64>) -> Option<usize> {
    let mut counts: HashMap<u64, usize> = HashMap::new();
    classes.for_each(|class| *counts.entry(class.to_bits()).or_default() += 1);
    let rows: usize = counts.values().sum();
    let others = rows - counts.values().max().copied().unwrap_or(0);
    (rows >= FEWEST && others >= FEWEST_OTHERS).then_some(others)
}

/// Said where few words, a missing one among them, tell the classes of all but a thousandth of the rows, and of all but a
/// hundredth of those that are not of the commonest class.
fn determined(codes: impl Iterator<Item = u32>, target: &[f64]) -> Option<String> {
    let others = others(target.iter().copied())?;
    let mut counts: HashMap<(u32, u64), usize> = HashMap::new();
    codes.zip(target).for_each(|(code, class)| *counts.entry((code, class.to_bits())).or_default() += 1);
    let mut most: HashMap<u32, usize> = HashMap::new();
    for ((code, _), count) in counts {
        let most = most.entry(code).or_default();
        *most = count.max(*most);
    }
    let (rows, told, words) = (target.len(), most.values().sum::<usize>(), most.len());
    let wrong = rows - told;
    let is_told = words * 5 < rows && wrong * 1000 <= rows && wrong * 100 <= others;
    is_told.then(|| format!("its {words} different cells tell the classes of {told} of {rows} training rows"))
}

/// Whether the values of each class lie apart from those of all others, of a column that has them in nine tenths of the rows.
fn are_apart(values: &[f64], target: &[f64]) -> bool {
    let pairs = || values.iter().zip(target).filter(|(value, _)| !value.is_nan());
    if pairs().count() * 10 < values.len() * 9 || others(pairs().map(|(_, class)| *class)).is_none() {
        return false;
    }
    let mut ranges: HashMap<u64, (f64, f64)> = HashMap::new();
    for (value, class) in pairs() {
        let (least, most) = ranges.entry(class.to_bits()).or_insert((*value, *value));
        (*least, *most) = (value.min(*least), value.max(*most));
    }
    let mut ranges: Vec<(f64, f64)> = ranges.into_values().collect();
    ranges.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    ranges.windows(2).all(|pair| pair[0].1 < pair[1].0)
}
