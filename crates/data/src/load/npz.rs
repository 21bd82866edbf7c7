//! Tasks from `.npz` archives: inputs and answers in arrays, told apart by their names and extents.

use super::images::{Labelled, append, channels_first, whole_labels};
use super::place::Files;
use super::scope::{Format, check_format, check_input};
use super::{series, tables};
use crate::read::{Array, RawSeries, Source, Values, read_npz};
use crate::table::{Cells, Column, Table, listed};
use crate::{DataError, Findings, Input, Options, Task};

/// Inputs and their answers.
struct Set {
    inputs: Array,
    answers: Array,
}

pub(super) fn load(files: &Files, options: &Options) -> Result<Task, DataError> {
    let place = files.train.display().to_string();
    let mut findings = Findings { places: vec![place.clone()], ..Findings::default() };
    let (mut train, mut test) = sets(&files.train, &mut findings)?;
    if let Some(file) = &files.test {
        let (only, both) = sets(file, &mut findings)?;
        findings.places.push(file.display().to_string());
        test = both.or(Some(only));
    }
    if options.split.is_some() {
        test = None;
    }
    let format = if train.inputs.extents.len() == 2 { Format::NpzRows } else { Format::Npz };
    check_format(options, &place, format)?;
    match train.inputs.extents.len() {
        2 => flat(&place, &train, test.as_ref(), findings, options),
        3 | 4 if is_pictures(&train.inputs, options) => {
            train.inputs = upright(train.inputs);
            check_input(options, &place, Input::Image)?;
            let test = test.map(|t| Set { inputs: upright(t.inputs), ..t });
            pictures(place, train, test, findings, options)
        }
        3 => {
            check_input(options, &place, Input::Series)?;
            series_of(&place, train, test, findings, options)
        }
        n => Err(DataError::file(
            &place,
            format!(
                "has inputs of {n} extents: 2 are rows of a table or series, 3 series of several channels or grey pictures, 4 pictures"
            ),
        )),
    }
}

/// The sets for training and testing; those for validation are learned from too.
fn sets(path: &std::path::Path, findings: &mut Findings) -> Result<(Set, Option<Set>), DataError> {
    let place = path.display().to_string();
    let arrays = read_npz(Source::File(path))?;
    let names: Vec<String> = arrays.iter().map(|(n, a)| format!("{n} {:?}", a.extents)).collect();
    let (mut train, mut validation, mut test) = ([None, None], [None, None], [None, None]);
    for (name, array) in arrays {
        let low = name.to_lowercase();
        let is_answer = low.starts_with('y') || ["label", "target", "class"].iter().any(|w| low.contains(w));
        let part = if low.contains("test") {
            &mut test
        } else if low.contains("val") {
            &mut validation
        } else {
            &mut train
        };
        if part[usize::from(is_answer)].replace(array).is_some() {
            let reason = format!(
                "has several arrays that may be {}: name them x_train, y_train, x_test, y_test; it has: {}",
                if is_answer { "answers" } else { "inputs" },
                listed(&names)
            );
            return Err(DataError::file(&place, reason));
        }
    }
    let set = |part: [Option<Array>; 2], which: &str| match part {
        [Some(inputs), Some(answers)] => checked(&place, which, Set { inputs, answers }).map(Some),
        [None, None] => Ok(None),
        _ => Err(DataError::file(
            &place,
            format!(
                "has inputs without answers for {which}, or answers without inputs: name them x_train, y_train, x_test, y_test (or x and y); it has: {}",
                listed(&names)
            ),
        )),
    };
    let mut train = match set(train, "training")? {
        Some(train) => train,
        None => {
            return Err(DataError::file(
                &place,
                format!(
                    "has nothing to learn from: name arrays x_train and y_train, or x and y; it has: {}",
                    listed(&names)
                ),
            ));
        }
    };
    if let Some(more) = set(validation, "validation")? {
        findings.notes.push(format!(
            "{} rows for validation are added to those for training, of which a part is cut again",
            more.inputs.extents[0]
        ));
        append(&mut train.inputs, more.inputs, &place, &place)?;
        append(&mut train.answers, more.answers, &place, &place)?;
    }
    Ok((train, set(test, "testing")?))
}

/// One answer for each input.
fn checked(place: &str, which: &str, mut set: Set) -> Result<Set, DataError> {
    let (inputs, answers) = (&set.inputs.extents, &set.answers.extents);
    let rows = inputs.first().copied().unwrap_or(0);
    if answers.iter().skip(1).any(|n| *n != 1) {
        return Err(DataError::file(
            place,
            format!("has answers of extents {answers:?} for {which}: one number for each input is needed"),
        ));
    }
    if answers.first() != Some(&rows) || rows == 0 {
        let reason = format!(
            "has {} answers for {rows} inputs for {which}: they must be as many",
            answers.first().unwrap_or(&0)
        );
        return Err(DataError::file(place, reason));
    }
    set.answers.extents = vec![rows];
    Ok(set)
}

fn is_pictures(inputs: &Array, options: &Options) -> bool {
    match options.kind {
        Some(kind) => kind == Input::Image,
        None => match inputs.extents[..] {
            [_, height, width] => {
                height >= 8 && (height == width || matches!(inputs.values, Values::Bytes(_)))
            }
            _ => true,
        },
    }
}

/// Pictures as `[n, channels, height, width]`.
fn upright(mut inputs: Array) -> Array {
    match inputs.extents[..] {
        [_, _, _] => inputs.extents.insert(1, 1),
        [_, first, _, last] if last <= 4 && first > 4 => return channels_first(inputs),
        _ => {}
    }
    inputs
}

fn pictures(
    place: String,
    train: Set,
    test: Option<Set>,
    findings: Findings,
    options: &Options,
) -> Result<Task, DataError> {
    let mut labels = whole_labels(&train.answers.values, &place)?;
    let mut pictures = train.inputs;
    let test_from = test.as_ref().map(|_| labels.len());
    if let Some(test) = test {
        labels.extend(whole_labels(&test.answers.values, &place)?);
        append(&mut pictures, test.inputs, &place, &place)?;
    }
    Labelled::new(place, pictures, labels, test_from, findings)?.task(options)
}

/// Rows of a table, or series of one channel.
fn flat(
    place: &str,
    train: &Set,
    test: Option<&Set>,
    findings: Findings,
    options: &Options,
) -> Result<Task, DataError> {
    let [_, width] = train.inputs.extents[..] else {
        return Err(DataError::file(place, "has no rows of columns"));
    };
    if let Some(test) = test.filter(|t| t.inputs.extents.get(1) != Some(&width)) {
        return Err(DataError::file(
            place,
            format!("has {width} columns for training and {:?} for testing", test.inputs.extents),
        ));
    }
    let table = |set: &Set| {
        let rows = set.inputs.extents[0];
        let number = |values: &Values, i: usize| {
            Some(f64::from(values.at(i))).filter(|v| v.is_finite()).unwrap_or(f64::NAN)
        };
        let mut columns: Vec<Column> = (0..width)
            .map(|c| {
                let cells = (0..rows).map(|row| number(&set.inputs.values, row * width + c)).collect();
                Column::new(format!("column_{c}"), Cells::Numbers(cells))
            })
            .collect();
        let answers = (0..rows).map(|row| number(&set.answers.values, row)).collect();
        columns.push(Column::new("y".into(), Cells::Numbers(answers)));
        Table {
            place: place.into(),
            columns,
            lines: (1..=rows as u32).collect(),
            header: false,
            decimal_comma: false,
            classes: Vec::new(),
        }
    };
    let options = Options { target: options.target.clone().or(Some("y".into())), ..options.clone() };
    tables::of_tables(table(train), test.map(table), findings, &options)
}

/// Series of several channels: the smaller of the two extents is the channels.
fn series_of(
    place: &str,
    train: Set,
    test: Option<Set>,
    findings: Findings,
    options: &Options,
) -> Result<Task, DataError> {
    let test_from = test.as_ref().map(|_| train.inputs.extents[0]);
    let mut answers: Vec<f64> =
        (0..train.answers.values.len()).map(|i| f64::from(train.answers.values.at(i))).collect();
    let mut inputs = train.inputs;
    if let Some(test) = test {
        answers.extend((0..test.answers.values.len()).map(|i| f64::from(test.answers.values.at(i))));
        append(&mut inputs, test.inputs, place, place)?;
    }
    let [n, a, b] = inputs.extents[..] else { return Err(DataError::file(place, "has no series")) };
    let values = inputs.values.into_floats();
    let (channels, steps) = (a.min(b), a.max(b));
    // `[n, steps, channels]` is turned.
    let values = if a == channels {
        values
    } else {
        let place = |i: usize| (i / (a * b) * a + i % steps) * b + i / steps % channels;
        (0..values.len()).map(|i| values[place(i)]).collect()
    };
    let raw = RawSeries { channels, lengths: vec![steps; n], values };
    series::of_arrays(place, &raw, &answers, test_from, findings, options)
}
