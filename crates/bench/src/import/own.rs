//! How a user's own table is imported: a description says which columns are decisions.

use super::source::{RawColumn, RawValues};
use crate::error::BenchError;
use crate::table::{About, Column, ColumnDescription, Precision, SpaceDescription, Table};
use nascent_core::nearest;
use nascent_core::objective::Direction;
use nascent_core::question::Scale;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;

/// A table as users describe it in TOML.
///
/// ```toml
/// name = "mine"
/// source = "trained by us in 2026"
/// licence = "CC-BY-4.0"
/// objective = "val_accuracy"           # what is searched where nothing else is said
/// score = "test_accuracy"              # what the best is judged by; the objective unless given
/// seconds = "train_s"                  # what a trial takes, for a simulated clock
///
/// [[decision]]                         # in the order in which questions are asked
/// column = "depth"
/// scale = "ordered"                    # or "categorical", the default
///
/// [[decision]]
/// column = "op"
/// options = ["conv", "pool", "skip"]   # their order, or names for the numbers 0, 1, 2; what the column holds unless given
///
/// [[metric]]                           # every column of numbers that is no decision is a metric; more is better
/// column = "train_s"
/// direction = "minimize"
/// ```
///
/// With `space = "nb201"` or `space = "nb101"` and the columns of the published tables, the networks are those of that
/// space and need no `[[decision]]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableFile {
    /// The table's name; left out, that of its file.
    name: Option<String>,
    /// What it holds, in one line.
    #[serde(default)]
    title: String,
    /// Where the numbers are from.
    #[serde(default)]
    source: String,
    /// Under which licence.
    #[serde(default)]
    licence: String,
    /// What a reader must know besides.
    #[serde(default)]
    notes: Vec<String>,
    /// How rows are networks: `columns` (its own decisions), `nb201` or `nb101` (the columns of the published tables).
    #[serde(default = "columns")]
    space: String,
    /// The column that is searched where nothing else is said.
    objective: Option<String>,
    /// The column that the best is judged by; left out, the objective.
    score: Option<String>,
    /// The column that holds what a trial takes, for a simulated clock.
    seconds: Option<String>,
    /// The column in which rows of one computation have the same number.
    class: Option<String>,
    /// The columns that are decisions, in the order in which questions are asked.
    #[serde(default, rename = "decision")]
    decisions: Vec<DecisionEntry>,
    /// What there is to say of columns of numbers that are no decisions.
    #[serde(default, rename = "metric")]
    metrics: Vec<MetricEntry>,
}

fn columns() -> String {
    "columns".into()
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DecisionEntry {
    /// The column.
    column: String,
    /// The place of the question, such as `edge[0]`; left out, the column's name.
    question: Option<String>,
    /// Whether its options are kinds, or sizes from small to large.
    #[serde(default = "categorical")]
    #[schemars(with = "String", extend("enum" = ["categorical", "ordered"]))]
    scale: Scale,
    /// Their order, or names for the numbers 0, 1, 2; left out, what the column holds.
    #[schemars(with = "Option<Vec<Label>>")]
    options: Option<Vec<toml::Value>>,
}

/// An option as it is written.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
enum Label {
    Text(String),
    Number(f64),
}

fn categorical() -> Scale {
    Scale::Categorical
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MetricEntry {
    /// The column.
    column: String,
    /// Which way is better; left out, more.
    #[schemars(with = "String", extend("enum" = ["maximize", "minimize"]))]
    direction: Direction,
}

impl TableFile {
    /// Reads a description.
    ///
    /// # Errors
    /// Where it is not TOML, or not of this form; the error shows the place.
    pub fn parse(text: &str) -> Result<Self, BenchError> {
        toml::from_str(text).map_err(|e| BenchError::Input(format!("the description of the table: {e}")))
    }

    /// The table that these columns make; `name` is its name where the description has none.
    ///
    /// # Errors
    /// Where a column is missing, holds what it may not, or the rows make no space.
    pub(super) fn build(self, name: &str, raw: Vec<RawColumn>) -> Result<Table, BenchError> {
        let about = About {
            name: self.name.clone().unwrap_or_else(|| name.into()),
            title: self.title.clone(),
            source: self.source.clone(),
            licence: self.licence.clone(),
            notes: self.notes.clone(),
            objective: self.objective.clone(),
            score: self.score.clone(),
            seconds: self.seconds.clone(),
            class: self.class.clone(),
        };
        check_name(&about.name)?;
        let (space, mut columns) = self.decisions(&raw)?;
        let asked: BTreeSet<String> = columns.iter().map(|c| c.name.clone()).collect();
        for column in raw.into_iter().filter(|c| !asked.contains(&c.name)) {
            if let RawValues::Numbers(values, precision) = column.values {
                let entry = self.metrics.iter().find(|m| m.column == column.name);
                let direction = Some(entry.map_or(Direction::Maximize, |m| m.direction));
                columns.push(Column { name: column.name, precision, direction, values });
            }
        }
        let table = Table::new(about, space, columns)?;
        let about = table.about();
        let named = [&about.objective, &about.score, &about.seconds, &about.class];
        for column in named.into_iter().flatten().chain(self.metrics.iter().map(|m| &m.column)) {
            table.column(column)?;
        }
        Ok(table)
    }

    /// How decisions are read, and the columns they are in.
    fn decisions(&self, raw: &[RawColumn]) -> Result<(SpaceDescription, Vec<Column>), BenchError> {
        let published: &[&str] = match self.space.as_str() {
            "columns" => return self.questions(raw),
            "nb201" => &["op_01", "op_02", "op_12", "op_03", "op_13", "op_23"],
            "nb101" => &["n_vertices", "adj_bits", "ops"],
            other => {
                return Err(BenchError::Input(format!(
                    "space = {other:?}: a table is of space \"columns\" (its own decisions), \"nb201\" or \"nb101\""
                )));
            }
        };
        if let Some(entry) = self.decisions.first() {
            return Err(BenchError::Input(format!(
                "column {:?} is described as a decision, but space {:?} reads its own columns: {}",
                entry.column,
                self.space,
                published.join(", ")
            )));
        }
        let names = published.iter().map(ToString::to_string).collect();
        let columns = published
            .iter()
            .map(|name| match &find(raw, name)?.values {
                RawValues::Numbers(values, precision) => Ok(Column {
                    name: name.to_string(),
                    precision: *precision,
                    direction: None,
                    values: values.clone(),
                }),
                RawValues::Text(_) => Err(BenchError::Input(format!("column {name:?} must hold numbers"))),
            })
            .collect::<Result<_, _>>()?;
        let space = match self.space.as_str() {
            "nb201" => SpaceDescription::Nb201 { columns: names },
            _ => SpaceDescription::Nb101 { columns: names },
        };
        Ok((space, columns))
    }

    fn questions(&self, raw: &[RawColumn]) -> Result<(SpaceDescription, Vec<Column>), BenchError> {
        if self.decisions.is_empty() {
            let names: Vec<&str> = raw.iter().map(|c| c.name.as_str()).collect();
            return Err(BenchError::Input(format!(
                "the description needs a [[decision]] for each column that is one; the file has: {}",
                names.join(", ")
            )));
        }
        let (mut questions, mut columns) = (Vec::new(), Vec::new());
        for entry in &self.decisions {
            let (options, values) = entry.read(find(raw, &entry.column)?)?;
            questions.push(ColumnDescription {
                column: entry.column.clone(),
                path: entry.question.clone().unwrap_or_else(|| entry.column.clone()),
                scale: entry.scale,
                options,
            });
            columns.push(Column {
                name: entry.column.clone(),
                precision: Precision::Whole,
                direction: None,
                values,
            });
        }
        Ok((SpaceDescription::Columns { questions }, columns))
    }
}

/// A name that can be a file's.
fn check_name(name: &str) -> Result<(), BenchError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if !name.is_empty() && name.len() <= 64 && name.chars().all(allowed) && !name.starts_with('.') {
        return Ok(());
    }
    Err(BenchError::Input(format!(
        "a table cannot be named {name:?}: 1 to 64 letters, digits, '_', '-' and '.' are allowed"
    )))
}

fn find<'r>(raw: &'r [RawColumn], name: &str) -> Result<&'r RawColumn, BenchError> {
    raw.iter().find(|c| c.name == name).ok_or_else(|| BenchError::Column {
        table: "to import".into(),
        column: name.into(),
        nearest: nearest(name, raw.iter().map(|c| c.name.as_str())),
        known: raw.iter().map(|c| c.name.clone()).collect(),
    })
}

impl DecisionEntry {
    /// The options' labels, and for each row the number of its option.
    fn read(&self, column: &RawColumn) -> Result<(Vec<String>, Vec<f64>), BenchError> {
        let cells: Vec<Option<String>> = match &column.values {
            RawValues::Text(cells) => cells.clone(),
            RawValues::Numbers(values, _) => {
                values.iter().map(|v| (!v.is_nan()).then(|| v.to_string())).collect()
            }
        };
        let given: Option<Vec<String>> =
            self.options.as_ref().map(|options| options.iter().map(label).collect());
        let found = distinct(&cells);
        let options = given.unwrap_or(found);
        // Names for the numbers from 0 on, where the column holds numbers and the names are none of them.
        let are_names = matches!(column.values, RawValues::Numbers(..))
            && !cells.iter().flatten().any(|c| options.contains(c));
        let place = |cell: &String| {
            let by_number = || cell.parse::<usize>().ok().filter(|n| are_names && *n < options.len());
            options.iter().position(|o| o == cell).or_else(by_number)
        };
        let mut values = Vec::with_capacity(cells.len());
        for (row, cell) in cells.iter().enumerate() {
            values.push(match cell {
                None => f64::NAN,
                Some(cell) => place(cell).map(|p| p as f64).ok_or_else(|| {
                    BenchError::Input(format!(
                        "row {row} of column {:?} holds {cell:?}, which is none of its options: {}",
                        self.column,
                        options.join(", ")
                    ))
                })?,
            });
        }
        Ok((options, values))
    }
}

fn label(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The different values, numbers by size and text by letters.
fn distinct(cells: &[Option<String>]) -> Vec<String> {
    let mut found: Vec<String> =
        cells.iter().flatten().collect::<BTreeSet<_>>().into_iter().cloned().collect();
    let number = |text: &String| text.parse::<f64>().ok();
    if found.iter().all(|f| number(f).is_some()) {
        found.sort_by(|a, b| number(a).unwrap_or(0.0).total_cmp(&number(b).unwrap_or(0.0)));
    }
    found
}
