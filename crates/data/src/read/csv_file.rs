use super::layout::{Layout, Type, decimal_comma};
use super::{DateForm, Source};
use crate::DataError;
use crate::table::{Cells, Column, Dictionary, MISSING, Table, is_missing, number};
use std::io::{BufRead, Read};

/// What is known of a CSV file before it is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct CsvForm<'a> {
    /// What separates fields; left out, a comma, semicolon, tab, bar or blanks, whichever gives the most even rows.
    pub delimiter: Option<u8>,
    /// Whether the first row has the columns' names; left out, it is judged by what is below it.
    pub header: Option<bool>,
    /// Columns that are texts even if every cell is a number.
    pub words: &'a [String],
    /// What stands for a missing value, besides the usual.
    pub missing: &'a [String],
}

/// Reads a CSV file, gzipped or not, into typed columns.
///
/// A column is numbers or dates where every cell is one, is empty, or stands for a missing value (`?`, `NA`, `NaN`,
/// `null`, `None`, `-`); else it is texts. A `;` as delimiter allows `7,4` for 7.4.
///
/// # Errors
/// Where the file cannot be read, is empty, is not UTF-8, names two columns alike, has a row of another length than the
/// first, or an infinite number; the error names the line.
pub fn read_csv(source: Source<'_>, form: &CsvForm<'_>) -> Result<Table, DataError> {
    let mut layout = Layout::of(&source, form)?;
    loop {
        let mut pass = Pass::new(&source, form, &layout);
        pass.run()?;
        if let Some(types) = pass.revised() {
            // Some column turned out to hold words below its beginning; this happens once, since words hold anything.
            layout.types = types;
            continue;
        }
        let (cells, lines) = (pass.cells, pass.lines);
        if lines.is_empty() {
            let what = if layout.header { "has a header and no rows" } else { "has no rows" };
            return Err(source.fail(format!("{what}: a table needs rows, one a line")));
        }
        let form = |kind: &Type| if let Type::Date(form) = kind { Some(*form) } else { None };
        let columns = (layout.names.into_iter().zip(cells).zip(&layout.types))
            .map(|((name, cells), kind)| Column { name, cells, dates: form(kind), notation: None })
            .collect();
        let (header, classes, decimal_comma) =
            (layout.header, layout.classes, decimal_comma(layout.delimiter));
        return Ok(Table { place: source.place(), columns, lines, header, decimal_comma, classes });
    }
}

/// Whether a cell spells an infinite number, or one too large for 64 bits.
pub(super) fn is_infinite(cell: &str) -> bool {
    let word = cell.trim_start_matches(['-', '+']);
    ["inf", "infinity"].iter().any(|w| word.eq_ignore_ascii_case(w))
        || number(cell, false).is_some_and(f64::is_infinite)
}

/// One reading from beginning to end.
struct Pass<'a> {
    source: &'a Source<'a>,
    form: &'a CsvForm<'a>,
    layout: &'a Layout,
    types: Vec<Type>,
    cells: Vec<Cells>,
    lines: Vec<u32>,
    comma: bool,
    /// Whether a type was wrong, so that only types are looked at from here on.
    wrong: bool,
}

impl<'a> Pass<'a> {
    fn new(source: &'a Source<'a>, form: &'a CsvForm<'a>, layout: &'a Layout) -> Self {
        let empty = |kind: &Type| match kind {
            Type::Number => Cells::Numbers(Vec::new()),
            Type::Date(_) => Cells::Dates(Vec::new()),
            Type::Word => Cells::Words { codes: Vec::new(), dictionary: Dictionary::default() },
        };
        let types = layout.types.clone();
        let cells = types.iter().map(empty).collect();
        let comma = decimal_comma(layout.delimiter);
        Self { source, form, layout, types, cells, lines: Vec::new(), comma, wrong: false }
    }

    fn revised(&self) -> Option<Vec<Type>> {
        self.wrong.then(|| self.types.clone())
    }

    fn run(&mut self) -> Result<(), DataError> {
        let mut reader = self.source.open_lines()?;
        if reader.fill_buf().map_err(|e| self.source.broken(&e))?.starts_with(b"\xef\xbb\xbf") {
            reader.consume(3);
        }
        // So every record ends with a line feed, and where it began can be counted from there: the reader itself counts the empty
        // lines before a record to it.
        let reader = reader.chain(&b"\n"[..]);
        let reader: Box<dyn Read + '_> =
            if self.layout.blanks { Box::new(Blanks::new(reader)) } else { Box::new(reader) };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.layout.delimiter)
            .buffer_capacity(1 << 17)
            .from_reader(reader);
        let mut record = csv::ByteRecord::new();
        let mut first = self.layout.skip_first;
        loop {
            match reader.read_byte_record(&mut record) {
                Ok(true) if first => first = false,
                Ok(true) => {
                    let within = record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
                    let line = reader.position().line().saturating_sub(within + 1);
                    self.row(&record, line as usize)?;
                }
                Ok(false) => return Ok(()),
                Err(error) => return Err(self.broken(error)),
            }
        }
    }

    fn broken(&self, error: csv::Error) -> DataError {
        let text = error.to_string();
        match error.into_kind() {
            csv::ErrorKind::Io(error) => self.source.broken(&error),
            _ => self.source.fail(text),
        }
    }

    fn row(&mut self, record: &csv::ByteRecord, line: usize) -> Result<(), DataError> {
        if record.len() != self.types.len() {
            let more = if record.len() < self.types.len() { "few" } else { "many" };
            let than = if self.layout.header { "the header names" } else { "the rows before it have" };
            let reason = format!(
                "too {more} fields: {} where {than} {}; give each row all its fields, or pass --delimiter if {:?} does not separate them",
                record.len(),
                self.types.len(),
                if self.layout.blanks { ' ' } else { char::from(self.layout.delimiter) },
            );
            return Err(DataError::line(&self.source.place(), line, reason));
        }
        for (i, field) in record.iter().enumerate() {
            let field =
                std::str::from_utf8(field).map_err(|e| self.not_utf8(line, i, field, &e))?.trim_ascii();
            if self.wrong {
                self.check(i, field, line)?;
            } else {
                self.push(i, field, line)?;
            }
        }
        self.lines.push(line as u32);
        Ok(())
    }

    fn not_utf8(&self, line: usize, i: usize, field: &[u8], error: &std::str::Utf8Error) -> DataError {
        let byte = field.get(error.valid_up_to()).copied().unwrap_or(0);
        let reason = format!(
            "the field of column {:?} is not UTF-8 (byte 0x{byte:02x}): convert the file, for example with iconv -f latin1 -t utf-8",
            self.layout.names[i]
        );
        DataError::line(&self.source.place(), line, reason)
    }

    /// The number or date of a field, NaN where it is missing, nothing where it is a word.
    fn value(&self, i: usize, field: &str, line: usize) -> Result<Option<f64>, DataError> {
        let value = match self.types[i] {
            Type::Number => number(field, self.comma),
            Type::Date(form) => form.parse(field),
            Type::Word => None,
        };
        match value {
            Some(value) if value.is_finite() => Ok(Some(value)),
            None if is_missing(field, self.form.missing) => Ok(Some(f64::NAN)),
            _ if self.types[i] == Type::Number && is_infinite(field) => {
                let reason = format!(
                    "{field:?} in column {:?} is no finite number: write a number, or leave it empty for a missing value",
                    self.layout.names[i]
                );
                Err(DataError::line(&self.source.place(), line, reason))
            }
            _ => Ok(None),
        }
    }

    fn push(&mut self, i: usize, field: &str, line: usize) -> Result<(), DataError> {
        if self.types[i] != Type::Word {
            match self.value(i, field, line)? {
                Some(value) => match &mut self.cells[i] {
                    Cells::Numbers(values) | Cells::Dates(values) => values.push(value),
                    Cells::Words { .. } => {}
                },
                None => self.give_up(i),
            }
        } else if let Cells::Words { codes, dictionary } = &mut self.cells[i] {
            let missing = is_missing(field, self.form.missing);
            codes.push(if missing { MISSING } else { dictionary.code(field) });
        }
        Ok(())
    }

    fn check(&mut self, i: usize, field: &str, line: usize) -> Result<(), DataError> {
        if self.types[i] != Type::Word && self.value(i, field, line)?.is_none() {
            self.give_up(i);
        }
        Ok(())
    }

    /// Column `i` holds words: what was read so far is void.
    fn give_up(&mut self, i: usize) {
        self.types[i] = Type::Word;
        self.wrong = true;
        self.cells.iter_mut().for_each(|cells| *cells = Cells::Numbers(Vec::new()));
    }
}

/// Makes every run of blanks one tab, and removes them at the beginning and end of lines.
struct Blanks<R> {
    inner: R,
    /// Whether a field has begun on this line.
    begun: bool,
    /// Whether blanks were seen since.
    pending: bool,
    /// A byte that had no room behind its tab.
    held: Option<u8>,
}

impl<R: BufRead> Blanks<R> {
    fn new(inner: R) -> Self {
        Self { inner, begun: false, pending: false, held: None }
    }
}

impl<R: BufRead> Read for Blanks<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let mut n = 0;
        while n < out.len() {
            if let Some(byte) = self.held.take() {
                out[n] = byte;
                n += 1;
                continue;
            }
            let buffer = self.inner.fill_buf()?;
            let Some(&byte) = buffer.first() else { break };
            self.inner.consume(1);
            match byte {
                b' ' | b'\t' => self.pending = self.begun,
                b'\n' | b'\r' => {
                    (self.begun, self.pending) = (false, false);
                    out[n] = byte;
                    n += 1;
                }
                _ if self.pending => {
                    self.pending = false;
                    self.held = Some(byte);
                    out[n] = b'\t';
                    n += 1;
                }
                _ => {
                    self.begun = true;
                    out[n] = byte;
                    n += 1;
                }
            }
        }
        Ok(n)
    }
}

/// A column of dates among words, decided when all of them are known.
pub(crate) fn dates_of(dictionary: &Dictionary) -> Option<(DateForm, Vec<f64>)> {
    let form = DateForm::of(dictionary.texts())?;
    dictionary.texts().map(|t| form.parse(t)).collect::<Option<_>>().map(|dates| (form, dates))
}
