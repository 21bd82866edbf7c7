//! Tasks from running text: what follows each token is to be answered.

use super::place::Files;
use super::tables::name_of;
use crate::preprocessing::{Codes, LanguageInputs, MOST_LENGTH};
use crate::read::{Source, refuse_foreign};
use crate::task::Made;
use crate::{
    Answering, DataError, Findings, Input, Kind, Options, Preprocessing, Split, SplitRule, Targets, Task,
    Tokens,
};
use std::sync::Arc;

/// The most bytes of text that are read.
const MOST_BYTES: u64 = 1 << 31;
/// The most bytes that judge during a search: the noise of a score is two hundredths of a bit then, and the same for all networks; after an
/// epoch of 100,000 tokens, judging takes an eighth of its time.
const MOST_VALIDATION: usize = 20_000;
/// Up to so many different characters, characters are the tokens.
const MOST_CHARACTERS: usize = 128;
/// The fewest windows of a part.
const FEWEST: usize = 2;

/// Whether the beginning of a file reads as running text rather than as rows of fields.
pub(super) fn is_prose(start: &[u8]) -> bool {
    let text = String::from_utf8_lossy(start);
    let letters = text.chars().filter(|c| c.is_alphabetic() || c.is_whitespace()).count();
    let all = text.chars().count();
    if all < 200 || letters * 100 < all * 75 {
        return false;
    }
    // The last line may be cut off.
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.pop();
    let is_even = |delimiter: char| {
        let counts: Vec<usize> = lines.iter().map(|line| line.matches(delimiter).count()).collect();
        let first = counts.first().copied().unwrap_or(0);
        first > 0 && counts.iter().filter(|n| **n == first).count() * 10 >= counts.len() * 9
    };
    !['\t', ';', ',', '|'].into_iter().any(is_even)
}

pub(super) fn load(files: &Files, options: &Options) -> Result<Task, DataError> {
    if let Some(rule) = options.split.as_ref().filter(|rule| **rule != SplitRule::Time) {
        let reason = format!("{rule}: running text is cut in its order, which is time");
        return Err(DataError::choice("split", reason));
    }
    let place = files.train.display().to_string();
    let mut findings =
        Findings { places: vec![place.clone()], target: "what follows".into(), ..Findings::default() };
    findings.notes.extend(files.note.clone());
    let text = read(&files.train)?;
    let (known, test) = match &files.test {
        Some(file) => {
            findings.places.push(file.display().to_string());
            findings.split = "the test file as it is; ".into();
            (&text[..], read(file)?)
        }
        None => {
            let (known, test) = tenth(&text, usize::MAX);
            findings.split = "the last tenth for testing; ".into();
            (known, test.to_string())
        }
    };
    let (train, validation) = tenth(known, MOST_VALIDATION);
    findings.split += &format!("the last {} bytes before it for validation, in order", validation.len());
    let tokens = options.tokens.unwrap_or_else(|| {
        let Codes::Characters(all) = Codes::of_characters(train) else { return Tokens::Bpe };
        if all.chars().count() <= MOST_CHARACTERS { Tokens::Characters } else { Tokens::Bpe }
    });
    let unlearned = |e: String| DataError::file(&place, format!("its tokens cannot be learned: {e}"));
    let codes = match tokens {
        Tokens::Characters => Codes::of_characters(train),
        Tokens::Bpe => Codes::of_pieces(train).map_err(unlearned)?,
        Tokens::Words => {
            let reason = "words leave unknown what is rare, so that texts cannot be compared by bits a byte: characters or bpe";
            return Err(DataError::choice("tokens", reason));
        }
    };
    let other = if tokens == Tokens::Characters { "bpe" } else { "characters" };
    findings.notes.push(format!(
        "{} different {}s are the tokens; --tokens {other} for others",
        codes.size() - Codes::FIRST as usize,
        codes.unit()
    ));
    let usual = if tokens == Tokens::Characters { 128 } else { 64 };
    let length = options.context.unwrap_or(usual);
    if !(2..=MOST_LENGTH).contains(&length) {
        return Err(DataError::choice("context", format!("{length} tokens is not from 2 to {MOST_LENGTH}")));
    }
    let encoded = [train, validation, &test].map(|part| codes.encode(part).map_err(unlearned));
    let [train, validation, test] = encoded;
    let (train, validation, test) = (train?, validation?, test?);
    let mut windows = Windows { length, inputs: Vec::new(), labels: Vec::new() };
    let mut parts = Vec::new();
    for (name, part) in [("training", &train), ("validation", &validation), ("test", &test)] {
        let from = windows.count();
        if part.len() <= FEWEST * length {
            let reason = format!(
                "{place}: the {name} part has {} tokens, and more than {} are needed: give more text, or a smaller --context than {length}",
                part.len(),
                FEWEST * length
            );
            return Err(DataError::TooFew(reason));
        }
        if name == "training" {
            windows.learn(part)
        } else {
            windows.judge(part)
        }
        parts.push((from..windows.count()).collect());
    }
    let unknown = [&validation[..], &test].concat().iter().filter(|code| **code == Codes::UNKNOWN).count();
    if unknown > 0 {
        findings.warnings.push(format!(
            "{unknown} characters of the validation and test parts do not occur in the training part: they are one unknown token"
        ));
    }
    let [a, b, c] = [train.len(), validation.len(), test.len()];
    findings.notes.push(format!(
        "{a} training, {b} validation and {c} test tokens; rows are windows of {length} that overlap by half, each test token is judged once"
    ));
    let mut parts = parts.into_iter();
    let mut next = || parts.next().unwrap_or_default();
    let split = Split { train: next(), validation: next(), test: next(), recut: None };
    findings.rows = crate::PartCounts {
        train: split.train.len(),
        validation: split.validation.len(),
        test: split.test.len(),
    };
    let targets = Targets::Tokens {
        vocabulary: codes.size(),
        length,
        labels: windows.labels,
        bytes: Arc::from(codes.lengths()),
    };
    let preprocessing = Preprocessing::of_tokens(LanguageInputs { length, codes });
    let kind = Kind { input: Input::Text, answering: Answering::Modelling };
    Ok(Made { name: name_of(&place), kind, split, preprocessing, targets, findings }
        .with(windows.inputs.into()))
}

fn read(path: &std::path::Path) -> Result<String, DataError> {
    let source = Source::File(path);
    refuse_foreign(&source)?;
    let bytes = source.read(MOST_BYTES)?;
    if bytes.is_empty() {
        return Err(source.fail("is empty: running text is needed"));
    }
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        let byte = e.as_bytes().get(at).copied().unwrap_or(0);
        source.fail(format!("is not UTF-8: byte {at} is 0x{byte:02x}; convert it, for instance with iconv"))
    })
}

/// A text without its last tenth, or without its last `most` bytes if that is less; and those.
fn tenth(text: &str, most: usize) -> (&str, &str) {
    let count = text.chars().count();
    let at = text.char_indices().nth(count - count.div_ceil(10)).map_or(0, |(at, _)| at);
    text.split_at(at.max(text.floor_char_boundary(text.len().saturating_sub(most))))
}

/// Windows over codes: inputs, and what follows each of them.
struct Windows {
    length: usize,
    inputs: Vec<f32>,
    labels: Vec<u32>,
}

impl Windows {
    fn count(&self) -> usize {
        self.labels.len() / self.length
    }

    /// The window from `first` on, of which what precedes `asked` is not asked.
    fn add(&mut self, codes: &[u32], first: usize, asked: usize) {
        self.inputs.extend(codes[first..first + self.length].iter().map(|code| *code as f32));
        let labels = codes[first + 1..=first + self.length].iter().enumerate();
        self.labels.extend(labels.map(|(i, code)| if first + i < asked { 0 } else { *code }));
    }

    /// Windows that overlap by half, to learn from all of each.
    fn learn(&mut self, codes: &[u32]) {
        let last = codes.len() - self.length - 1;
        (0..=last).step_by((self.length / 2).max(1)).for_each(|first| self.add(codes, first, 0));
    }

    /// Windows that overlap by half, in which each token but the first of all is asked once, with half a window before it
    /// wherever there is as much.
    fn judge(&mut self, codes: &[u32]) {
        let last = codes.len() - self.length - 1;
        let mut asked = 0;
        let mut first = 0;
        loop {
            self.add(codes, first, asked);
            asked = first + self.length;
            if first == last {
                break;
            }
            first = (first + (self.length / 2).max(1)).min(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_is_asked_once() {
        for n in [9, 10, 21, 22, 23, 24] {
            let codes: Vec<u32> = (2..2 + n).collect();
            let mut windows = Windows { length: 4, inputs: Vec::new(), labels: Vec::new() };
            windows.judge(&codes);
            let asked: Vec<u32> = windows.labels.iter().copied().filter(|l| *l != 0).collect();
            assert_eq!(asked, codes[1..], "{n}");
            let pairs = windows.inputs.iter().zip(&windows.labels);
            assert!(pairs.filter(|(_, l)| **l != 0).all(|(x, l)| *x as u32 + 1 == *l));
        }
    }

    #[test]
    fn prose_is_told_from_rows() {
        let prose = "First Citizen:\nBefore we proceed any further, hear me speak.\n\nAll:\nSpeak, speak.\n"
            .repeat(5);
        assert!(is_prose(prose.as_bytes()));
        let rows =
            "sepal length,sepal width,kind of flower\nlong one,wide one,setosa\nshort,narrow,virginica\n"
                .repeat(5);
        assert!(!is_prose(rows.as_bytes()));
        let numbers = "1.5 2.5 3.5\n4.5 5.5 6.5\n".repeat(30);
        assert!(!is_prose(numbers.as_bytes()));
        let columns = "a nice word\tpositive\nan ugly word\tnegative\n".repeat(20);
        assert!(!is_prose(columns.as_bytes()));
        assert!(!is_prose(b"short"));
    }
}
