use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::fmt;

/// The place of a question, hashed: what a decision is filed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathKey(pub u64);

impl PathKey {
    /// The key of no place, where every path starts (the offset basis of FNV-1a).
    pub(crate) const EMPTY: Self = Self(0xcbf2_9ce4_8422_2325);
}

/// The answers to a space's questions, in the order asked: enough to rebuild the network.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Decisions(SmallVec<[(PathKey, u16); 8]>);

impl Decisions {
    /// No answers yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next answer.
    pub fn push(&mut self, key: PathKey, answer: u16) {
        self.0.push((key, answer));
    }

    /// The answer given at a place.
    #[must_use]
    pub fn answer(&self, key: PathKey) -> Option<u16> {
        self.0.iter().find(|(k, _)| *k == key).map(|(_, a)| *a)
    }

    /// Replaces the answer at a place; `false` where nothing was answered there.
    pub fn set(&mut self, key: PathKey, answer: u16) -> bool {
        match self.0.iter_mut().find(|(k, _)| *k == key) {
            Some(entry) => {
                entry.1 = answer;
                true
            }
            None => false,
        }
    }

    /// Places and answers, in the order asked.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (PathKey, u16)> + '_ {
        self.0.iter().copied()
    }

    /// The number of answers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(PathKey, u16)> for Decisions {
    fn from_iter<I: IntoIterator<Item = (PathKey, u16)>>(answers: I) -> Self {
        Self(answers.into_iter().collect())
    }
}

// In files a key is sixteen hexadecimal digits: readers in other languages have no exact 64-bit numbers.
impl Serialize for PathKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PathKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16).map(Self).map_err(|_| {
            serde::de::Error::custom(format!("a decision's key is 16 hexadecimal digits, got {text:?}"))
        })
    }
}

impl fmt::Display for PathKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
