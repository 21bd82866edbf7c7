use super::bpe;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::{AddedToken, Model, Trainer};

/// The most words with a code.
const MOST_WORDS: usize = 20_000;
/// The code of what has none of its own.
const UNKNOWN: usize = 1;

/// What tokens a text is cut into, and their codes: 0 is padding, 1 what is unknown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vocabulary {
    /// Lower-cased words and single marks, in ascending order; the first has code 2.
    Words(Vec<String>),
    /// Pieces of lower-cased words, learned by byte-pair encoding; the first has code 2.
    Pieces {
        /// The pieces, in the order of their codes; one that begins a word begins with `▁`.
        pieces: Vec<String>,
        /// Which two pieces are put together, the first first.
        merges: Vec<(String, String)>,
    },
}

/// A vocabulary ready to be used on many texts.
pub(crate) enum Encoder<'v> {
    Words(&'v [String]),
    Pieces(Box<BPE>),
}

/// The most pieces with a code.
const MOST_PIECES: usize = 8_000;
/// What stands before the first letter of a word, and for letters never seen.
const BEGINNING: &str = "▁";
const STRANGE: &str = "[?]";

impl Vocabulary {
    /// The words of training texts that occur at least twice (in fewer than 50 texts, once), the most frequent if many.
    pub(crate) fn of_words(training: &[&str]) -> Self {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for text in training {
            words(text).into_iter().for_each(|word| *counts.entry(word).or_insert(0) += 1);
        }
        let least = if training.len() < 50 { 1 } else { 2 };
        let mut known: Vec<(String, usize)> = counts.into_iter().filter(|(_, n)| *n >= least).collect();
        known.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        known.truncate(MOST_WORDS);
        let mut words: Vec<String> = known.into_iter().map(|(word, _)| word).collect();
        words.sort_unstable();
        Self::Words(words)
    }

    /// The pieces of words of training texts: as many as a tenth of their words, from 500 to 8,000.
    ///
    /// # Errors
    /// Where nothing can be learned from the texts.
    pub(crate) fn of_pieces(training: &[&str]) -> Result<Self, String> {
        let count: usize = training.iter().map(|text| words(text).len()).sum();
        let mut trainer = BpeTrainer::builder()
            .vocab_size((count / 10).clamp(500, MOST_PIECES))
            .min_frequency(2)
            .special_tokens(vec![AddedToken::from(STRANGE, true)])
            .show_progress(false)
            .build();
        let begun =
            |text: &str| Ok(words(text).into_iter().map(|word| format!("{BEGINNING}{word}")).collect());
        trainer.feed(training.iter(), begun).map_err(|e| e.to_string())?;
        let (mut pieces, merges) = bpe::learned(&trainer)?;
        pieces.retain(|piece| piece != STRANGE);
        Ok(Self::Pieces { pieces, merges })
    }

    /// Prepares it for many texts.
    pub(crate) fn encoder(&self) -> Result<Encoder<'_>, String> {
        let (pieces, merges) = match self {
            Self::Words(known) => return Ok(Encoder::Words(known)),
            Self::Pieces { pieces, merges } => (pieces, merges),
        };
        let all = [STRANGE].into_iter().chain(pieces.iter().map(String::as_str));
        Ok(Encoder::Pieces(Box::new(bpe::model(all, merges, Some(STRANGE))?)))
    }

    /// How many codes there are.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Words(known) => known.len() + UNKNOWN + 1,
            Self::Pieces { pieces, .. } => pieces.len() + UNKNOWN + 1,
        }
    }

    pub(crate) fn valid(&self) -> bool {
        match self {
            Self::Words(known) => known.windows(2).all(|w| w[0] < w[1]),
            Self::Pieces { .. } => self.encoder().is_ok(),
        }
    }
}

impl Encoder<'_> {
    /// The codes of a text's tokens, given its [`words`].
    pub(super) fn codes(&self, words: &[String]) -> Vec<usize> {
        match self {
            Self::Words(known) => words
                .iter()
                .map(|word| known.binary_search(word).map_or(UNKNOWN, |i| i + UNKNOWN + 1))
                .collect(),
            Self::Pieces(model) => words
                .iter()
                .flat_map(|word| model.tokenize(&format!("{BEGINNING}{word}")).unwrap_or_default())
                .map(|token| token.id as usize + UNKNOWN)
                .collect(),
        }
    }
}

/// The lower-cased words and single marks of a text.
///
/// A word is a run of letters and digits, an apostrophe within it included; where a script has no blanks between words
/// (Chinese, Japanese, Thai and their neighbours) every letter is one.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    let mut letters = text.chars().flat_map(char::to_lowercase).peekable();
    while let Some(letter) = letters.next() {
        let apostrophe =
            matches!(letter, '\'' | '’') && open && letters.peek().is_some_and(|c| c.is_alphanumeric());
        let within = letter.is_alphanumeric() || apostrophe || is_mark_on_letter(letter);
        match words.last_mut() {
            Some(word) if within && open && !stands_alone(letter) => word.push(letter),
            _ if letter.is_whitespace() || letter.is_control() => open = false,
            _ => {
                words.push(letter.into());
                open = within && !stands_alone(letter);
            }
        }
    }
    words
}

/// Accents that follow their letter, and vowel signs.
fn is_mark_on_letter(letter: char) -> bool {
    matches!(u32::from(letter), 0x300..=0x36f | 0x591..=0x5c7 | 0x610..=0x61a | 0x64b..=0x65f | 0x900..=0x903 | 0x93a..=0x94f)
}

/// Letters of scripts without blanks between words.
fn stands_alone(letter: char) -> bool {
    matches!(u32::from(letter), 0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x2ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lower_case_and_marks_are_single() {
        assert_eq!(
            words("I don't, REALLY...\n\tno 3.5%"),
            ["i", "don't", ",", "really", ".", ".", ".", "no", "3", ".", "5", "%"]
        );
        assert_eq!(words("Größe ÉTÉ"), ["größe", "été"]);
        assert_eq!(words("我爱你 ok😀'x'"), ["我", "爱", "你", "ok", "😀", "'", "x", "'"]);
        assert!(words(" \u{0} \n").is_empty());
    }

    #[test]
    fn rare_words_are_unknown() {
        let texts = ["a b", "a c"].repeat(30);
        let mut all = texts.clone();
        all.push("rare");
        let vocabulary = Vocabulary::of_words(&all);
        assert_eq!(vocabulary.encoder().unwrap().codes(&words("c a rare b")), [4, 2, 1, 3]);
        assert_eq!(vocabulary.size(), 5);
    }

    #[test]
    fn pieces_cover_words_that_were_never_seen() {
        let texts = ["lower lowest low newer newest new wider widest"].repeat(60);
        let vocabulary = Vocabulary::of_pieces(&texts).unwrap();
        let encoder = vocabulary.encoder().unwrap();
        let known = encoder.codes(&words("lowest"));
        assert_eq!(known.len(), 1);
        let new = encoder.codes(&words("wider newider ж"));
        assert!(new.len() > 3 && new.iter().all(|c| *c >= 1 && *c < vocabulary.size()), "{new:?}");
        assert_eq!(new.last(), Some(&UNKNOWN));
        let text = serde_json::to_string(&vocabulary).unwrap();
        let again: Vocabulary = serde_json::from_str(&text).unwrap();
        assert_eq!(again, vocabulary);
        assert_eq!(again.encoder().unwrap().codes(&words("lowest")), known);
        assert_eq!(Vocabulary::of_pieces(&texts).unwrap(), vocabulary);
    }
}
