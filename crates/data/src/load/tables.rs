//! Tasks from tables: two files or one, of which a column is the target.

use super::columns::{self, Fitted};
use super::goal::Goal;
use super::parts::{Rows, joined};
use super::place::Files;
use super::{series, settle, target};
use crate::preprocessing::{Inputs, SeriesColumns};
use crate::read::{CsvForm, Source, read_csv};
use crate::table::{Cells, Table, listed};
use crate::task::Made;
use crate::{DataError, Findings, Input, Kind, Options, Split, Task};
use std::collections::HashSet;
use std::path::Path;

/// Tables with their roles known.
struct Ready {
    train: Table,
    test: Option<Table>,
    /// Columns of the training table that are inputs.
    used: Vec<usize>,
    goal: Goal,
    /// More words for missing cells.
    missing: Vec<String>,
    findings: Findings,
    /// The place of each row in its file, training rows first.
    numbers: Vec<usize>,
    group: Option<usize>,
    input: Input,
}

pub(super) fn load(files: &Files, options: &Options) -> Result<Task, DataError> {
    let ready = read(files, options)?;
    let groups = grouped(&ready)?;
    let place = ready.train.place.clone();
    let rows = Rows {
        place: &place,
        goal: &ready.goal,
        groups,
        numbers: ready.numbers.clone(),
        test_from: ready.test.as_ref().map(|_| ready.train.rows()),
        times: times(&ready),
    };
    let (split, how) = rows.cut(options)?;
    let shared = occurring_in_both(&rows.groups, &split);
    let mut ready = ready;
    if shared > 0 && ready.group.is_none() {
        ready.findings.warnings.push(format!("{shared} test rows also occur among the training rows"));
    }
    ready.findings.split = how;
    match ready.input {
        Input::Series => series_task(ready, split, options),
        _ => table_task(ready, split),
    }
}

/// Every row is a series of one channel.
fn series_task(ready: Ready, split: Split, options: &Options) -> Result<Task, DataError> {
    let Ready { train, test, used, goal, findings, .. } = ready;
    let names = |at: &[usize]| -> Vec<String> { at.iter().map(|&i| train.columns[i].name.clone()).collect() };
    let all: Vec<usize> = (0..train.columns.len()).collect();
    let columns = SeriesColumns { header: train.header, names: names(&all), steps: names(&used) };
    let mut raw = series::from_table(&train, &used)?;
    if let Some(test) = &test {
        let used: Vec<usize> = columns.steps.iter().filter_map(|name| test.position(name)).collect();
        series::append(&mut raw, series::from_table(test, &used)?, &train.place, &test.place)?;
    }
    series::task(&train.place, &raw, Some(columns), goal, split, findings, options)
}

/// What the inputs are: what the options say, or what the columns look like.
fn input_of(
    train: &Table,
    used: &[usize],
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<Input, DataError> {
    let input = match options.kind {
        Some(Input::Image) => {
            let reason = format!(
                "{} is a table, which is not read as pictures: give IDX, CIFAR or NPZ files, or folders of pictures",
                train.place
            );
            return Err(DataError::choice("kind", reason));
        }
        Some(kind) => return Ok(kind),
        None if series::looks_like_series(train, used) => Input::Series,
        None => return Ok(Input::Table),
    };
    notes.push("every row is read as a series; --kind table reads its columns on their own".into());
    Ok(input)
}

fn table_task(ready: Ready, split: Split) -> Result<Task, DataError> {
    let Ready { mut train, test, used, goal, missing, mut findings, .. } = ready;
    findings.warnings.extend(columns::leaks(&train, &used, &goal, &split.train));
    let Fitted { inputs, findings: found, warnings } = columns::fit(&train, &used, &split.train, missing);
    findings.columns = found;
    findings.warnings.extend(warnings);
    if inputs.columns.is_empty() {
        return Err(DataError::file(
            &train.place,
            "has no column that varies beside the target: nothing can be learned from it",
        ));
    }
    let mut values = inputs.apply(&train)?;
    // The columns are the larger part of the memory.
    train.columns.clear();
    if let Some(test) = &test {
        values.extend(inputs.apply(test)?);
    }
    let kind = Kind { input: Input::Table, answering: goal.answering() };
    goal.describe(&split, &mut findings);
    let (targets, preprocessing) = goal.finish(&train.place, &split, Inputs::Table(inputs))?;
    Ok(Made { name: name_of(&train.place), kind, split, preprocessing, inputs: values, targets, findings }
        .into())
}

/// What a task from a file is called: the file's name without endings, or its folder's where it is only named for its part.
pub(super) fn name_of(place: &str) -> String {
    let path = Path::new(place);
    let stem =
        |p: &Path| p.file_name().map(|n| n.to_string_lossy().split('.').next().unwrap_or("").to_string());
    let own = stem(path).unwrap_or_default();
    let usual = ["train", "training", "data", "test", ""].contains(&own.to_lowercase().as_str());
    let folder = path.parent().and_then(|p| std::path::absolute(p).ok()).and_then(|p| stem(&p));
    match folder {
        Some(folder) if usual && !folder.is_empty() => folder,
        _ if own.is_empty() => "data".into(),
        _ => own,
    }
}

fn read(files: &Files, options: &Options) -> Result<Ready, DataError> {
    let mut findings = Findings { places: vec![files.train.display().to_string()], ..Findings::default() };
    findings.notes.extend(files.note.clone());
    let form = CsvForm {
        delimiter: options.delimiter()?,
        header: options.header,
        words: &options.categories,
        missing: &options.missing,
    };
    let mut train = read_csv(Source::File(&files.train), &form)?;
    if options.header.is_none() {
        let (what, flag) = if train.header { ("has", "--no-header") } else { ("has not", "--header") };
        findings.notes.push(format!("the first row {what} the columns' names; {flag} says otherwise"));
    }
    for name in options.categories.iter().filter(|name| train.position(name).is_none()) {
        train.find("categories", name)?;
    }
    let at = target::column(&train, options, &mut findings.notes)?;
    let mut missing = options.missing.clone();
    let alone = [&options.categories[..], &options.ignore[..]].concat();
    settle::settle(&mut train, &alone, &mut missing, &mut findings.warnings)?;
    let group = options.group.as_deref().map(|name| train.find("group", name)).transpose()?;
    let mut unused = HashSet::from([at]);
    unused.extend(group);
    for name in &options.ignore {
        unused.insert(train.find("ignore", name)?);
    }
    let used: Vec<usize> = (0..train.columns.len()).filter(|i| !unused.contains(i)).collect();
    let input = input_of(&train, &used, options, &mut findings.notes)?;
    let mut numbers = answered(&mut train, at, &mut findings.warnings)?;
    let mut test = None;
    if let Some(file) = &files.test {
        findings.places.push(file.display().to_string());
        let words: Vec<String> = (train.columns.iter())
            .filter(|c| matches!(c.cells, Cells::Words { .. } | Cells::Dates(_)))
            .map(|c| c.name.clone())
            .collect();
        let form = CsvForm { header: Some(train.header), words: &words, missing: &missing, ..form };
        let mut table = read_csv(Source::File(file), &form)?;
        let at = same_columns(&train, &table, &used, at, &mut findings.warnings)?;
        numbers.extend(answered(&mut table, at, &mut findings.warnings)?);
        test = Some((table, at));
    }
    let both = test.as_ref().map(|(table, at)| (table, *at));
    let goal = target::goal((&train, at), both, options, &mut findings.notes)?;
    Ok(Ready { train, test: test.map(|(t, _)| t), used, goal, missing, findings, numbers, group, input })
}

/// Leaves out the rows without a target, and gives the places of the others.
fn answered(table: &mut Table, at: usize, warnings: &mut Vec<String>) -> Result<Vec<usize>, DataError> {
    let cells = &table.columns[at].cells;
    let keep: Vec<bool> = (0..table.rows()).map(|row| !cells.is_missing(row)).collect();
    let numbers: Vec<usize> = (0..keep.len()).filter(|&row| keep[row]).collect();
    let without = keep.len() - numbers.len();
    if without > 0 {
        let line = keep.iter().position(|k| !k).and_then(|row| table.lines.get(row)).copied().unwrap_or(0);
        let name = &table.columns[at].name;
        if without * 2 > keep.len() {
            let reason = format!(
                "the target {name:?} is missing in {without} of {} rows, first in line {line}: name another target",
                keep.len()
            );
            return Err(DataError::file(&table.place, reason));
        }
        warnings.push(format!(
            "{}: {without} rows have no target {name:?} (the first in line {line}) and are left out",
            table.place
        ));
        table.keep(&keep);
    }
    Ok(numbers)
}

/// The target's place in a test table, which must have all columns that are used.
fn same_columns(
    train: &Table,
    test: &Table,
    used: &[usize],
    at: usize,
    warnings: &mut Vec<String>,
) -> Result<usize, DataError> {
    let needed = used.iter().chain([&at]).map(|&i| train.columns[i].name.as_str());
    let lacking: Vec<&str> = needed.filter(|name| test.position(name).is_none()).collect();
    if !lacking.is_empty() {
        let names: Vec<&str> = test.columns.iter().map(|c| c.name.as_str()).collect();
        let reason = format!(
            "has other columns than {}: {} missing; it has: {}. Give it the same columns, or pass --ignore for those that are not needed",
            train.place,
            listed(&lacking),
            listed(&names)
        );
        return Err(DataError::file(&test.place, reason));
    }
    let more: Vec<&str> =
        test.columns.iter().map(|c| c.name.as_str()).filter(|name| train.position(name).is_none()).collect();
    if !more.is_empty() {
        warnings.push(format!(
            "{} has columns that {} has not, which are ignored: {}",
            test.place,
            train.place,
            listed(&more)
        ));
    }
    test.find("target", &train.columns[at].name)
}

/// One number a row: rows with equal inputs have equal ones, and rows of one group.
fn grouped(ready: &Ready) -> Result<Vec<u64>, DataError> {
    let hashed = |table: &Table, names: &[&str]| -> Vec<u64> {
        let mut hashes = vec![0; table.rows()];
        for name in names {
            if let Some(at) = table.position(name) {
                table.columns[at].cells.mix_into(&mut hashes);
            }
        }
        hashes
    };
    let inputs: Vec<&str> = ready.used.iter().map(|&i| ready.train.columns[i].name.as_str()).collect();
    let mut lists = vec![inputs];
    if let Some(at) = ready.group {
        let column = &ready.train.columns[at];
        if let Some(row) = (0..ready.train.rows()).find(|&row| column.cells.is_missing(row)) {
            let reason = format!("the group column {:?} is empty: give every row a group", column.name);
            return Err(DataError::line(&ready.train.place, ready.train.lines[row] as usize, reason));
        }
        lists.push(vec![column.name.as_str()]);
    }
    let lists: Vec<Vec<u64>> = lists
        .iter()
        .map(|names| {
            let mut hashes = hashed(&ready.train, names);
            hashes.extend(ready.test.iter().flat_map(|test| hashed(test, names)));
            hashes
        })
        .collect();
    Ok(joined(&lists))
}

/// The only column of dates, which tells the order of rows.
fn times(ready: &Ready) -> Option<(String, Vec<f64>)> {
    let mut dates = ready.train.columns.iter().filter_map(|c| match &c.cells {
        Cells::Dates(values) => Some((c.name.clone(), values)),
        _ => None,
    });
    let (name, values) = dates.next().filter(|(_, values)| values.iter().all(|v| v.is_finite()))?;
    dates.next().is_none().then(|| (name, values.clone()))
}

/// How many test rows have the inputs of a training or validation row.
pub(super) fn occurring_in_both(groups: &[u64], split: &Split) -> usize {
    let known: HashSet<u64> = split.train.iter().chain(&split.validation).map(|&r| groups[r]).collect();
    split.test.iter().filter(|&&r| known.contains(&groups[r])).count()
}
