use crate::table::{Dictionary, MISSING};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// The most categories of one column that have a code of their own.
const MOST_CATEGORIES: usize = 256;
/// How many codes the others of a column with more are hashed to.
const BUCKETS: usize = 256;

/// How texts of one column become codes, fitted on training rows.
///
/// From `first_code` on come the categories, then one code for a missing value if there were some, then `buckets` codes
/// for everything else. Where nothing else was seen in training there are no buckets, and what is unknown has code 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryRule {
    /// The categories with a code of their own, in ascending order.
    pub categories: Vec<String>,
    /// Whether a missing value is a category.
    pub missing: bool,
    /// Codes that all other texts share: 1 for rare ones, more for the hashed ones of a column with many.
    pub buckets: usize,
    /// The code of the first category.
    pub first_code: usize,
}

impl CategoryRule {
    /// Fits to the training rows' codes; nothing where all are equal.
    ///
    /// A category has a code of its own where at least 2 rows have it (a two-thousandth of the rows, but at most 10). Of
    /// more than 256 such categories, the others are hashed to 256 codes.
    pub(crate) fn fit(codes: impl Iterator<Item = u32>, dictionary: &Dictionary) -> Option<Self> {
        let mut counts = vec![0usize; dictionary.len()];
        let (mut missing, mut rows) = (0usize, 0usize);
        for code in codes {
            rows += 1;
            match counts.get_mut(code as usize) {
                Some(count) => *count += 1,
                None => missing += 1,
            }
        }
        let seen = counts.iter().filter(|n| **n > 0).count();
        if seen + usize::from(missing > 0) < 2 {
            return None;
        }
        let least = (rows / 2000).clamp(2, 10);
        let mut kept: Vec<(usize, &str)> =
            counts.iter().copied().zip(dictionary.texts()).filter(|(n, _)| *n >= least).collect();
        kept.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        let many = kept.len() > MOST_CATEGORIES;
        kept.truncate(MOST_CATEGORIES);
        let buckets = if many { BUCKETS } else { usize::from(seen > kept.len()) };
        let mut categories: Vec<String> = kept.into_iter().map(|(_, text)| text.into()).collect();
        categories.sort_unstable();
        Some(Self { categories, missing: missing > 0, buckets, first_code: 0 })
    }

    /// How many codes it uses.
    pub(crate) fn codes(&self) -> usize {
        self.categories.len() + usize::from(self.missing) + self.buckets
    }

    /// The code of every text of a dictionary.
    pub(crate) fn map(&self, dictionary: &Dictionary) -> Vec<u32> {
        dictionary.texts().map(|text| self.code(text) as u32).collect()
    }

    /// The code of a text.
    pub(crate) fn code(&self, text: &str) -> usize {
        if let Ok(i) = self.categories.binary_search_by(|c| c.as_str().cmp(text)) {
            return self.first_code + i;
        }
        let rest = self.first_code + self.categories.len() + usize::from(self.missing);
        match self.buckets {
            0 => 0,
            n => rest + (xxh3_64(text.as_bytes()) % n as u64) as usize,
        }
    }

    /// Whether a text has a code of its own.
    pub(crate) fn is_own(&self, text: &str) -> bool {
        self.categories.binary_search_by(|c| c.as_str().cmp(text)).is_ok()
    }

    /// The code of a missing value.
    pub(crate) fn missing_code(&self) -> usize {
        if self.missing { self.first_code + self.categories.len() } else { self.code("") }
    }

    /// The code of a row, given the [`map`](Self::map) of its dictionary.
    pub(crate) fn of_row(&self, map: &[u32], code: u32) -> u32 {
        if code == MISSING {
            self.missing_code() as u32
        } else {
            map.get(code as usize).copied().unwrap_or(0)
        }
    }

    pub(crate) fn valid(&self) -> bool {
        self.first_code > 0 && self.buckets <= BUCKETS && self.categories.windows(2).all(|w| w[0] < w[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(words: &[&str]) -> Option<CategoryRule> {
        let mut dictionary = Dictionary::default();
        let codes: Vec<u32> =
            words.iter().map(|w| if w.is_empty() { MISSING } else { dictionary.code(w) }).collect();
        CategoryRule::fit(codes.into_iter(), &dictionary).map(|rule| CategoryRule { first_code: 1, ..rule })
    }

    #[test]
    fn rare_and_unknown_texts_share_a_code() {
        let rule = fit(&["b", "a", "a", "b", "c", "", ""]).unwrap();
        assert_eq!(rule.categories, ["a", "b"]);
        assert_eq!(["a", "b", "c", "new"].map(|w| rule.code(w)), [1, 2, 4, 4]);
        assert_eq!((rule.missing_code(), rule.codes()), (3, 4));
        // Where nothing was rare or missing, nothing would have learned what that means.
        let rule = fit(&["b", "a", "a", "b"]).unwrap();
        assert_eq!((rule.code("new"), rule.missing_code(), rule.codes()), (0, 0, 2));
        assert_eq!(fit(&["a", "a"]), None);
        assert!(fit(&["a", ""]).is_some());
    }

    #[test]
    fn many_categories_are_hashed() {
        let words: Vec<String> = (0..3000).map(|i| format!("w{}", i / 3)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let rule = fit(&words).unwrap();
        assert_eq!((rule.categories.len(), rule.codes()), (256, 512));
        assert!((257..=512).contains(&rule.code("something else")));
    }
}
