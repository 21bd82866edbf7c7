use chrono::{DateTime, Datelike, Timelike};
use serde::{Deserialize, Serialize};

/// A number that a date gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatePart {
    /// Days since the beginning of 1970, with their fraction: what is early and what is late.
    Days,
    /// The year.
    Year,
    /// The month, 1 to 12.
    Month,
    /// The day of the month, 1 to 31.
    Day,
    /// The day of the week, 0 (Monday) to 6.
    Weekday,
    /// The hour with its fraction, 0 to 24.
    Hour,
}

impl DatePart {
    /// All of them.
    pub(crate) const ALL: [Self; 6] =
        [Self::Days, Self::Year, Self::Month, Self::Day, Self::Weekday, Self::Hour];

    /// The number, of seconds since the beginning of 1970; NaN stays NaN.
    #[must_use]
    pub fn of(self, seconds: f64) -> f64 {
        if self == Self::Days {
            return seconds / 86_400.0;
        }
        let Some(date) = Some(seconds)
            .filter(|s| s.is_finite())
            .and_then(|s| DateTime::from_timestamp(s.floor() as i64, 0))
        else {
            return f64::NAN;
        };
        match self {
            Self::Days => seconds / 86_400.0,
            Self::Year => f64::from(date.year()),
            Self::Month => f64::from(date.month()),
            Self::Day => f64::from(date.day()),
            Self::Weekday => f64::from(date.weekday().num_days_from_monday()),
            Self::Hour => f64::from(date.num_seconds_from_midnight()) / 3600.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_date_are_numbers() {
        // Tuesday, 24 November 2026, 13:30.
        let seconds = 1_795_527_000.0;
        let parts = DatePart::ALL.map(|p| p.of(seconds));
        assert_eq!(parts, [20_781.562_5, 2026.0, 11.0, 24.0, 1.0, 13.5]);
        assert!(DatePart::ALL.iter().all(|p| p.of(f64::NAN).is_nan()));
    }
}
