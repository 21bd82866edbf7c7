use super::{CsvForm, Source, read_csv, read_json_lines, read_parquet};
use crate::DataError;
use crate::table::Table;
use std::io::Read;

/// Reads a table in whichever format it is: Parquet by its first bytes, JSON lines by its name or first letter, else CSV.
///
/// # Errors
/// As the reader of its format.
pub fn read_table(source: Source<'_>, form: &CsvForm<'_>) -> Result<Table, DataError> {
    let mut start = [0u8; 64];
    let mut reader = source.open()?.take(64);
    let mut n = 0;
    while n < start.len() {
        match reader.read(&mut start[n..]).map_err(|e| source.broken(&e))? {
            0 => break,
            read => n += read,
        }
    }
    let start = &start[..n];
    let name = source.stem().to_lowercase();
    if start.starts_with(b"PAR1") || name.ends_with(".parquet") {
        return read_parquet(source, form.words, form.missing);
    }
    let json = [".jsonl", ".ndjson"].iter().any(|ending| name.ends_with(ending));
    if json || start.trim_ascii_start().starts_with(b"{\"") {
        return read_json_lines(source, form.words, form.missing);
    }
    read_csv(source, form)
}
