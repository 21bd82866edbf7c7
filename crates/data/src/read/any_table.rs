use super::{CsvForm, Source, read_csv, read_json_lines, read_parquet};
use crate::DataError;
use crate::table::Table;

/// Reads a table in whichever format it is: Parquet by its first bytes, JSON by its name or first letters, else CSV.
///
/// # Errors
/// As the reader of its format.
pub fn read_table(source: Source<'_>, form: &CsvForm<'_>) -> Result<Table, DataError> {
    if is_parquet(&source)? {
        return read_parquet(source, form.words, form.missing);
    }
    let (start, name) = (source.start(START)?, source.stem().to_lowercase());
    let json = [".jsonl", ".ndjson"].iter().any(|ending| name.ends_with(ending));
    if json || begins_object(&start) {
        return read_json_lines(source, form.words, form.missing);
    }
    read_csv(source, form)
}

/// First bytes that tell a format.
const START: usize = 64;

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
