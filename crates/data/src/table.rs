use crate::DataError;
use crate::preprocessing::Notation;
use crate::read::DateForm;
use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

/// The code of a text cell that is empty.
pub(crate) const MISSING: u32 = u32::MAX;

/// What stands for a missing value, whatever the column.
const MISSING_WORDS: [&str; 14] =
    ["", "?", "NA", "N/A", "n/a", "na", "NaN", "nan", "NAN", "null", "NULL", "None", "-", "#N/A"];

/// Whether a trimmed cell stands for a missing value.
pub(crate) fn is_missing(cell: &str, more: &[String]) -> bool {
    cell.len() <= 4 && MISSING_WORDS.contains(&cell) || more.iter().any(|m| m == cell)
}

/// A number as tables write it; infinities are none, and so are the words of Rust for them.
pub(crate) fn number(cell: &str, decimal_comma: bool) -> Option<f64> {
    let first = *cell.as_bytes().first()?;
    if !(first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.')) {
        return None;
    }
    match cell.parse::<f64>() {
        Ok(value) => Some(value),
        Err(_) if decimal_comma && !cell.contains('.') => cell.replacen(',', ".", 1).parse().ok(),
        Err(_) => None,
    }
}

/// Different texts, numbered in the order they were first seen; each is stored once.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    text: String,
    ends: Vec<usize>,
    index: HashTable<u32>,
}

impl Dictionary {
    /// The number of a text, a new one where it was not seen before.
    pub fn code(&mut self, text: &str) -> u32 {
        let hash = xxh3_64(text.as_bytes());
        let (all, ends) = (&self.text, &self.ends);
        if let Some(code) = self.index.find(hash, |c| slice(all, ends, *c) == text) {
            return *code;
        }
        let code = self.ends.len() as u32;
        self.text.push_str(text);
        self.ends.push(self.text.len());
        let (all, ends) = (&self.text, &self.ends);
        self.index.insert_unique(hash, code, |c| xxh3_64(slice(all, ends, *c).as_bytes()));
        code
    }

    /// The text of a number that [`code`](Self::code) gave; empty for any other.
    #[must_use]
    pub fn text(&self, code: u32) -> &str {
        if (code as usize) < self.ends.len() { slice(&self.text, &self.ends, code) } else { "" }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All texts, in the order of their numbers.
    pub fn texts(&self) -> impl Iterator<Item = &str> + Clone {
        (0..self.ends.len() as u32).map(|c| slice(&self.text, &self.ends, c))
    }
}

fn slice<'t>(text: &'t str, ends: &[usize], code: u32) -> &'t str {
    let code = code as usize;
    let start = if code == 0 { 0 } else { ends[code - 1] };
    &text[start..ends[code]]
}

/// The cells of one column.
#[derive(Clone, Debug)]
pub enum Cells {
    /// Numbers; NaN where there is none.
    Numbers(Vec<f64>),
    /// Seconds since the beginning of 1970; NaN where there is no date.
    Dates(Vec<f64>),
    /// Texts by their number in a dictionary; `u32::MAX` where there is none.
    Words {
        /// One number a row.
        codes: Vec<u32>,
        /// What they mean.
        dictionary: Dictionary,
    },
}

/// A named column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name; without a header `column_0`, `column_1` and so on.
    pub name: String,
    /// Its cells, one a row.
    pub cells: Cells,
    /// How its numbers were written, where not plainly.
    pub(crate) notation: Option<Notation>,
    /// How its dates were written.
    pub(crate) dates: Option<DateForm>,
}

impl Column {
    /// A column of a name; dates are written with the year first.
    #[must_use]
    pub fn new(name: String, cells: Cells) -> Self {
        let dates = matches!(cells, Cells::Dates(_)).then_some(DateForm::Ymd);
        Self { name, cells, dates, notation: None }
    }
}

/// A table as it was read: typed columns, nothing interpreted.
#[derive(Clone, Debug)]
pub struct Table {
    /// Where it is from.
    pub place: String,
    /// Its columns, all of one length.
    pub columns: Vec<Column>,
    /// The line on which each row begins, from 1 (for Parquet, the row's number).
    pub lines: Vec<u32>,
    /// Whether the columns have names of their own.
    pub header: bool,
    /// Whether a comma before the fraction is as usual there as a point, so that `7,4` is 7.4.
    pub(crate) decimal_comma: bool,
    /// Names of the classes that the last column's numbers from 0 stand for, where a first line of counts gives them.
    pub classes: Vec<String>,
}

impl Cells {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(values) | Self::Dates(values) => values.len(),
            Self::Words { codes, .. } => codes.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many are missing.
    #[must_use]
    pub fn missing(&self) -> usize {
        match self {
            Self::Numbers(values) | Self::Dates(values) => values.iter().filter(|v| v.is_nan()).count(),
            Self::Words { codes, .. } => codes.iter().filter(|c| **c == MISSING).count(),
        }
    }

    /// Whether a cell is missing.
    #[must_use]
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Numbers(values) | Self::Dates(values) => values[row].is_nan(),
            Self::Words { codes, .. } => codes[row] == MISSING,
        }
    }

    /// A cell as a word: numbers as they are shortest written.
    #[must_use]
    pub fn word(&self, row: usize) -> String {
        match self {
            Self::Numbers(values) | Self::Dates(values) if values[row].is_nan() => String::new(),
            Self::Numbers(values) | Self::Dates(values) => values[row].to_string(),
            Self::Words { codes, dictionary } => dictionary.text(codes[row]).into(),
        }
    }

    /// Mixes each cell into one number a row, so that equal rows get equal numbers.
    pub(crate) fn mix_into(&self, hashes: &mut [u64]) {
        let step = |hash: &mut u64, value: u64| {
            *hash = (hash.rotate_left(23) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            *hash ^= *hash >> 29;
        };
        match self {
            // Adding 0 makes one zero of the two.
            Self::Numbers(values) | Self::Dates(values) => {
                hashes.iter_mut().zip(values).for_each(|(h, v)| step(h, (v + 0.0).to_bits()));
            }
            Self::Words { codes, dictionary } => {
                let texts: Vec<u64> = dictionary.texts().map(|t| xxh3_64(t.as_bytes())).collect();
                let of = |c: u32| texts.get(c as usize).copied().unwrap_or(1);
                hashes.iter_mut().zip(codes).for_each(|(h, c)| step(h, of(*c)));
            }
        }
    }

    /// Leaves only the cells whose flag is set.
    pub(crate) fn keep(&mut self, keep: &[bool]) {
        let mut flags = keep.iter();
        let mut next = || flags.next().copied().unwrap_or(true);
        match self {
            Self::Numbers(values) | Self::Dates(values) => values.retain(|_| next()),
            Self::Words { codes, .. } => codes.retain(|_| next()),
        }
    }
}

impl Table {
    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    /// The place of a column in the table.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }

    /// The place of a column that an option names, or an error with the most similar name.
    pub(crate) fn find(&self, option: &'static str, name: &str) -> Result<usize, DataError> {
        self.position(name).ok_or_else(|| {
            let names: Vec<&str> = self.columns.iter().map(|c| c.name.as_str()).collect();
            let nearest = nascent_core::did_you_mean(name, names.iter().copied());
            let reason =
                format!("{} has no column {name:?}{nearest}; it has: {}", self.place, listed(&names));
            DataError::choice(option, reason)
        })
    }

    /// Leaves only the rows whose flag is set.
    pub(crate) fn keep(&mut self, keep: &[bool]) {
        self.columns.iter_mut().for_each(|c| c.cells.keep(keep));
        let mut flags = keep.iter();
        self.lines.retain(|_| flags.next().copied().unwrap_or(true));
    }
}

/// Names in a row, the middle left out where they are many.
pub(crate) fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let all: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match all.len() {
        0..=24 => all.join(", "),
        n => format!("{}, … ({} more) …, {}", all[..12].join(", "), n - 16, all[n - 4..].join(", ")),
    }
}
