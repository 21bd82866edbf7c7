use super::Source;
use crate::DataError;
use crate::table::{Cells, Column, Dictionary, MISSING, Table, is_missing};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::io::{BufRead, Read};

/// The longest line that is read, and the most columns.
const MOST_LINE: u64 = 1 << 28;
const MOST_COLUMNS: usize = 10_000;

/// A column while it grows: rows of before it first appeared are missing.
#[derive(Default)]
struct Growing {
    rows: usize,
    numbers: Vec<f64>,
    words: Option<(Vec<u32>, Dictionary)>,
}

impl Growing {
    fn push(&mut self, row: usize, value: &Value, missing: &[String], as_words: bool) {
        while self.rows < row {
            self.push_cell(None, as_words);
        }
        self.push_cell(Some(value).filter(|v| !is_null(v, missing)), as_words);
    }

    fn push_cell(&mut self, value: Option<&Value>, as_words: bool) {
        self.rows += 1;
        let number = match value {
            None => Some(f64::NAN),
            Some(value) => value.as_f64(),
        };
        match (&mut self.words, number) {
            (None, Some(number)) if !as_words => self.numbers.push(number),
            (words, _) => {
                let (codes, dictionary) = words.get_or_insert_with(|| as_text(&self.numbers));
                codes.push(match value {
                    None => MISSING,
                    Some(Value::String(text)) => dictionary.code(text.trim()),
                    Some(other) => dictionary.code(&other.to_string()),
                });
            }
        }
    }

    fn cells(self) -> Cells {
        match self.words {
            Some((codes, dictionary)) => Cells::Words { codes, dictionary },
            None => Cells::Numbers(self.numbers),
        }
    }
}

fn is_null(value: &Value, missing: &[String]) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => is_missing(text.trim(), missing),
        _ => false,
    }
}

/// Numbers of before the first word, as words.
fn as_text(numbers: &[f64]) -> (Vec<u32>, Dictionary) {
    let mut dictionary = Dictionary::default();
    let code = |n: &f64| if n.is_nan() { MISSING } else { dictionary.code(&n.to_string()) };
    let codes = numbers.iter().map(code).collect();
    (codes, dictionary)
}

/// Reads a file of JSON lines, gzipped or not: one object a row, its keys the columns; or one array of such objects.
///
/// A column that has only numbers is numbers, any other is words; what is no text is written as JSON. A key that a row
/// has not is missing there. `words` are columns that are words even if every value is a number.
///
/// # Errors
/// Where a line is no JSON object; the error names it.
pub fn read_json_lines(source: Source<'_>, words: &[String], missing: &[String]) -> Result<Table, DataError> {
    let mut rows = Rows { place: source.place(), words, missing, ..Rows::default() };
    let mut reader = source.open_lines()?;
    if is_array(&source.start(START)?) {
        let all: Vec<Map<String, Value>> = serde_json::from_reader(&mut reader).map_err(|e| {
            let reason = format!("is no array of JSON objects ({e}): {NEEDED}");
            DataError::line(&rows.place, e.line(), reason)
        })?;
        let size = all.len().saturating_mul(OF_A_ROW);
        for (number, row) in (1..).zip(&all) {
            rows.add(row, number, size)?;
        }
        return rows.table(&source);
    }
    let mut bytes = Vec::new();
    for line in 1usize.. {
        bytes.clear();
        let read = Read::take(&mut reader, MOST_LINE).read_until(b'\n', &mut bytes);
        if read.map_err(|e| source.broken(&e))? == 0 {
            break;
        }
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        let row: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|e| {
            DataError::line(
                &rows.place,
                line,
                format!("is no JSON object ({e}): {NEEDED}, on a line of its own"),
            )
        })?;
        rows.add(&row, line, bytes.len())?;
    }
    rows.table(&source)
}

/// First bytes that tell an array.
const START: usize = 64;
/// What an object of an array may have in keys of its own, in bytes.
const OF_A_ROW: usize = 100;
const NEEDED: &str = "each row needs an object, such as {\"text\": \"…\", \"label\": \"…\"}";

fn is_array(start: &[u8]) -> bool {
    start.trim_ascii_start().starts_with(b"[")
}

/// A table while it grows row by row.
#[derive(Default)]
struct Rows<'w> {
    place: String,
    words: &'w [String],
    missing: &'w [String],
    lines: Vec<u32>,
    names: Vec<String>,
    columns: Vec<Growing>,
    index: HashMap<String, usize>,
}

impl Rows<'_> {
    /// Adds a row, which stands in a line and was so many bytes long: as many keys cannot be new.
    fn add(&mut self, row: &Map<String, Value>, line: usize, bytes: usize) -> Result<(), DataError> {
        for (name, value) in row {
            let at = *self.index.entry(name.clone()).or_insert_with(|| {
                self.names.push(name.clone());
                self.columns.push(Growing::default());
                self.columns.len() - 1
            });
            self.columns[at].push(self.lines.len(), value, self.missing, self.words.contains(name));
        }
        if self.columns.len() > MOST_COLUMNS || self.columns.len() > 100 + 2 * bytes {
            let reason = format!("the rows have {} different keys, too many for columns", self.columns.len());
            return Err(DataError::line(&self.place, line, reason));
        }
        self.lines.push(line as u32);
        Ok(())
    }

    fn table(self, source: &Source<'_>) -> Result<Table, DataError> {
        let Self { place, words, lines, names, columns, .. } = self;
        if lines.is_empty() {
            return Err(source.fail("is empty: a table needs rows, one JSON object a line"));
        }
        let columns = names
            .into_iter()
            .zip(columns)
            .map(|(name, mut column)| {
                while column.rows < lines.len() {
                    column.push_cell(None, words.contains(&name));
                }
                Column::new(name, column.cells())
            })
            .collect();
        Ok(Table { place, columns, lines, header: true, decimal_comma: false, classes: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Table, DataError> {
        let source = Source::Bytes { name: "x.jsonl", bytes: text.as_bytes() };
        read_json_lines(source, &["w".into()], &[])
    }

    #[test]
    fn an_array_of_objects_is_rows_too() {
        let table = read("[\n  {\"a\": 1,\n \"b\": \"x\"},\n  {\"a\": 2.5}]\n").unwrap();
        assert_eq!(table.lines, [1, 2]);
        assert_eq!(
            (table.columns[0].cells.word(1), table.columns[1].cells.word(0)),
            ("2.5".into(), "x".into())
        );
        let error = |text: &str| read(text).unwrap_err().to_string();
        assert!(error("[1, 2]").contains("is no array of JSON objects"), "{}", error("[1, 2]"));
        let cut = error("[{\"a\": 1},\n{\"a\": ");
        assert!(cut.contains("line 2") && cut.contains("each row needs an object"), "{cut}");
        assert!(error("[]").contains("is empty"));
    }

    #[test]
    fn keys_are_columns() {
        let table =
            read("{\"a\": 1, \"b\": \"x\"}\n\n{\"b\": null, \"c\": 3, \"w\": 5}\n{\"a\": \"z\"}\n").unwrap();
        let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!((names, table.lines.clone()), (vec!["a", "b", "c", "w"], vec![1, 3, 4]));
        let words =
            |at: usize| -> Vec<String> { (0..3).map(|row| table.columns[at].cells.word(row)).collect() };
        assert_eq!(
            [words(0), words(1), words(2), words(3)].concat(),
            ["1", "", "z", "x", "", "", "", "3", "", "", "5", ""]
        );
        assert!(
            matches!(table.columns[2].cells, Cells::Numbers(_))
                && matches!(table.columns[3].cells, Cells::Words { .. })
        );
    }

    #[test]
    fn what_is_no_object_is_named() {
        assert!(
            read("{\"a\": 1}\n[1]\n")
                .unwrap_err()
                .to_string()
                .starts_with("x.jsonl, line 2: is no JSON object")
        );
        assert!(read("\n").unwrap_err().to_string().contains("is empty"));
        let returns = read("{\"a\": 1}\r{\"a\": 2}\r[1]\r").unwrap_err().to_string();
        assert!(returns.starts_with("x.jsonl, line 3: is no JSON object"), "{returns}");
        assert!(read("{\"a\": \"\u{1F600}").is_err());
    }
}
