use super::category::CategoryRule;
use super::date::DatePart;
use super::notation::Notation;
use super::number::NumberRule;
use crate::DataError;
use crate::read::DateForm;
use crate::table::{Cells, Table, is_missing, listed};
use nascent_core::Features;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How rows of a table become inputs, laid out as [`Features::Table`] says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableInputs {
    /// Whether the file had a header; where it had none, columns are found by their place.
    pub header: bool,
    /// All columns of the file, the target and unused ones among them, in its order.
    pub names: Vec<String>,
    /// Cells that stand for a missing value, besides the usual ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The columns that are inputs.
    pub columns: Vec<ColumnInput>,
}

/// A column that is an input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnInput {
    /// Its name.
    pub name: String,
    /// What becomes of it.
    pub rule: ColumnRule,
}

/// What becomes of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnRule {
    /// A number, and a category where few values occur.
    Number(NumberRule),
    /// Several numbers, such as year and weekday.
    Date {
        /// How dates are written.
        order: DateOrder,
        /// The numbers that vary.
        parts: Vec<DateNumber>,
    },
    /// A category.
    Category(CategoryRule),
}

/// One number of a date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateNumber {
    /// Which.
    pub part: DatePart,
    /// What becomes of it.
    pub rule: NumberRule,
}

/// How dates of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// Year, month, day.
    YearFirst,
    /// Day, month, year.
    DayFirst,
    /// Month, day, year.
    MonthFirst,
}

impl From<DateOrder> for DateForm {
    fn from(order: DateOrder) -> Self {
        match order {
            DateOrder::YearFirst => Self::Ymd,
            DateOrder::DayFirst => Self::Dmy,
            DateOrder::MonthFirst => Self::Mdy,
        }
    }
}

impl From<DateForm> for DateOrder {
    fn from(form: DateForm) -> Self {
        match form {
            DateForm::Ymd => Self::YearFirst,
            DateForm::Dmy => Self::DayFirst,
            DateForm::Mdy => Self::MonthFirst,
        }
    }
}

/// Rows that are written together, so that a column's values and their places in the inputs stay near.
const BLOCK: usize = 1024;
/// The most columns of numbers that are categories too.
const MOST_LEVEL_COLUMNS: usize = 32;

/// One run over the rows of a column, to one place of the inputs.
enum Writer<'a> {
    Number {
        rule: &'a NumberRule,
        values: Cow<'a, [f64]>,
        part: Option<DatePart>,
        number: usize,
        code: Option<usize>,
    },
    Codes {
        rule: &'a CategoryRule,
        codes: &'a [u32],
        map: Vec<u32>,
        code: usize,
    },
    Words {
        rule: &'a CategoryRule,
        words: &'a [f64],
        code: usize,
    },
}

impl TableInputs {
    /// Where very many columns of numbers have few values, as pixels and counts do, none of them is a category too: their
    /// codes would outweigh the columns that are categories.
    pub(crate) fn limit_levels(&mut self) {
        let mut rules: Vec<&mut NumberRule> = Vec::new();
        for column in &mut self.columns {
            match &mut column.rule {
                ColumnRule::Number(rule) => rules.push(rule),
                ColumnRule::Date { parts, .. } => rules.extend(parts.iter_mut().map(|p| &mut p.rule)),
                ColumnRule::Category(_) => {}
            }
        }
        if rules.iter().filter(|r| !r.levels.is_empty()).count() > MOST_LEVEL_COLUMNS {
            rules.iter_mut().for_each(|r| r.levels.clear());
        }
    }

    /// Gives every column its range of codes.
    pub(crate) fn number_codes(&mut self) {
        let mut next = 1;
        for column in &mut self.columns {
            match &mut column.rule {
                ColumnRule::Number(rule) => {
                    rule.first_code = next;
                    next += rule.levels.len();
                }
                ColumnRule::Date { parts, .. } => {
                    for part in parts {
                        part.rule.first_code = next;
                        next += part.rule.levels.len();
                    }
                }
                ColumnRule::Category(rule) => {
                    rule.first_code = next;
                    next += rule.codes();
                }
            }
        }
    }

    fn number_rules(&self) -> impl Iterator<Item = &NumberRule> {
        self.columns.iter().flat_map(|c| match &c.rule {
            ColumnRule::Number(rule) => vec![rule],
            ColumnRule::Date { parts, .. } => parts.iter().map(|p| &p.rule).collect(),
            ColumnRule::Category(_) => Vec::new(),
        })
    }

    /// What its numbers mean.
    #[must_use]
    pub fn features(&self) -> Features {
        let categories = self.columns.iter().filter_map(|c| match &c.rule {
            ColumnRule::Category(rule) => Some(rule.codes()),
            _ => None,
        });
        let (own, codes): (usize, usize) = categories.fold((0, 0), |(n, sum), codes| (n + 1, sum + codes));
        let levels = self.number_rules().map(|r| r.levels.len()).filter(|n| *n > 0);
        let (more, more_codes) = levels.fold((0, 0), |(n, sum), codes| (n + 1, sum + codes));
        let numbers = self.number_rules().map(NumberRule::numbers).sum();
        Features::Table { numbers, categories: own + more, codes: 1 + codes + more_codes }
    }

    /// The columns that must be read as words, whatever their cells look like.
    pub(crate) fn words(&self) -> Vec<String> {
        let words = |c: &&ColumnInput| match &c.rule {
            ColumnRule::Number(rule) => rule.notation.is_some(),
            ColumnRule::Date { .. } | ColumnRule::Category(_) => true,
        };
        self.columns.iter().filter(words).map(|c| c.name.clone()).collect()
    }

    /// What is worth saying of rows to answer: categories and gaps that training had not.
    pub(crate) fn remarks(&self, table: &Table) -> Vec<String> {
        let mut remarks = Vec::new();
        for column in &self.columns {
            let Some(at) = table.position(&column.name) else { continue };
            let cells = &table.columns[at].cells;
            let missing = cells.missing();
            let gaps = match &column.rule {
                ColumnRule::Number(rule) => rule.missing.is_some(),
                ColumnRule::Date { parts, .. } => parts.first().is_some_and(|p| p.rule.missing.is_some()),
                ColumnRule::Category(rule) => rule.missing,
            };
            if missing > 0 && !gaps {
                remarks.push(format!(
                    "column {:?} is missing in {missing} rows, as in no training row",
                    column.name
                ));
            }
            if let (ColumnRule::Category(rule), Cells::Words { codes, dictionary }) = (&column.rule, cells) {
                let own: Vec<bool> = dictionary.texts().map(|t| rule.is_own(t)).collect();
                let mut strange = codes.iter().filter(|c| own.get(**c as usize) == Some(&false)).peekable();
                if let Some(first) = strange.peek() {
                    let first = dictionary.text(**first).to_string();
                    let count = strange.count();
                    remarks.push(format!("column {:?} has {count} cells that were rare or unknown in training, such as {first:?}", column.name));
                }
            }
        }
        remarks
    }

    /// The inputs of all rows of a table with the same columns; others are ignored.
    ///
    /// # Errors
    /// Where a column is missing, or a cell is not what the column's rule takes.
    pub(crate) fn apply(&self, table: &Table) -> Result<Vec<f32>, DataError> {
        let Features::Table { numbers, categories, .. } = self.features() else { return Ok(Vec::new()) };
        let width = 2 * numbers + categories;
        let writers = self.writers(table, numbers)?;
        let mut inputs = vec![0.0; table.rows() * width];
        for (i, block) in inputs.chunks_mut(BLOCK * width.max(1)).enumerate() {
            for writer in &writers {
                writer.write(i * BLOCK, block, width, numbers);
            }
        }
        Ok(inputs)
    }

    fn writers<'a>(&'a self, table: &'a Table, numbers: usize) -> Result<Vec<Writer<'a>>, DataError> {
        let (mut number, mut code) = (0, 2 * numbers);
        let mut writers = Vec::new();
        let mut number_writer = |rule: &'a NumberRule, values: Cow<'a, [f64]>, part, code: &mut usize| {
            let level = (!rule.levels.is_empty()).then_some(*code);
            *code += usize::from(level.is_some());
            writers.push(Writer::Number { rule, values, part, number, code: level });
            number += rule.numbers();
        };
        let mut later = Vec::new();
        for column in &self.columns {
            let cells = self.cells(table, &column.name)?;
            match &column.rule {
                ColumnRule::Number(rule) => {
                    let plain = |cell: &str| {
                        let comma =
                            || crate::table::number(cell, table.decimal_comma).filter(|v| v.is_finite());
                        Notation::default().parse(cell).or_else(comma)
                    };
                    let parse = |cell: &str| rule.notation.map_or_else(|| plain(cell), |n| n.parse(cell));
                    let values = self.values(table, column, cells, "a number", parse)?;
                    number_writer(rule, values, None, &mut code);
                }
                ColumnRule::Date { order, parts } => {
                    let form = DateForm::from(*order);
                    let values =
                        self.values(table, column, cells, "a date like those it was trained on", |c| {
                            form.parse(c)
                        })?;
                    for part in parts {
                        number_writer(&part.rule, values.clone(), Some(part.part), &mut code);
                    }
                }
                ColumnRule::Category(rule) => {
                    later.push(match cells {
                        Cells::Words { codes, dictionary } => {
                            Writer::Codes { rule, codes, map: rule.map(dictionary), code }
                        }
                        Cells::Numbers(words) | Cells::Dates(words) => Writer::Words { rule, words, code },
                    });
                    code += 1;
                }
            }
        }
        writers.extend(later);
        Ok(writers)
    }

    /// The cells of a column of this name, or where there are no names, at its place.
    fn cells<'t>(&self, table: &'t Table, name: &str) -> Result<&'t Cells, DataError> {
        let at = table.position(name).ok_or_else(|| {
            let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
            let reason = format!(
                "has no column {name:?}, which the model needs; it has: {}. Add the column, or train without it (--ignore {name})",
                listed(&names)
            );
            DataError::file(&table.place, reason)
        })?;
        Ok(&table.columns[at].cells)
    }

    /// A column's values, from words where its cells were read as such.
    fn values<'t>(
        &self,
        table: &Table,
        column: &ColumnInput,
        cells: &'t Cells,
        what: &str,
        parse: impl Fn(&str) -> Option<f64>,
    ) -> Result<Cow<'t, [f64]>, DataError> {
        let (codes, dictionary) = match (cells, &column.rule) {
            (Cells::Dates(values), ColumnRule::Date { .. })
            | (Cells::Numbers(values), ColumnRule::Number(_)) => {
                return Ok(Cow::Borrowed(values));
            }
            (Cells::Numbers(values) | Cells::Dates(values), _) => {
                return match values.iter().position(|v| !v.is_nan()) {
                    None => Ok(Cow::Borrowed(values)),
                    Some(row) => Err(unlike(table, row, &cells.word(row), &column.name, what)),
                };
            }
            (Cells::Words { codes, dictionary }, _) => (codes, dictionary),
        };
        let values: Vec<Option<f64>> = dictionary
            .texts()
            .map(|text| if is_missing(text, &self.missing) { Some(f64::NAN) } else { parse(text) })
            .collect();
        let value = |(row, code): (usize, &u32)| match values.get(*code as usize) {
            None => Ok(f64::NAN),
            Some(Some(value)) => Ok(*value),
            Some(None) => Err(unlike(table, row, dictionary.text(*code), &column.name, what)),
        };
        codes.iter().enumerate().map(value).collect::<Result<Vec<f64>, _>>().map(Cow::Owned)
    }

    pub(crate) fn valid(&self) -> bool {
        let Features::Table { codes, .. } = self.features() else { return false };
        self.number_rules().all(|r| r.valid() && r.first_code + r.levels.len() <= codes)
            && self.columns.iter().all(|c| match &c.rule {
                ColumnRule::Category(rule) => rule.valid() && rule.first_code + rule.codes() <= codes,
                _ => true,
            })
    }
}

fn unlike(table: &Table, row: usize, cell: &str, column: &str, what: &str) -> DataError {
    let reason = format!(
        "{cell:?} in column {column:?} is not {what}, as the training rows have: correct it, or leave it empty for a missing value"
    );
    DataError::line(&table.place, table.lines.get(row).copied().unwrap_or(0) as usize, reason)
}

impl Writer<'_> {
    /// Writes the rows from `start` on into a block of inputs.
    fn write(&self, start: usize, block: &mut [f32], width: usize, numbers: usize) {
        let rows = block.chunks_exact_mut(width);
        match self {
            Self::Number { rule, values, part, number, code } => {
                for (row, &value) in rows.zip(&values[start..]) {
                    let value = part.map_or(value, |p| p.of(value));
                    [row[*number], row[numbers + *number]] = rule.number(value);
                    if rule.missing.is_some() {
                        [row[*number + 1], row[numbers + *number + 1]] = rule.indicator(value);
                    }
                    if let Some(code) = code {
                        row[*code] = rule.level(value) as f32;
                    }
                }
            }
            Self::Codes { rule, codes, map, code } => {
                rows.zip(&codes[start..]).for_each(|(row, c)| row[*code] = rule.of_row(map, *c) as f32);
            }
            Self::Words { rule, words, code } => {
                for (row, value) in rows.zip(&words[start..]) {
                    let found =
                        if value.is_nan() { rule.missing_code() } else { rule.code(&value.to_string()) };
                    row[*code] = found as f32;
                }
            }
        }
    }
}
