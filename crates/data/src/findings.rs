use serde::{Deserialize, Serialize};

/// What was found in data, and what is done with them: for people, and for a report's page on the data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// The files.
    pub places: Vec<String>,
    /// What is learned, such as `table-regression`.
    pub kind: String,
    /// What is answered, such as a column's name.
    pub target: String,
    /// Rows of each part.
    pub rows: PartCounts,
    /// The classes with their rows in each part; none where a value is answered.
    pub classes: Vec<ClassCounts>,
    /// What the target's values are like in the training rows, where a value is answered.
    pub values: Option<ValueRange>,
    /// Columns of a table and their treatment.
    pub columns: Vec<ColumnFinding>,
    /// What inputs are like after preprocessing.
    pub inputs: String,
    /// How the parts were cut.
    pub split: String,
    /// What was inferred, with the option that says otherwise.
    pub notes: Vec<String>,
    /// What looks wrong.
    pub warnings: Vec<String>,
}

/// Rows of each part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartCounts {
    /// To learn from.
    pub train: usize,
    /// To judge by during a search.
    pub validation: usize,
    /// For the end.
    pub test: usize,
}

/// A class and its rows in each part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCounts {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: PartCounts,
}

/// What values are like.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValueRange {
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub deviation: f64,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub most: f64,
}

/// A column and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnFinding {
    /// Its name.
    pub name: String,
    /// What becomes of it.
    pub treatment: String,
    /// Training rows without a value.
    pub missing: usize,
    /// Different values in the training rows (of very many rows, in an even sample of them).
    pub different: usize,
}

impl Findings {
    /// All columns, notes and warnings as lines of text.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let PartCounts { train, validation, test } = self.rows;
        let mut lines = vec![
            format!("data        {}", self.places.join(", ")),
            format!("task        {}, target {:?}", self.kind, self.target),
            format!("rows        {train} train, {validation} validation, {test} test"),
            format!("split       {}", self.split),
            format!("inputs      {}", self.inputs),
        ];
        if let Some(v) = self.values {
            let range = format!(
                "values      {} to {}, mean {:.6}, deviation {:.6}",
                v.least, v.most, v.mean, v.deviation
            );
            lines.push(range);
        }
        for class in &self.classes {
            let PartCounts { train, validation, test } = class.rows;
            lines.push(format!(
                "class       {:?}: {train} train, {validation} validation, {test} test",
                class.name
            ));
        }
        for column in &self.columns {
            let missing =
                if column.missing > 0 { format!(", {} missing", column.missing) } else { String::new() };
            lines.push(format!(
                "column      {:?}: {} ({} different{missing})",
                column.name, column.treatment, column.different
            ));
        }
        lines.extend(self.notes.iter().map(|n| format!("note        {n}")));
        lines.extend(self.warnings.iter().map(|w| format!("warning     {w}")));
        lines
    }
}
