//! What becomes of each column of a table: its rule, and what is said of it.

use super::leak::leak;
use super::sheet::Sheet;
use crate::DataError;
use crate::findings::ColumnFinding;
use crate::load::goal::Goal;
use crate::preprocessing::{
    CategoryRule, ColumnInput, ColumnRule, DateNumber, DatePart, Notation, NumberRule, TableInputs,
};
use crate::read::DateForm;
use crate::table::{Cells, Column, Dictionary, number};

/// The fewest rows in which a column of different cells looks like an identifier.
const FEWEST_NAMED: usize = 20;

/// The rules of some columns, fitted on `rows`, and a finding for each.
pub(super) struct Fitted {
    pub(super) inputs: TableInputs,
    pub(super) findings: Vec<ColumnFinding>,
    pub(super) warnings: Vec<String>,
}

/// Fits a rule for each of the columns at `used`, leaving out constant ones and identifiers, and looks for columns that tell
/// the target outright.
pub(super) fn fit(
    table: &Sheet,
    used: &[usize],
    goal: &Goal,
    rows: &[usize],
    missing: Vec<String>,
) -> Result<Fitted, DataError> {
    let names = table.columns.iter().map(|c| c.name.clone()).collect();
    let inputs = TableInputs { header: table.header, names, missing, columns: Vec::new() };
    let mut fitted = Fitted { inputs, findings: Vec::new(), warnings: Vec::new() };
    let target: Vec<f64> = match goal {
        Goal::Values { values, .. } => rows.iter().map(|&r| values[r]).collect(),
        Goal::Classes { labels, .. } => rows.iter().map(|&r| f64::from(labels[r])).collect(),
    };
    let mut unused = Vec::new();
    for &at in used {
        let column = table.column(at)?;
        let missing = rows.iter().filter(|&&r| column.cells.is_missing(r)).count();
        let (rule, treatment, different) = match &column.cells {
            Cells::Numbers(values) => numbers(&column, values, rows),
            Cells::Dates(values) => date(values, column.dates.unwrap_or(DateForm::Ymd), rows),
            Cells::Words { codes, dictionary } => words(codes, dictionary, rows),
        };
        if let Cells::Words { dictionary, .. } = &column.cells
            && let Some(example) = decorated(dictionary)
        {
            fitted.warnings.push(format!(
                "column {:?} has numbers with other signs in them, such as {example:?}, which no one notation reads, and is \
                 read as words: write all alike, or leave digits, one decimal point and a minus alone",
                column.name
            ));
        }
        if let Some(rule) = rule {
            fitted.warnings.extend(leak(&column, goal, &target, rows));
            fitted.inputs.columns.push(ColumnInput { name: column.name.clone(), rule });
        } else {
            unused.push(format!("column {:?} is not used: {treatment}", column.name));
        }
        fitted.findings.push(ColumnFinding { name: column.name.clone(), treatment, missing, different });
    }
    fitted.warnings.extend(unused);
    fitted.inputs.limit_levels();
    fitted.inputs.number_codes();
    Ok(fitted)
}

/// Whether a column only tells rows apart.
pub(super) fn is_identifier(column: &Column) -> bool {
    match &column.cells {
        Cells::Numbers(values) => numbers_rows(&column.name, values, values).is_some(),
        Cells::Words { dictionary, codes } => {
            codes.len() >= FEWEST_NAMED && dictionary.len() * 10 >= codes.len() * 9
        }
        Cells::Dates(_) => false,
    }
}

/// Whether the cells of a column are sentences, mostly different ones.
pub(super) fn is_free_text(column: &Column) -> bool {
    let Cells::Words { codes, dictionary } = &column.cells else { return false };
    let words: usize = dictionary.texts().map(|t| t.split_whitespace().count()).sum();
    dictionary.len() * 2 >= codes.len() && words >= 3 * dictionary.len()
}

type Decision = (Option<ColumnRule>, String, usize);

fn numbers(column: &Column, values: &[f64], rows: &[usize]) -> Decision {
    let training: Vec<f64> = rows.iter().map(|&r| values[r]).collect();
    if let Some(why) = numbers_rows(&column.name, values, &training) {
        return (None, why, training.len());
    }
    match NumberRule::fit(&training) {
        None => (None, "constant in the training rows".into(), 1),
        Some((mut rule, different)) => {
            let mut treatment = "number".to_string();
            rule.notation = column.notation;
            if let Some(notation) = column.notation {
                treatment += &format!(", written with {notation}");
            }
            if rule.missing.is_some() {
                treatment += ", median and indicator where missing";
            }
            if !rule.levels.is_empty() {
                treatment += ", and category";
            }
            (Some(ColumnRule::Number(rule)), treatment, different)
        }
    }
}

/// Words in the names of columns that count something else than rows.
const COUNTING: [&str; 16] = [
    "year", "season", "quarter", "month", "week", "day", "date", "time", "hour", "minute", "second",
    "period", "step", "age", "epoch", "lag",
];
/// Names of columns that number rows.
const NUMBERING: [&str; 9] =
    ["id", "index", "rowid", "rownames", "unnamed: 0", "idno", "uid", "caseid", "passengernumber"];

/// Why numbers only number the rows: they are whole and mostly different, and either count up from 0 or 1, or are named so.
fn numbers_rows(name: &str, values: &[f64], training: &[f64]) -> Option<String> {
    let mut present: Vec<f64> = training.iter().copied().filter(|v| !v.is_nan()).collect();
    if present.len() < FEWEST_NAMED || present.iter().any(|v| v.fract() != 0.0) {
        return None;
    }
    let short = name.trim().to_lowercase();
    let is_first = values.first().is_some_and(|first| *first == 0.0 || *first == 1.0);
    let counts_else = short.split(|c: char| !c.is_alphanumeric()).any(|word| COUNTING.contains(&word));
    let counting = is_first && !counts_else && values.windows(2).all(|w| w[1] - w[0] == 1.0);
    let named = NUMBERING.contains(&short.as_str())
        || ["_id", " id", "-id", ".id"].iter().any(|end| short.ends_with(end))
        || name.ends_with("Id")
        || name.ends_with("ID");
    if !counting && !named {
        return None;
    }
    present.sort_unstable_by(f64::total_cmp);
    let all = present.len();
    present.dedup();
    // Of a name alone, a few may come twice.
    let mostly = if counting { present.len() == all } else { present.len() * 10 >= all * 9 };
    mostly.then(|| "an identifier: whole numbers, different in almost every row".to_string())
}

fn date(values: &[f64], form: DateForm, rows: &[usize]) -> Decision {
    let training: Vec<f64> = rows.iter().map(|&r| values[r]).collect();
    let mut parts: Vec<DateNumber> = Vec::new();
    for part in DatePart::ALL {
        let of: Vec<f64> = training.iter().map(|s| part.of(*s)).collect();
        if let Some((mut rule, _)) = NumberRule::fit(&of) {
            // One indicator of a missing date is enough.
            if !parts.is_empty() {
                rule.missing = None;
            }
            if parts.is_empty() || rule.quantiles.knots.len() > 1 {
                parts.push(DateNumber { part, rule });
            }
        }
    }
    if parts.is_empty() {
        return (None, "constant in the training rows".into(), 1);
    }
    let names: Vec<String> = parts.iter().map(|p| format!("{:?}", p.part).to_lowercase()).collect();
    let treatment = format!("date: {}", names.join(", "));
    let mut different = training;
    different.sort_unstable_by(f64::total_cmp);
    different.dedup();
    (Some(ColumnRule::Date { order: form.into(), parts }), treatment, different.len())
}

fn words(codes: &[u32], dictionary: &Dictionary, rows: &[usize]) -> Decision {
    let mut seen = vec![false; dictionary.len()];
    let mut present = 0usize;
    for &row in rows {
        if let Some(seen) = seen.get_mut(codes[row] as usize) {
            *seen = true;
            present += 1;
        }
    }
    let different = seen.iter().filter(|s| **s).count();
    if present >= FEWEST_NAMED && different * 10 >= present * 9 {
        let words: usize = dictionary.texts().map(|t| t.split_whitespace().count()).sum();
        let why = if words >= 4 * dictionary.len() {
            "free text, different in almost every row; --text reads it"
        } else {
            "an identifier: a different word in almost every row"
        };
        return (None, why.into(), different);
    }
    let Some(rule) = CategoryRule::fit(rows.iter().map(|&r| codes[r]), dictionary) else {
        return (None, "constant in the training rows".into(), different);
    };
    let treatment = match rule.buckets {
        0 => "category".to_string(),
        1 => "category, rare ones together".to_string(),
        _ => format!("category, the {} most frequent on their own, others hashed", rule.categories.len()),
    };
    (Some(ColumnRule::Category(rule)), treatment, different)
}

/// One of a column's words, where almost all of them are numbers and some have other signs, but not all in one notation.
fn decorated(dictionary: &Dictionary) -> Option<&str> {
    // Addresses and versions have several points.
    let is_number = |text: &&str| Notation::decorates(text) && text.matches('.').count() < 2;
    let (all, like) = (dictionary.len(), dictionary.texts().filter(is_number).count());
    let plain = dictionary.texts().filter(|t| number(t, false).is_some()).count();
    let is_mixed = all >= 2 && like > 0 && (like + plain) * 10 >= all * 9;
    (is_mixed && Notation::of(dictionary.texts(), false).is_none())
        .then(|| dictionary.texts().find(is_number))?
}
