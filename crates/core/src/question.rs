//! What a space asks, and where in the network it asks it.

use crate::decisions::PathKey;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// The label of one option.
pub type Label = Cow<'static, str>;

/// Whether a question's options have an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Options are kinds: none is nearer to another.
    Categorical,
    /// Options are sizes, from small to large.
    Ordered,
}

/// What an answer changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// The network.
    Architecture,
    /// How it is trained.
    Training,
}

/// One open question of a space. At least one option, at most 65,536.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// Whether the options have an order.
    pub scale: Scale,
    /// What the answer changes.
    pub topic: Topic,
    /// The options' labels, for people; the answer is an index into them.
    pub options: &'a [Label],
}

/// Where a question is asked, such as `stage[2].kernel`. Making one costs no allocation.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    name: &'a str,
    index: Option<u32>,
    key: PathKey,
}

impl<'a> Path<'a> {
    /// A path of one name.
    #[must_use]
    pub const fn new(name: &'a str) -> Self {
        Self { parent: None, name, index: None, key: PathKey(hash(PathKey::EMPTY.0, name.as_bytes())) }
    }

    /// The same place, numbered.
    #[must_use]
    pub const fn at(self, index: u32) -> Self {
        let key = PathKey(hash(hash(self.key.0, b"["), &index.to_le_bytes()));
        Self { index: Some(index), key, ..self }
    }

    /// A place below this one.
    #[must_use]
    pub const fn child(&'a self, name: &'a str) -> Self {
        let key = PathKey(hash(hash(self.key.0, b"."), name.as_bytes()));
        Self { parent: Some(self), name, index: None, key }
    }

    /// What decisions are filed under.
    #[must_use]
    pub const fn key(&self) -> PathKey {
        self.key
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}.")?;
        }
        f.write_str(self.name)?;
        match self.index {
            Some(index) => write!(f, "[{index}]"),
            None => Ok(()),
        }
    }
}

/// FNV-1a, usable in constants.
const fn hash(mut state: u64, bytes: &[u8]) -> u64 {
    let mut i = 0;
    while i < bytes.len() {
        state = (state ^ bytes[i] as u64).wrapping_mul(0x0100_0000_01b3);
        i += 1;
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_people_write_it_and_keyed_by_what_is_written() {
        let stage = Path::new("stage").at(2);
        let kernel = stage.child("kernel");
        assert_eq!(kernel.to_string(), "stage[2].kernel");
        assert_ne!(kernel.key(), stage.key());
        assert_ne!(Path::new("stage").at(1).child("kernel").key(), kernel.key());
        assert_eq!(Path::new("stage").at(2).child("kernel").key(), kernel.key());
    }
}
