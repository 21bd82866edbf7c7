use chrono::{NaiveDate, NaiveTime};
use smallvec::SmallVec;

/// The order of day, month and year in a column of dates; the time of day may follow in any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateForm {
    /// 2026-11-24, also with `/` or `.`; 2026-11 is the first of that month.
    Ymd,
    /// 24.11.2026, also with `/` or `-`, and 24/11/26; 24 Nov 2026, also with `-`.
    Dmy,
    /// 11/24/2026, also with `-` or `.`, and 11/24/26; Nov 24, 2026, and Nov-2026, the first of that month.
    Mdy,
}

/// Among so many different cells of a column of dates, some are dates.
const FIRST: usize = 1000;

impl DateForm {
    /// The order that fits every cell; where day and month cannot be told apart, points mean the day first and slashes
    /// the month.
    pub(crate) fn of<'c>(cells: impl Iterator<Item = &'c str> + Clone) -> Option<Self> {
        let fits = |form: &Self| cells.clone().all(|cell| form.parse(cell).is_some());
        Self::by_likelihood(cells.clone().next()?).into_iter().find(fits)
    }

    /// The order that fits most cells, each with how often it comes; some of the first must be dates.
    pub(crate) fn of_most<'c>(cells: impl Iterator<Item = (&'c str, usize)> + Clone) -> Option<Self> {
        let fits = |form: &Self, cell: &str| form.parse(cell).is_some();
        let all = [Self::Ymd, Self::Dmy, Self::Mdy];
        let (date, _) =
            cells.clone().take(FIRST).find(|(cell, _)| all.iter().any(|form| fits(form, cell)))?;
        let count = |form: &Self| -> usize {
            cells.clone().filter(|(cell, _)| fits(form, cell)).map(|(_, count)| count).sum()
        };
        // Of equals the last is taken.
        Self::by_likelihood(date).into_iter().rev().max_by_key(count)
    }

    /// All orders, by how likely they are for dates like this one.
    fn by_likelihood(cell: &str) -> [Self; 3] {
        if cell.contains('.') { [Self::Ymd, Self::Dmy, Self::Mdy] } else { [Self::Ymd, Self::Mdy, Self::Dmy] }
    }

    /// Seconds since the beginning of 1970, for a date with or without a time of day and an offset from UTC.
    pub(crate) fn parse(self, cell: &str) -> Option<f64> {
        if cell.len() < 6 || cell.len() > 40 {
            return None;
        }
        if let Some((is_month_first, date)) = named(cell) {
            let fits = if is_month_first { self == Self::Mdy } else { self == Self::Dmy };
            return fits.then(|| seconds(date));
        }
        if !cell.as_bytes()[0].is_ascii_digit() {
            return None;
        }
        let (date, time) = match cell.find(['T', ' ']) {
            Some(at) => (&cell[..at], Some(cell[at + 1..].trim())),
            None => (cell, None),
        };
        let separator = date.chars().find(|c| !c.is_ascii_digit()).filter(|c| "-/.".contains(*c))?;
        let parts: SmallVec<[&str; 4]> = date.split(separator).collect();
        let (year, month, day) = match (self, &parts[..]) {
            (Self::Ymd, [year, month, day]) => (*year, *month, *day),
            (Self::Ymd, [year, month]) if separator != '.' && time.is_none() => (*year, *month, "1"),
            (Self::Dmy, [day, month, year]) | (Self::Mdy, [month, day, year]) => (*year, *month, *day),
            _ => return None,
        };
        let is_short = year.len() == 2 && self != Self::Ymd && separator != '.';
        if !(year.len() == 4 || is_short) || month.len() > 2 || day.len() > 2 {
            return None;
        }
        let date = NaiveDate::from_ymd_opt(of_century(whole(year)?, is_short), whole(month)?, whole(day)?)?;
        Some(seconds(date) + time.map_or(Some(0.0), time_of_day)?)
    }

    /// Whether a cell is a date that no name of a column would be: with a year of four digits, and no words.
    pub(crate) fn is_plain(cell: &str) -> bool {
        let has_year = cell.as_bytes().windows(4).any(|four| four.iter().all(u8::is_ascii_digit));
        let words = cell.chars().any(|c| c.is_alphabetic() && !"TZUC".contains(c));
        cell.len() >= 8 && has_year && !words && Self::of([cell].into_iter()).is_some()
    }
}

/// The months by the first letters of their English names.
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// A date with the month as a word, and whether that comes first: `24 Nov 2026`, `24-Nov-26`, `November 24, 2026`, `Nov-2026`.
fn named(cell: &str) -> Option<(bool, NaiveDate)> {
    if cell.bytes().filter(u8::is_ascii_alphabetic).count() < 3 {
        return None;
    }
    let parts: SmallVec<[&str; 4]> =
        cell.split(|c: char| "-/., ".contains(c)).filter(|part| !part.is_empty()).collect();
    let month = |text: &str| {
        let text = text.to_lowercase();
        let at = MONTHS.iter().position(|m| text.starts_with(m))?;
        // A word that only begins so is none.
        let whole = [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ][at];
        (text.len() == 3 || text == "sept" || text == whole).then_some(at as u32 + 1)
    };
    let (is_first, month, day, year) = match parts[..] {
        [day, name, year] if day.as_bytes()[0].is_ascii_digit() => (false, month(name)?, day, year),
        [name, day, year] => (true, month(name)?, day, year),
        [name, year] => (true, month(name)?, "1", year),
        _ => return None,
    };
    if !matches!(year.len(), 2 | 4) || day.len() > 2 {
        return None;
    }
    let year = of_century(whole(year)?, year.len() == 2);
    Some((is_first, NaiveDate::from_ymd_opt(year, month, whole(day)?)?))
}

/// A year; of two digits those from 69 on are of the last century, as POSIX has it.
fn of_century(year: u32, is_short: bool) -> i32 {
    let century = match (is_short, year < 69) {
        (false, _) => 0,
        (true, true) => 2000,
        (true, false) => 1900,
    };
    (year + century) as i32
}

fn seconds(date: NaiveDate) -> f64 {
    (date - NaiveDate::default()).num_days() as f64 * 86_400.0
}

fn whole(digits: &str) -> Option<u32> {
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// Seconds since midnight UTC of `13:05`, `13:05:07.25`, `13:05:07Z`, `13:05:07+02:00` or `1:05 PM`.
fn time_of_day(text: &str) -> Option<f64> {
    let half =
        text.len().checked_sub(2).and_then(|at| Some((text.get(..at)?, text.get(at..)?.to_lowercase())));
    if let Some((clock, half)) = half.filter(|(_, half)| half == "am" || half == "pm") {
        let seconds = time_of_day(clock.trim_end())?;
        let hour = (seconds / 3600.0).floor();
        // Noon and midnight are both called twelve.
        let morning = if hour == 12.0 { seconds - 43_200.0 } else { seconds };
        return (1.0..13.0).contains(&hour).then(|| morning + if half == "pm" { 43_200.0 } else { 0.0 });
    }
    let text = text.strip_suffix('Z').or_else(|| text.strip_suffix(" UTC")).unwrap_or(text);
    let (clock, offset) = match text.find(['+', '-']) {
        Some(at) => (&text[..at], offset(&text[at..])?),
        None => (text, 0.0),
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut parts = clock.split(':');
    let (hour, minute) = (whole(parts.next()?)?, whole(parts.next()?)?);
    let second = parts.next().map_or(Some(0), whole)?;
    NaiveTime::from_hms_opt(hour, minute, second.min(59))?;
    let fraction = format!("0.{fraction}0").parse::<f64>().ok()?;
    (parts.next().is_none() && second <= 60)
        .then(|| f64::from(hour * 3600 + minute * 60 + second) + fraction - offset)
}

fn offset(text: &str) -> Option<f64> {
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let digits = text[1..].replace(':', "");
    let value = f64::from(whole(&digits)?);
    match digits.len() {
        2 => Some(sign * value * 3600.0),
        4 => Some(sign * ((value / 100.0).floor() * 3600.0 + value % 100.0 * 60.0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_all_orders_are_read() {
        let form = |cells: &[&str]| DateForm::of(cells.iter().copied());
        assert_eq!(form(&["2026-11-24", "2026/1/2"]), Some(DateForm::Ymd));
        assert_eq!(form(&["03/04/2020", "12/31/2020"]), Some(DateForm::Mdy));
        assert_eq!(form(&["03/04/2020", "31/12/2020"]), Some(DateForm::Dmy));
        assert_eq!(form(&["03.04.2020"]), Some(DateForm::Dmy));
        assert_eq!(form(&["2019-01", "2020/12"]), Some(DateForm::Ymd));
        assert_eq!(form(&["10/22/12", "1/2/99"]), Some(DateForm::Mdy));
        assert_eq!(form(&["22-10-12"]), Some(DateForm::Dmy));
        assert_eq!(form(&["05-Mar-2019", "6 may 19"]), Some(DateForm::Dmy));
        assert_eq!(form(&["January 05, 2019", "Sept 6 2019"]), Some(DateForm::Mdy));
        assert_eq!(form(&["Jan-2019", "Aug-62"]), Some(DateForm::Mdy));
        assert_eq!(form(&["01/05/2019 02:30 PM"]), Some(DateForm::Mdy));
        for none in ["1.2.12", "34-24-36", "Marble-62", "2019-13", "May", "01/05/2019 13:30 PM", "10-12"] {
            assert_eq!(form(&[none]), None, "{none}");
        }
        let most = DateForm::of_most([("soon", 9), ("31.12.2020", 1), ("03.04.2020", 5)].into_iter());
        assert_eq!(most, Some(DateForm::Dmy));
        assert_eq!(
            DateForm::of_most([("03/04/2020", 2), ("31/12/2020", 1), ("12/31/2020", 3)].into_iter()),
            Some(DateForm::Mdy)
        );
        assert_eq!(DateForm::of_most([("soon", 9)].into_iter()), None);
        // What may be the name of a column is no plain date.
        assert!(DateForm::is_plain("2020-01-02") && DateForm::is_plain("01/02/2020"));
        assert!(
            !DateForm::is_plain("10/22/20")
                && !DateForm::is_plain("2019-01")
                && !DateForm::is_plain("Jan-2019")
        );
        for none in
            ["1.2.3", "12345678", "2020-13-01", "2020-02-30", "text here", "1990-01-01x", "2020-01-01 25:00"]
        {
            assert_eq!(form(&[none]), None, "{none}");
        }
    }

    #[test]
    fn seconds_are_counted_from_1970() {
        let parse = |cell| DateForm::Ymd.parse(cell);
        assert_eq!(parse("1970-01-02"), Some(86_400.0));
        assert_eq!(parse("2000-03-01 00:00:30.5"), Some(951_868_830.5));
        assert_eq!(parse("2000-03-01T01:00:00+01:00"), Some(951_868_800.0));
        assert_eq!(parse("2000-03-01T00:00Z"), Some(951_868_800.0));
        assert_eq!(parse("é0000000"), None);
        assert_eq!(parse("1970-02"), Some(31.0 * 86_400.0));
        let mdy = |cell| DateForm::Mdy.parse(cell);
        assert_eq!(mdy("01/02/70 12:30 AM"), Some(86_400.0 + 1_800.0));
        assert_eq!(mdy("01/02/1970 12:30 pm"), Some(86_400.0 + 45_000.0));
        assert_eq!(mdy("Jan 2, 1970"), Some(86_400.0));
        assert_eq!(DateForm::Dmy.parse("2-Jan-70"), Some(86_400.0));
        assert_eq!(mdy("01/01/68"), Some(3_092_601_600.0));
    }
}
