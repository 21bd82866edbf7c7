//! How a CSV file is laid out: its delimiter, whether it has a header, and what its columns hold, from its beginning.

use super::{CsvForm, DateForm, Source};
use crate::DataError;
use crate::preprocessing::Notation;
use crate::table::{is_missing, number};
use std::collections::HashSet;

/// The part of a file that is looked at.
const SAMPLE: usize = 1 << 20;
const SAMPLE_ROWS: usize = 1000;
/// The most columns that are read.
const MOST_COLUMNS: usize = 100_000;

/// What the cells of a column are read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Number,
    Date(DateForm),
    Word,
}

pub(super) struct Layout {
    pub(super) delimiter: u8,
    /// Any run of blanks separates.
    pub(super) blanks: bool,
    /// Whether the first row is no data.
    pub(super) skip_first: bool,
    /// The columns' names, where the first row has them.
    pub(super) header: bool,
    pub(super) names: Vec<String>,
    pub(super) types: Vec<Type>,
    /// Class names of a first line of counts: `rows,columns,name,name,…`.
    pub(super) classes: Vec<String>,
}

impl Layout {
    pub(super) fn of(source: &Source<'_>, form: &CsvForm<'_>) -> Result<Self, DataError> {
        let sample = source.start_of_lines(SAMPLE + 1)?;
        let sample = sample.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&sample);
        if sample.iter().all(u8::is_ascii_whitespace) {
            return Err(source.fail("is empty: a table needs rows, one a line"));
        }
        if sample.starts_with(b"\xff\xfe") || sample.starts_with(b"\xfe\xff") {
            let how = "is UTF-16, not UTF-8: convert it, for example with iconv -f utf-16 -t utf-8";
            return Err(source.fail(how));
        }
        // The last line may be cut off.
        let whole = if sample.len() >= SAMPLE {
            sample.iter().rposition(|b| *b == b'\n').map_or(sample, |end| &sample[..=end])
        } else {
            sample
        };
        let (delimiter, blanks, rows) = separated(whole, form.delimiter);
        let columns = common_width(&rows);
        if columns > MOST_COLUMNS {
            return Err(source.fail(format!("has {columns} columns, at most {MOST_COLUMNS} are read")));
        }
        let mut layout = Self {
            delimiter,
            blanks,
            skip_first: false,
            header: false,
            names: (0..columns).map(|i| format!("column_{i}")).collect(),
            types: vec![Type::Word; columns],
            classes: Vec::new(),
        };
        layout.name_columns(source, form, &rows)?;
        let data = &rows[usize::from(layout.skip_first).min(rows.len())..];
        let comma = decimal_comma(delimiter);
        for (i, kind) in layout.types.iter_mut().enumerate() {
            if !form.words.contains(&layout.names[i]) {
                *kind =
                    guess(data.iter().filter_map(|row| row.get(i)).map(String::as_str), form.missing, comma);
            }
        }
        Ok(layout)
    }

    /// Decides whether the first row is a header, and takes the names from it.
    fn name_columns(
        &mut self,
        source: &Source<'_>,
        form: &CsvForm<'_>,
        rows: &[Vec<String>],
    ) -> Result<(), DataError> {
        let Some((first, data)) = rows.split_first() else { return Ok(()) };
        if form.header != Some(true)
            && let Some(classes) = counts_line(first, data)
        {
            self.skip_first = true;
            self.classes = classes;
            return Ok(());
        }
        if !form.header.unwrap_or_else(|| looks_like_header(first, data, decimal_comma(self.delimiter))) {
            return Ok(());
        }
        (self.skip_first, self.header) = (true, true);
        self.names = first
            .iter()
            .enumerate()
            .map(|(i, name)| if name.is_empty() { format!("column_{i}") } else { name.clone() })
            .collect();
        self.types = vec![Type::Word; self.names.len()];
        let mut seen = HashSet::new();
        if let Some(twice) = self.names.iter().find(|name| !seen.insert(name.as_str())) {
            let places: Vec<String> = (self.names.iter().enumerate())
                .filter(|(_, name)| *name == twice)
                .map(|(i, _)| (i + 1).to_string())
                .collect();
            let reason = format!(
                "columns {} are all named {twice:?}: rename all but one, or pass --no-header if this is a row of data",
                places.join(" and ")
            );
            return Err(DataError::line(&source.place(), 1, reason));
        }
        Ok(())
    }
}

/// Whether `7,4` may mean seven and four tenths: where semicolons separate.
pub(super) fn decimal_comma(delimiter: u8) -> bool {
    delimiter == b';'
}

/// The rows of the sample under the delimiter that gives the most even rows of at least two fields.
fn separated(sample: &[u8], given: Option<u8>) -> (u8, bool, Vec<Vec<String>>) {
    if let Some(delimiter) = given {
        return (delimiter, false, records(sample, delimiter));
    }
    let mut best = (b',', false, records(sample, b','));
    let mut best_score = evenness(&best.2);
    for delimiter in *b";\t|" {
        let rows = records(sample, delimiter);
        let score = evenness(&rows);
        if score > best_score {
            (best, best_score) = ((delimiter, false, rows), score);
        }
    }
    if best_score.1 < 2 {
        let rows: Vec<Vec<String>> = String::from_utf8_lossy(sample)
            .lines()
            .filter(|line| !line.trim().is_empty())
            .take(SAMPLE_ROWS)
            .map(|line| line.split_ascii_whitespace().map(Into::into).collect())
            .collect();
        // Sentences have blanks too: numbers must be among the fields, and every row must have the same number of them.
        let (even, width) = evenness(&rows);
        let numbers = rows.iter().flatten().filter(|f| number(f, false).is_some()).count();
        if even == 1000 && width >= 2 && numbers * 4 >= rows.len() * width {
            best = (b'\t', true, rows);
        }
    }
    best
}

fn records(sample: &[u8], delimiter: u8) -> Vec<Vec<String>> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(sample);
    let mut rows = Vec::new();
    for record in reader.byte_records().take(SAMPLE_ROWS).flatten() {
        rows.push(record.iter().map(|f| String::from_utf8_lossy(f).trim().to_string()).collect());
    }
    rows
}

/// The number of fields that most rows have.
fn common_width(rows: &[Vec<String>]) -> usize {
    let mut counts = std::collections::BTreeMap::new();
    rows.iter().for_each(|row| *counts.entry(row.len()).or_insert(0usize) += 1);
    counts.into_iter().max_by_key(|(width, n)| (*n, *width)).map_or(1, |(width, _)| width)
}

/// How even the rows are, in thousandths (0 where there is only one field), and their width.
fn evenness(rows: &[Vec<String>]) -> (usize, usize) {
    let width = common_width(rows);
    let even = rows.iter().filter(|row| row.len() == width).count() * 1000 / rows.len().max(1);
    if width < 2 { (0, width) } else { (even, width) }
}

/// The class names of a line `rows,columns,name,name,…`, as scikit-learn's own files begin.
fn counts_line(first: &[String], data: &[Vec<String>]) -> Option<Vec<String>> {
    let [rows, columns, names @ ..] = first else { return None };
    let (rows, columns): (usize, usize) = (rows.parse().ok()?, columns.parse().ok()?);
    let texts = names.iter().filter(|n| !n.is_empty() && number(n, false).is_none()).count();
    let fitting = data.iter().all(|row| row.len() == columns + 1);
    let counted = data.len() == rows || data.len() >= SAMPLE_ROWS - 1 && rows >= data.len();
    (texts >= 2 && texts == names.len() && fitting && counted).then(|| names.to_vec())
}

/// Whether a first row names columns: it has no numbers, no two equal fields, and differs in kind from what is below.
fn looks_like_header(first: &[String], data: &[Vec<String>], comma: bool) -> bool {
    let plain = |f: &String| number(f, comma).is_some() || DateForm::is_plain(f);
    if first.iter().all(String::is_empty) {
        return false;
    }
    if first.iter().any(plain) {
        return names_years(first, data, comma);
    }
    if data.is_empty() {
        return true;
    }
    let mut votes = 0i64;
    for (i, name) in first.iter().enumerate() {
        let cells: Vec<&String> =
            data.iter().filter_map(|row| row.get(i)).filter(|c| !is_missing(c, &[])).collect();
        let numbers = cells.iter().filter(|c| plain(c)).count();
        // A name may be written as a number, such as `25%`, but is none then above cells that are.
        let written = cells.iter().filter(|c| !Notation::decorates(name) && Notation::decorates(c)).count();
        if (numbers + written) * 2 > cells.len() && !is_missing(name, &[]) {
            return true;
        }
        // A word that comes again below it is a value; one that does not, over values that do, is a name.
        let different = cells.iter().collect::<HashSet<_>>().len();
        if different * 2 <= cells.len() {
            votes += if cells.contains(&name) { -1 } else { 1 };
        } else if cells.len() < 4 || cells.iter().all(|c| c.chars().count() > 2 * name.chars().count()) {
            votes += 1;
        }
    }
    votes > 0
}

/// Whether a first row with numbers names columns all the same: they are different years over what is none, and the other fields
/// are words that do not come again.
fn names_years(first: &[String], data: &[Vec<String>], comma: bool) -> bool {
    let is_year = |f: &String| f.len() == 4 && f.parse().is_ok_and(|y: u32| (1500..=2200).contains(&y));
    let below = |i: usize| data.iter().filter_map(move |row| row.get(i)).filter(|c| !is_missing(c, &[]));
    let fits = |i: usize, name: &String| match number(name, comma) {
        Some(_) => is_year(name) && 2 * below(i).filter(|c| is_year(c)).count() < below(i).count(),
        None => !name.is_empty() && below(i).all(|cell| cell != name),
    };
    let different = first.iter().collect::<HashSet<_>>().len() == first.len();
    let has_words = first.iter().any(|name| number(name, comma).is_none());
    different && has_words && first.iter().enumerate().all(|(i, name)| fits(i, name))
}

/// What the cells of a column are, from some of them.
fn guess<'c>(cells: impl Iterator<Item = &'c str> + Clone, missing: &[String], comma: bool) -> Type {
    let present = cells.filter(|cell| !is_missing(cell, missing));
    if present.clone().all(|cell| number(cell, comma).is_some() || super::csv_file::is_infinite(cell)) {
        return Type::Number;
    }
    DateForm::of(present).map_or(Type::Word, Type::Date)
}
