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
use std::path::PathBuf;

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
    caught(&source, || match source {
        Source::File(path) => {
            let file = std::fs::File::open(path).map_err(|e| source.broken(&e))?;
            Opened::new(source, file)?.table(words, missing)
        }
        Source::Bytes { bytes, .. } => {
            Opened::new(source, bytes::Bytes::copy_from_slice(bytes))?.table(words, missing)
        }
    })
}

/// The decoder checks what it reads, but not everywhere before it counts on it.
fn caught<T>(source: &Source<'_>, read: impl FnOnce() -> Result<T, DataError>) -> Result<T, DataError> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(source.fail("is damaged: get the file again")))
}

/// A Parquet file whose columns are read one at a time, or all of some rows at a time.
#[derive(Clone, Debug)]
pub(crate) struct ParquetColumns {
    pub(crate) path: PathBuf,
    /// Columns whose numbers are words.
    pub(crate) words: Vec<String>,
    /// More words for missing cells.
    pub(crate) missing: Vec<String>,
}

impl ParquetColumns {
    fn with<T>(
        &self,
        read: impl FnOnce(&Opened<'_, std::fs::File>) -> Result<T, DataError>,
    ) -> Result<T, DataError> {
        let source = Source::File(&self.path);
        caught(&source, || {
            let file = std::fs::File::open(&self.path).map_err(|e| source.broken(&e))?;
            read(&Opened::new(source, file)?)
        })
    }

    /// The number of rows and of columns.
    pub(crate) fn extents(&self) -> Result<(usize, usize), DataError> {
        self.with(|file| Ok((file.rows, file.flat.len())))
    }

    /// The table with its columns' names and types, and without their cells.
    pub(crate) fn empty(&self) -> Result<Table, DataError> {
        self.with(|file| Ok(file.made(file.readings(&self.words, &self.missing))))
    }

    /// One of its columns.
    pub(crate) fn column(&self, at: usize) -> Result<Column, DataError> {
        self.with(|file| {
            let mut reading = file.reading(file.flat[at], &self.words, &self.missing);
            for group in 0..file.reader.num_row_groups() {
                let group = file.reader.get_row_group(group).map_err(|e| file.broken(&e))?;
                let mut pages = file.pages(&*group, file.flat[at])?;
                file.take(&mut reading, &mut pages, group.metadata().num_rows() as usize)?;
            }
            Ok(reading.into())
        })
    }

    /// The columns at `used`, some rows at a time.
    pub(crate) fn blocks(
        &self,
        used: &[usize],
        take: &mut dyn FnMut(Table) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        self.with(|file| {
            let mut first = 1;
            for group in 0..file.reader.num_row_groups() {
                let group = file.reader.get_row_group(group).map_err(|e| file.broken(&e))?;
                let mut left = group.metadata().num_rows() as usize;
                let pages = used.iter().map(|&at| file.pages(&*group, file.flat[at]));
                let mut pages = pages.collect::<Result<Vec<_>, _>>()?;
                while left > 0 {
                    let rows = left.min(BATCH);
                    let mut columns = Vec::with_capacity(used.len());
                    for (pages, &at) in pages.iter_mut().zip(used) {
                        let mut reading = file.reading(file.flat[at], &self.words, &self.missing);
                        file.take(&mut reading, pages, rows)?;
                        columns.push(reading.into());
                    }
                    let lines = (first..).take(rows).collect();
                    let (place, header, classes) = (file.source.place(), true, Vec::new());
                    take(Table { place, columns, lines, header, decimal_comma: false, classes })?;
                    first += rows as u32;
                    left -= rows;
                }
            }
            Ok(())
        })
    }
}

/// A file whose own account of itself is sound.
struct Opened<'a, R: ChunkReader> {
    source: Source<'a>,
    reader: SerializedFileReader<R>,
    rows: usize,
    /// The columns that are no lists or maps.
    flat: Vec<usize>,
}

impl<'a, R: ChunkReader + 'static> Opened<'a, R> {
    fn new(source: Source<'a>, file: R) -> Result<Self, DataError> {
        let length = file.len();
        let reader = SerializedFileReader::new(file).map_err(|e| broken(&source, &e))?;
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
        // A file that points outside itself would be an error only where the decoder gets there.
        let within = |chunk: &ColumnChunkMetaData| {
            let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
            let end = start.checked_add(chunk.compressed_size());
            start >= 0 && chunk.compressed_size() >= 0 && end.is_some_and(|end| end as u64 <= length)
        };
        if !metadata.row_groups().iter().flat_map(|g| g.columns()).all(within) {
            return Err(source.fail("says it has columns outside of itself: get the file again"));
        }
        Ok(Self { source, reader, rows: rows as usize, flat })
    }

    fn broken(&self, error: &ParquetError) -> DataError {
        broken(&self.source, error)
    }

    fn reading<'m>(&self, i: usize, words: &[String], missing: &'m [String]) -> Reading<'m> {
        let column = self.reader.metadata().file_metadata().schema_descr().column(i);
        let name = column.path().string();
        let as_words = words.contains(&name);
        Reading::new(name, &column, as_words, missing)
    }

    fn readings<'m>(&self, words: &[String], missing: &'m [String]) -> Vec<Reading<'m>> {
        self.flat.iter().map(|&i| self.reading(i, words, missing)).collect()
    }

    fn pages(&self, group: &dyn RowGroupReader, column: usize) -> Result<ColumnReader, DataError> {
        let rows = group.metadata().num_rows() as usize;
        let pages = group.get_column_page_reader(column).map_err(|e| self.broken(&e))?;
        let descriptor = group.metadata().schema_descr().column(column);
        Ok(get_column_reader(descriptor, Box::new(CheckedPages::new(pages, rows))))
    }

    /// Takes the next rows of a column, all of which must be there.
    fn take(
        &self,
        reading: &mut Reading<'_>,
        pages: &mut ColumnReader,
        rows: usize,
    ) -> Result<(), DataError> {
        let before = reading.cells.len();
        reading.take(pages, rows).map_err(|e| self.broken(&e))?;
        if reading.wrong_text {
            return Err(self.source.fail(format!("column {:?} has a text that is not UTF-8", reading.name)));
        }
        let found = reading.cells.len() - before;
        if found != rows {
            return Err(self.source.fail(format!(
                "column {:?} has {found} values where {rows} rows are: it is damaged",
                reading.name
            )));
        }
        Ok(())
    }

    fn table(&self, words: &[String], missing: &[String]) -> Result<Table, DataError> {
        let mut readings = self.readings(words, missing);
        for group in 0..self.reader.num_row_groups() {
            let group = self.reader.get_row_group(group).map_err(|e| self.broken(&e))?;
            for (reading, &i) in readings.iter_mut().zip(&self.flat) {
                let mut pages = self.pages(&*group, i)?;
                self.take(reading, &mut pages, group.metadata().num_rows() as usize)?;
            }
        }
        Ok(self.made(readings))
    }

    fn made(&self, readings: Vec<Reading<'_>>) -> Table {
        let columns = readings.into_iter().map(Column::from).collect();
        let lines = (1..=self.rows as u32).collect();
        let place = self.source.place();
        Table { place, columns, lines, header: true, decimal_comma: false, classes: Vec::new() }
    }
}

fn broken(source: &Source<'_>, error: &ParquetError) -> DataError {
    source.fail(format!("is no whole Parquet file ({error}): get the file again"))
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
    missing: &'a [String],
    levels: Option<i16>,
    wrong_text: bool,
}

impl From<Reading<'_>> for Column {
    fn from(reading: Reading<'_>) -> Self {
        Self::new(reading.name, reading.cells)
    }
}

impl<'a> Reading<'a> {
    fn new(name: String, column: &ColumnDescriptor, as_words: bool, missing: &'a [String]) -> Self {
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
            _ if as_words => Cells::Words { codes: Vec::new(), dictionary: Dictionary::default() },
            _ => Cells::Numbers(Vec::new()),
        };
        let levels = (column.max_def_level() > 0).then(|| column.max_def_level());
        Self { name, cells, meaning, missing, levels, wrong_text: false }
    }

    /// Takes the next values of a row group.
    fn take(&mut self, pages: &mut ColumnReader, rows: usize) -> Result<(), ParquetError> {
        let meaning = self.meaning;
        let value = move |v: f64| match meaning {
            Meaning::Number { scale } => v * scale,
            Meaning::Date { seconds } => v * seconds,
            _ => v,
        };
        match pages {
            ColumnReader::BoolColumnReader(r) => {
                self.read(r, rows, |cells, v: &bool, _| word(cells, if *v { "true" } else { "false" }))
            }
            ColumnReader::Int32ColumnReader(r) => self.read(r, rows, |cells, v: &i32, _| {
                number(
                    cells,
                    if matches!(meaning, Meaning::Unsigned32) {
                        f64::from(*v as u32)
                    } else {
                        value(f64::from(*v))
                    },
                )
            }),
            ColumnReader::Int64ColumnReader(r) => self.read(r, rows, |cells, v: &i64, _| {
                number(
                    cells,
                    if matches!(meaning, Meaning::Unsigned64) { *v as u64 as f64 } else { value(*v as f64) },
                )
            }),
            ColumnReader::Int96ColumnReader(r) => {
                self.read(r, rows, |cells, v: &Int96, _| number(cells, value(v.to_nanos() as f64)))
            }
            ColumnReader::FloatColumnReader(r) => {
                self.read(r, rows, |cells, v: &f32, _| number(cells, f64::from(*v)))
            }
            ColumnReader::DoubleColumnReader(r) => self.read(r, rows, |cells, v: &f64, _| number(cells, *v)),
            ColumnReader::ByteArrayColumnReader(r) => {
                self.read(r, rows, move |cells, v: &ByteArray, missing| {
                    bytes(cells, v.data(), meaning, missing)
                })
            }
            ColumnReader::FixedLenByteArrayColumnReader(r) => self.read(r, rows, move |cells, v, missing| {
                let v: &parquet::data_type::FixedLenByteArray = v;
                bytes(cells, v.data(), meaning, missing)
            }),
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
