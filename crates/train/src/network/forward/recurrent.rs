use super::Forward;
use crate::glue;
use crate::network::host;
use crate::unit::unit;
use burn::tensor::activation::{relu, sigmoid, tanh};
use burn::tensor::{Tensor, TensorData};
use nascent_core::architecture::Op;
use nascent_core::architecture::op::{Cell, CellFunction};

impl Forward<'_> {
    /// The states of a recurrent unit: `[batch, channels, 1, steps]` to `[batch, size, 1, steps]`.
    pub(super) fn recur(&mut self, op: &Op, x: Tensor<4>) -> Tensor<4> {
        let Some((unit, size)) = unit(op) else { return x };
        let gates = self.project(unit.gates() * size, x);
        let slot = self.at;
        let weight = self.slot();
        // What is carried on is the steps' alone.
        if self.kernels && self.carried.is_none() {
            glue::recur(unit, gates, weight)
        } else {
            self.recur_steps(op, size, gates, weight, slot)
        }
    }

    /// The states, from what the input gives the gates at each step, side by side.
    fn recur_steps(
        &mut self,
        op: &Op,
        size: usize,
        gates: Tensor<4>,
        weight: Tensor<1>,
        slot: usize,
    ) -> Tensor<4> {
        let [batch, wide, _, steps] = gates.dims();
        let rows = weight.dims()[0] / wide;
        let weight = weight.reshape([rows, wide]);
        let parts = if matches!(op, Op::Lstm(_)) { 2 } else { 1 };
        let carried = self.carried.as_ref().and_then(|carried| carried.get(&slot));
        let from = |part: usize| match carried.filter(|_| part < parts) {
            None => Tensor::<2>::zeros([batch, size], self.device),
            Some(numbers) => {
                let data = TensorData::new(numbers.clone(), [batch, parts * size]);
                Tensor::<2>::from_data(data, self.device).narrow(1, part * size, size)
            }
        };
        let (mut state, mut memory) = (from(0), from(1));
        let mut states = Vec::with_capacity(steps);
        for step in 0..steps {
            let given = gates.clone().narrow(3, step, 1).reshape([batch, wide]);
            match op {
                Op::Lstm(_) => (state, memory) = remember(given + state.matmul(weight.clone()), memory),
                Op::Cell(cell) => state = mix(cell, given, &weight, state),
                _ => state = update(given, state.clone().matmul(weight.clone()), state),
            }
            states.push(state.clone().reshape([batch, size, 1, 1]));
        }
        if let Some(carried) = &mut self.carried {
            let ends = if parts == 2 { Tensor::cat(vec![state, memory], 1) } else { state };
            carried.insert(slot, host(ends.inner()));
        }
        Tensor::cat(states, 3)
    }
}

/// Values of equal size that stand side by side.
fn apart<const N: usize>(x: Tensor<2>) -> [Tensor<2>; N] {
    let size = x.dims()[1] / N;
    std::array::from_fn(|i| x.clone().narrow(1, i * size, size))
}

/// A step of a gated recurrent unit, from what input and old state give its gates.
fn update(given: Tensor<2>, old: Tensor<2>, state: Tensor<2>) -> Tensor<2> {
    let ([given_r, given_z, given_n], [old_r, old_z, old_n]) = (apart(given), apart(old));
    let reset = sigmoid(given_r + old_r);
    let update = sigmoid(given_z + old_z);
    let candidate = tanh(given_n + reset * old_n);
    candidate.clone() + update * (state - candidate)
}

/// A step of a long short-term memory: the new state and the new memory.
fn remember(gates: Tensor<2>, memory: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let [input, forget, candidate, output] = apart(gates);
    let memory = sigmoid(forget) * memory + sigmoid(input) * tanh(candidate);
    (sigmoid(output) * tanh(memory.clone()), memory)
}

/// A step of a cell: its nodes one after another, and the mean of those that no other reads.
fn mix(cell: &Cell, given: Tensor<2>, weight: &Tensor<2>, state: Tensor<2>) -> Tensor<2> {
    let size = cell.size;
    let mut values: Vec<Tensor<2>> = Vec::with_capacity(cell.nodes.len());
    for (i, node) in cell.nodes.iter().enumerate() {
        let before = node.reads.map_or_else(|| state.clone(), |read| values[read].clone());
        let sums = before.clone().matmul(weight.clone().narrow(0, i * size, size));
        let sums = if node.reads.is_none() { sums + given.clone() } else { sums };
        let [gate, value] = apart(sums);
        let value = match node.function {
            CellFunction::Tanh => tanh(value),
            CellFunction::Relu => relu(value),
            CellFunction::Sigmoid => sigmoid(value),
            CellFunction::Identity => value,
        };
        values.push(before.clone() + sigmoid(gate) * (value - before));
    }
    let ends = cell.ends();
    let sum = ends.iter().map(|end| values[*end].clone()).reduce(|a, b| a + b);
    sum.map_or(state, |sum| sum.div_scalar(ends.len() as f32))
}
