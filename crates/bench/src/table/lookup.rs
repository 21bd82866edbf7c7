//! From decisions to a row, in a few memory accesses.

use nascent_core::chooser::{Record, Replay};
use nascent_core::question::{Path, Question};
use nascent_core::{Chooser, Decisions, Space, SpaceError};
use nascent_spaces::Nb101;
use std::collections::HashMap;

/// What finds the row of a network.
pub(crate) enum Lookup {
    /// Follows the answers, one node each.
    Tree(Tree),
    /// Finds the class of a cell of NAS-Bench-101, which has many spellings.
    Cells(HashMap<u64, u32>),
}

impl Lookup {
    pub(crate) fn row(&self, decisions: &Decisions) -> Option<u32> {
        match self {
            Self::Tree(tree) => tree.row(decisions),
            Self::Cells(cells) => cells.get(&Nb101.cell(decisions).ok()?.class()).copied(),
        }
    }
}

/// Rows by their answers in the order asked.
#[derive(Default)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    children: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Node {
    key: u64,
    first_child: u32,
    options: u32,
}

const NOTHING: u32 = u32::MAX;
/// Marks a child that is a row and not a node.
const ROW: u32 = 1 << 31;

/// Decisions, and how many options there were at each.
pub(crate) struct Member {
    pub decisions: Decisions,
    pub options: Vec<u32>,
}

impl Member {
    /// The member of `space` that a chooser picks.
    pub(crate) fn of(space: &dyn Space, chooser: &mut dyn Chooser) -> Result<Self, SpaceError> {
        struct Counted<'c>(&'c mut dyn Chooser, Vec<u32>);
        impl Chooser for Counted<'_> {
            fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
                self.1.push(question.options.len() as u32);
                self.0.choose(path, question)
            }
        }
        let mut counted = Counted(chooser, Vec::new());
        let mut record = Record::new(&mut counted);
        space.build(&mut record)?;
        let decisions = record.into_decisions();
        Ok(Self { decisions, options: counted.1 })
    }

    /// The member that decisions describe.
    pub(crate) fn replay(space: &dyn Space, decisions: &Decisions) -> Result<Self, SpaceError> {
        Self::of(space, &mut Replay::new(decisions))
    }
}

impl Tree {
    /// Adds a row; the answer is another row with the same decisions, if there is one.
    pub(crate) fn insert(&mut self, member: &Member, row: u32) -> Option<u32> {
        let steps = member.decisions.len();
        let mut at = 0;
        for (step, ((key, answer), options)) in member.decisions.iter().zip(&member.options).enumerate() {
            if at == self.nodes.len() {
                let first_child = self.children.len() as u32;
                self.nodes.push(Node { key: key.0, first_child, options: *options });
                self.children.resize(self.children.len() + *options as usize, NOTHING);
            }
            let next = self.nodes.len() as u32;
            let child = &mut self.children[(self.nodes[at].first_child + u32::from(answer)) as usize];
            if step + 1 == steps {
                let before = *child;
                *child = row | ROW;
                return (before != NOTHING).then_some(before & !ROW);
            }
            if *child == NOTHING {
                *child = next;
            }
            at = *child as usize;
        }
        None
    }

    fn row(&self, decisions: &Decisions) -> Option<u32> {
        let mut at = 0u32;
        for (key, answer) in decisions.iter() {
            let node = self.nodes.get(at as usize)?;
            if node.key != key.0 || u32::from(answer) >= node.options {
                return None;
            }
            at = self.children[(node.first_child + u32::from(answer)) as usize];
        }
        (at != NOTHING && at & ROW != 0).then_some(at & !ROW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::chooser::Enumerate;
    use nascent_testkit::Bits;

    #[test]
    fn every_row_is_found_and_nothing_else() {
        let space = Bits { questions: 3, options: 4 };
        let all: Vec<Decisions> = Enumerate::new(&space).collect::<Result<_, _>>().unwrap();
        let mut tree = Tree::default();
        for (row, decisions) in all.iter().enumerate().filter(|(row, _)| row % 3 != 1) {
            assert_eq!(tree.insert(&Member::replay(&space, decisions).unwrap(), row as u32), None);
        }
        for (row, decisions) in all.iter().enumerate() {
            assert_eq!(tree.row(decisions), (row % 3 != 1).then_some(row as u32));
        }
        assert_eq!(tree.insert(&Member::replay(&space, &all[3]).unwrap(), 99), Some(3));
        assert_eq!(tree.row(&Decisions::new()), None);
        assert_eq!(Tree::default().row(&all[0]), None);
    }
}
