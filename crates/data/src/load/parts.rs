use crate::load::goal::Goal;
use crate::read::{CsvForm, Source, read_csv};
use crate::split::{Recut, draw, hold_out_test, hold_out_validation};
use crate::table::Cells;
use crate::{DataError, Options, Split, SplitRule};
use std::collections::HashMap;
use std::path::Path;

/// What must be known to cut rows into parts.
pub(crate) struct Rows<'a> {
    /// What errors name.
    pub(crate) place: &'a str,
    /// What is answered.
    pub(crate) goal: &'a Goal,
    /// What must stay together: rows with equal numbers.
    pub(crate) groups: Vec<u64>,
    /// The number of each row in its file, from 0, before any was left out.
    pub(crate) numbers: Vec<usize>,
    /// Where the rows of an official test file begin.
    pub(crate) test_from: Option<usize>,
    /// When each row is from, where the data tell.
    pub(crate) times: Option<(String, Vec<f64>)>,
}

/// The fewest rows that can be cut into three parts.
const FEWEST: usize = 10;

impl Rows<'_> {
    /// Cuts the rows as the options say, and says how that was done.
    pub(crate) fn cut(&self, options: &Options) -> Result<(Split, String), DataError> {
        let n = self.groups.len();
        let seed = options.split_seed;
        let rule = options.split.clone().unwrap_or(SplitRule::Stratified);
        let strata = self.goal.strata();
        let pool: Vec<usize> = (0..self.test_from.unwrap_or(n)).collect();
        if pool.len() < FEWEST / 2 || self.test_from.is_none() && pool.len() < FEWEST {
            let least = if self.test_from.is_none() { FEWEST } else { FEWEST / 2 };
            return Err(self
                .too_few(&format!("{} rows cannot be cut into parts: {least} are the fewest", pool.len())));
        }
        let (pool, test, how) = match (self.test_from, &rule) {
            (Some(from), _) => (pool, (from..n).collect(), "the test file as it is".to_string()),
            (None, SplitRule::Stratified) => {
                let (rest, test) = hold_out_test(&pool, &strata, &self.groups, seed);
                (rest, test, format!("a fifth for testing, stratified, by split seed {seed}"))
            }
            (None, SplitRule::Time) => {
                let (ordered, by) = self.ordered(&pool);
                let (rest, test) = ordered.split_at(n - n.div_ceil(5));
                (rest.to_vec(), test.to_vec(), format!("the last fifth by {by} for testing"))
            }
            (None, SplitRule::Every(every)) => {
                let (test, rest) = pool.iter().partition(|&&r| self.numbers[r].is_multiple_of(*every));
                (rest, test, format!("row i, counted from 0, is a test row if i % {every} = 0"))
            }
            (None, SplitRule::Mask { file, column }) => {
                let mask = self.mask(file, column)?;
                let (test, rest) = pool.iter().partition(|&&r| mask[self.numbers[r]]);
                (rest, test, format!("test rows by column {column} of {}", file.display()))
            }
        };
        let (pool, drawn) = match options.train_rows {
            Some(0) => return Err(DataError::choice("train_rows", "0 rows cannot be learned from")),
            Some(wanted) if wanted < pool.len() => (
                draw(&pool, &strata, &self.groups, wanted, seed),
                format!("; {wanted} of {} training rows", pool.len()),
            ),
            _ => (pool, String::new()),
        };
        let (mut train, mut validation) = if rule == SplitRule::Time {
            let (ordered, _) = self.ordered(&pool);
            let part = pool.len().div_ceil(5).min(crate::split::MOST_VALIDATION);
            let (train, validation) = ordered.split_at(pool.len() - part);
            (train.to_vec(), validation.to_vec())
        } else {
            hold_out_validation(&pool, &strata, &self.groups, seed)
        };
        let mut test = test;
        [&mut train, &mut validation, &mut test].into_iter().for_each(|part| part.sort_unstable());
        let recut = (rule != SplitRule::Time).then(|| Recut { strata, groups: self.groups.clone() });
        let split = Split { train, validation, test, recut };
        let counts = [split.train.len(), split.validation.len(), split.test.len()];
        if counts.contains(&0) {
            let [a, b, c] = counts;
            return Err(self.too_few(&format!(
                "the parts would have {a}, {b} and {c} rows: training, validation and test need some each"
            )));
        }
        let way = if rule == SplitRule::Time { "the last" } else { "a stratified" };
        Ok((split, format!("{how}{drawn}; {way} fifth of the rest for validation")))
    }

    fn too_few(&self, reason: &str) -> DataError {
        DataError::TooFew(format!("{}: {reason}; give more rows, or another --split", self.place))
    }

    fn ordered(&self, rows: &[usize]) -> (Vec<usize>, String) {
        let mut ordered = rows.to_vec();
        match &self.times {
            None => (ordered, "place in the file".into()),
            Some((column, times)) => {
                ordered.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
                (ordered, format!("column {column:?}"))
            }
        }
    }

    /// One flag for each row of the data file: whether it is a test row.
    fn mask(&self, file: &Path, column: &str) -> Result<Vec<bool>, DataError> {
        let table = read_csv(Source::File(file), &CsvForm::default())?;
        let at = match (table.position(column), column.parse::<usize>()) {
            (Some(at), _) => at,
            (None, Ok(at)) if at < table.columns.len() => at,
            _ => {
                return Err(DataError::choice(
                    "split",
                    format!(
                        "{} has no column {column:?}; it has {} columns, counted from 0",
                        file.display(),
                        table.columns.len()
                    ),
                ));
            }
        };
        let rows = self.numbers.iter().max().map_or(0, |n| n + 1);
        if table.rows() < rows {
            let reason = format!(
                "has {} rows, the data have {rows}: a mask needs one row for each row of data",
                table.rows()
            );
            return Err(DataError::file(&table.place, reason));
        }
        let Cells::Numbers(values) = &table.columns[at].cells else {
            return Err(DataError::file(
                &table.place,
                format!("column {column:?} has texts: a mask has 0 and 1"),
            ));
        };
        match values.iter().position(|v| *v != 0.0 && *v != 1.0) {
            None => Ok(values.iter().map(|v| *v == 1.0).collect()),
            Some(row) => {
                let line = table.lines.get(row).copied().unwrap_or(0) as usize;
                Err(DataError::line(
                    &table.place,
                    line,
                    format!("{} is neither 0 nor 1, as a mask has", values[row]),
                ))
            }
        }
    }
}

/// One number a row, equal for rows that share a number in any of the lists.
pub(crate) fn joined(lists: &[Vec<u64>]) -> Vec<u64> {
    let [first, more @ ..] = lists else { return Vec::new() };
    if more.is_empty() {
        return first.clone();
    }
    let mut parents: Vec<usize> = (0..first.len()).collect();
    fn root(parents: &mut [usize], mut row: usize) -> usize {
        while parents[row] != row {
            parents[row] = parents[parents[row]];
            row = parents[row];
        }
        row
    }
    for list in lists {
        let mut first_with: HashMap<u64, usize> = HashMap::new();
        for (row, number) in list.iter().enumerate() {
            let other = *first_with.entry(*number).or_insert(row);
            let (a, b) = (root(&mut parents, row), root(&mut parents, other));
            parents[a.max(b)] = a.min(b);
        }
    }
    (0..first.len()).map(|row| root(&mut parents, row) as u64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(n: usize, goal: &Goal) -> Rows<'_> {
        Rows {
            place: "x.csv",
            goal,
            groups: (0..n as u64).collect(),
            numbers: (0..n).collect(),
            test_from: None,
            times: None,
        }
    }

    fn values(n: usize) -> Goal {
        Goal::Values { target: "y".into(), values: (0..n).map(|i| i as f64).collect() }
    }

    #[test]
    fn groups_are_joined_over_lists() {
        assert_eq!(joined(&[vec![1, 2, 3, 4], vec![7, 8, 8, 7]]), [0, 1, 1, 0]);
        assert_eq!(joined(&[vec![1, 1, 3, 4], vec![7, 8, 8, 9]]), [0, 0, 0, 3]);
    }

    #[test]
    fn every_rule_cuts_as_it_says() {
        let goal = values(100);
        let rows = rows(100, &goal);
        let cut = |split: &str| {
            let options = Options { split: Some(split.parse().unwrap()), ..Options::default() };
            rows.cut(&options).unwrap().0
        };
        let every = cut("every:5");
        assert!(every.test.iter().all(|r| r % 5 == 0) && every.test.len() == 20);
        assert_eq!((every.train.len(), every.validation.len()), (64, 16));
        let time = cut("time");
        assert_eq!((time.test[0], time.validation[0], time.train.len()), (80, 64, 64));
        let drawn = cut("stratified");
        // Every tenth of the values has its part in the test.
        assert!(
            (0..10).all(|tenth| drawn.test.iter().filter(|r| **r / 10 == tenth).count() == 2),
            "{drawn:?}"
        );
    }

    #[test]
    fn masks_are_checked() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("mask.csv");
        let goal = values(20);
        let cut = |column: &str| {
            let split = SplitRule::Mask { file: file.clone(), column: column.into() };
            rows(20, &goal).cut(&Options { split: Some(split), ..Options::default() })
        };
        std::fs::write(&file, "0,1\n1,0\n".repeat(10)).unwrap();
        assert_eq!(cut("0").unwrap().0.test, (0..20).filter(|r| r % 2 == 1).collect::<Vec<_>>());
        assert!(cut("2").unwrap_err().to_string().contains("no column \"2\""));
        std::fs::write(&file, "0,1\n1,0\n".repeat(9)).unwrap();
        assert!(cut("0").unwrap_err().to_string().contains("has 18 rows, the data have 20"));
        std::fs::write(&file, "0,1\n1,2\n".repeat(10)).unwrap();
        assert!(cut("1").unwrap_err().to_string().contains("line 2: 2 is neither 0 nor 1"));
    }

    #[test]
    fn too_few_rows_are_refused() {
        let goal = values(9);
        assert!(rows(9, &goal).cut(&Options::default()).unwrap_err().to_string().contains("9 rows"));
    }
}
