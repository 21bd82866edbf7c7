//! Numbers as people read them.

/// A count with its thousands apart, such as `41,234`; not a number and infinities as `–`.
#[must_use]
pub fn count(value: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    group(&format!("{:.0}", value.abs()), value < 0.0)
}

/// Decimal digits of any length with their thousands apart; other text unchanged.
#[must_use]
pub fn digits(text: &str) -> String {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return text.to_string();
    }
    if text.len() <= 12 {
        return group(text, false);
    }
    format!("{}.{} × 10{}", &text[..1], &text[1..3], superscript(text.len() - 1))
}

fn superscript(n: usize) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    n.to_string().bytes().filter_map(|b| DIGITS.get(usize::from(b - b'0'))).collect()
}

fn group(digits: &str, negative: bool) -> String {
    let mut out = String::from(if negative { "−" } else { "" });
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A size in three digits, such as `41.2k`, `1.30M`, `0.0125`; not a number and infinities as `–`.
#[must_use]
pub fn compact(value: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    for (unit, suffix) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] {
        // What rounds up to 1000 of a unit is 1 of the next.
        if value.abs() >= unit * 0.9995 {
            return format!("{}{suffix}", three(value / unit));
        }
    }
    if value.fract() == 0.0 { minus(format!("{value}")) } else { three(value) }
}

fn three(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.9995 => 2,
        v if v >= 0.01 => 4,
        _ => return minus(format!("{value:.2e}")),
    };
    minus(format!("{value:.decimals$}"))
}

fn minus(text: String) -> String {
    text.replace('-', "−")
}

/// Whether a metric is a share of all examples, which people read in percent.
#[must_use]
pub fn is_share(metric: &str) -> bool {
    metric.ends_with("accuracy")
}

/// A metric's value: shares in percent, counts with thousands apart, others in four digits.
#[must_use]
pub fn metric(name: &str, value: f64) -> String {
    if !value.is_finite() {
        "–".into()
    } else if is_share(name) {
        format!("{} %", minus(format!("{:.2}", value * 100.0)))
    } else if value.fract() == 0.0 && value.abs() >= 100.0 {
        count(value)
    } else if value.abs() >= 0.01 && value.abs() < 1e4 {
        minus(format!("{value:.4}"))
    } else {
        compact(value)
    }
}

/// A difference of two values of a metric, signed: shares in percentage points.
#[must_use]
pub fn difference(name: &str, value: f64) -> String {
    let sign = if value > 0.0 { "+" } else { "" };
    if is_share(name) {
        format!("{sign}{} points", minus(format!("{:.2}", value * 100.0)))
    } else {
        format!("{sign}{}", metric(name, value))
    }
}

/// Two values of a metric as a range, the unit once: `98.30 to 99.30 %`.
#[must_use]
pub fn range(name: &str, low: f64, high: f64) -> String {
    let low = metric(name, low);
    format!("{} to {}", low.trim_end_matches(" %"), metric(name, high))
}

/// Two differences of a metric as a range, the unit once: `+0.28 to +1.39 points`.
#[must_use]
pub fn difference_range(name: &str, low: f64, high: f64) -> String {
    let low = difference(name, low);
    format!("{} to {}", low.trim_end_matches(" points"), difference(name, high))
}

/// A stretch of time, such as `0.8 s`, `12 s`, `3 min 20 s` or `2 h 05 min`.
#[must_use]
pub fn seconds(value: f64) -> String {
    if !value.is_finite() || value < 0.0 {
        return "–".into();
    }
    let whole = value.round() as u64;
    match value {
        v if v < 9.95 => format!("{v:.1} s"),
        v if v < 119.5 => format!("{whole} s"),
        v if v < 7199.5 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => {
            let minutes = (value / 60.0).round() as u64;
            format!("{} h {:02} min", minutes / 60, minutes % 60)
        }
    }
}

/// A metric's name for people: `activation_memory_bytes` is `activation memory bytes`.
#[must_use]
pub fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// A number with its noun: `1 trial`, `2 trials`.
#[must_use]
pub fn plural(n: usize, noun: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {noun}{s}", count(n as f64))
}

/// A p-value: `p = 0.012`, or `p < 0.001`.
#[must_use]
pub fn p_value(p: f64) -> String {
    if p < 0.001 { "p < 0.001".into() } else { format!("p = {p:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([count(0.0), count(999.0), count(-41234.0)], ["0", "999", "−41,234"]);
        assert_eq!(digits("18446744073709551616"), "1.84 × 10¹⁹");
        assert_eq!(digits("15625"), "15,625");
        let sizes = [12.0, 999.6, 41_234.0, 1_300_000.0, 0.0125, 0.00042].map(compact);
        assert_eq!(sizes, ["12", "1.00k", "41.2k", "1.30M", "0.0125", "4.20e−4"]);
        assert_eq!(metric("accuracy", 0.98888), "98.89 %");
        assert_eq!(metric("params", 41234.0), "41,234");
        assert_eq!(metric("rmse", 0.123_456), "0.1235");
        assert_eq!(difference("accuracy", -0.004), "−0.40 points");
        assert_eq!(range("accuracy", 0.983, 0.993), "98.30 to 99.30 %");
        assert_eq!(difference_range("accuracy", -0.001, 0.004), "−0.10 to +0.40 points");
        assert_eq!(difference_range("rmse", 0.25, 0.5), "+0.2500 to +0.5000");
        let times = [0.84, 12.3, 119.7, 200.0, 7500.0, f64::NAN].map(seconds);
        assert_eq!(times, ["0.8 s", "12 s", "2 min 00 s", "3 min 20 s", "2 h 05 min", "–"]);
        assert_eq!([plural(1, "trial"), plural(2000, "trial")], ["1 trial", "2,000 trials"]);
    }
}
