//! A table whose columns may still be in their file.

use super::settle::{Around, settle, settle_like};
use crate::DataError;
use crate::preprocessing::TableInputs;
use crate::read::ParquetColumns;
use crate::table::{Cells, Column, Dictionary, Table};
use std::borrow::Cow;
use std::ops::Deref;

/// A table: all of it, or one that memory is not to hold. Of the latter the columns have their names and types, and cells
/// only where [`hold`](Self::hold) was asked for; the others are read from the file where they are asked for.
pub(super) struct Sheet {
    table: Table,
    file: Option<InFile>,
}

/// What becomes of columns that are read from a file.
struct InFile {
    columns: ParquetColumns,
    settled: Settled,
    /// The rows that are not left out.
    keep: Option<Vec<bool>>,
    /// The columns whose cells are here.
    held: Vec<usize>,
}

/// What was made of columns whose words may be numbers or dates after all.
enum Settled {
    /// Nothing yet.
    Not,
    /// What they look like, but for these, which are left alone.
    But(Vec<String>),
    /// What these are, those of the training table.
    Like(Vec<Column>),
}

impl From<Table> for Sheet {
    fn from(table: Table) -> Self {
        Self { table, file: None }
    }
}

impl Deref for Sheet {
    type Target = Table;

    fn deref(&self) -> &Table {
        &self.table
    }
}

impl Sheet {
    pub(super) fn in_file(columns: ParquetColumns) -> Result<Self, DataError> {
        let table = columns.empty()?;
        let file = InFile { columns, settled: Settled::Not, keep: None, held: Vec::new() };
        Ok(Self { table, file: Some(file) })
    }

    /// A column with its cells.
    pub(super) fn column(&self, at: usize) -> Result<Cow<'_, Column>, DataError> {
        match &self.file {
            Some(file) if !file.held.contains(&at) => file.column(at, &self.table).map(Cow::Owned),
            _ => Ok(Cow::Borrowed(&self.table.columns[at])),
        }
    }

    /// Keeps the cells of a column here.
    pub(super) fn hold(&mut self, at: usize) -> Result<(), DataError> {
        if let Some(file) = self.file.as_mut().filter(|file| !file.held.contains(&at)) {
            self.table.columns[at] = file.column(at, &self.table)?;
            file.held.push(at);
        }
        Ok(())
    }

    /// Turns columns of words into what they are after all ([`settle`]).
    pub(super) fn settle(
        &mut self,
        alone: &[String],
        missing: &mut Vec<String>,
        warnings: &mut Vec<String>,
    ) -> Result<(), DataError> {
        let Table { place, lines, columns, decimal_comma, .. } = &mut self.table;
        let around = Around { place, lines, decimal_comma: *decimal_comma };
        for (at, column) in columns.iter_mut().enumerate() {
            match &self.file {
                None => settle(column, around, alone, missing, warnings)?,
                Some(file) if matches!(column.cells, Cells::Words { .. }) => {
                    *column = file.columns.column(at)?;
                    settle(column, around, alone, missing, warnings)?;
                    *column = without_cells(column);
                }
                Some(_) => {}
            }
        }
        if let Some(file) = &mut self.file {
            file.settled = Settled::But(alone.to_vec());
        }
        Ok(())
    }

    /// Turns columns of a test table into what those of the training table turned out to be ([`settle_like`]).
    pub(super) fn settle_like(&mut self, training: &Table) {
        match &mut self.file {
            None => self.table.columns.iter_mut().for_each(|column| like(column, &training.columns)),
            Some(file) => file.settled = Settled::Like(training.columns.iter().map(without_cells).collect()),
        }
    }

    /// Leaves only the rows whose flag is set.
    pub(super) fn keep(&mut self, keep: Vec<bool>) {
        self.table.keep(&keep);
        if let Some(file) = &mut self.file {
            file.keep = Some(keep);
        }
    }

    /// All of it.
    pub(super) fn all(mut self) -> Result<Table, DataError> {
        (0..self.table.columns.len()).try_for_each(|at| self.hold(at))?;
        Ok(self.table)
    }

    /// Hands over the inputs of all rows: at once where the table is here, some rows at a time where it is in a file.
    pub(super) fn apply(
        &self,
        inputs: &TableInputs,
        take: &mut dyn FnMut(Vec<f32>) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let Some(file) = &self.file else { return take(inputs.apply(&self.table)?) };
        let used: Vec<usize> = inputs.columns.iter().filter_map(|c| self.table.position(&c.name)).collect();
        let mut from = 0;
        file.columns.blocks(&used, &mut |mut block| {
            let rows = block.rows();
            if let Some(keep) = &file.keep {
                block.keep(&keep[from..from + rows]);
            }
            from += rows;
            take(inputs.apply(&block)?)
        })
    }
}

impl InFile {
    fn column(&self, at: usize, table: &Table) -> Result<Column, DataError> {
        let mut column = self.columns.column(at)?;
        match &self.settled {
            Settled::Not => {}
            Settled::But(alone) => {
                let around = Around { place: &table.place, lines: &[], decimal_comma: table.decimal_comma };
                // What there is to be said was said.
                settle(&mut column, around, alone, &mut Vec::new(), &mut Vec::new())?;
            }
            Settled::Like(training) => like(&mut column, training),
        }
        if let Some(keep) = &self.keep {
            column.cells.keep(keep);
        }
        Ok(column)
    }
}

/// The column of the same name tells what a column is.
fn like(column: &mut Column, training: &[Column]) {
    if let Some(training) = training.iter().find(|training| training.name == column.name) {
        settle_like(column, training);
    }
}

fn without_cells(column: &Column) -> Column {
    let cells = match &column.cells {
        Cells::Numbers(_) => Cells::Numbers(Vec::new()),
        Cells::Dates(_) => Cells::Dates(Vec::new()),
        Cells::Words { .. } => Cells::Words { codes: Vec::new(), dictionary: Dictionary::default() },
    };
    Column { name: column.name.clone(), cells, ..*column }
}
