//! A benchmark table: networks that somebody has trained already, and what came of them.

mod codec;
mod file;
pub(crate) mod lookup;
mod space;

pub use codec::Precision;
pub use file::about;
pub use space::{ColumnDescription, SpaceDescription};

use crate::error::BenchError;
use lookup::Lookup;
use nascent_core::objective::Direction;
use nascent_core::{Decisions, Space, nearest};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a table is and where it comes from; it travels in the file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// The table's name, which is also its file's.
    pub name: String,
    /// What it holds, in one line.
    pub title: String,
    /// Where the numbers are from: papers, people, projects.
    pub source: String,
    /// Under which licence.
    pub licence: String,
    /// What a reader must know besides, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The column that is searched where nothing else is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<String>,
    /// The column by which what was found is judged, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<String>,
    /// The column of seconds that a trial takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<String>,
    /// The column that is equal for rows of one computation, for deduplication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

/// A column of numbers, one a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The type in which its values came.
    pub precision: Precision,
    /// Which way is better, where it is a metric and that is known.
    pub direction: Option<Direction>,
    /// Its values; `NaN` where there is none.
    pub values: Vec<f64>,
}

/// A benchmark table in memory.
pub struct Table {
    about: About,
    description: SpaceDescription,
    columns: Vec<Column>,
    rows: usize,
    joined: Vec<About>,
    space: Arc<dyn Space>,
    lookup: Lookup,
}

impl Table {
    /// A table of these columns, whose decisions are read as `description` says.
    ///
    /// # Errors
    /// Where columns differ in length, a column of decisions is missing, or the rows make no space.
    pub fn new(
        about: About,
        description: SpaceDescription,
        columns: Vec<Column>,
    ) -> Result<Self, BenchError> {
        let rows = columns.first().map_or(0, |c| c.values.len());
        if let Some(short) = columns.iter().find(|c| c.values.len() != rows) {
            return Err(BenchError::Input(format!(
                "table {}: column {:?} has {} rows where the first has {rows}",
                about.name,
                short.name,
                short.values.len()
            )));
        }
        if rows == 0 || rows >= 1 << 31 {
            return Err(BenchError::Input(format!(
                "table {} has {rows} rows: 1 to 2147483647 are allowed",
                about.name
            )));
        }
        let (space, lookup) = description.build(&about.name, &columns)?;
        Ok(Self { about, description, columns, rows, joined: Vec::new(), space, lookup })
    }

    /// What it is and where it comes from.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// What is known of every table that this one is made of.
    pub fn sources(&self) -> impl Iterator<Item = &About> {
        std::iter::once(&self.about).chain(&self.joined)
    }

    /// Its name; several joined by `+` where it is made of several.
    #[must_use]
    pub fn full_name(&self) -> String {
        self.sources().map(|about| about.name.as_str()).collect::<Vec<_>>().join("+")
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The space whose members are looked up.
    #[must_use]
    pub fn space(&self) -> &Arc<dyn Space> {
        &self.space
    }

    /// All columns, those of decisions included.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The columns that hold decisions.
    #[must_use]
    pub fn decision_columns(&self) -> Vec<&str> {
        self.description.columns()
    }

    /// The networks, a row each.
    ///
    /// # Errors
    /// Where the columns of decisions describe no member of the space.
    pub fn members(&self) -> Result<Vec<Decisions>, BenchError> {
        let members = self.description.members(&*self.space, &self.columns)?;
        Ok(members.into_iter().map(|member| member.decisions).collect())
    }

    /// The row of a network; `None` where the table does not have it.
    #[must_use]
    pub fn row(&self, decisions: &Decisions) -> Option<u32> {
        self.lookup.row(decisions)
    }

    /// A column by its name.
    ///
    /// # Errors
    /// Where there is none; the error names the nearest.
    pub fn column(&self, name: &str) -> Result<&Column, BenchError> {
        self.columns.iter().find(|c| c.name == name).ok_or_else(|| {
            let decisions = self.decision_columns();
            let known = self.columns.iter().map(|c| c.name.as_str()).filter(|n| !decisions.contains(n));
            BenchError::Column {
                table: self.about.name.clone(),
                column: name.into(),
                nearest: nearest(name, known.clone()),
                known: known.map(Into::into).collect(),
            }
        })
    }

    /// The same table with the columns of another that holds the same networks.
    ///
    /// # Errors
    /// Where the other lacks a network, or both are of different spaces.
    pub fn join(mut self, other: &Self) -> Result<Self, BenchError> {
        let fail = |reason: String| {
            BenchError::Input(format!(
                "tables {} and {} cannot be joined: {reason}",
                self.about.name, other.about.name
            ))
        };
        let mut places = Vec::with_capacity(self.rows);
        for (row, decisions) in self.members()?.iter().enumerate() {
            let place = other.row(decisions);
            places.push(
                place.ok_or_else(|| fail(format!("the second lacks the network of row {row}")))? as usize
            );
        }
        for column in &other.columns {
            if self.columns.iter().any(|c| c.name == column.name) {
                continue;
            }
            let values = places.iter().map(|&place| column.values[place]).collect();
            self.columns.push(Column { values, ..column.clone() });
        }
        self.joined.extend(other.sources().cloned());
        Ok(self)
    }

    /// For each row the first row of the same computation, where the table knows.
    ///
    /// # Errors
    /// Where the table does not say which rows are the same computation.
    pub fn classes(&self) -> Result<Vec<u32>, BenchError> {
        if let Lookup::Cells(_) = self.lookup {
            return Ok((0..self.rows as u32).collect());
        }
        let Some(class) = &self.about.class else {
            return Err(BenchError::Input(format!(
                "table {} does not say which rows are the same computation, so equal ones cannot be counted once; \
                 leave deduplication out",
                self.about.name
            )));
        };
        Ok(self.column(class)?.values.iter().map(|v| *v as u32).collect())
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table({}, {} rows, {} columns)", self.about.name, self.rows, self.columns.len())
    }
}
