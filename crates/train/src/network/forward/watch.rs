//! What a pass can show besides its answers, for scores of networks that were not trained.

use super::{Forward, Mode, Value};
use crate::network::host;
use burn::tensor::{Tensor, TensorData};
use nascent_core::architecture::op::Activation;
use nascent_core::architecture::{NodeId, Op};

/// What is to be seen of a pass.
#[derive(Clone, Default)]
pub(crate) struct Asked {
    /// The gradient of the inputs.
    pub inputs: bool,
    /// The gradient of a factor of 1 on each channel of what convolutions and linear layers answer.
    pub gates: bool,
    /// The gradient of a factor of 1 on each head of attention, and how sure each is of where it looks.
    pub heads: bool,
    /// Which activations let which examples through.
    pub signs: bool,
    /// The values of these nodes.
    pub values: Vec<NodeId>,
    /// Whether the pass computes sums, products and maxima alone, with weights that are positive.
    pub flow: bool,
}

/// What is to be seen of a pass, and what was.
#[derive(Default)]
pub(in crate::network) struct Sight {
    pub asked: Asked,
    /// The inputs as one vector, where their gradient is asked for.
    pub inputs: Option<Tensor<1>>,
    /// The factors on channels, `[batch × channels]`, by node.
    pub gates: Vec<(NodeId, Tensor<1>)>,
    /// The factors on heads, `[batch × heads]`, of each node with attention.
    pub heads: Vec<Tensor<1>>,
    /// The largest weight of each head at each step.
    pub confidences: Vec<f32>,
    /// On which side activations were.
    pub signs: Signs,
    /// The values of nodes, row-major, in the order of nodes.
    pub values: Vec<Vec<f32>>,
}

/// For each unit of each activation, which examples of the batch it lets through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signs {
    /// One bit an example, the first one lowest; at most 64 examples.
    pub units: Vec<u64>,
}

impl Signs {
    /// The most examples that are looked at.
    pub(crate) const EXAMPLES: usize = 64;
}

impl Forward<'_> {
    /// The network's inputs.
    pub(super) fn given(&mut self, numbers: Vec<f32>, extents: &[usize]) -> Value {
        if !self.sight.asked.inputs {
            return self.constant(numbers, extents);
        }
        let len = numbers.len();
        let leaf = Tensor::<1>::from_data(TensorData::new(numbers, [len]), self.device).require_grad();
        self.sight.inputs = Some(leaf.clone());
        match *extents {
            [c, h, w] => Value::Images(leaf.reshape([self.batch, c, h, w])),
            [c, n] => Value::Images(leaf.reshape([self.batch, c, 1, n])),
            _ => Value::Vectors(leaf.reshape([self.batch, len / self.batch.max(1)])),
        }
    }

    /// Sees what is wanted of a node's value, and hands on what its readers get.
    pub(super) fn watch(&mut self, node: usize, value: Value) -> Value {
        let graph = self.graph;
        let op = &graph.nodes()[node].op;
        let mut value = value;
        if matches!(self.mode, Mode::Flow) {
            value = self.rescale(&graph.nodes()[node], value);
        }
        if self.sight.asked.gates && matches!(op, Op::Conv2d(_) | Op::Conv1d(_) | Op::Linear(_)) {
            value = self.gate(NodeId(node as u32), value);
        }
        if let (true, Op::Activation(function)) = (self.sight.asked.signs, op) {
            self.note_signs(*function, value.clone());
        }
        if self.sight.asked.values.contains(&NodeId(node as u32)) {
            self.sight.values.push(numbers(value.clone()));
        }
        let id = NodeId(node as u32);
        if self.tap.as_ref().is_some_and(|(nodes, _)| nodes.contains(&id)) {
            value = self.show(id, value);
        }
        value
    }

    /// Shows a node's value to the tap, and hands on what it leaves.
    fn show(&mut self, node: NodeId, value: Value) -> Value {
        let Some((_, tap)) = &mut self.tap else { return value };
        match value {
            Value::Vectors(x) => {
                let (extents, mut numbers) = (x.dims(), host(x));
                tap(node, &mut numbers);
                Value::Vectors(Tensor::from_data(TensorData::new(numbers, extents), self.device))
            }
            Value::Images(x) => {
                let (extents, mut numbers) = (x.dims(), host(x));
                tap(node, &mut numbers);
                Value::Images(Tensor::from_data(TensorData::new(numbers, extents), self.device))
            }
        }
    }

    fn gate(&mut self, node: NodeId, value: Value) -> Value {
        let channels = match &value {
            Value::Vectors(x) => x.dims()[1],
            Value::Images(x) => x.dims()[1],
        };
        let len = self.batch * channels;
        let ones = Tensor::<1>::ones([len], self.device).require_grad();
        self.sight.gates.push((node, ones.clone()));
        match value {
            Value::Vectors(x) => Value::Vectors(x * ones.reshape([self.batch, channels])),
            Value::Images(x) => Value::Images(x * ones.reshape([self.batch, channels, 1, 1])),
        }
    }

    /// Sees how sure heads are of where they look, from what each step, `[batch, heads, steps, steps]`, gives to each.
    pub(super) fn note_confidence(&mut self, weights: &Tensor<4>) {
        if self.sight.asked.heads {
            self.sight.confidences.extend(host(weights.clone().max_dim(3)));
        }
    }

    /// What heads answer, `[batch, heads, channels, steps]`, by a factor of 1 on each whose gradient will be asked for.
    pub(super) fn gate_heads(&mut self, mixed: Tensor<4>) -> Tensor<4> {
        if !self.sight.asked.heads {
            return mixed;
        }
        let [batch, heads, ..] = mixed.dims();
        let ones = Tensor::<1>::ones([batch * heads], self.device).require_grad();
        self.sight.heads.push(ones.clone());
        mixed * ones.reshape([batch, heads, 1, 1])
    }

    /// All activations but the sigmoid keep the sign of what they are given.
    fn note_signs(&mut self, function: Activation, value: Value) {
        let middle = if function == Activation::Sigmoid { 0.5 } else { 0.0 };
        let numbers = numbers(value);
        let units = numbers.len() / self.batch.max(1);
        let before = self.sight.signs.units.len();
        self.sight.signs.units.resize(before + units, 0);
        let bits = &mut self.sight.signs.units[before..];
        for (example, row) in numbers.chunks_exact(units.max(1)).take(Signs::EXAMPLES).enumerate() {
            for (unit, number) in bits.iter_mut().zip(row) {
                *unit |= u64::from(*number > middle) << example;
            }
        }
    }
}

fn numbers(value: Value) -> Vec<f32> {
    match value {
        Value::Vectors(x) => host(x),
        Value::Images(x) => host(x),
    }
}
