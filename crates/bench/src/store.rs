//! Where tables are found: in a folder, or in the program itself.

use crate::error::BenchError;
use crate::protocol::{Listed, Protocol, load};
use crate::table::{About, Table, about};
use nascent_core::nearest;
use std::path::{Path, PathBuf};

/// The table that is always there; its licence and source are in THIRD_PARTY.md and in the file.
const NASBENCH201: &[u8] = include_bytes!("../assets/nasbench201.table");

/// The tables of a folder, and those that the program brings along.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// A table as it is listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// What it is.
    pub about: About,
    /// Its file; nothing for one that is part of the program.
    pub path: Option<PathBuf>,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Size in bytes.
    pub bytes: u64,
}

impl Store {
    /// The tables in `folder`, which need not exist, and those of the program.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Where a table of this name is kept.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.table"))
    }

    /// A table by its name; `None` where there is none.
    ///
    /// # Errors
    /// Where its file cannot be read or was altered.
    pub fn find(&self, name: &str) -> Result<Option<Table>, BenchError> {
        let path = self.path(name);
        if path.exists() {
            return Table::read(&path).map(Some);
        }
        match name {
            "nasbench201" => Table::from_bytes(NASBENCH201, Path::new("the table in the program")).map(Some),
            _ => Ok(None),
        }
    }

    /// A table by its name or its file.
    ///
    /// # Errors
    /// Where there is none; the error names the nearest of tables and protocols.
    pub fn table(&self, text: &str) -> Result<Table, BenchError> {
        let path = Path::new(text);
        if path.is_file() || text.ends_with(".table") {
            return Table::read(path);
        }
        if let Some(table) = self.find(text)? {
            return Ok(table);
        }
        let tables: Vec<String> = self.list()?.into_iter().map(|s| s.about.name).collect();
        let protocols = crate::protocol::listed().iter().map(|p| p.name.to_string());
        let known: Vec<String> = protocols.chain(tables).collect();
        Err(BenchError::Unknown {
            name: text.into(),
            nearest: nearest(text, known.iter().map(String::as_str)),
            known,
        })
    }

    /// A protocol on the tables it needs.
    ///
    /// # Errors
    /// Where a table was not imported, or lacks a column.
    pub fn protocol(&self, name: &str) -> Result<Protocol, BenchError> {
        load(name, &mut |protocol: &'static Listed, table| {
            self.find(table)?.ok_or_else(|| BenchError::NotImported {
                protocol: protocol.name.into(),
                table: table.into(),
                path: self.path(table),
            })
        })
    }

    /// All tables, by name.
    ///
    /// # Errors
    /// Where a file cannot be read or was altered.
    pub fn list(&self) -> Result<Vec<Stored>, BenchError> {
        let mut found = Vec::new();
        if let Ok(entries) = std::fs::read_dir(&self.folder) {
            for path in entries.filter_map(|e| e.ok().map(|e| e.path())) {
                if path.extension().is_some_and(|e| e == "table") {
                    let bytes = std::fs::read(&path).map_err(|e| BenchError::file(&path, e))?;
                    found.push(stored(&bytes, Some(path))?);
                }
            }
        }
        if !found.iter().any(|s: &Stored| s.about.name == "nasbench201") {
            found.push(stored(NASBENCH201, None)?);
        }
        found.sort_by(|a, b| a.about.name.cmp(&b.about.name));
        Ok(found)
    }
}

fn stored(bytes: &[u8], path: Option<PathBuf>) -> Result<Stored, BenchError> {
    let shown = path.clone().unwrap_or_else(|| "the table in the program".into());
    let (about, rows, columns) = about(bytes, &shown)?;
    Ok(Stored { about, path, rows, columns, bytes: bytes.len() as u64 })
}
