use chrono::{NaiveDate, NaiveTime};

/// The order of day, month and year in a column of dates; the time of day may follow in any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateForm {
    /// 2026-11-24, also with `/` or `.`.
    Ymd,
    /// 24.11.2026, also with `/` or `-`.
    Dmy,
    /// 11/24/2026, also with `-` or `.`.
    Mdy,
}

impl DateForm {
    /// The order that fits every cell; where day and month cannot be told apart, points mean the day first and slashes
    /// the month.
    pub(crate) fn of<'c>(cells: impl Iterator<Item = &'c str> + Clone) -> Option<Self> {
        let fits = |form: Self| cells.clone().all(|cell| form.parse(cell).is_some());
        let points = cells.clone().next()?.contains('.');
        let order = if points { [Self::Dmy, Self::Mdy] } else { [Self::Mdy, Self::Dmy] };
        [Self::Ymd].into_iter().chain(order).find(|form| fits(*form))
    }

    /// Seconds since the beginning of 1970, for a date with or without a time of day and an offset from UTC.
    pub(crate) fn parse(self, cell: &str) -> Option<f64> {
        if cell.len() < 8 || cell.len() > 40 || !cell.as_bytes()[0].is_ascii_digit() {
            return None;
        }
        let (date, time) = match cell.find(['T', ' ']) {
            Some(at) => (&cell[..at], Some(cell[at + 1..].trim())),
            None => (cell, None),
        };
        let separator = date.chars().find(|c| !c.is_ascii_digit()).filter(|c| "-/.".contains(*c))?;
        let mut parts = date.split(separator);
        let parts = [parts.next()?, parts.next()?, parts.next()?, parts.next().unwrap_or("")];
        let [first, second, third, ""] = parts else { return None };
        let (year, month, day) = match self {
            Self::Ymd => (first, second, third),
            Self::Dmy => (third, second, first),
            Self::Mdy => (third, first, second),
        };
        if year.len() != 4 || month.len() > 2 || day.len() > 2 {
            return None;
        }
        let date = NaiveDate::from_ymd_opt(whole(year)? as i32, whole(month)?, whole(day)?)?;
        let days = (date - NaiveDate::default()).num_days() as f64;
        Some(days * 86_400.0 + time.map_or(Some(0.0), time_of_day)?)
    }
}

fn whole(digits: &str) -> Option<u32> {
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// Seconds since midnight UTC of `13:05`, `13:05:07.25`, `13:05:07Z` or `13:05:07+02:00`.
fn time_of_day(text: &str) -> Option<f64> {
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
    }
}
