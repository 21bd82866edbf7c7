//! Recurrent units, as the kernels have them.

use nascent_core::architecture::{Op, op};
use nascent_kernels::last::{CellFunction, CellNode, Unit};

/// The recurrent unit that an operation is, and the numbers of its state.
pub(crate) fn unit(op: &Op) -> Option<(Unit, usize)> {
    match op {
        Op::Gru(op) => Some((Unit::Gru, op.size)),
        Op::Lstm(op) => Some((Unit::Lstm, op.size)),
        Op::Cell(cell) => {
            let node =
                |node: &op::CellNode| CellNode { reads: node.reads, function: function(node.function) };
            Some((Unit::Cell(cell.nodes.iter().map(node).collect()), cell.size))
        }
        _ => None,
    }
}

fn function(function: op::CellFunction) -> CellFunction {
    match function {
        op::CellFunction::Tanh => CellFunction::Tanh,
        op::CellFunction::Relu => CellFunction::Relu,
        op::CellFunction::Sigmoid => CellFunction::Sigmoid,
        op::CellFunction::Identity => CellFunction::Identity,
    }
}
