//! Columns that are neither all plain numbers nor plainly words: what they are, or an error that says what to do.

use crate::DataError;
use crate::preprocessing::Notation;
use crate::read::{DateForm, dates_of};
use crate::table::{Cells, Column, Dictionary};

/// A mixed column with at most this many different cells, each in five rows on average, is a category.
const FEW: usize = 20;
/// Fewer dates than this among words that are none are words too.
const FEWEST_DATES: usize = 20;

/// What is known of the table of a column.
#[derive(Clone, Copy)]
pub(super) struct Around<'t> {
    pub(super) place: &'t str,
    /// The line of each row.
    pub(super) lines: &'t [u32],
    pub(super) decimal_comma: bool,
}

/// Turns a column of words into numbers or dates where they are that after all, however the numbers are written.
///
/// A column that is numbers, or dates, but for one word that comes again, such as `unknown`, has that word for missing; it is
/// added to `missing`, and a warning says so. Numbers or dates with a few different words are an error, for they are most
/// likely mistakes. `as_they_are` names columns to leave alone.
pub(super) fn settle(
    column: &mut Column,
    table: Around<'_>,
    as_they_are: &[String],
    missing: &mut Vec<String>,
    warnings: &mut Vec<String>,
) -> Result<(), DataError> {
    let Cells::Words { codes, dictionary } = &column.cells else { return Ok(()) };
    if as_they_are.contains(&column.name) {
        return Ok(());
    }
    if let Some((form, dates)) = dates_of(dictionary) {
        column.cells = Cells::Dates(values(codes, &dates));
        column.dates = Some(form);
        return Ok(());
    }
    let counts = counts(codes, dictionary);
    let Some(reading) = Reading::of(dictionary, &counts, table.decimal_comma) else { return Ok(()) };
    let (all, fitting) = (counts.iter().sum::<usize>(), reading.rows(&counts));
    let strange: Vec<(u32, usize)> = (0..).zip(counts).filter(|(code, _)| !reading.takes(*code)).collect();
    let few = dictionary.len() <= FEW && all >= 5 * dictionary.len();
    if few && !strange.is_empty() {
        return Ok(());
    }
    match strange[..] {
        [] => {}
        [(code, count)] if count > 1 => {
            let word = dictionary.text(code).to_string();
            warnings.push(format!(
                "column {:?} has {word:?} in {count} rows and {} in all others: read as missing",
                column.name,
                reading.meaning.of_many()
            ));
            missing.push(word);
        }
        _ if all - fitting > (all / 100).max(3) => return Ok(()),
        _ => {
            let row = codes.iter().position(|c| strange.iter().any(|(s, _)| s == c)).unwrap_or(0);
            let reason = format!(
                "{:?} in column {:?} is not {}, as {fitting} of its {all} cells are: correct it, leave it empty, or pass --missing for a word that means missing, --category {} to read the column as categories",
                dictionary.text(codes[row]),
                column.name,
                reading.meaning.of_one(),
                column.name
            );
            let line = table.lines.get(row).copied().unwrap_or(0) as usize;
            return Err(DataError::line(table.place, line, reason));
        }
    }
    let read: Vec<f64> = reading.values.iter().map(|v| v.unwrap_or(f64::NAN)).collect();
    reading.meaning.give(column, &read);
    Ok(())
}

/// Turns a column of a test table into what the training table's turned out to be. It stays words where a cell is something
/// else, which is an error when the cell is needed.
pub(super) fn settle_like(column: &mut Column, training: &Column) {
    let meaning = match (&training.cells, training.dates) {
        (Cells::Numbers(_), _) => Meaning::Numbers(training.notation.unwrap_or_default()),
        (Cells::Dates(_), Some(form)) => Meaning::Dates(form),
        (Cells::Dates(_), None) | (Cells::Words { .. }, _) => return,
    };
    column.notation = training.notation;
    let Cells::Words { dictionary, .. } = &column.cells else { return };
    let read: Option<Vec<f64>> = dictionary.texts().map(|text| meaning.parse(text)).collect();
    if let Some(read) = read {
        meaning.give(column, &read);
    }
}

/// What the words of a column are after all.
#[derive(Clone, Copy)]
enum Meaning {
    Numbers(Notation),
    Dates(DateForm),
}

impl Meaning {
    fn parse(self, text: &str) -> Option<f64> {
        match self {
            Self::Numbers(notation) => notation.parse(text),
            Self::Dates(form) => form.parse(text),
        }
    }

    /// Puts what the words are in their place.
    fn give(self, column: &mut Column, of: &[f64]) {
        let Cells::Words { codes, .. } = &column.cells else { return };
        let values = values(codes, of);
        column.cells = match self {
            Self::Numbers(notation) => {
                column.notation = Some(notation).filter(Notation::is_decorated);
                Cells::Numbers(values)
            }
            Self::Dates(form) => {
                column.dates = Some(form);
                Cells::Dates(values)
            }
        };
    }

    fn of_many(self) -> &'static str {
        match self {
            Self::Numbers(_) => "numbers",
            Self::Dates(_) => "dates",
        }
    }

    fn of_one(self) -> &'static str {
        match self {
            Self::Numbers(_) => "a number",
            Self::Dates(DateForm::Ymd) => "a date (year, month, day)",
            Self::Dates(DateForm::Dmy) => "a date (day, month, year)",
            Self::Dates(DateForm::Mdy) => "a date (month, day, year)",
        }
    }
}

/// What the words of a column mean in at least four fifths of its rows.
struct Reading {
    meaning: Meaning,
    /// What each word is, nothing where it is only a word.
    values: Vec<Option<f64>>,
}

impl Reading {
    fn of(dictionary: &Dictionary, counts: &[usize], decimal_comma: bool) -> Option<Self> {
        let all: usize = counts.iter().sum();
        let reading = |meaning: Meaning, least: usize| {
            let values = dictionary.texts().map(|text| meaning.parse(text)).collect();
            let reading = Self { meaning, values };
            let rows = reading.rows(counts);
            (rows >= least && rows * 5 >= all * 4).then_some(reading)
        };
        let notation = Notation::of(dictionary.texts(), decimal_comma).unwrap_or_default();
        reading(Meaning::Numbers(notation), 1).or_else(|| {
            let form = DateForm::of_most(dictionary.texts().zip(counts.iter().copied()))?;
            reading(Meaning::Dates(form), FEWEST_DATES)
        })
    }

    /// The rows that are as it says.
    fn rows(&self, counts: &[usize]) -> usize {
        self.values.iter().zip(counts).filter(|(value, _)| value.is_some()).map(|(_, count)| count).sum()
    }

    fn takes(&self, code: u32) -> bool {
        self.values.get(code as usize).is_some_and(Option::is_some)
    }
}

fn values(codes: &[u32], of: &[f64]) -> Vec<f64> {
    codes.iter().map(|c| of.get(*c as usize).copied().unwrap_or(f64::NAN)).collect()
}

fn counts(codes: &[u32], dictionary: &Dictionary) -> Vec<usize> {
    let mut counts = vec![0; dictionary.len()];
    for code in codes {
        if let Some(count) = counts.get_mut(*code as usize) {
            *count += 1;
        }
    }
    counts
}
