use crate::table::number;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// How the numbers of a column are written, where it is not with digits, one point and a minus alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notation {
    /// What stands between groups of three digits: a comma, a point, an apostrophe or a blank.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thousands: Option<char>,
    /// Whether a comma, not a point, comes before the fraction.
    pub decimal_comma: bool,
    /// The sign before or behind each number: `%`, or one of money.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<char>,
    /// Whether some numbers are in brackets, which makes them negative.
    pub brackets: bool,
}

/// What separates thousands where a point comes before the fraction, and where a comma does; nothing goes first, so that no
/// separator is believed in that is not needed.
const BESIDE_POINT: [Option<char>; 4] = [None, Some(','), Some('\''), Some(' ')];
const BESIDE_COMMA: [Option<char>; 4] = [None, Some('.'), Some('\''), Some(' ')];

impl Notation {
    /// How the numbers among some cells are written, other cells left aside; nothing where no notation reads all of them.
    ///
    /// `1,234` has its comma between thousands where all commas come before three digits, unless `decimal_comma` says that
    /// commas usually come before the fraction. Numbers with a 0 too many at the beginning are codes, which none reads.
    pub(crate) fn of<'c>(cells: impl Iterator<Item = &'c str> + Clone, decimal_comma: bool) -> Option<Self> {
        let cells = cells.filter_map(Written::of);
        let with = |decimal_comma: bool, thousands: [Option<char>; 4]| {
            thousands.map(|thousands| Self { thousands, decimal_comma, ..Self::default() })
        };
        let (point, comma) = (with(false, BESIDE_POINT), with(true, BESIDE_COMMA));
        let [first, then] = if decimal_comma { [comma, point] } else { [point, comma] };
        let mut all = [Self::default()].into_iter().chain(first).chain(then);
        let mut found = all.find(|notation| notation.reads(cells.clone()))?;
        found.unit = cells.clone().find_map(|cell| cell.unit);
        found.brackets = cells.clone().any(|cell| cell.brackets);
        // Of a number without its unit it is not known what it means, unless it is 0.
        let is_alike = |cell: Written<'_>| cell.unit == found.unit || found.value(&cell.body) == Some(0.0);
        let is_code = |cell: Written<'_>| found.begins_as_code(&cell.body);
        // Where all numbers are in brackets, as years are in lists of books, they mean no minus.
        let is_bare = |cell: Written<'_>| !cell.brackets;
        let is_sound = cells.clone().all(is_alike)
            && !(found.is_decorated() && cells.clone().any(is_code))
            && (!found.brackets || cells.clone().any(is_bare));
        is_sound.then_some(found)
    }

    /// Whether it reads all of these, and takes no code for a number: points and blanks are believed to separate thousands only
    /// where some number has a fraction, for addresses and telephone numbers have them too.
    fn reads<'c>(&self, cells: impl Iterator<Item = Written<'c>> + Clone) -> bool {
        if !cells.clone().all(|cell| self.value(&cell.body).is_some()) {
            return false;
        }
        match self.thousands {
            None => true,
            Some('.' | ' ') if !cells.clone().any(|cell| cell.body.contains(self.decimal())) => false,
            Some(_) => !cells.clone().any(|cell| self.begins_as_code(&cell.body)),
        }
    }

    /// Whether a cell is written as a number, but not as a plain one.
    pub(crate) fn decorates(cell: &str) -> bool {
        number(cell, false).is_none() && Written::of(cell).is_some()
    }

    /// Whether it is another than that of plain numbers.
    pub(crate) fn is_decorated(&self) -> bool {
        *self != Self::default()
    }

    /// The number of a cell that is written so, or plainly.
    pub(crate) fn parse(&self, cell: &str) -> Option<f64> {
        let written = Written::of(cell)?;
        if written.unit.is_some_and(|unit| Some(unit) != self.unit)
            || written.brackets && !self.is_decorated()
        {
            return None;
        }
        let value = self.value(&written.body).or_else(|| number(&written.body, false))?;
        Some(if written.is_negative { -value } else { value }).filter(|v| v.is_finite())
    }

    fn decimal(&self) -> char {
        if self.decimal_comma { ',' } else { '.' }
    }

    /// The digits before the fraction, and those of the fraction.
    fn parts<'b>(&self, body: &'b str) -> (&'b str, &'b str) {
        body.split_once(self.decimal()).unwrap_or((body, ""))
    }

    fn begins_as_code(&self, body: &str) -> bool {
        let (whole, _) = self.parts(body);
        whole.len() > 1 && whole.starts_with('0')
    }

    /// The number that digits and separators mean.
    fn value(&self, body: &str) -> Option<f64> {
        if self.thousands.is_none() && !self.decimal_comma {
            return number(body, false);
        }
        let (whole, fraction) = self.parts(body);
        let digits: String = match self.thousands.filter(|thousands| whole.contains(*thousands)) {
            None => whole.into(),
            Some(thousands) => {
                let mut groups = whole.split(thousands);
                let first = groups.next().map_or(0, str::len);
                if !(1..=3).contains(&first) || groups.any(|group| group.len() != 3) {
                    return None;
                }
                whole.replace(thousands, "")
            }
        };
        let are_digits =
            [digits.as_str(), fraction].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
        (are_digits && !body.is_empty()).then(|| format!("0{digits}.{fraction}0").parse().ok())?
    }

    pub(crate) fn valid(&self) -> bool {
        let beside = if self.decimal_comma { BESIDE_COMMA } else { BESIDE_POINT };
        beside.contains(&self.thousands) && self.unit.is_none_or(is_unit)
    }
}

impl fmt::Display for Notation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thousands = self.thousands.map(|separator| match separator {
            ',' => "commas between thousands",
            '.' => "points between thousands",
            '\'' => "apostrophes between thousands",
            _ => "blanks between thousands",
        });
        let decimal = self.decimal_comma.then_some("a decimal comma");
        let unit = self.unit.map(String::from);
        let brackets = self.brackets.then_some("brackets for a minus");
        let all: Vec<&str> = [thousands, decimal, unit.as_deref(), brackets].into_iter().flatten().collect();
        f.write_str(&all.join(" and "))
    }
}

/// A cell with nothing but digits and the signs of numbers.
struct Written<'c> {
    /// Digits and what is between them, all blanks and all apostrophes made alike.
    body: Cow<'c, str>,
    is_negative: bool,
    brackets: bool,
    unit: Option<char>,
}

impl<'c> Written<'c> {
    fn of(cell: &'c str) -> Option<Self> {
        let (mut body, mut sign, mut unit, mut brackets) = (cell.trim(), None, None, false);
        loop {
            let (first, last) = (body.chars().next()?, body.chars().next_back()?);
            let rest = &body[first.len_utf8()..];
            let inner = match first {
                '-' | '\u{2212}' | '+' if sign.is_none() => {
                    sign = Some(first);
                    rest
                }
                '(' if sign.is_none() && last == ')' => {
                    (sign, brackets) = (Some('-'), true);
                    &rest[..rest.len() - 1]
                }
                _ if is_unit(first) && unit.is_none() => {
                    unit = Some(first);
                    rest
                }
                _ if is_unit(last) && unit.is_none() => {
                    unit = Some(last);
                    &body[..body.len() - last.len_utf8()]
                }
                _ => break,
            };
            body = inner.trim();
        }
        let begins = body.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','));
        let is_separated = || {
            body.ends_with(|c: char| c.is_ascii_digit())
                && body.chars().all(|c| c.is_ascii_digit() || matches!(alike(c), ',' | '.' | '\'' | ' '))
        };
        if !begins || !(is_separated() || number(body, false).is_some()) {
            return None;
        }
        let body = if body.is_ascii() { Cow::Borrowed(body) } else { body.chars().map(alike).collect() };
        Some(Self { body, is_negative: sign.is_some_and(|sign| sign != '+'), brackets, unit })
    }
}

/// One blank for all of those that are set between digits, and one apostrophe.
fn alike(c: char) -> char {
    match c {
        '\u{a0}' | '\u{2009}' | '\u{202f}' => ' ',
        '\u{2019}' => '\'',
        c => c,
    }
}

/// The sign of percent, and those of money.
fn is_unit(c: char) -> bool {
    matches!(c, '%' | '$' | '£' | '¥' | '\u{20a0}'..='\u{20cf}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(cells: &[&str], values: &[f64], shown: &str) {
        let notation = Notation::of(cells.iter().copied(), false).unwrap();
        let found: Vec<f64> = cells.iter().map(|cell| notation.parse(cell).unwrap()).collect();
        assert_eq!((found.as_slice(), notation.to_string().as_str()), (values, shown));
        assert!(notation.valid());
        let stored = serde_json::to_string(&notation).unwrap();
        assert_eq!(serde_json::from_str::<Notation>(&stored).unwrap(), notation);
    }

    #[test]
    fn notations_are_found_by_all_numbers_together() {
        reads(&["1", "-2.5", "1e3"], &[1.0, -2.5, 1000.0], "");
        reads(&["1,234", "999", "-1,234,567.5"], &[1234.0, 999.0, -1_234_567.5], "commas between thousands");
        reads(&["12.5%", "0", "-3 %", "+1%"], &[12.5, 0.0, -3.0, 1.0], "%");
        reads(&["$3,400.50", "$-5", "-$.5"], &[3400.5, -5.0, -0.5], "commas between thousands and $");
        reads(&["€ 12", "12,50\u{a0}€"], &[12.0, 12.5], "a decimal comma and €");
        reads(&["(3.5)", "4"], &[-3.5, 4.0], "brackets for a minus");
        reads(
            &["$(1,000)", "$2"],
            &[-1000.0, 2.0],
            "commas between thousands and $ and brackets for a minus",
        );
        reads(&["3,5", "-12,75", "4"], &[3.5, -12.75, 4.0], "a decimal comma");
        // Three digits behind each comma, but in front of one more than there can be, or a 0.
        reads(&["1234,567", "1,234"], &[1234.567, 1.234], "a decimal comma");
        reads(&["0,125", "1,234"], &[0.125, 1.234], "a decimal comma");
        reads(&["1.234,5", "12.345"], &[1234.5, 12_345.0], "points between thousands and a decimal comma");
        reads(&["1\u{2019}234.5", "12'345"], &[1234.5, 12_345.0], "apostrophes between thousands");
        reads(
            &["1\u{202f}234,5", "2 345"],
            &[1234.5, 2345.0],
            "blanks between thousands and a decimal comma",
        );
        reads(&["\u{2212}1,000", "5"], &[-1000.0, 5.0], "commas between thousands");
    }

    #[test]
    fn commas_of_files_with_semicolons_come_before_the_fraction() {
        let of = |cells: &[&str]| Notation::of(cells.iter().copied(), true).unwrap();
        assert_eq!(of(&["1,234", "5"]).parse("1,234"), Some(1.234));
        assert_eq!(of(&["1,234", "1,234,567"]).parse("1,234"), Some(1234.0));
        assert!(!of(&["1.234", "5"]).is_decorated());
    }

    #[test]
    fn what_contradicts_itself_or_may_be_a_code_has_no_notation() {
        let none: [&[&str]; 12] = [
            &["1,5", "1.5"],
            &["1,234", "12,34,567"],
            &["5%", "5"],
            &["$5", "€5"],
            &["01,234", "12,345"],
            &["$007", "$12"],
            &["00,5", "1,5"],
            &["192.168.100.200", "192.168.100.201"],
            &["612 345 678", "612 345 679"],
            &["1.234.567", "2.345.678"],
            &["1,2,3", "4,5"],
            &["(2019)", "(2020)"],
        ];
        for cells in none {
            assert_eq!(Notation::of(cells.iter().copied(), false), None, "{cells:?}");
        }
        for word in [
            "", "-", "%", "()", "--5", "5--", "(5", "1-2", "12:30", "5 apples", "$", "1/2", "..", "-(5)",
            "5%%",
        ] {
            assert!(Written::of(word).is_none(), "{word}");
        }
        // Words are left aside, and what is not written so is not read.
        let notation = Notation::of(["1,234", "many", "5"].into_iter(), false).unwrap();
        let parse = |cell| notation.parse(cell);
        assert_eq!([parse("many"), parse("12,34"), parse("5%"), parse("1e999")], [None; 4]);
        assert_eq!([parse("(1,000)"), parse("1234.5")], [Some(-1000.0), Some(1234.5)]);
        assert_eq!(Notation::default().parse("(5)"), None);
        assert!(!Notation { thousands: Some(','), decimal_comma: true, ..Notation::default() }.valid());
        assert!(!Notation { unit: Some('x'), ..Notation::default() }.valid());
    }
}
