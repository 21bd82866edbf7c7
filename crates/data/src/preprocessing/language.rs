use super::bpe;
use nascent_core::Features;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{
    Model, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, Tokenizer, Trainer,
};

/// How running text becomes inputs, laid out as [`Features::Tokens`] says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanguageInputs {
    /// Tokens that a network sees at once.
    pub length: usize,
    /// What tokens there are.
    pub codes: Codes,
}

/// What running text is cut into, and the codes of tokens: 0 stands for nothing, 1 for what is unknown; nothing of a text is lost
/// but unknown characters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Codes {
    /// Single characters, in ascending order; the first has code 2.
    Characters(String),
    /// Pieces of words and blanks, learned by byte-pair encoding from bytes up (Radford et al. 2019), so that none is unknown;
    /// bytes are written as that encoding writes them. The first has code 2.
    Pieces {
        /// The pieces, in the order of their codes.
        pieces: Vec<String>,
        /// Which two pieces are put together, the first first.
        merges: Vec<(String, String)>,
    },
}

/// The most tokens that a network may see at once.
pub(crate) const MOST_LENGTH: usize = 1024;
/// The fewest and the most pieces that are learned.
const PIECES: (usize, usize) = (512, 4096);
/// Characters that are encoded at a time: a piece never spans two of them.
const STRETCH: usize = 1 << 16;

impl Codes {
    /// The first code of a token.
    pub const FIRST: u32 = 2;
    /// The code of what is unknown.
    pub const UNKNOWN: u32 = 1;

    /// All characters of a training text.
    pub(crate) fn of_characters(training: &str) -> Self {
        Self::Characters(training.chars().collect::<BTreeSet<char>>().into_iter().collect())
    }

    /// Pieces of a training text: one for some 250 characters, from 512 to 4,096.
    pub(crate) fn of_pieces(training: &str) -> Result<Self, String> {
        let alphabet = ByteLevel::alphabet();
        let mut trainer = BpeTrainer::builder()
            .vocab_size((training.len() / 250).clamp(PIECES.0, PIECES.1))
            .min_frequency(2)
            .initial_alphabet(alphabet.into_iter().collect())
            .show_progress(false)
            .build();
        trainer.feed(stretches(training), |text| Ok(split(text)?)).map_err(|e| e.to_string())?;
        let (pieces, merges) = bpe::learned(&trainer)?;
        Ok(Self::Pieces { pieces, merges })
    }

    /// How many codes there are.
    #[must_use]
    pub fn size(&self) -> usize {
        Self::FIRST as usize
            + match self {
                Self::Characters(all) => all.chars().count(),
                Self::Pieces { pieces, .. } => pieces.len(),
            }
    }

    /// The codes of a text's tokens.
    ///
    /// # Errors
    /// Where pieces and merges do not belong together.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, String> {
        match self {
            Self::Characters(all) => {
                let all: Vec<char> = all.chars().collect();
                let code = |c: char| all.binary_search(&c).map_or(Self::UNKNOWN, |i| i as u32 + Self::FIRST);
                Ok(text.chars().map(code).collect())
            }
            Self::Pieces { pieces, merges } => {
                let model = model(pieces, merges)?;
                let mut codes = Vec::new();
                for stretch in stretches(text) {
                    for word in split(stretch)? {
                        let tokens = model.tokenize(&word).map_err(|e| e.to_string())?;
                        codes.extend(tokens.into_iter().map(|token| token.id + Self::FIRST));
                    }
                }
                Ok(codes)
            }
        }
    }

    /// The bytes that a token stands for; none for codes of no token.
    #[must_use]
    pub fn bytes(&self, code: u32) -> Vec<u8> {
        let Some(at) = code.checked_sub(Self::FIRST) else { return Vec::new() };
        match self {
            Self::Characters(all) => {
                all.chars().nth(at as usize).map_or(Vec::new(), |c| c.to_string().into_bytes())
            }
            Self::Pieces { pieces, .. } => {
                pieces.get(at as usize).map_or(Vec::new(), |piece| piece.chars().filter_map(byte).collect())
            }
        }
    }

    /// How many bytes each token stands for, by its code; what is unknown counts as one.
    #[must_use]
    pub fn lengths(&self) -> Vec<u16> {
        let tokens: Vec<u16> = match self {
            Self::Characters(all) => all.chars().map(|c| c.len_utf8() as u16).collect(),
            Self::Pieces { pieces, .. } => pieces.iter().map(|piece| piece.chars().count() as u16).collect(),
        };
        [0, 1].into_iter().chain(tokens).collect()
    }

    /// What people call a token of this kind.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        match self {
            Self::Characters(_) => "character",
            Self::Pieces { .. } => "piece",
        }
    }

    /// The tokens as a `tokenizer.json`, the file format of the `tokenizers` libraries; its identities are our codes less 2, and
    /// unknown characters have none.
    ///
    /// # Errors
    /// Where pieces and merges do not belong together.
    pub fn tokenizer(&self) -> Result<String, String> {
        let model = match self {
            Self::Characters(all) => {
                let pieces: Vec<String> = all.chars().map(String::from).collect();
                model(&pieces, &[])?
            }
            Self::Pieces { pieces, merges } => model(pieces, merges)?,
        };
        let mut tokenizer = Tokenizer::new(model);
        if let Self::Pieces { .. } = self {
            tokenizer.with_pre_tokenizer(Some(byte_level()));
            tokenizer.with_decoder(Some(byte_level()));
        } else {
            tokenizer.with_decoder(Some(tokenizers::decoders::fuse::Fuse::new()));
        }
        tokenizer.to_string(true).map_err(|e| e.to_string())
    }

    fn valid(&self) -> bool {
        match self {
            Self::Characters(all) => {
                let all: Vec<char> = all.chars().collect();
                !all.is_empty() && all.windows(2).all(|w| w[0] < w[1])
            }
            Self::Pieces { pieces, merges } => {
                model(pieces, merges).is_ok() && pieces.iter().all(|p| p.chars().all(|c| byte(c).is_some()))
            }
        }
    }
}

fn byte_level() -> ByteLevel {
    ByteLevel::new(false, true, true)
}

/// The words and blanks of a text, in the letters of bytes.
fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words = PreTokenizedString::from(text);
    byte_level().pre_tokenize(&mut words).map_err(|e| e.to_string())?;
    let splits = words.get_splits(OffsetReferential::Original, OffsetType::Byte);
    Ok(splits.into_iter().map(|(word, _, _)| word.to_string()).collect())
}

/// A text in stretches that end at line ends where they can.
fn stretches(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = rest.floor_char_boundary(STRETCH.min(rest.len()));
        if end < rest.len() {
            end = rest[..end].rfind('\n').map_or(end, |at| at + 1);
        }
        let (stretch, behind) = rest.split_at(end);
        rest = behind;
        Some(stretch)
    })
}

fn model(pieces: &[String], merges: &[(String, String)]) -> Result<BPE, String> {
    bpe::model(pieces.iter().map(String::as_str), merges, None)
}

/// The byte that a letter of byte-level encoding stands for: printable ones stand for themselves, the others are counted from 256 on.
fn byte(letter: char) -> Option<u8> {
    let is_printable = |byte: u32| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let letter = u32::from(letter);
    if is_printable(letter) {
        return u8::try_from(letter).ok();
    }
    let hidden = (0..256).filter(|byte| !is_printable(*byte));
    u8::try_from(hidden.into_iter().nth(letter.checked_sub(256)? as usize)?).ok()
}

impl LanguageInputs {
    /// What its numbers mean.
    #[must_use]
    pub fn features(&self) -> Features {
        Features::Tokens { length: self.length, vocabulary: self.codes.size() }
    }

    pub(crate) fn valid(&self) -> bool {
        (2..=MOST_LENGTH).contains(&self.length) && self.codes.valid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_lost() {
        let text = "To be, or not to be:\n\tthat is — the Frage. Größe 我 😀\r\n  end".repeat(40);
        for codes in [Codes::of_characters(&text), Codes::of_pieces(&text).unwrap()] {
            let encoded = codes.encode(&text).unwrap();
            assert!(encoded.iter().all(|c| (Codes::FIRST..codes.size() as u32).contains(c)));
            let bytes: Vec<u8> = encoded.iter().flat_map(|c| codes.bytes(*c)).collect();
            assert_eq!(String::from_utf8(bytes).unwrap(), text);
            let lengths = codes.lengths();
            assert_eq!(lengths.len(), codes.size());
            let total: usize = encoded.iter().map(|c| usize::from(lengths[*c as usize])).sum();
            assert_eq!(total, text.len());
            let stored = serde_json::to_string(&codes).unwrap();
            assert_eq!(serde_json::from_str::<Codes>(&stored).unwrap(), codes);
            assert!(codes.valid());
        }
        assert!(Codes::of_pieces(&text).unwrap().encode(&text).unwrap().len() * 2 < text.len());
    }

    #[test]
    fn unknown_characters_have_a_code_and_all_bytes_are_known() {
        let text = "abc ".repeat(50);
        assert_eq!(Codes::of_characters(&text).encode("aéb").unwrap(), [3, Codes::UNKNOWN, 4]);
        let pieces = Codes::of_pieces(&text).unwrap();
        let codes = pieces.encode("日本").unwrap();
        let bytes: Vec<u8> = codes.iter().flat_map(|c| pieces.bytes(*c)).collect();
        assert_eq!(String::from_utf8(bytes).unwrap(), "日本");
    }

    #[test]
    fn other_programs_can_read_the_tokens() {
        let text = "the quick brown fox\njumps over the lazy dog ".repeat(50);
        for codes in [Codes::of_characters(&text), Codes::of_pieces(&text).unwrap()] {
            let tokenizer: Tokenizer = codes.tokenizer().unwrap().parse().unwrap();
            let ids = tokenizer.encode("the lazy fox", false).unwrap();
            let ours: Vec<u32> =
                codes.encode("the lazy fox").unwrap().iter().map(|c| c - Codes::FIRST).collect();
            assert_eq!(ids.get_ids(), ours);
            assert_eq!(tokenizer.decode(ids.get_ids(), false).unwrap(), "the lazy fox");
        }
    }
}
