//! Tasks from tables: two files or one, of which a column is the target.

use super::columns::{self, Fitted};
use super::goal::Goal;
use super::parts::{Rows, joined};
use super::place::Files;
use super::scope::check_input;
use super::sheet::Sheet;
use super::{canonical, series, target};
use crate::example_file::{Found, Room, Writing};
use crate::preprocessing::{Inputs, SeriesColumns, TextInputs, Vocabulary, text};
use crate::read::{CsvForm, ParquetColumns, Source, is_parquet, read_table};
use crate::table::{Cells, Column, Table, listed};
use crate::task::Made;
use crate::{DataError, Findings, Input, Kind, Options, Split, Task, Tokens};
use std::borrow::Cow;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Tables with their roles known.
struct Ready {
    train: Sheet,
    test: Option<Sheet>,
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

/// The bytes that a cell takes: a number, and what the network sees of it.
const CELL: u64 = 16;

pub(super) fn load(files: &Files, options: &Options, room: &Room) -> Result<Task, DataError> {
    if room.bytes < u64::MAX && bytes_of_parquet(files)? > room.bytes {
        return in_file(files, options, room);
    }
    made(read(files, options, false)?, options, None)
}

/// The memory that tables of Parquet files would take; 0 where those to learn from are in another format.
fn bytes_of_parquet(files: &Files) -> Result<u64, DataError> {
    let mut bytes = 0;
    if is_parquet(&Source::File(&files.train))? {
        for path in [&files.train].into_iter().chain(&files.test) {
            if is_parquet(&Source::File(path))? {
                let (rows, columns) = in_parquet(path, &[], &[]).extents()?;
                bytes += rows as u64 * columns as u64 * CELL;
            }
        }
    }
    Ok(bytes)
}

fn in_parquet(path: &Path, words: &[String], missing: &[String]) -> ParquetColumns {
    ParquetColumns { path: path.into(), words: words.to_vec(), missing: missing.to_vec() }
}

/// The task of tables that are read column by column, and whose inputs are kept in a file.
fn in_file(files: &Files, options: &Options, room: &Room) -> Result<Task, DataError> {
    // The same files have the same names for whoever opens them.
    let files = Files {
        train: canonical(&files.train)?,
        test: files.test.as_deref().map(canonical).transpose()?,
        note: files.note.clone(),
    };
    let all: Vec<PathBuf> = [&files.train].into_iter().chain(&files.test).cloned().collect();
    match room.find(&all, options)? {
        Found::Task(task) => Ok(*task),
        Found::Nothing(writing) => made(read(&files, options, true)?, options, Some(writing)),
    }
}

/// The task of tables that are here already, of which the last column is the target.
pub(super) fn of_tables(
    train: Table,
    test: Option<Table>,
    findings: Findings,
    options: &Options,
) -> Result<Task, DataError> {
    made(ready(train.into(), |_, _| Ok(test.map(Into::into)), findings, options)?, options, None)
}

fn made(mut ready: Ready, options: &Options, writing: Option<Writing>) -> Result<Task, DataError> {
    let groups = grouped(&mut ready)?;
    let place = ready.train.place.clone();
    let rows = Rows {
        place: &place,
        goal: &ready.goal,
        groups,
        numbers: std::mem::take(&mut ready.numbers),
        test_from: ready.test.as_ref().map(|_| ready.train.rows()),
        times: times(&ready)?,
    };
    let (split, how) = rows.cut(options)?;
    let shared = occurring_in_both(&rows.groups, &split);
    if shared > 0 && ready.group.is_none() {
        ready.findings.warnings.push(format!("{shared} test rows also occur among the training rows"));
    }
    ready.findings.split = how;
    drop(rows);
    match ready.input {
        Input::Series => series_task(ready, split, options),
        Input::Text => text_task(ready, split, options),
        _ => table_task(ready, split, writing),
    }
}

/// Every row is a series of one channel.
fn series_task(ready: Ready, split: Split, options: &Options) -> Result<Task, DataError> {
    let Ready { train, test, used, goal, findings, .. } = ready;
    let (train, test) = (train.all()?, test.map(Sheet::all).transpose()?);
    if let Some((name, notation)) =
        used.iter().map(|&i| &train.columns[i]).find_map(|c| Some((&c.name, c.notation?)))
    {
        let reason = format!(
            "column {name:?} has numbers with {notation}: the steps of a series are plain numbers; leave digits, one decimal point and a minus alone, or pass --kind table"
        );
        return Err(DataError::file(&train.place, reason));
    }
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

/// The texts of one or more columns are the inputs.
fn text_task(ready: Ready, split: Split, options: &Options) -> Result<Task, DataError> {
    let Ready { train, test, used, goal, mut findings, .. } = ready;
    let (train, test) = (train.all()?, test.map(Sheet::all).transpose()?);
    let names = |at: &[usize]| -> Vec<String> { at.iter().map(|&i| train.columns[i].name.clone()).collect() };
    let all: Vec<usize> = (0..train.columns.len()).collect();
    let columns = text::Columns { header: train.header, names: names(&all), texts: names(&used) };
    let mut texts = text_cells(&train, &used);
    if let Some(test) = &test {
        let used: Vec<usize> = columns.texts.iter().filter_map(|name| test.position(name)).collect();
        texts.extend(text_cells(test, &used));
    }
    let training: Vec<&str> = split.train.iter().map(|&row| texts[row].as_ref()).collect();
    let empty = training.iter().filter(|t| t.is_empty()).count();
    if empty == training.len() {
        return Err(DataError::file(
            &train.place,
            format!("column {} has no text in any training row", listed(&columns.texts)),
        ));
    }
    if empty > 0 {
        findings.warnings.push(format!("{empty} training rows have no text"));
    }
    let vocabulary = match options.tokens.unwrap_or(Tokens::Words) {
        Tokens::Words => Ok(Vocabulary::of_words(&training)),
        Tokens::Bpe => Vocabulary::of_pieces(&training),
        Tokens::Characters => {
            let reason = "characters are for running text (--task modelling): words or bpe";
            return Err(DataError::choice("tokens", reason));
        }
    };
    let unlearned = |e: String| {
        DataError::file(
            &train.place,
            format!("no tokens can be learned from its texts ({e}): pass --tokens words"),
        )
    };
    let fitted = vocabulary.and_then(|v| TextInputs::fit(columns, v, &training, texts.len()));
    let inputs = fitted.map_err(unlearned)?;
    let values = inputs.apply(texts.iter().map(AsRef::as_ref)).map_err(unlearned)?;
    let kind = Kind { input: Input::Text, answering: goal.answering() };
    goal.describe(&split, &mut findings);
    let (targets, preprocessing) = goal.finish(&train.place, &split, Inputs::Text(inputs))?;
    let name = name_of(&train.place);
    Ok(Made { name, kind, split, preprocessing, targets, findings }.with(values.into()))
}

/// The texts of each row, several columns one after another.
pub(crate) fn text_cells<'t>(table: &'t Table, columns: &[usize]) -> Vec<Cow<'t, str>> {
    let cell = |at: usize, row: usize| -> Cow<'t, str> {
        match &table.columns[at].cells {
            Cells::Words { codes, dictionary } => Cow::Borrowed(dictionary.text(codes[row])),
            cells => Cow::Owned(cells.word(row)),
        }
    };
    let joined = |row| match columns {
        [at] => cell(*at, row),
        _ => Cow::Owned(columns.iter().map(|at| cell(*at, row)).collect::<Vec<_>>().join(" \n ")),
    };
    (0..table.rows()).map(joined).collect()
}

/// What the inputs are, and which columns: what the options say, or what the columns look like.
fn input_of(
    train: &Sheet,
    used: Vec<usize>,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<(Input, Vec<usize>), DataError> {
    let mut texts = Vec::new();
    for name in &options.text {
        texts.push(train.find("text", name)?);
    }
    if let Some(at) = texts.iter().find(|at| !used.contains(at)) {
        let reason = format!(
            "column {:?} is the target, the group or ignored, and cannot be the text",
            train.columns[*at].name
        );
        return Err(DataError::choice("text", reason));
    }
    match options.kind {
        Some(Input::Image) => {
            let reason = format!(
                "{} is a table, which is not read as pictures: give IDX, CIFAR or NPZ files, or folders of pictures",
                train.place
            );
            return Err(DataError::choice("kind", reason));
        }
        Some(Input::Text) if texts.is_empty() => {
            texts = used
                .iter()
                .copied()
                .filter(|&i| matches!(train.columns[i].cells, Cells::Words { .. }))
                .collect();
            let names: Vec<&str> = used.iter().map(|&i| train.columns[i].name.as_str()).collect();
            return match texts[..] {
                [_] => Ok((Input::Text, texts)),
                _ => Err(DataError::choice(
                    "text",
                    format!(
                        "which columns are the text? pass --text NAME; the columns are: {}",
                        listed(&names)
                    ),
                )),
            };
        }
        Some(kind @ (Input::Table | Input::Series)) if !texts.is_empty() => {
            return Err(DataError::choice(
                "kind",
                format!("{kind} does not go with --text: leave one of them out"),
            ));
        }
        Some(kind @ (Input::Table | Input::Series)) => return Ok((kind, used)),
        _ => {}
    }
    if !texts.is_empty() {
        let others: Vec<&str> =
            used.iter().filter(|i| !texts.contains(i)).map(|&i| train.columns[i].name.as_str()).collect();
        if !others.is_empty() {
            notes.push(format!("only the text is used, not: {}", listed(&others)));
        }
        return Ok((Input::Text, texts));
    }
    if series::looks_like_series(train, &used) {
        notes.push("every row is read as a series; --kind table reads its columns on their own".into());
        return Ok((Input::Series, used));
    }
    let some_are = |is: fn(&Column) -> bool, among: &[usize]| -> Result<Vec<usize>, DataError> {
        let mut some = Vec::new();
        for &at in among {
            if is(&*train.column(at)?) {
                some.push(at);
            }
        }
        Ok(some)
    };
    let is_words = |at: &usize| matches!(train.columns[*at].cells, Cells::Words { .. });
    let words: Vec<usize> = used.iter().copied().filter(is_words).collect();
    let free = some_are(columns::is_free_text, &words)?;
    if let [at] = free[..] {
        let others: Vec<usize> = used.iter().copied().filter(|i| *i != at).collect();
        if some_are(columns::is_identifier, &others)?.len() == others.len() {
            let name = &train.columns[at].name;
            notes.push(format!("column {name:?} is read as text; --kind table reads it as a category"));
            return Ok((Input::Text, free));
        }
    }
    Ok((Input::Table, used))
}

/// The most columns that an error names.
const MOST_NAMED: usize = 5;

fn table_task(ready: Ready, split: Split, writing: Option<Writing>) -> Result<Task, DataError> {
    let Ready { train, test, used, goal, missing, mut findings, .. } = ready;
    let fitted = columns::fit(&train, &used, &goal, &split.train, missing)?;
    let Fitted { inputs, findings: found, warnings } = fitted;
    findings.columns = found;
    findings.warnings.extend(warnings);
    if inputs.columns.is_empty() {
        let left: Vec<String> = findings
            .columns
            .iter()
            .take(MOST_NAMED)
            .map(|c| format!("{:?} is {}", c.name, c.treatment))
            .collect();
        let why = if left.is_empty() { String::new() } else { format!(": {}", left.join("; ")) };
        let reason = format!("has no column beside the target that can be learned from{why}");
        return Err(DataError::file(&train.place, reason));
    }
    let place = train.place.clone();
    let mut tables = [train].into_iter().chain(test);
    let kind = Kind { input: Input::Table, answering: goal.answering() };
    goal.describe(&split, &mut findings);
    let (targets, preprocessing) = goal.finish(&place, &split, Inputs::Table(inputs.clone()))?;
    let made = Made { name: name_of(&place), kind, split, preprocessing, targets, findings };
    let Some(mut writing) = writing else {
        let mut values = Vec::new();
        // A table is let go before the next: its columns are the larger part of the memory.
        tables.try_for_each(|table| {
            table.apply(&inputs, &mut |more| {
                match values.is_empty() {
                    true => values = more,
                    false => values.extend(more),
                }
                Ok(())
            })
        })?;
        return Ok(made.with(values.into()));
    };
    let width = made.preprocessing.signature().shape().len() as usize;
    tables.try_for_each(|table| table.apply(&inputs, &mut |some| writing.push(&some, width)))?;
    writing.finish(&made, false)
}

/// What a task from a file is called: the file's name without endings, or its folder's where it is only named for its part.
pub(super) fn name_of(place: &str) -> String {
    let path = Path::new(place);
    let stem =
        |p: &Path| p.file_name().map(|n| n.to_string_lossy().split('.').next().unwrap_or("").to_string());
    let own = stem(path).unwrap_or_default();
    let usual = ["train", "training", "valid", "validation", "data", "input", "test", ""]
        .contains(&own.to_lowercase().as_str());
    let folder = path.parent().and_then(|p| std::path::absolute(p).ok()).and_then(|p| stem(&p));
    match folder {
        Some(folder) if usual && !folder.is_empty() => folder,
        _ if own.is_empty() => "data".into(),
        _ => own,
    }
}

/// Reads tables; with `in_file`, those of Parquet files are left there.
fn read(files: &Files, options: &Options, in_file: bool) -> Result<Ready, DataError> {
    let mut findings = Findings { places: vec![files.train.display().to_string()], ..Findings::default() };
    findings.notes.extend(files.note.clone());
    let as_words = [&options.categories[..], &options.text].concat();
    let form = CsvForm {
        delimiter: options.delimiter()?,
        header: options.header,
        words: &as_words,
        missing: &options.missing,
    };
    let sheet = |path: &Path, form: &CsvForm<'_>| -> Result<Sheet, DataError> {
        let source = Source::File(path);
        match in_file && is_parquet(&source)? {
            true => Sheet::in_file(in_parquet(path, form.words, form.missing)),
            false => read_table(source, form).map(Into::into),
        }
    };
    let train = sheet(&files.train, &form)?;
    if options.header.is_none() {
        let (what, flag) = if train.header { ("has", "--no-header") } else { ("has not", "--header") };
        findings.notes.push(format!("the first row {what} the columns' names; {flag} says otherwise"));
    }
    let test = |train: &Sheet, missing: &[String]| {
        let Some(file) = &files.test else { return Ok(None) };
        let words: Vec<String> = (train.columns.iter())
            .filter(|c| !matches!(c.cells, Cells::Numbers(_)) || c.notation.is_some())
            .map(|c| c.name.clone())
            .collect();
        let form = CsvForm { header: Some(train.header), words: &words, missing, ..form };
        sheet(file, &form).map(Some)
    };
    findings.places.extend(files.test.iter().map(|f| f.display().to_string()));
    ready(train, test, findings, options)
}

/// Gives the columns of a table their roles; `test` gives the table of test rows when the columns' types are settled.
fn ready(
    mut train: Sheet,
    test: impl FnOnce(&Sheet, &[String]) -> Result<Option<Sheet>, DataError>,
    mut findings: Findings,
    options: &Options,
) -> Result<Ready, DataError> {
    for name in &options.categories {
        train.find("categories", name)?;
    }
    let at = target::column(&train, options, &mut findings.notes)?;
    let mut missing = options.missing.clone();
    let alone = [&options.categories[..], &options.ignore, &options.text].concat();
    train.settle(&alone, &mut missing, &mut findings.warnings)?;
    let group = options.group.as_deref().map(|name| train.find("group", name)).transpose()?;
    let mut unused = HashSet::from([at]);
    unused.extend(group);
    for name in &options.ignore {
        let ignored = train.find("ignore", name)?;
        if ignored == at {
            let reason = format!(
                "{name:?} is the target of {}, which is no input anyway: leave it out, or name another --target",
                train.place
            );
            return Err(DataError::choice("ignore", reason));
        }
        unused.insert(ignored);
    }
    let used: Vec<usize> = (0..train.columns.len()).filter(|i| !unused.contains(i)).collect();
    let (input, used) = input_of(&train, used, options, &mut findings.notes)?;
    check_input(options, &train.place, input)?;
    let mut numbers = answered(&mut train, at, &mut findings.warnings)?;
    let mut test = test(&train, &missing)?.map(|table| (table, 0));
    if let Some((table, place)) = &mut test {
        table.settle_like(&train);
        *place = same_columns(&train, table, &used, at, &mut findings.warnings)?;
        numbers.extend(answered(table, *place, &mut findings.warnings)?);
    }
    let both = test.as_ref().map(|(table, at)| (&**table, *at));
    let goal = target::goal((&train, at), both, options, &mut findings.notes)?;
    Ok(Ready { train, test: test.map(|(t, _)| t), used, goal, missing, findings, numbers, group, input })
}

/// Leaves out the rows without a target, and gives the places of the others.
fn answered(table: &mut Sheet, at: usize, warnings: &mut Vec<String>) -> Result<Vec<usize>, DataError> {
    table.hold(at)?;
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
        table.keep(keep);
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

/// One number a row: equal rows have equal ones, and rows of one group.
///
/// Where most rows occur several times, as they do in a table of few categories, that is no accident that a split must
/// respect: then equal rows are not kept together.
fn grouped(ready: &mut Ready) -> Result<Vec<u64>, DataError> {
    let hashed = |table: &Sheet, names: &[&str]| -> Result<Vec<u64>, DataError> {
        let mut hashes = vec![0; table.rows()];
        for name in names {
            if let Some(at) = table.position(name) {
                table.column(at)?.cells.mix_into(&mut hashes);
            }
        }
        Ok(hashes)
    };
    let mut row: Vec<&str> = ready.used.iter().map(|&i| ready.train.columns[i].name.as_str()).collect();
    row.push(ready.goal.target());
    let mut named = vec![row];
    if let Some(at) = ready.group {
        let column = ready.train.column(at)?;
        if let Some(row) = (0..ready.train.rows()).find(|&row| column.cells.is_missing(row)) {
            let reason = format!("the group column {:?} is empty: give every row a group", column.name);
            return Err(DataError::line(&ready.train.place, ready.train.lines[row] as usize, reason));
        }
        named.push(vec![ready.train.columns[at].name.as_str()]);
    }
    let mut lists: Vec<Vec<u64>> = Vec::new();
    for names in named {
        let mut hashes = hashed(&ready.train, &names)?;
        if let Some(test) = &ready.test {
            hashes.extend(hashed(test, &names)?);
        }
        lists.push(hashes);
    }
    let different = lists[0].iter().collect::<HashSet<_>>().len();
    if different * 2 < lists[0].len() {
        lists[0] = (0..lists[0].len() as u64).collect();
        ready
            .findings
            .notes
            .push("most rows occur several times: equal rows are not kept in one part".into());
    }
    Ok(joined(&lists))
}

/// The only column of dates, which tells the order of rows.
fn times(ready: &Ready) -> Result<Option<(String, Vec<f64>)>, DataError> {
    let is_dates = |at: &usize| matches!(ready.train.columns[*at].cells, Cells::Dates(_));
    let dates: Vec<usize> = (0..ready.train.columns.len()).filter(is_dates).collect();
    let [only] = dates[..] else { return Ok(None) };
    let column = ready.train.column(only)?;
    Ok(match &column.cells {
        Cells::Dates(values) if values.iter().all(|v| v.is_finite()) => {
            Some((column.name.clone(), values.clone()))
        }
        _ => None,
    })
}

/// How many test rows have the inputs of a training or validation row.
pub(super) fn occurring_in_both(groups: &[u64], split: &Split) -> usize {
    let known: HashSet<u64> = split.train.iter().chain(&split.validation).map(|&r| groups[r]).collect();
    split.test.iter().filter(|&&r| known.contains(&groups[r])).count()
}
