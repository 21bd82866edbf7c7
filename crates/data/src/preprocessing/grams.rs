use std::collections::HashSet;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Letters of an n-gram within a word.
const LETTERS: std::ops::RangeInclusive<usize> = 3..=5;

/// The different n-grams of a text's words by their hashes: words first, then pairs, then letters.
pub(super) fn of(words: &[String]) -> Vec<u32> {
    let mut seen = HashSet::new();
    let mut grams = Vec::new();
    let mut take = |text: &str, kind: u64| {
        let hash = xxh3_64_with_seed(text.as_bytes(), kind) as u32;
        if seen.insert(hash) {
            grams.push(hash);
        }
    };
    words.iter().for_each(|word| take(word, 1));
    for pair in words.windows(2) {
        take(&pair.join(" "), 2);
    }
    for word in words.iter().filter(|w| w.chars().any(char::is_alphanumeric)) {
        let bounded = format!("<{word}>");
        let starts: Vec<usize> = bounded.char_indices().map(|(i, _)| i).chain([bounded.len()]).collect();
        for n in LETTERS {
            for ends in starts.windows(n + 1) {
                take(&bounded[ends[0]..ends[n]], 3);
            }
        }
    }
    grams
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gram_is_there_once() {
        let count = |words: &[&str]| of(&words.iter().map(|w| (*w).to_string()).collect::<Vec<_>>()).len();
        // <ab> has two of three letters and one of four.
        assert_eq!([count(&[]), count(&["ab"]), count(&["ab", "ab"]), count(&["!"])], [0, 4, 5, 1]);
        assert_eq!(count(&["äöü"]), 1 + 3 + 2 + 1);
    }
}
