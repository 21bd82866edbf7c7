//! Columns that are neither all numbers nor plainly words: what they are, or an error that says what to do.

use crate::DataError;
use crate::read::dates_of;
use crate::table::{Cells, Column, Dictionary, number};

/// A mixed column with at most this many different cells, each in five rows on average, is a category.
const FEW: usize = 20;

/// Turns a column of words into numbers or dates where they are that after all.
///
/// A column that is numbers but for one word that comes again, such as `unknown`, has that word for missing; it is added
/// to `missing`, and a warning says so. Numbers with a few different words are an error, for they are most likely
/// mistakes. `as_they_are` names columns to leave alone.
pub(super) fn settle(
    column: &mut Column,
    (place, lines): (&str, &[u32]),
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
    let parsed: Vec<Option<f64>> =
        dictionary.texts().map(|t| number(t, false).filter(|v| v.is_finite())).collect();
    let mut numbers = 0usize;
    let mut strange: Vec<(u32, usize)> = Vec::new();
    let counts = counts(codes, dictionary);
    for (code, count) in counts.iter().enumerate() {
        match parsed[code] {
            Some(_) => numbers += count,
            None => strange.push((code as u32, *count)),
        }
    }
    let strange_rows: usize = strange.iter().map(|(_, n)| n).sum();
    let all = numbers + strange_rows;
    let few = dictionary.len() <= FEW && all >= 5 * dictionary.len();
    if numbers * 5 < all * 4 || numbers == 0 || few && !strange.is_empty() {
        return Ok(());
    }
    match strange[..] {
        [] => {}
        [(code, count)] if count > 1 => {
            let word = dictionary.text(code).to_string();
            warnings.push(format!(
                "column {:?} has {word:?} in {count} rows and numbers in all others: read as missing",
                column.name
            ));
            missing.push(word);
        }
        _ if strange_rows > (all / 100).max(3) => return Ok(()),
        _ => {
            let row = codes.iter().position(|c| strange.iter().any(|(s, _)| s == c)).unwrap_or(0);
            let reason = format!(
                "{:?} in column {:?} is not a number, as {numbers} of its {all} cells are: correct it, leave it empty, or pass --missing for a word that means missing, --category {} to read the column as categories",
                dictionary.text(codes[row]),
                column.name,
                column.name
            );
            return Err(DataError::line(place, lines.get(row).copied().unwrap_or(0) as usize, reason));
        }
    }
    let parsed: Vec<f64> = parsed.into_iter().map(|v| v.unwrap_or(f64::NAN)).collect();
    column.cells = Cells::Numbers(values(codes, &parsed));
    Ok(())
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
