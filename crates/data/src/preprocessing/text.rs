use super::grams;
use super::vocabulary::{Vocabulary, words};
use nascent_core::Features;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// How texts become inputs, laid out as [`Features::Text`] says: the codes of the first tokens, then those of the
/// n-grams, each padded with 0.
///
/// N-grams are single words, pairs of neighbouring words, and 3 to 5 letters within a word (Joulin et al. 2017,
/// arXiv:1607.01759; Bojanowski et al. 2017, arXiv:1607.04606), each known by a 32-bit hash. Only those of at least two
/// training texts have a code, each text has every one of them once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextInputs {
    /// Whether the file had a header.
    pub header: bool,
    /// All columns of the file, in its order.
    pub names: Vec<String>,
    /// The columns that are texts, one read after another.
    pub columns: Vec<String>,
    /// The tokens of an input; of longer texts the rest is left out.
    pub tokens: usize,
    /// What tokens there are.
    pub vocabulary: Vocabulary,
    /// The n-grams of an input.
    pub grams: usize,
    /// The hashes of n-grams with a code, ascending; the first has code 1.
    pub known: Vec<u32>,
}

/// The most tokens and n-grams of an input.
const MOST_TOKENS: usize = 256;
const MOST_GRAMS: usize = 512;
/// The most n-grams with a code.
const MOST_KNOWN: usize = (1 << 15) - 1;
/// The most numbers that the n-grams of all inputs may be.
const MOST_NUMBERS: usize = 100_000_000;

/// Texts of some columns in the words of one file.
pub(crate) struct Columns {
    pub(crate) header: bool,
    pub(crate) names: Vec<String>,
    pub(crate) texts: Vec<String>,
}

impl TextInputs {
    /// Fits to training texts; `rows` is how many there are with those for validation and testing.
    pub(crate) fn fit(
        columns: Columns,
        vocabulary: Vocabulary,
        training: &[&str],
        rows: usize,
    ) -> Result<Self, String> {
        let encoder = vocabulary.encoder()?;
        let mut counts: HashMap<u32, u32> = HashMap::new();
        let mut lengths = Vec::with_capacity(training.len());
        for text in training {
            let words = words(text);
            lengths.push(encoder.codes(&words).len());
            for gram in grams::of(&words) {
                *counts.entry(gram).or_insert(0) += 1;
            }
        }
        let least = if training.len() < 50 { 1 } else { 2 };
        let mut known: Vec<(u32, u32)> = counts.into_iter().filter(|(_, n)| *n >= least).collect();
        known.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        known.truncate(MOST_KNOWN);
        let mut known: Vec<u32> = known.into_iter().map(|(gram, _)| gram).collect();
        known.sort_unstable();
        drop(encoder);
        let Columns { header, names, texts } = columns;
        let tokens = usual(lengths).clamp(2, MOST_TOKENS);
        let mut inputs = Self { header, names, columns: texts, tokens, vocabulary, grams: MOST_GRAMS, known };
        let counts = training.iter().map(|text| inputs.gram_codes(&words(text)).len()).collect();
        let room = (MOST_NUMBERS / rows.max(1)).max(16);
        inputs.grams = usual(counts).clamp(1, MOST_GRAMS.min(room));
        Ok(inputs)
    }

    /// What its numbers mean.
    #[must_use]
    pub fn features(&self) -> Features {
        Features::Text {
            tokens: self.tokens,
            vocabulary: self.vocabulary.size(),
            grams: self.grams,
            buckets: self.known.len() + 1,
        }
    }

    /// The inputs of texts.
    pub(crate) fn apply<'t>(&self, texts: impl Iterator<Item = &'t str>) -> Result<Vec<f32>, String> {
        let encoder = self.vocabulary.encoder()?;
        let mut inputs = Vec::new();
        for text in texts {
            let start = inputs.len();
            let words = words(text);
            inputs.extend(encoder.codes(&words).into_iter().take(self.tokens).map(|c| c as f32));
            inputs.resize(start + self.tokens, 0.0);
            inputs.extend(self.gram_codes(&words).into_iter().take(self.grams).map(|c| c as f32));
            inputs.resize(start + self.tokens + self.grams, 0.0);
        }
        Ok(inputs)
    }

    fn gram_codes(&self, words: &[String]) -> Vec<usize> {
        grams::of(words)
            .into_iter()
            .filter_map(|gram| self.known.binary_search(&gram).ok())
            .map(|i| i + 1)
            .collect()
    }

    pub(crate) fn valid(&self) -> bool {
        (1..=MOST_TOKENS).contains(&self.tokens)
            && (1..=MOST_GRAMS).contains(&self.grams)
            && self.known.windows(2).all(|w| w[0] < w[1])
            && self.known.len() <= MOST_KNOWN
            && self.vocabulary.valid()
    }
}

/// What 99 of 100 do not exceed.
fn usual(mut lengths: Vec<usize>) -> usize {
    lengths.sort_unstable();
    lengths.get((lengths.len() * 99).div_ceil(100).saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_codes_of_tokens_and_grams() {
        let training = ["my card is lost", "My card arrived!", "where is my card?"].repeat(20);
        let columns = Columns { header: true, names: vec!["text".into()], texts: vec!["text".into()] };
        let vocabulary = Vocabulary::of_words(&training);
        let inputs = TextInputs::fit(columns, vocabulary, &training, 60).unwrap();
        let Features::Text { tokens, vocabulary, grams, buckets } = inputs.features() else { panic!() };
        // Six words and two marks, besides padding and the unknown.
        assert_eq!((tokens, vocabulary), (5, 10));
        let codes = inputs.apply(["my card is stolen"].into_iter()).unwrap();
        assert_eq!(codes.len(), tokens + grams);
        assert_eq!(codes[3..5], [1.0, 0.0]);
        let (own, bags) = codes.split_at(tokens);
        assert!(own[..3].iter().all(|c| *c >= 2.0) && bags.iter().all(|c| (*c as usize) < buckets));
        let distinct: std::collections::HashSet<u32> =
            bags.iter().filter(|c| **c > 0.0).map(|c| *c as u32).collect();
        assert_eq!(distinct.len(), bags.iter().filter(|c| **c > 0.0).count());
        // Three words and two pairs are known, the letters of card besides.
        assert!(distinct.len() > 8, "{distinct:?}");
        assert_eq!(inputs.apply([""].into_iter()).unwrap(), vec![0.0; tokens + grams]);
        let text = serde_json::to_string(&inputs).unwrap();
        assert_eq!(serde_json::from_str::<TextInputs>(&text).unwrap(), inputs);
    }
}
