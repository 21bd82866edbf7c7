use super::Source;
use crate::DataError;
use std::io::BufRead;

/// The most channels, and the longest line, that are read.
const MOST_CHANNELS: usize = 10_000;
const MOST_LINE: u64 = 1 << 28;

/// Series of one file, with what is to be answered for each.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesFile {
    /// Where it is from.
    pub place: String,
    /// The series.
    pub series: RawSeries,
    /// What is answered for each, as it is written; none where the file has no answers.
    pub answers: Vec<String>,
    /// Whether the answers are values, not classes.
    pub values: bool,
    /// The classes the header names.
    pub classes: Vec<String>,
    /// The line of each series, from 1.
    pub lines: Vec<u32>,
}

/// Series one after another, each channel by channel; NaN where a value is missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawSeries {
    /// Values at each step.
    pub channels: usize,
    /// The steps of each series.
    pub lengths: Vec<usize>,
    /// All values: of each series, all steps of the first channel, then of the next.
    pub values: Vec<f32>,
}

impl RawSeries {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// Each series with its number of steps.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &[f32])> {
        let mut start = 0;
        self.lengths.iter().map(move |&steps| {
            let values = &self.values[start..start + steps * self.channels];
            start += values.len();
            (steps, values)
        })
    }
}

#[derive(Default)]
struct Header {
    classes: Option<Vec<String>>,
    values: bool,
    dimensions: Option<usize>,
    data: bool,
}

/// Reads a `.ts` file of the UCR and UEA archives, gzipped or not.
///
/// Channels are separated by `:`, values by `,`, and the answer, if there is one, is behind the last `:`. `?` is a
/// missing value. Channels of one series that are shorter than its longest are filled up with missing values.
///
/// # Errors
/// Where a header is missing or unknown, a value is no finite number, a series has another number of channels than the
/// first, or a class is not among those the header names; the error names the line.
pub fn read_ts(source: Source<'_>) -> Result<SeriesFile, DataError> {
    let mut file = SeriesFile {
        place: source.place(),
        series: RawSeries::default(),
        answers: Vec::new(),
        values: false,
        classes: Vec::new(),
        lines: Vec::new(),
    };
    let mut header = Header::default();
    let mut reader = source.open_lines()?;
    let mut bytes = Vec::new();
    for line in 1usize.. {
        bytes.clear();
        let read = std::io::Read::take(&mut reader, MOST_LINE).read_until(b'\n', &mut bytes);
        if read.map_err(|e| source.broken(&e))? == 0 {
            break;
        }
        let fail = |reason: String| DataError::line(&file.place, line, reason);
        let text = std::str::from_utf8(&bytes).map_err(|_| fail("is not UTF-8".into()))?.trim();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if header.data {
            series(&mut file, &header, line, text)?;
        } else if let Some(word) = text.strip_prefix('@') {
            header.line(word).map_err(fail)?;
        } else {
            let reason = "a .ts file begins with headers such as @univariate, @classLabel and @data, this is none: give the file its headers, or read it as --kind series if it is CSV";
            return Err(fail(reason.into()));
        }
    }
    if !header.data {
        return Err(source.fail("has no @data line: it is no .ts file, or cut off"));
    }
    if file.lines.is_empty() {
        return Err(source.fail("has no series after @data"));
    }
    file.values = header.values;
    file.classes = header.classes.unwrap_or_default();
    Ok(file)
}

impl Header {
    fn line(&mut self, text: &str) -> Result<(), String> {
        let mut words = text.split_whitespace();
        let name = words.next().unwrap_or("").to_lowercase();
        let rest: Vec<&str> = words.collect();
        let flag = || match rest.first().map(|w| w.to_lowercase()).as_deref() {
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            other => Err(format!("@{name} is {:?}, where true or false is needed", other.unwrap_or(""))),
        };
        match name.as_str() {
            "data" => self.data = true,
            "timestamps" if flag()? => {
                return Err("series with time stamps are not read: write values at even steps, with @timeStamps false".into());
            }
            "classlabel" if flag()? => self.classes = Some(rest[1..].iter().map(|w| (*w).into()).collect()),
            "targetlabel" => self.values = flag()?,
            "dimensions" | "dimension" => {
                let n = rest.first().and_then(|w| w.parse().ok()).filter(|n| (1..=MOST_CHANNELS).contains(n));
                let found = rest.first().unwrap_or(&"");
                self.dimensions =
                    Some(n.ok_or(format!("@{name} is {found:?}, not a number from 1 to {MOST_CHANNELS}"))?);
            }
            // What these say is seen from the data.
            "problemname" | "timestamps" | "missing" | "univariate" | "equallength" | "serieslength"
            | "classlabel" => {}
            _ => return Err(format!("@{name} is no header of a .ts file")),
        }
        Ok(())
    }
}

/// Takes one line of data.
fn series(file: &mut SeriesFile, header: &Header, line: usize, text: &str) -> Result<(), DataError> {
    let fail = |reason: String| DataError::line(&file.place, line, reason);
    let mut parts: Vec<&str> = text.split(':').collect();
    if header.classes.is_some() || header.values {
        let answer = if parts.len() > 1 { parts.pop().unwrap_or("").trim() } else { "" };
        if answer.is_empty() || answer == "?" {
            return Err(fail("has no answer behind the last colon, as the headers promise".into()));
        }
        if let Some(classes) =
            header.classes.as_ref().filter(|c| !c.is_empty() && !c.iter().any(|c| c == answer))
        {
            return Err(fail(format!(
                "class {answer:?} is not among those of @classLabel: {}",
                crate::table::listed(classes)
            )));
        }
        file.answers.push(answer.into());
    }
    let channels =
        if file.lines.is_empty() { header.dimensions.unwrap_or(parts.len()) } else { file.series.channels };
    if parts.len() != channels {
        return Err(fail(format!(
            "has {} channels where {channels} are expected: colons separate channels",
            parts.len()
        )));
    }
    let counts: Vec<usize> = parts.iter().map(|p| p.split(',').count()).collect();
    let steps = counts.iter().copied().max().unwrap_or(0);
    // A line of colons must not make memory of what it does not hold.
    if steps.saturating_mul(channels) > 4 * text.len() + 64 {
        return Err(fail("has channels of very different lengths: give them one length".into()));
    }
    for (part, count) in parts.iter().zip(counts) {
        for value in part.split(',') {
            let value = value.trim();
            let number = match value {
                "?" | "" | "NaN" | "nan" => Some(f32::NAN),
                _ => crate::table::number(value, false).map(|v| v as f32).filter(|v| v.is_finite()),
            };
            let number = number.ok_or_else(|| {
                fail(format!("{value:?} is no finite number; write ? where a value is missing"))
            })?;
            file.series.values.push(number);
        }
        file.series.values.extend(std::iter::repeat_n(f32::NAN, steps - count));
    }
    file.series.channels = channels;
    file.series.lengths.push(steps);
    file.lines.push(line as u32);
    Ok(())
}
