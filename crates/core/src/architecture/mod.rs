//! A network as plain data: a graph of typed operations, without weights or tensors.

mod canonical;
mod cost;
mod graph;
pub mod op;
mod partial;
mod relaxed;
mod schedule;
mod shape;
mod slot;

pub use cost::Cost;
pub use graph::{Architecture, ArchitectureBuilder, ArchitectureError, Node, NodeId};
pub use op::{Op, Operation};
pub use relaxed::Choice;
pub use schedule::Schedule;
pub use shape::Shape;
pub use slot::{Slot, SlotKind, slots};

use serde::{Deserialize, Serialize};
use std::fmt;

/// The content hash of a canonical graph: equal for two spellings of the same computation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ArchitectureHash(pub u128);

impl fmt::Display for ArchitectureHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl From<ArchitectureHash> for String {
    fn from(hash: ArchitectureHash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for ArchitectureHash {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        u128::from_str_radix(&text, 16)
            .map(Self)
            .map_err(|_| format!("an architecture hash is 32 hexadecimal digits, got {text:?}"))
    }
}
