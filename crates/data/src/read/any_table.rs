use super::{CsvForm, Source, read_csv, read_json_lines, read_parquet, refuse_foreign};
use crate::DataError;
use crate::table::Table;

/// Reads a table in whichever format it is: Parquet by its first bytes, JSON by its name or first letters, else CSV.
///
/// # Errors
/// As the reader of its format, and where it is one of those that are known and not read.
pub fn read_table(source: Source<'_>, form: &CsvForm<'_>) -> Result<Table, DataError> {
    match TableFormat::of(&source)? {
        TableFormat::Parquet => read_parquet(source, form.words, form.missing),
        TableFormat::JsonLines => read_json_lines(source, form.words, form.missing),
        TableFormat::Csv => read_csv(source, form),
    }
}

/// A format of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TableFormat {
    Csv,
    JsonLines,
    Parquet,
}

/// First bytes that tell a format.
const START: usize = 64;

impl TableFormat {
    /// The format of a table; an error where it is one of those that are known and not read.
    pub(crate) fn of(source: &Source<'_>) -> Result<Self, DataError> {
        refuse_foreign(source)?;
        if is_parquet(source)? {
            return Ok(Self::Parquet);
        }
        let (start, name) = (source.start(START)?, source.stem().to_lowercase());
        let json = [".jsonl", ".ndjson"].iter().any(|ending| name.ends_with(ending));
        Ok(if json || begins_object(&start) { Self::JsonLines } else { Self::Csv })
    }
}

/// Whether a file begins as an object of JSON does, or an array of them: with a brace and the quotation mark of a key.
fn begins_object(start: &[u8]) -> bool {
    let rest = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    let rest = rest.strip_prefix(b"[").unwrap_or(rest).trim_ascii_start();
    rest.strip_prefix(b"{").is_some_and(|inner| inner.trim_ascii_start().starts_with(b"\""))
}

/// Whether a table is in a Parquet file.
pub(crate) fn is_parquet(source: &Source<'_>) -> Result<bool, DataError> {
    Ok(source.start(4)?.starts_with(b"PAR1") || source.stem().to_lowercase().ends_with(".parquet"))
}
