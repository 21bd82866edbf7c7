use super::Source;
use super::parquet_pages::CheckedPages;
use crate::DataError;
use crate::table::{Cells, Column, Dictionary, MISSING, Table, is_missing};
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, DataType, Int96};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, FileReader, RowGroupReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Values that are read at a time.
const BATCH: usize = 8192;
/// A run of equal values takes a few bytes, however long it is: so many rows a byte are believed.
const MOST_ROWS_A_BYTE: u64 = 1024;
const MOST_ROWS: u64 = 1 << 31;

/// Reads a Parquet file of flat columns, row group by row group.
///
/// Numbers, decimals and times become numbers, dates and time stamps dates, truth values and texts words. Columns of
/// lists and maps cannot be inputs and are left out.
///
/// # Errors
/// Where the file is damaged, has no rows or no flat columns, or texts that are not UTF-8.
pub fn read_parquet(source: Source<'_>, words: &[String], missing: &[String]) -> Result<Table, DataError> {
    let read = || match source {
        Source::File(path) => {
            let file = std::fs::File::open(path).map_err(|e| source.broken(&e))?;
            table(&source, file, words, missing)
        }
        Source::Bytes { bytes, .. } => table(&source, bytes::Bytes::copy_from_slice(bytes), words, missing),
    };
    // The decoder checks what it reads, but not everywhere before it counts on it.
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(source.fail("is damaged: get the file again")))
}

fn table<R: ChunkReader + 'static>(
    source: &Source<'_>,
    file: R,
    words: &[String],
    missing: &[String],
) -> Result<Table, DataError> {
    let length = file.len();
    let broken = |e: ParquetError| source.fail(format!("is no whole Parquet file ({e}): get the file again"));
    let reader = SerializedFileReader::new(file).map_err(broken)?;
    let metadata = reader.metadata();
    let schema = metadata.file_metadata().schema_descr_ptr();
    let rows = metadata.file_metadata().num_rows();
    let most = length.saturating_mul(MOST_ROWS_A_BYTE).min(MOST_ROWS) as i64;
    if !(1..=most).contains(&rows) {
        return Err(source.fail(format!("says it has {rows} rows: for its size, 1 to {most} are read")));
    }
    let groups = metadata.row_groups().iter().map(|g| g.num_rows());
    if groups.clone().any(|n| n < 0) || groups.fold(0i64, i64::saturating_add) != rows {
        return Err(
            source.fail(format!("says it has {rows} rows, but its groups have not: get the file again"))
        );
    }
    let flat: Vec<usize> =
        (0..schema.num_columns()).filter(|&i| schema.column(i).max_rep_level() == 0).collect();
    if flat.is_empty() {
        return Err(source.fail("has no columns but lists and maps: a table needs plain ones"));
    }
    let mut columns: Vec<Reading> = Vec::new();
    for &i in &flat {
        let column = schema.column(i);
        let name = column.path().string();
        columns.push(Reading { as_words: words.contains(&name), missing, ..Reading::of(name, &column) });
    }
    // A file that points outside itself would be an error only where the decoder gets there.
    let within = |chunk: &ColumnChunkMetaData| {
        let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
        let end = start.checked_add(chunk.compressed_size());
        start >= 0 && chunk.compressed_size() >= 0 && end.is_some_and(|end| end as u64 <= length)
    };
    if !metadata.row_groups().iter().flat_map(|g| g.columns()).all(within) {
        return Err(source.fail("says it has columns outside of itself: get the file again"));
    }
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(broken)?;
        let rows = group.metadata().num_rows() as usize;
        for (reading, &i) in columns.iter_mut().zip(&flat) {
            let before = reading.rows();
            reading.group(&*group, i, rows).map_err(broken)?;
            if reading.wrong_text {
                return Err(source.fail(format!("column {:?} has a text that is not UTF-8", reading.name)));
            }
            if reading.rows() != before + rows {
                let found = reading.rows() - before;
                return Err(source.fail(format!(
                    "column {:?} has {found} values in a group of {rows} rows: it is damaged",
                    reading.name
                )));
            }
        }
    }
    let count = columns.first().map_or(0, Reading::rows);
    if count == 0 {
        return Err(source.fail("has no rows"));
    }
    let columns = columns.into_iter().map(|c| Column::new(c.name, c.cells)).collect();
    let lines = (1..=count as u32).collect();
    Ok(Table { place: source.place(), columns, lines, header: true, classes: Vec::new() })
}

/// What a number of a column means.
#[derive(Clone, Copy)]
enum Meaning {
    Number {
        scale: f64,
    },
    Unsigned32,
    Unsigned64,
    /// Seconds since 1970 for each unit.
    Date {
        seconds: f64,
    },
    Truth,
    Text,
    /// A big-endian whole number of any length.
    Decimal {
        scale: f64,
    },
}

struct Reading<'a> {
    name: String,
    cells: Cells,
    meaning: Meaning,
    as_words: bool,
    missing: &'a [String],
    levels: Option<i16>,
    wrong_text: bool,
}

impl Reading<'_> {
    fn of(name: String, column: &ColumnDescriptor) -> Self {
        let scale = 10f64.powi(-column.type_scale().clamp(-300, 300));
        let nanoseconds =
            matches!(column.logical_type_ref(), Some(LogicalType::Timestamp(t)) if t.unit == TimeUnit::NANOS);
        let meaning = match (column.physical_type(), column.converted_type()) {
            (Type::BOOLEAN, _) => Meaning::Truth,
            (Type::INT96, _) => Meaning::Date { seconds: 1e-9 },
            (_, ConvertedType::DATE) => Meaning::Date { seconds: 86_400.0 },
            (_, ConvertedType::TIMESTAMP_MILLIS) => Meaning::Date { seconds: 1e-3 },
            (_, ConvertedType::TIMESTAMP_MICROS) => Meaning::Date { seconds: 1e-6 },
            (Type::INT64, _) if nanoseconds => Meaning::Date { seconds: 1e-9 },
            (Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY, ConvertedType::DECIMAL) => {
                Meaning::Decimal { scale }
            }
            (Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY, _) => Meaning::Text,
            (_, ConvertedType::DECIMAL) => Meaning::Number { scale },
            (Type::INT32, ConvertedType::UINT_32) => Meaning::Unsigned32,
            (Type::INT64, ConvertedType::UINT_64) => Meaning::Unsigned64,
            _ => Meaning::Number { scale: 1.0 },
        };
        let cells = match meaning {
            Meaning::Date { .. } => Cells::Dates(Vec::new()),
            Meaning::Truth | Meaning::Text => {
                Cells::Words { codes: Vec::new(), dictionary: Dictionary::default() }
            }
            _ => Cells::Numbers(Vec::new()),
        };
        let levels = (column.max_def_level() > 0).then(|| column.max_def_level());
        Self { name, cells, meaning, as_words: false, missing: &[], levels, wrong_text: false }
    }

    fn rows(&self) -> usize {
        self.cells.len()
    }

    /// Takes the values of one row group.
    fn group(&mut self, group: &dyn RowGroupReader, column: usize, rows: usize) -> Result<(), ParquetError> {
        if self.as_words && matches!(self.cells, Cells::Numbers(_)) {
            self.cells = Cells::Words { codes: Vec::new(), dictionary: Dictionary::default() };
        }
        let meaning = self.meaning;
        let value = move |v: f64| match meaning {
            Meaning::Number { scale } => v * scale,
            Meaning::Date { seconds } => v * seconds,
            _ => v,
        };
        let pages = CheckedPages::new(group.get_column_page_reader(column)?, rows);
        let descriptor = group.metadata().schema_descr().column(column);
        match get_column_reader(descriptor, Box::new(pages)) {
            ColumnReader::BoolColumnReader(mut r) => {
                self.read(&mut r, rows, |cells, v: &bool, _| word(cells, if *v { "true" } else { "false" }))
            }
            ColumnReader::Int32ColumnReader(mut r) => self.read(&mut r, rows, |cells, v: &i32, _| {
                number(
                    cells,
                    if matches!(meaning, Meaning::Unsigned32) {
                        f64::from(*v as u32)
                    } else {
                        value(f64::from(*v))
                    },
                )
            }),
            ColumnReader::Int64ColumnReader(mut r) => self.read(&mut r, rows, |cells, v: &i64, _| {
                number(
                    cells,
                    if matches!(meaning, Meaning::Unsigned64) { *v as u64 as f64 } else { value(*v as f64) },
                )
            }),
            ColumnReader::Int96ColumnReader(mut r) => {
                self.read(&mut r, rows, |cells, v: &Int96, _| number(cells, value(v.to_nanos() as f64)))
            }
            ColumnReader::FloatColumnReader(mut r) => {
                self.read(&mut r, rows, |cells, v: &f32, _| number(cells, f64::from(*v)))
            }
            ColumnReader::DoubleColumnReader(mut r) => {
                self.read(&mut r, rows, |cells, v: &f64, _| number(cells, *v))
            }
            ColumnReader::ByteArrayColumnReader(mut r) => {
                self.read(&mut r, rows, move |cells, v: &ByteArray, missing| {
                    bytes(cells, v.data(), meaning, missing)
                })
            }
            ColumnReader::FixedLenByteArrayColumnReader(mut r) => {
                self.read(&mut r, rows, move |cells, v, missing| {
                    let v: &parquet::data_type::FixedLenByteArray = v;
                    bytes(cells, v.data(), meaning, missing)
                })
            }
        }
    }

    fn read<T: DataType>(
        &mut self,
        reader: &mut ColumnReaderImpl<T>,
        rows: usize,
        put: impl Fn(&mut Cells, &T::T, &[String]) -> bool,
    ) -> Result<(), ParquetError> {
        let (mut values, mut levels) = (Vec::new(), Vec::new());
        let mut left = rows;
        while left > 0 {
            values.clear();
            levels.clear();
            let wanted = self.levels.map(|_| &mut levels);
            let (records, _, _) = reader.read_records(left.min(BATCH), wanted, None, &mut values)?;
            if records == 0 {
                break;
            }
            left = left.saturating_sub(records);
            let mut next = values.iter();
            for row in 0..records {
                let there = self.levels.is_none_or(|most| levels.get(row) == Some(&most));
                match if there { next.next() } else { None } {
                    Some(value) => self.wrong_text |= !put(&mut self.cells, value, self.missing),
                    None => nothing(&mut self.cells),
                }
            }
        }
        Ok(())
    }
}

fn nothing(cells: &mut Cells) {
    match cells {
        Cells::Numbers(values) | Cells::Dates(values) => values.push(f64::NAN),
        Cells::Words { codes, .. } => codes.push(MISSING),
    }
}

/// Infinite numbers cannot be learned from; there is no line to name, so that they count as missing.
fn number(cells: &mut Cells, value: f64) -> bool {
    match cells {
        _ if !value.is_finite() => nothing(cells),
        Cells::Numbers(values) | Cells::Dates(values) => values.push(value),
        Cells::Words { codes, dictionary } => codes.push(dictionary.code(&value.to_string())),
    }
    true
}

fn word(cells: &mut Cells, text: &str) -> bool {
    if let Cells::Words { codes, dictionary } = cells {
        codes.push(dictionary.code(text));
    }
    true
}

/// Whether the bytes were what the column means them to be.
fn bytes(cells: &mut Cells, data: &[u8], meaning: Meaning, missing: &[String]) -> bool {
    if let Meaning::Decimal { scale } = meaning {
        let negative = data.first().is_some_and(|b| b & 0x80 != 0);
        let whole = data.iter().fold(if negative { -1.0 } else { 0.0 }, |n, b| n * 256.0 + f64::from(*b));
        return number(cells, whole * scale);
    }
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let text = text.trim();
    if is_missing(text, missing) {
        nothing(cells);
        return true;
    }
    word(cells, text)
}
