//! From Parquet or CSV to a table of Nascent.

mod own;
mod published;
mod source;

pub use own::TableFile;
pub use source::{RawColumn, RawValues, read as read_columns};

use crate::error::BenchError;
use crate::table::Table;
use std::path::Path;

/// Imports a file: one of the published tables by its name, or any other with a description of its columns.
///
/// `networks` is table nasbench201, for published tables that only name its rows.
///
/// # Errors
/// Where the file cannot be read, has no description, or does not fit it.
pub fn import(
    path: &Path,
    description: Option<TableFile>,
    networks: Option<&Table>,
) -> Result<Table, BenchError> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().to_string();
    let in_file = |e: BenchError| match e {
        e @ (BenchError::File { .. } | BenchError::Damaged { .. }) => e,
        other => BenchError::file(path, other),
    };
    if let Some(description) = description {
        return description.build(&name, source::read(path)?).map_err(in_file);
    }
    let recipe = published::RECIPES.iter().find(|r| r.name == name).ok_or_else(|| {
        let known: Vec<&str> = published::RECIPES.iter().map(|r| r.name).collect();
        BenchError::file(
            path,
            format!(
                "it is none of the published tables ({}), so that a description must say which columns are decisions: \
                 add `--space FILE.toml`",
                known.join(", ")
            ),
        )
    })?;
    published::build(recipe, source::read(path)?, networks).map_err(in_file)
}

/// The names of the published tables that [`import`] knows without a description.
pub fn published() -> impl Iterator<Item = &'static str> {
    published::RECIPES.iter().map(|r| r.name)
}
