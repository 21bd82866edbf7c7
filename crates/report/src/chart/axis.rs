use crate::format::{compact, seconds};

/// How the numbers of an axis are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Numbers, with as many decimals as the steps need.
    Plain,
    /// Sizes, such as `10k`.
    Compact,
    /// Times, such as `2 min 30 s`.
    Seconds,
}

/// A scale with a name: maps values to 0 (low end) to 1 (high end).
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub name: String,
    low: f64,
    high: f64,
    log: bool,
    format: Format,
}

impl Axis {
    /// From `low` to `high`; an empty or improper range becomes one around it.
    pub fn linear(name: impl Into<String>, low: f64, high: f64, format: Format) -> Self {
        let (low, high) = proper(low, high);
        Self { name: name.into(), low, high, log: false, format }
    }

    /// Around all values with a little space; logarithmic where they are positive and span a factor of 20 or more.
    pub fn around(name: impl Into<String>, values: &[f64], format: Format) -> Self {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = proper(low, high);
        if low > 0.0 && high / low >= 20.0 {
            let space = (high / low).powf(0.04);
            let (low, high) = (low / space, high * space);
            return Self { name: format!("{} (logarithmic)", name.into()), low, high, log: true, format };
        }
        let space = (high - low) * 0.05;
        let low = if low >= 0.0 { (low - space).max(0.0) } else { low - space };
        Self { name: name.into(), low, high: high + space, log: false, format }
    }

    pub fn range(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    pub fn holds(&self, value: f64) -> bool {
        value >= self.low && value <= self.high
    }

    /// Where a value lies, 0 to 1; what lies outside is put on the edge.
    pub fn place(&self, value: f64) -> f64 {
        self.beyond(value).clamp(0.0, 1.0)
    }

    /// Where a value lies, below 0 and above 1 where it is outside, though never far.
    pub fn beyond(&self, value: f64) -> f64 {
        let part = if self.log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        if part.is_nan() { 0.0 } else { part.clamp(-20.0, 20.0) }
    }

    /// Round values to write beside the axis.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        if self.log {
            return self.decades();
        }
        let step = match self.format {
            Format::Seconds => time_step((self.high - self.low) / 6.0),
            _ => round_step((self.high - self.low) / 6.0),
        };
        let first = (self.low / step - 1e-9).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        (first..=last.min(first + 20))
            .map(|i| {
                let value = i as f64 * step;
                (value, self.label(value, step))
            })
            .collect()
    }

    fn decades(&self) -> Vec<(f64, String)> {
        let few = (self.high / self.low).log10() < 2.2;
        let multiples: &[f64] = if few { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let from = self.low.log10().floor() as i32;
        (from..=from + 40)
            .flat_map(|decade| multiples.iter().map(move |m| m * 10f64.powi(decade)))
            .filter(|v| self.holds(*v))
            .map(|v| (v, short(v)))
            .collect()
    }

    fn label(&self, value: f64, step: f64) -> String {
        match self.format {
            Format::Plain => {
                let decimals = (-step.log10() - 1e-9).ceil().clamp(0.0, 9.0) as usize;
                format!("{value:.decimals$}").replace('-', "−")
            }
            Format::Compact => short(value),
            Format::Seconds => time(value, step),
        }
    }
}

/// A time without the parts that say nothing: `5 s`, `2 min`, `1 h`.
fn time(value: f64, step: f64) -> String {
    let whole = value.round() as u64;
    match whole {
        _ if step.fract() != 0.0 => seconds(value),
        0..120 if step < 60.0 => format!("{whole} s"),
        _ if step >= 3600.0 => format!("{} h", whole / 3600),
        0..7200 if whole.is_multiple_of(60) => format!("{} min", whole / 60),
        _ if whole.is_multiple_of(3600) => format!("{} h", whole / 3600),
        _ => seconds(value),
    }
}

/// As [`compact`], without zeros that say nothing: `2k`.
fn short(value: f64) -> String {
    let text = compact(value);
    let split = text.trim_end_matches(char::is_alphabetic).len();
    let (number, unit) = text.split_at(split);
    if !number.contains('.') || number.contains('e') {
        return text;
    }
    format!("{}{unit}", number.trim_end_matches('0').trim_end_matches('.'))
}

fn proper(low: f64, high: f64) -> (f64, f64) {
    if !low.is_finite() || !high.is_finite() {
        return (0.0, 1.0);
    }
    if high > low {
        return (low, high);
    }
    let space = (low.abs() * 0.05).max(1e-6);
    (low - space, low + space)
}

/// 1, 2 or 5 times a power of ten, not below `rough`.
fn round_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].iter().map(|m| m * power).find(|s| *s >= rough * 0.95).unwrap_or(10.0 * power)
}

/// A step at which clocks are read.
fn time_step(rough: f64) -> f64 {
    let steps =
        [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0];
    if rough <= 1.0 {
        return round_step(rough);
    }
    steps.iter().copied().find(|s| *s >= rough).unwrap_or_else(|| round_step(rough / 3600.0) * 3600.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks().into_iter().map(|t| t.1).collect()
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(
            labels(&Axis::linear("", 96.4, 99.2, Format::Plain)),
            ["96.5", "97.0", "97.5", "98.0", "98.5", "99.0"]
        );
        assert_eq!(
            labels(&Axis::linear("", 0.0, 1.1, Format::Plain)),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(
            labels(&Axis::linear("", 0.0, 70.0, Format::Seconds)),
            ["0 s", "15 s", "30 s", "45 s", "60 s"]
        );
        let long = labels(&Axis::linear("", 0.0, 550.0, Format::Seconds));
        assert_eq!(
            labels(&Axis::linear("", 0.0, 15_000.0, Format::Seconds)),
            ["0 h", "1 h", "2 h", "3 h", "4 h"]
        );
        assert_eq!(long, ["0 min", "2 min", "4 min", "6 min", "8 min"]);
        let log = Axis::around("", &[1_000.0, 3_000_000.0], Format::Compact);
        assert_eq!(labels(&log), ["1k", "10k", "100k", "1M"]);
        assert!(log.name.ends_with("(logarithmic)"));
    }

    #[test]
    fn improper_ranges_still_give_an_axis() {
        for axis in [
            Axis::around("", &[], Format::Plain),
            Axis::around("", &[3.0, 3.0], Format::Plain),
            Axis::linear("", f64::NAN, 1.0, Format::Seconds),
        ] {
            assert!(axis.ticks().len() >= 2, "{axis:?}");
            assert!((0.0..=1.0).contains(&axis.place(f64::NAN)));
        }
    }
}
