//! Tasks from series: `.ts` files, and tables with one series a row.

use super::goal::Goal;
use super::parts::Rows;
use super::place::Files;
use super::tables::{name_of, occurring_in_both};
use super::target::{self, in_order};
use crate::preprocessing::series::{MOST_STEPS, SeriesColumns};
use crate::preprocessing::{Inputs, SeriesInputs};
use crate::read::{RawSeries, SeriesFile, Source, read_ts};
use crate::table::{Cells, Table, listed};
use crate::task::Made;
use crate::{Answering, DataError, Findings, Input, Kind, Options, Split, Task};
use xxhash_rust::xxh3::xxh3_64;

/// Files of the UCR and UEA archives.
pub(super) fn ts(files: &Files, options: &Options) -> Result<Task, DataError> {
    let mut findings = Findings { places: vec![files.train.display().to_string()], ..Findings::default() };
    findings.notes.extend(files.note.clone());
    let mut train = read_ts(Source::File(&files.train))?;
    let test = files.test.as_ref().map(|file| read_ts(Source::File(file))).transpose()?;
    if train.answers.is_empty() {
        return Err(DataError::file(
            &train.place,
            "has neither @classLabel true nor @targetLabel true: there is nothing to answer",
        ));
    }
    let goal = goal(&train, test.as_ref(), options)?;
    let test_from = test.as_ref().map(|_| train.series.len());
    if let Some(test) = test {
        findings.places.push(test.place.clone());
        append(&mut train.series, test.series, &train.place, &test.place)?;
    }
    let raw = train.series;
    let groups = hashes(&raw);
    let rows = Rows {
        place: &train.place,
        goal: &goal,
        groups,
        numbers: (0..raw.len()).collect(),
        test_from,
        times: None,
    };
    let (split, how) = rows.cut(options)?;
    findings.split = how;
    let shared = occurring_in_both(&rows.groups, &split);
    if shared > 0 {
        findings.warnings.push(format!("{shared} test series also occur among the training series"));
    }
    task(&train.place, &raw, None, goal, split, findings, options)
}

/// Series of an array, with whole numbers for classes or any numbers for values.
pub(super) fn of_arrays(
    place: &str,
    raw: &RawSeries,
    answers: &[f64],
    test_from: Option<usize>,
    mut findings: Findings,
    options: &Options,
) -> Result<Task, DataError> {
    let goal = target::of_numbers(place, answers, options, &mut findings.notes)?;
    let groups = hashes(raw);
    let rows = Rows { place, goal: &goal, groups, numbers: (0..raw.len()).collect(), test_from, times: None };
    let (split, how) = rows.cut(options)?;
    findings.split = how;
    task(place, raw, None, goal, split, findings, options)
}

/// The task of raw series that are cut.
pub(super) fn task(
    place: &str,
    raw: &RawSeries,
    columns: Option<SeriesColumns>,
    goal: Goal,
    split: Split,
    mut findings: Findings,
    options: &Options,
) -> Result<Task, DataError> {
    if let Some(steps) = options.resample.filter(|n| !(2..=MOST_STEPS).contains(n)) {
        return Err(DataError::choice("resample", format!("{steps} steps is not from 2 to {MOST_STEPS}")));
    }
    let mut training = vec![false; raw.len()];
    split.train.iter().for_each(|&row| training[row] = true);
    let mut known = training.clone();
    split.validation.iter().for_each(|&row| known[row] = true);
    let mut inputs = SeriesInputs::fit(raw, &training, &known, options.resample);
    inputs.columns = columns;
    let longer = raw.lengths.iter().filter(|l| **l > inputs.steps).count();
    if longer > 0 && inputs.resample.is_none() {
        findings.warnings.push(format!(
            "{longer} series are longer than the longest training series of {} steps and lose their end",
            inputs.steps
        ));
    }
    let missing = raw.iter().filter(|(_, values)| values.iter().any(|v| v.is_nan())).count();
    if missing > 0 {
        findings.notes.push(format!("missing values in {missing} series are put between their neighbours"));
    }
    if let Some(steps) = inputs.resample {
        findings.notes.push(format!("every series is brought to {steps} steps by linear interpolation"));
    } else if inputs.mask {
        findings.notes.push("series of different lengths are padded with zeros, and a last channel tells what is there; --resample N brings them to one length".into());
    }
    let values = inputs.apply(raw);
    let kind = Kind { input: Input::Series, answering: goal.answering() };
    goal.describe(&split, &mut findings);
    let (targets, preprocessing) = goal.finish(place, &split, Inputs::Series(inputs))?;
    Ok(Made { name: name_of(place), kind, split, preprocessing, targets, findings }.with(values.into()))
}

fn goal(train: &SeriesFile, test: Option<&SeriesFile>, options: &Options) -> Result<Goal, DataError> {
    let answering = if train.values { Answering::Regression } else { Answering::Classification };
    if options.task.is_some_and(|task| task != answering) {
        let header = if train.values { "@targetLabel" } else { "@classLabel" };
        return Err(DataError::choice("task", format!("{} has {header}, which is {answering}", train.place)));
    }
    let both = || [Some(train), test].into_iter().flatten();
    for file in both() {
        if file.answers.len() != file.series.len() || file.values != train.values {
            return Err(DataError::file(
                &file.place,
                format!("has other headers than {}: both must have the same answers", train.place),
            ));
        }
    }
    if answering == Answering::Regression {
        let mut values = Vec::new();
        for file in both() {
            for (answer, line) in file.answers.iter().zip(&file.lines) {
                let value = crate::table::number(answer, false).filter(|v| v.is_finite());
                let reason =
                    || format!("the answer {answer:?} is no finite number, which @targetLabel promises");
                values.push(value.ok_or_else(|| DataError::line(&file.place, *line as usize, reason()))?);
            }
        }
        return Ok(Goal::Values { target: "target".into(), values });
    }
    let mut names: Vec<String> = train.answers.clone();
    in_order(&mut names);
    names.dedup();
    if names.len() < 2 {
        return Err(DataError::file(
            &train.place,
            format!("has the only class {}: at least 2 are needed", listed(&names)),
        ));
    }
    let mut labels = Vec::new();
    for file in both() {
        for (answer, line) in file.answers.iter().zip(&file.lines) {
            let label = names.iter().position(|n| n == answer).ok_or_else(|| {
                let reason = format!(
                    "class {answer:?} does not occur in {}, which has: {}",
                    train.place,
                    listed(&names)
                );
                DataError::line(&file.place, *line as usize, reason)
            })?;
            labels.push(label as u32);
        }
    }
    Ok(Goal::Classes { target: "class".into(), names, labels })
}

pub(super) fn append(
    to: &mut RawSeries,
    more: RawSeries,
    place: &str,
    more_place: &str,
) -> Result<(), DataError> {
    if to.channels != more.channels {
        let reason =
            format!("has {} channels, but {place} has {}: they must be alike", more.channels, to.channels);
        return Err(DataError::file(more_place, reason));
    }
    to.lengths.extend(more.lengths);
    to.values.extend(more.values);
    Ok(())
}

fn hashes(raw: &RawSeries) -> Vec<u64> {
    let bytes = |values: &[f32]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
    raw.iter().map(|(_, values)| xxh3_64(&bytes(values))).collect()
}

/// Names that columns of a series begin with.
const STEP_NAMES: [&str; 9] = ["t", "time", "step", "ts", "timestep", "time_", "t_", "step_", "lag"];
/// The fewest columns that look like a series.
const FEWEST_STEPS: usize = 8;
/// Without names, that many.
const FEWEST_NAMELESS: usize = 24;
/// How much neighbours may differ in a series, as a share of what they would if they knew nothing of each other.
const ROUGHNESS: f64 = 0.35;

/// Whether the columns at `used` look like the steps of one series a row: they are named so, or unnamed and smooth.
pub(super) fn looks_like_series(table: &Table, used: &[usize]) -> bool {
    let numbers: Option<Vec<&Vec<f64>>> = used
        .iter()
        .map(|&i| match &table.columns[i].cells {
            Cells::Numbers(values) if table.columns[i].notation.is_none() => Some(values),
            _ => None,
        })
        .collect();
    let Some(numbers) = numbers.filter(|n| n.len() >= FEWEST_STEPS) else { return false };
    if table.header {
        let first = table.columns[used[0]].name.trim_end_matches(|c: char| c.is_ascii_digit()).to_string();
        let start: Option<usize> = table.columns[used[0]].name[first.len()..].parse().ok();
        let counted = |start: usize| {
            used.iter().enumerate().all(|(i, &at)| {
                let name = &table.columns[at].name;
                name.strip_prefix(first.as_str()).and_then(|n| n.parse().ok()) == Some(start + i)
            })
        };
        return STEP_NAMES.contains(&first.to_lowercase().as_str()) && start.is_some_and(counted);
    }
    numbers.len() >= FEWEST_NAMELESS && roughness(&numbers) < ROUGHNESS
}

/// The mean squared difference of neighbouring columns within a row, as a share of twice the row's variance.
fn roughness(columns: &[&Vec<f64>]) -> f64 {
    let rows = columns[0].len().min(500);
    let (mut differences, mut variances) = (0.0, 0.0);
    for row in 0..rows {
        let values: Vec<f64> = columns.iter().map(|c| c[row]).filter(|v| !v.is_nan()).collect();
        if values.len() < 2 {
            continue;
        }
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        if variance > 0.0 {
            differences +=
                values.windows(2).map(|w| (w[1] - w[0]).powi(2)).sum::<f64>() / (n - 1.0) / variance;
            variances += 2.0;
        }
    }
    if variances > 0.0 { differences / variances } else { 1.0 }
}

/// The rows of some columns as series of one channel; missing values at the end are no steps.
pub(crate) fn from_table(table: &Table, columns: &[usize]) -> Result<RawSeries, DataError> {
    let mut raw = RawSeries { channels: 1, ..RawSeries::default() };
    let mut cells = Vec::new();
    for &at in columns {
        match &table.columns[at].cells {
            Cells::Numbers(values) => cells.push(values),
            Cells::Dates(_) | Cells::Words { .. } => {
                let reason = format!(
                    "column {:?} has cells that are no numbers: the steps of a series are numbers; pass --ignore for columns that are no steps",
                    table.columns[at].name
                );
                return Err(DataError::file(&table.place, reason));
            }
        }
    }
    for row in 0..table.rows() {
        let steps = cells.iter().rposition(|c| !c[row].is_nan()).map_or(1, |last| last + 1);
        raw.values.extend(cells[..steps].iter().map(|c| c[row] as f32));
        raw.lengths.push(steps);
    }
    Ok(raw)
}
