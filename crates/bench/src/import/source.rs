//! Columns as a Parquet or CSV file has them.

use crate::error::BenchError;
use crate::table::Precision;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use std::fs::File;
use std::path::Path;

/// A column before it is known what it means.
#[derive(Clone, Debug, PartialEq)]
pub struct RawColumn {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub values: RawValues,
}

/// Numbers, or text that is not all numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum RawValues {
    /// Numbers, `NaN` where there is none, and how finely they were rounded.
    Numbers(Vec<f64>, Precision),
    /// Text, nothing where it is empty.
    Text(Vec<Option<String>>),
}

/// The columns of a file, by its ending: `.parquet` or `.csv`.
///
/// # Errors
/// Where it cannot be read, or is of another kind.
pub fn read(path: &Path) -> Result<Vec<RawColumn>, BenchError> {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let columns = match ending.as_str() {
        "parquet" | "pq" => parquet(path),
        "csv" => csv(path),
        _ => Err("only .parquet and .csv files are imported; give it the ending that it is".into()),
    };
    let columns = columns.map_err(|reason| BenchError::file(path, reason))?;
    match columns.iter().all(RawColumn::is_empty) {
        true => Err(BenchError::file(path, "it has no rows")),
        false => Ok(columns),
    }
}

impl RawColumn {
    fn is_empty(&self) -> bool {
        match &self.values {
            RawValues::Numbers(v, _) => v.is_empty(),
            RawValues::Text(v) => v.is_empty(),
        }
    }
}

/// A cell of a file.
enum Cell {
    Nothing,
    Number(f64, Precision),
    Text(String),
}

fn parquet(path: &Path) -> Result<Vec<RawColumn>, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let reader = SerializedFileReader::new(file).map_err(|e| format!("not a Parquet file: {e}"))?;
    let names: Vec<String> = reader
        .metadata()
        .file_metadata()
        .schema()
        .get_fields()
        .iter()
        .map(|f| f.name().to_string())
        .collect();
    let mut cells: Vec<Vec<Cell>> = names.iter().map(|_| Vec::new()).collect();
    for (number, row) in reader.get_row_iter(None).map_err(|e| e.to_string())?.enumerate() {
        let row = row.map_err(|e| format!("row {number} cannot be read: {e}"))?;
        for (column, (name, field)) in cells.iter_mut().zip(row.get_column_iter()) {
            column.push(cell(field).ok_or_else(|| {
                format!(
                    "row {number} of column {name:?} is {field}: only numbers, text and nothing are imported"
                )
            })?);
        }
    }
    Ok(names.into_iter().zip(cells).map(|(name, cells)| column(name, cells)).collect())
}

fn cell(field: &Field) -> Option<Cell> {
    let whole = |n: i64| Some(Cell::Number(n as f64, Precision::Whole));
    match field {
        Field::Null => Some(Cell::Nothing),
        Field::Bool(b) => whole(i64::from(*b)),
        Field::Byte(n) => whole(i64::from(*n)),
        Field::Short(n) => whole(i64::from(*n)),
        Field::Int(n) => whole(i64::from(*n)),
        Field::Long(n) => whole(*n),
        Field::UByte(n) => whole(i64::from(*n)),
        Field::UShort(n) => whole(i64::from(*n)),
        Field::UInt(n) => whole(i64::from(*n)),
        Field::ULong(n) => Some(Cell::Number(*n as f64, Precision::Whole)),
        Field::Float(x) => Some(Cell::Number(f64::from(*x), Precision::Single)),
        Field::Double(x) => Some(Cell::Number(*x, Precision::Double)),
        Field::Str(text) => Some(Cell::Text(text.clone())),
        _ => None,
    }
}

fn csv(path: &Path) -> Result<Vec<RawColumn>, String> {
    let mut reader = csv::Reader::from_path(path).map_err(|e| e.to_string())?;
    let names: Vec<String> =
        reader.headers().map_err(|e| e.to_string())?.iter().map(|n| n.trim().into()).collect();
    let mut cells: Vec<Vec<String>> = names.iter().map(|_| Vec::new()).collect();
    for record in reader.records() {
        let record = record.map_err(|e| e.to_string())?;
        cells.iter_mut().zip(record.iter()).for_each(|(column, text)| column.push(text.trim().to_string()));
    }
    // A column of a text file is one of numbers only where nothing else is in it.
    let typed = |texts: Vec<String>| {
        let is_number = |t: &String| t.is_empty() || t.parse::<f64>().is_ok();
        let numbers = texts.iter().all(is_number);
        texts.into_iter().map(move |t| match (t.is_empty(), numbers) {
            (true, _) => Cell::Nothing,
            (_, true) => Cell::Number(t.parse().unwrap_or(f64::NAN), Precision::Double),
            _ => Cell::Text(t),
        })
    };
    Ok(names.into_iter().zip(cells).map(|(name, texts)| column(name, typed(texts).collect())).collect())
}

fn column(name: String, cells: Vec<Cell>) -> RawColumn {
    let is_text = cells.iter().any(|c| matches!(c, Cell::Text(_)));
    if is_text {
        let text = |cell| match cell {
            Cell::Nothing => None,
            Cell::Number(x, _) => Some(x.to_string()),
            Cell::Text(text) => Some(text),
        };
        return RawColumn { name, values: RawValues::Text(cells.into_iter().map(text).collect()) };
    }
    let mut precision = Precision::Whole;
    let numbers = cells
        .into_iter()
        .map(|cell| match cell {
            Cell::Number(x, p) => {
                if p != Precision::Whole {
                    precision = p;
                }
                x
            }
            _ => f64::NAN,
        })
        .collect();
    RawColumn { name, values: RawValues::Numbers(numbers, precision) }
}
