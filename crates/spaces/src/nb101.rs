//! The cells of NAS-Bench-101 (Ying et al. 2019, arXiv:1902.09635).

use nascent_core::chooser::{Record, Replay};
use nascent_core::question::{Label, Path, Question, Scale, Topic};
use nascent_core::{Candidate, Chooser, Decisions, Settings, Space, SpaceError};

/// Vertices of the largest cell, input and output included.
const VERTICES: usize = 7;
const OUTPUT: usize = VERTICES - 1;
const MOST_EDGES: u32 = 9;

static OPS: [Label; 3] =
    [Label::Borrowed("conv3x3-bn-relu"), Label::Borrowed("conv1x1-bn-relu"), Label::Borrowed("maxpool3x3")];
static EDGE: [Label; 2] = [Label::Borrowed("no"), Label::Borrowed("yes")];

/// A cell: a directed graph without dead parts, from vertex 0, the input, to vertex 6, the output.
///
/// A cell of fewer vertices leaves some between them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nb101Cell {
    /// Edge x→y is bit x + y(y−1)/2.
    pub edges: u32,
    /// The operation of each vertex between input and output: 0 conv3x3, 1 conv1x1, 2 maxpool3x3.
    pub ops: [u8; VERTICES - 2],
}

const fn bit(x: usize, y: usize) -> u32 {
    1 << (x + y * (y - 1) / 2)
}

impl Nb101Cell {
    /// The cell of a row of the published table: so many vertices, its edges in the same bits, and its operations as
    /// one number of base 3, that of the first vertex most significant.
    ///
    /// # Errors
    /// Where the numbers describe no cell: too many vertices or edges, or a part that leads nowhere.
    pub fn from_row(vertices: u32, edges: u32, ops: u32) -> Result<Self, SpaceError> {
        let fail = |reason: &str| {
            SpaceError::Parameter(format!(
                "{vertices} vertices with edges {edges:#x} and operations {ops} are no cell of NAS-Bench-101: {reason}"
            ))
        };
        let n = vertices as usize;
        if !(2..=VERTICES).contains(&n) {
            return Err(fail("2 to 7 vertices are allowed"));
        }
        let mut cell = Self { edges: 0, ops: [0; VERTICES - 2] };
        let mut rest = ops;
        for place in (0..n - 2).rev() {
            cell.ops[place] = (rest % 3) as u8;
            rest /= 3;
        }
        if rest != 0 {
            return Err(fail("there are more operations than vertices"));
        }
        for y in 1..n {
            for x in (0..y).filter(|&x| edges & bit(x, y) != 0) {
                cell.edges |= bit(x, if y == n - 1 { OUTPUT } else { y });
            }
        }
        if edges >> (n * (n - 1) / 2) != 0 || edges.count_ones() > MOST_EDGES {
            return Err(fail("at most 9 edges between its vertices are allowed"));
        }
        let used = (1..n - 1).all(|v| cell.inputs(v) != 0 && cell.outputs(v) != 0);
        if !used || cell.inputs(OUTPUT) == 0 {
            return Err(fail("every vertex must lie on a way from the input to the output"));
        }
        Ok(cell)
    }

    /// The vertices with an edge to `y`, one bit each.
    fn inputs(&self, y: usize) -> u32 {
        self.edges >> (y * (y - 1) / 2) & ((1 << y) - 1)
    }

    /// The vertices with an edge from `x`, one bit each.
    fn outputs(&self, x: usize) -> u32 {
        (x + 1..VERTICES).filter(|&y| self.edges & bit(x, y) != 0).fold(0, |all, y| all | 1 << y)
    }

    /// A number that is the same for all spellings of one cell.
    ///
    /// It tells apart what the published hash tells apart: vertices learn the multisets of their neighbours before and
    /// behind them, as many times as there are vertices.
    #[must_use]
    pub fn class(&self) -> u64 {
        let mut state = [0u64; VERTICES];
        let neighbours: [(u32, u32); VERTICES] =
            std::array::from_fn(|v| (if v == 0 { 0 } else { self.inputs(v) }, self.outputs(v)));
        let mut vertices = 0;
        for (v, (before, behind)) in neighbours.iter().enumerate() {
            if before | behind == 0 {
                continue;
            }
            vertices += 1;
            let kind = match v {
                0 => 3,
                OUTPUT => 4,
                _ => u64::from(self.ops[v - 1]),
            };
            let degrees = u64::from(before.count_ones()) << 8 | u64::from(behind.count_ones());
            state[v] = scramble(kind << 16 | degrees);
        }
        for _ in 0..vertices {
            let last = state;
            let sum = |bits: u32, salt: u64| {
                let mut bits = bits;
                let mut total = 0u64;
                while bits != 0 {
                    total = total.wrapping_add(scramble(last[bits.trailing_zeros() as usize] ^ salt));
                    bits &= bits - 1;
                }
                total
            };
            for (v, &(before, behind)) in neighbours.iter().enumerate().filter(|(_, n)| n.0 | n.1 != 0) {
                let around = sum(before, 0x51ed_270b).wrapping_add(sum(behind, 0xa3b1_9535).rotate_left(17));
                state[v] = scramble(last[v].rotate_left(31) ^ around);
            }
        }
        let all = state.iter().filter(|s| **s != 0).fold(0u64, |all, s| all.wrapping_add(scramble(*s)));
        scramble(all ^ vertices)
    }
}

/// Spreads the bits of a number (the finaliser of SplitMix64).
fn scramble(n: u64) -> u64 {
    let n = (n ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ n >> 30).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ n >> 31
}

/// The space of NAS-Bench-101: every cell of up to seven vertices and nine edges, none with dead parts.
///
/// Questions go from the output backwards. A vertex is asked for its operation and its inputs once something behind it
/// uses it; an edge that would leave too few for the vertices that still need an input is not asked. So every set of
/// answers is a cell of the table, though a cell has several. Cells are looked up and not drawn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nb101;

impl Nb101 {
    fn ask(chooser: &mut dyn Chooser) -> Result<Nb101Cell, SpaceError> {
        let topic = Topic::Architecture;
        let op = Question { scale: Scale::Categorical, topic, options: &OPS };
        let edge = Question { scale: Scale::Ordered, topic, options: &EDGE };
        let mut cell = Nb101Cell { edges: 0, ops: [0; VERTICES - 2] };
        let mut live = 1u32 << OUTPUT;
        for y in (1..VERTICES).rev().filter(|y| *y > 0) {
            if live & 1 << y == 0 {
                continue;
            }
            if y != OUTPUT {
                let path = Path::new("op").at(y as u32);
                cell.ops[y - 1] = checked(chooser.choose(path, &op)?, path, OPS.len())? as u8;
            }
            for x in (0..y).rev() {
                // What is below y and live still waits for an input of its own, and so would x.
                let below = (live | u32::from(x > 0) << x) & ((1 << y) - 2);
                let fits = cell.edges.count_ones() + 1 + below.count_ones() <= MOST_EDGES;
                let is_needed = x == 0 && cell.inputs(y) == 0;
                let path = Path::new("edge").at((x + y * (y - 1) / 2) as u32);
                if is_needed || fits && checked(chooser.choose(path, &edge)?, path, EDGE.len())? == 1 {
                    cell.edges |= bit(x, y);
                    live |= 1 << x;
                }
            }
        }
        Ok(cell)
    }

    /// The cell that decisions describe.
    ///
    /// # Errors
    /// Where the decisions were made for another space.
    pub fn cell(&self, decisions: &Decisions) -> Result<Nb101Cell, SpaceError> {
        Self::ask(&mut Replay::new(decisions))
    }

    /// The decisions that give this cell.
    ///
    /// # Errors
    /// Where it has more than nine edges or a dead part.
    pub fn decisions(&self, cell: &Nb101Cell) -> Result<Decisions, SpaceError> {
        struct Spell<'c>(&'c Nb101Cell);
        impl Chooser for Spell<'_> {
            fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
                let is_op = question.options.len() == OPS.len();
                let find = |n: u32| Path::new(if is_op { "op" } else { "edge" }).at(n).key() == path.key();
                let place = (0..21).find(|&n| find(n)).unwrap_or(0);
                Ok(match is_op {
                    true => usize::from(self.0.ops[place as usize - 1]),
                    false => (self.0.edges >> place & 1) as usize,
                })
            }
        }
        let mut spell = Spell(cell);
        let mut record = Record::new(&mut spell);
        let spelt = Self::ask(&mut record)?;
        if spelt.edges != cell.edges {
            let reason = "a cell with more than nine edges or a dead part is not in the space nb101";
            return Err(SpaceError::Parameter(reason.into()));
        }
        Ok(record.into_decisions())
    }
}

fn checked(answer: usize, path: Path<'_>, options: usize) -> Result<usize, SpaceError> {
    match answer < options {
        true => Ok(answer),
        false => Err(SpaceError::OutOfRange { path: path.to_string(), answer, options }),
    }
}

impl Space for Nb101 {
    fn name(&self) -> &str {
        "nb101"
    }

    fn build<'s>(&'s self, chooser: &mut dyn Chooser) -> Result<Candidate<'s>, SpaceError> {
        Self::ask(chooser)?;
        let undrawn = || {
            Err(SpaceError::Parameter(
                "cells of nb101 are looked up in their table and not drawn; use a metric that is a column"
                    .into(),
            ))
        };
        Ok(Candidate { settings: Settings::default(), draw: Box::new(undrawn) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::chooser::{mutate, sample};
    use nascent_core::rng::Rng;

    #[test]
    fn every_member_is_alive_and_small_enough() {
        let mut rng = Rng::new(1, 0);
        let mut most = 0;
        for _ in 0..20_000 {
            let decisions = sample(&Nb101, &mut rng).unwrap();
            let child = mutate(&Nb101, &decisions, &mut rng).unwrap().unwrap();
            assert_ne!(child, decisions);
            for decisions in [decisions, child] {
                let cell = Nb101.cell(&decisions).unwrap();
                most = most.max(cell.edges.count_ones());
                assert!(cell.edges.count_ones() <= 9 && cell.inputs(OUTPUT) != 0);
                for v in 1..OUTPUT {
                    assert_eq!(cell.inputs(v) == 0, cell.outputs(v) == 0, "{cell:?}");
                }
                assert_eq!(Nb101.decisions(&cell).unwrap(), decisions);
            }
        }
        assert_eq!(most, 9);
    }

    #[test]
    fn a_row_is_read_and_its_spellings_are_one_class() {
        // Input to two parallel vertices to the output, the operations in either order.
        let cell = |ops| Nb101Cell::from_row(4, 1 | 1 << 1 | 1 << 4 | 1 << 5, ops).unwrap();
        assert_eq!(cell(1).ops, [0, 1, 0, 0, 0]);
        assert_eq!(cell(1).class(), cell(3).class());
        assert_ne!(cell(1).class(), cell(2).class());
        assert_eq!(Nb101Cell::from_row(2, 1, 0).unwrap().edges, 1 << 15);
        for (n, edges, ops, why) in [
            (8, 1, 0, "2 to 7"),
            (2, 1, 1, "more operations"),
            (2, 2, 0, "at most 9"),
            (3, 0b010, 0, "on a way"),
            (7, 0x1f_ffff, 0, "at most 9"),
        ] {
            let error = Nb101Cell::from_row(n, edges, ops).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
