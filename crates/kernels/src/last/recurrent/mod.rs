//! Recurrent units: their states from what the input gives the gates of each step, and the gradient back through the steps.
//!
//! The examples of a batch take each step together, so that weights are read once for all. Read `gated.rs` first (units with one product
//! a step), then `cell.rs` (cells put together of nodes, with a product each).

mod cell;
mod gated;
mod gru;
mod lstm;
mod node;
mod part;

use super::grid::Grid;
use super::tile::SLACK;
use crate::lanes::Path;
use std::fmt::Debug;

/// A recurrent unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A gated recurrent unit (Cho et al. 2014, arXiv:1406.1078).
    ///
    /// The input gives reset, update and candidate. With `h` the state and `W` of `[size, 3 · size]`: `r = σ(x_r + h·W_r)`,
    /// `z = σ(x_z + h·W_z)`, `n = tanh(x_n + r ⊙ h·W_n)`, and the new state is `(1 − z) ⊙ n + z ⊙ h`.
    Gru,
    /// A long short-term memory (Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735).
    ///
    /// The input gives input gate, forget gate, candidate and output gate. With `h` the state, `m` the memory and `W` of
    /// `[size, 4 · size]`: `i = σ(x_i + h·W_i)`, `f = σ(x_f + h·W_f)`, `n = tanh(x_n + h·W_n)`, `o = σ(x_o + h·W_o)`, the new memory is
    /// `f ⊙ m + i ⊙ n`, and the new state `o ⊙ tanh` of that.
    Lstm,
    /// A cell put together of nodes, 1 at least (Pham et al. 2018, arXiv:1802.03268).
    ///
    /// The input gives gate and value of the first node. With `s_j` the node that node `i` reads, the old state for the first, and `W` of
    /// `[nodes, size, 2 · size]`: `c = σ(s_j·W_i^c)`, `v = f_i(s_j·W_i^v)`, where the first node adds what the input gives, and
    /// `s_i = s_j + c ⊙ (v − s_j)`. The new state is the mean of the nodes that no other reads.
    Cell(Vec<CellNode>),
}

/// A node of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellNode {
    /// The earlier node that it reads; none for the first, which reads the input and the old state.
    pub reads: Option<usize>,
    /// What it does with its sums.
    pub function: CellFunction,
}

/// What a node of a cell does with its sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellFunction {
    /// `tanh(x)`.
    Tanh,
    /// `max(0, x)`.
    Relu,
    /// `1 / (1 + exp(−x))`.
    Sigmoid,
    /// `x`.
    Identity,
}

impl Unit {
    /// Numbers that the input gives for each number of the state.
    #[must_use]
    pub fn gates(&self) -> usize {
        match self {
            Self::Gru => 3,
            Self::Lstm => 4,
            Self::Cell(_) => 2,
        }
    }

    /// The unit's steps, from gates in one grid to states in another; both are of sequences, the gates without a border.
    ///
    /// # Panics
    /// Where the grids do not fit each other, or a node of a cell does not read an earlier one.
    #[must_use]
    pub fn steps(&self, gates: &Grid, states: &Grid, path: Path) -> Box<dyn Recurrence> {
        let (size, steps) = (states.channels, states.width);
        assert_eq!((gates.channels, gates.height, gates.width), (self.gates() * size, 1, steps));
        assert!(gates.is_plain() && states.height == 1);
        match self {
            Self::Gru => Box::new(gated::Gated::new(gated::Gates::Gru, gates, states, path)),
            Self::Lstm => Box::new(gated::Gated::new(gated::Gates::Lstm, gates, states, path)),
            Self::Cell(nodes) => Box::new(cell::Cell::new(nodes, gates, states, path)),
        }
    }
}

/// The steps of a recurrent unit, and the gradient back through them. States begin at zeros, or where others ended.
///
/// Gates and states of a step are side by side, as the grids say that the steps were made with.
pub trait Recurrence: Debug + Send {
    /// Numbers that the gradient needs of one example's way there.
    fn kept_len(&self) -> usize;

    /// Bytes held here: for the weights, and for each example.
    fn bytes(&self) -> (usize, usize);

    /// Lays out weights, as the unit has them; `for_gradients` says whether gradients will be asked for.
    ///
    /// # Panics
    /// Where there are not as many as the shape says.
    fn set_weights(&mut self, weight: &[f32], for_gradients: bool);

    /// Numbers that an example's last step leaves to steps that follow: its state, and behind it the memory of who has one.
    fn carried_len(&self) -> usize;

    /// Where the steps of each example begin from now on: [`Recurrence::carried_len`] numbers each; with none, at zeros.
    fn begin(&mut self, carried: &[f32]);

    /// What the last steps of `count` examples leave, in place of what `carried` holds; the rest is as it was computed.
    fn end(&self, count: usize, kept: &[f32], states: &[f32], carried: &mut Vec<f32>);

    /// Computes the states of `count` examples; all of theirs in `kept` is overwritten, [`Recurrence::kept_len`] an example.
    ///
    /// # Panics
    /// Where a slice is shorter than that.
    fn forward(&mut self, count: usize, gates: &[f32], kept: &mut [f32], states: &mut [f32]);

    /// Computes the gradients of the gates' input, and of the weights, both being overwritten; those of the states lie without a border.
    /// Where the steps began is taken as it is.
    ///
    /// # Panics
    /// As [`Recurrence::forward`]; [`SLACK`](super::SLACK) more numbers are needed behind `kept` and behind `states`.
    fn gradient(
        &mut self,
        count: usize,
        known: (&[f32], &[f32]),
        dstates: &[f32],
        dgates: &mut [f32],
        dweight: &mut [f32],
    );
}

/// The state of an example at a step.
#[inline(always)]
fn state_at<'s>(states: &'s [f32], grid: &Grid, example: usize, step: usize) -> &'s [f32] {
    &states[example * grid.image_len() + grid.at(0, step)..][..grid.channels]
}

/// Puts numbers in the place of others, with [`SLACK`] behind them where there are any.
fn carry(from: &[f32], to: &mut Vec<f32>) {
    to.clear();
    to.extend_from_slice(from);
    if !from.is_empty() {
        to.resize(from.len() + SLACK, 0.0);
    }
}
