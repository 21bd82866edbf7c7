//! A table whose columns may still be in their file.

use super::settle;
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
    /// Columns whose words may be numbers or dates after all, and those that are to be left alone; nothing before they are
    /// settled.
    alone: Option<Vec<String>>,
    /// The rows that are not left out.
    keep: Option<Vec<bool>>,
    /// The columns whose cells are here.
    held: Vec<usize>,
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
        let file = InFile { columns, alone: None, keep: None, held: Vec::new() };
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

    /// Turns columns of words into what they are after all ([`settle::settle`]).
    pub(super) fn settle(
        &mut self,
        alone: &[String],
        missing: &mut Vec<String>,
        warnings: &mut Vec<String>,
    ) -> Result<(), DataError> {
        let Table { place, lines, columns, .. } = &mut self.table;
        for (at, column) in columns.iter_mut().enumerate() {
            match &self.file {
                None => settle::settle(column, (place, lines), alone, missing, warnings)?,
                Some(file) if matches!(column.cells, Cells::Words { .. }) => {
                    *column = file.columns.column(at)?;
                    settle::settle(column, (place, lines), alone, missing, warnings)?;
                    column.cells = without_cells(&column.cells);
                }
                Some(_) => {}
            }
        }
        if let Some(file) = &mut self.file {
            file.alone = Some(alone.to_vec());
        }
        Ok(())
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
        if let Some(alone) = &self.alone {
            // What there is to be said was said.
            settle::settle(&mut column, (&table.place, &[]), alone, &mut Vec::new(), &mut Vec::new())?;
        }
        if let Some(keep) = &self.keep {
            column.cells.keep(keep);
        }
        Ok(column)
    }
}

fn without_cells(cells: &Cells) -> Cells {
    match cells {
        Cells::Numbers(_) => Cells::Numbers(Vec::new()),
        Cells::Dates(_) => Cells::Dates(Vec::new()),
        Cells::Words { .. } => Cells::Words { codes: Vec::new(), dictionary: Dictionary::default() },
    }
}
