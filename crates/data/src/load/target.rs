//! Which column is answered, and whether its cells are classes or values.

use crate::load::goal::Goal;
use crate::table::{Cells, Column, Table, listed};
use crate::{Answering, DataError, Options};
use std::collections::{HashMap, HashSet};

/// Names that say what a column is for.
const USUAL: [&str; 7] = ["target", "label", "class", "y", "outcome", "labels", "classes"];
/// The most classes that whole numbers from 0 or 1 may be without being asked.
const MOST_NUMBERED: usize = 20;
/// Up to so many different whole numbers may be classes or values: the user decides.
const MOST_DOUBTFUL: usize = 30;
/// The most classes.
const MOST_CLASSES: usize = 1000;

/// The place of the target column.
pub(super) fn column(table: &Table, options: &Options, notes: &mut Vec<String>) -> Result<usize, DataError> {
    let last = table.columns.len() - 1;
    let Some(name) = &options.target else {
        let usual: Vec<usize> = (0..=last)
            .filter(|&i| table.header && USUAL.contains(&table.columns[i].name.to_lowercase().as_str()))
            .collect();
        let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        return match usual[..] {
            [at] => {
                notes.push(format!(
                    "the target is column {:?}, by its name; --target names another",
                    names[at]
                ));
                Ok(at)
            }
            _ => Err(DataError::choice(
                "target",
                format!(
                    "{}: which column is to be answered? pass --target with a name, first, last, or a number from 0; the columns are: {}",
                    table.place,
                    listed(&names)
                ),
            )),
        };
    };
    if let Some(at) = table.position(name) {
        return Ok(at);
    }
    match (name.as_str(), name.parse::<usize>()) {
        ("first", _) => Ok(0),
        ("last", _) => Ok(last),
        (_, Ok(at)) if at <= last => Ok(at),
        (_, Ok(at)) => Err(DataError::choice(
            "target",
            format!("{} has no column {at}: its {} columns are counted from 0", table.place, last + 1),
        )),
        _ => table.find("target", name),
    }
}

/// What the target's cells are, those of the training file first, then those of the test file.
pub(super) fn goal(
    (train, at): (&Table, usize),
    test: Option<(&Table, usize)>,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<Goal, DataError> {
    let name = train.columns[at].name.clone();
    let cells = &train.columns[at].cells;
    if let Some(notation) = train.columns[at].notation {
        notes.push(format!(
            "the numbers of the target {name:?} are written with {notation}; --category {name} leaves them as words"
        ));
    }
    let answering = match options.task {
        Some(task) => task,
        None => infer(train, &name, cells, notes)?,
    };
    match answering {
        Answering::Regression => {
            let mut values = numbers(train, at)?;
            if let Some((test, at)) = test {
                values.extend(numbers(test, at)?);
            }
            Ok(Goal::Values { target: name, values })
        }
        Answering::Classification => classes((train, at), test, name),
        // Refused where data are looked for.
        Answering::Modelling => Err(DataError::choice("task", "modelling needs running text, not rows")),
    }
}

/// Classes or values, by what the cells are; an error where both readings are likely.
fn infer(table: &Table, name: &str, cells: &Cells, notes: &mut Vec<String>) -> Result<Answering, DataError> {
    let values = match cells {
        Cells::Words { .. } => return Ok(Answering::Classification),
        Cells::Dates(_) => {
            let reason = format!(
                "{}: column {name:?} has dates, which are neither classes nor numbers; name another target",
                table.place
            );
            return Err(DataError::choice("target", reason));
        }
        Cells::Numbers(values) => values,
    };
    let mut different: Vec<f64> = Vec::new();
    for value in values {
        if different.len() > MOST_DOUBTFUL {
            break;
        }
        if let Err(i) = different.binary_search_by(|d| d.total_cmp(value)) {
            different.insert(i, *value);
        }
    }
    let (k, rows) = (different.len(), values.len());
    let whole = different.iter().all(|v| v.fract() == 0.0);
    let few = k <= MOST_DOUBTFUL && rows >= 5 * k;
    let numbered = whole
        && (different[0] == 0.0 || different[0] == 1.0)
        && different[k - 1] - different[0] == (k - 1) as f64;
    if k <= 2 || few && numbered && k <= MOST_NUMBERED {
        notes.push(format!(
            "the {k} numbers of {name:?} are read as classes; --task regression reads them as values"
        ));
        return Ok(Answering::Classification);
    }
    if few && (whole || k <= 10 && rows >= 20 * k) {
        let some: Vec<String> = different.iter().map(f64::to_string).collect();
        let reason = format!(
            "{}: the target {name:?} has {k} different numbers ({}), which may be {k} classes or values on a scale: pass --task classification or --task regression",
            table.place,
            listed(&some)
        );
        return Err(DataError::choice("task", reason));
    }
    notes.push(format!("{name:?} is read as values; --task classification reads it as classes"));
    Ok(Answering::Regression)
}

fn numbers(table: &Table, at: usize) -> Result<Vec<f64>, DataError> {
    let column = &table.columns[at];
    match &column.cells {
        Cells::Numbers(values) => Ok(values.clone()),
        Cells::Words { codes, dictionary } => {
            let notation = column.notation.unwrap_or_default();
            let wrong = (0..codes.len()).find(|&r| notation.parse(dictionary.text(codes[r])).is_none());
            let row = wrong.unwrap_or(0);
            let reason = format!(
                "{:?} in the target {:?} is not a number, which --task regression needs: correct it, leave the row out, or pass --task classification",
                dictionary.text(codes[row]),
                column.name
            );
            Err(DataError::line(&table.place, table.lines.get(row).copied().unwrap_or(0) as usize, reason))
        }
        Cells::Dates(_) => {
            let reason = format!(
                "{}: column {:?} has dates, not numbers; name another target",
                table.place, column.name
            );
            Err(DataError::choice("target", reason))
        }
    }
}

/// What numbers of an array are: classes or values, as [`goal`] decides for a column.
pub(super) fn of_numbers(
    place: &str,
    numbers: &[f64],
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<Goal, DataError> {
    let columns = vec![Column::new("answer".into(), Cells::Numbers(numbers.to_vec()))];
    let lines = (1..=numbers.len() as u32).collect();
    let (header, decimal_comma, classes) = (false, false, Vec::new());
    let table = Table { place: place.into(), columns, lines, header, decimal_comma, classes };
    if let Some(row) = numbers.iter().position(|n| !n.is_finite()) {
        return Err(DataError::file(
            place,
            format!("answer {row} is {}: every row needs a finite number", numbers[row]),
        ));
    }
    goal((&table, 0), None, options, notes)
}

/// The name a cell has as a class; a first line of counts may give one for each number.
fn class_name(table: &Table, at: usize, row: usize) -> String {
    let word = table.columns[at].cells.word(row);
    if at + 1 == table.columns.len()
        && let Some(name) = word.parse::<usize>().ok().and_then(|i| table.classes.get(i))
    {
        return name.clone();
    }
    word
}

/// The class names of some rows, each a number in the order of first appearance, and those numbers.
fn words(table: &Table, at: usize) -> (Vec<String>, Vec<u32>) {
    let mut names = Vec::new();
    let mut seen: HashMap<u64, u32> = HashMap::new();
    let cells = &table.columns[at].cells;
    let labels = (0..table.rows()).map(|row| {
        let key = match cells {
            Cells::Numbers(values) | Cells::Dates(values) => (values[row] + 0.0).to_bits(),
            Cells::Words { codes, .. } => u64::from(codes[row]),
        };
        *seen.entry(key).or_insert_with(|| {
            names.push(class_name(table, at, row));
            names.len() as u32 - 1
        })
    });
    let labels = labels.collect();
    (names, labels)
}

fn classes(
    (train, at): (&Table, usize),
    test: Option<(&Table, usize)>,
    target: String,
) -> Result<Goal, DataError> {
    let (found, labels) = words(train, at);
    if found.len() < 2 {
        let only = found.first().map_or("", String::as_str);
        let reason = format!(
            "the target {target:?} is {only:?} in every row: at least 2 classes are needed; name another target"
        );
        return Err(DataError::file(&train.place, reason));
    }
    if found.len() > MOST_CLASSES || found.len() * 2 > train.rows() && found.len() > 20 {
        let numeric = matches!(train.columns[at].cells, Cells::Numbers(_));
        let hint = if numeric {
            "pass --task regression for values, or name another target"
        } else {
            "name another target"
        };
        let reason = format!(
            "{}: the target {target:?} has {} different values in {} rows, too many to be classes (at most {MOST_CLASSES}, two rows each on average): {hint}",
            train.place,
            found.len(),
            train.rows()
        );
        return Err(DataError::choice(if numeric { "task" } else { "target" }, reason));
    }
    let mut names = found.clone();
    in_order(&mut names);
    let place: HashMap<&str, u32> = names.iter().enumerate().map(|(i, n)| (n.as_str(), i as u32)).collect();
    let number = |name: &str| place.get(name).copied();
    let mut numbered: Vec<u32> = labels.iter().map(|l| number(&found[*l as usize]).unwrap_or(0)).collect();
    if let Some((test, at)) = test {
        let (found, labels) = words(test, at);
        for (row, label) in labels.iter().enumerate() {
            let name = &found[*label as usize];
            let Some(number) = number(name) else {
                let reason = format!(
                    "class {name:?} of {target:?} does not occur in {}, which has: {}; leave the row out, or add rows of the class there",
                    train.place,
                    listed(&names)
                );
                return Err(DataError::line(
                    &test.place,
                    test.lines.get(row).copied().unwrap_or(0) as usize,
                    reason,
                ));
            };
            numbered.push(number);
        }
    }
    Ok(Goal::Classes { target, names, labels: numbered })
}

/// Numbers by size where all names are numbers, else by their letters.
pub(crate) fn in_order(names: &mut [String]) {
    let numbers: HashSet<bool> = names.iter().map(|n| n.parse::<f64>().is_ok()).collect();
    if numbers.contains(&false) {
        names.sort_unstable();
    } else {
        let value = |name: &String| name.parse::<f64>().unwrap_or(f64::NAN);
        names.sort_by(|a, b| value(a).total_cmp(&value(b)));
    }
}
