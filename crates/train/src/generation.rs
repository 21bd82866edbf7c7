//! Text token by token: what earlier steps gave is kept, so that a token costs one step, however many there were.

use crate::rotation::rotate;
use crate::{TrainError, Weights};
use nascent_core::architecture::op::{
    Activation, Cell, CellFunction, Conv1d, NORM_EPSILON, Relative, SelfAttention,
};
use nascent_core::architecture::{Architecture, Op, Operation};
use nascent_kernels::{Path, Smooth};

/// A causal network that reads a sequence token by token.
///
/// What it answers after each token is what the whole network answers at that step ([`TrainStep::eval_batch`](crate::TrainStep)), but
/// for rounding. Keys and values of attention, windows of convolutions and states of recurrences are kept.
pub struct Continuation<'a> {
    graph: &'a Architecture,
    weights: &'a Weights,
    /// The first slot of each node.
    slots: Vec<usize>,
    nodes: Vec<Node>,
    /// Tokens read.
    read: usize,
}

/// What is kept of a node.
#[derive(Clone, Default)]
struct Node {
    /// Its value at each step so far, `[steps, channels]`.
    values: Vec<f32>,
    channels: usize,
    /// Keys and values of attention, `[steps, keys + values]`; the state of a recurrence, and its memory behind that.
    kept: Vec<f32>,
}

impl Node {
    fn steps(&self) -> usize {
        self.values.len() / self.channels.max(1)
    }

    fn at(&self, step: usize) -> &[f32] {
        &self.values[step * self.channels..][..self.channels]
    }
}

const EPSILON: f32 = NORM_EPSILON as f32;

impl<'a> Continuation<'a> {
    /// Begins a sequence.
    ///
    /// # Errors
    /// Where the network does not read running text, looks ahead, or has an operation that has no step here; the error names it.
    pub fn new(graph: &'a Architecture, weights: &'a Weights) -> Result<Self, TrainError> {
        let refuse = |what: String| {
            Err(TrainError::Mismatch(format!("text cannot be continued token by token: {what}")))
        };
        let (Some(_), Some(_)) = (graph.input_shape().vector(), graph.output_shape().sequence()) else {
            return refuse(format!(
                "the network answers {} with {}",
                graph.input_shape(),
                graph.output_shape()
            ));
        };
        let mut slots = vec![0; graph.nodes().len()];
        for (at, slot) in weights.slots.iter().enumerate().rev() {
            slots[slot.node.index()] = at;
        }
        // By how many steps a node is ahead of the last token read.
        let mut ahead: Vec<i64> = Vec::new();
        for node in graph.nodes() {
            let least = node.inputs.iter().map(|input| ahead[input.index()]).min().unwrap_or(0);
            ahead.push(match &node.op {
                Op::Delay(delay) => least + delay.steps as i64,
                Op::Conv1d(conv)
                    if conv.stride == 1 && (conv.kernel - 1) * conv.dilation == 2 * conv.padding =>
                {
                    least - conv.padding as i64
                }
                Op::SelfAttention(op) if op.causal && node.inputs.len() == 1 => least,
                Op::Input(_)
                | Op::Embedding(_)
                | Op::PositionEmbedding(_)
                | Op::LayerNorm(_)
                | Op::Activation(_) => least,
                Op::Gru(_) | Op::Lstm(_) | Op::Cell(_) => least,
                Op::Add(_) | Op::Multiply(_) | Op::Dropout(_) | Op::Identity(_) => least,
                Op::TiedOutput(_) => ahead[node.inputs[0].index()],
                other => return refuse(format!("it has a {}", other.label())),
            });
        }
        if ahead[graph.output().index()] < 0 {
            return refuse("it looks at tokens that follow".into());
        }
        let mut continuation = Self { graph, weights, slots, nodes: Vec::new(), read: 0 };
        continuation.restart();
        Ok(continuation)
    }

    /// Begins another sequence.
    pub fn restart(&mut self) {
        self.read = 0;
        let channels = self
            .graph
            .shapes()
            .iter()
            .map(|shape| if shape.vector().is_some() { 1 } else { shape.extents()[0] });
        self.nodes = channels.map(|channels| Node { channels, ..Node::default() }).collect();
    }

    /// Tokens read since the beginning.
    #[must_use]
    pub fn read(&self) -> usize {
        self.read
    }

    /// The most tokens of a sequence.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.graph.input_shape().len() as usize
    }

    /// Reads a token; answers with the logarithm, up to a constant, of the probability of each code to follow.
    ///
    /// # Errors
    /// Where the sequence has as many tokens as the network can see.
    pub fn read_token(&mut self, code: u32) -> Result<&[f32], TrainError> {
        if self.read >= self.capacity() {
            let text = format!("the network sees {} tokens at once, and has read as many", self.capacity());
            return Err(TrainError::Mismatch(text));
        }
        self.nodes[0].values.push(code as f32);
        self.read += 1;
        for node in 1..self.nodes.len() {
            self.advance(node);
        }
        let output = &self.nodes[self.graph.output().index()];
        Ok(output.at(self.read - 1))
    }

    /// Computes a node at each step that can be told now.
    fn advance(&mut self, index: usize) {
        let node = &self.graph.nodes()[index];
        let mut own = std::mem::take(&mut self.nodes[index]);
        let known = node.inputs.iter().map(|input| self.nodes[input.index()].steps()).min().unwrap_or(0);
        let until = match &node.op {
            Op::Delay(delay) => known + delay.steps,
            // Behind the last step of all there are zeros.
            Op::Conv1d(conv) if known < self.capacity() => known.saturating_sub(conv.padding),
            _ => known,
        };
        for step in own.steps()..until.min(self.capacity()) {
            self.compute(index, step, &mut own);
        }
        self.nodes[index] = own;
    }

    /// Adds a node's value at a step.
    fn compute(&self, index: usize, step: usize, own: &mut Node) {
        let node = &self.graph.nodes()[index];
        let input = |i: usize| &self.nodes[node.inputs[i].index()];
        let weights = |part: usize| &self.weights.values[self.slots[index] + part][..];
        let x = input(0);
        let first = own.values.len();
        match &node.op {
            Op::Embedding(op) => {
                let code = x.at(step)[0] as usize;
                // As in an export, a code that the table has not reads as 0.
                let row = code.checked_sub(1).and_then(|row| weights(0).chunks_exact(op.size).nth(row));
                own.values.resize(first + op.size, 0.0);
                row.into_iter().for_each(|row| own.values[first..].copy_from_slice(row));
            }
            Op::TiedOutput(op) => {
                let table = &self.weights.values[self.slots[node.inputs[1].index()]];
                let dot = |row: &[f32]| row.iter().zip(x.at(step)).map(|(w, x)| w * x).sum::<f32>();
                // Code 0 has no row.
                let products = std::iter::once(0.0).chain(table.chunks_exact(op.size).map(dot));
                own.values.extend(products.zip(weights(0)).map(|(product, bias)| product + bias));
            }
            Op::PositionEmbedding(_) => {
                let learned = weights(0).iter().skip(step).step_by(self.capacity());
                own.values.extend(x.at(step).iter().zip(learned).map(|(x, w)| x + w));
            }
            Op::LayerNorm(_) => {
                let x = x.at(step);
                let n = x.len() as f32;
                let mean = x.iter().sum::<f32>() / n;
                let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / n;
                let factor = 1.0 / (variance + EPSILON).sqrt();
                let learned = weights(0).iter().zip(weights(1));
                own.values.extend(
                    x.iter().zip(learned).map(|(x, (scale, shift))| (x - mean) * factor * scale + shift),
                );
            }
            Op::Activation(function) => {
                own.values.extend_from_slice(x.at(step));
                activate(*function, x.at(step), &mut own.values[first..]);
            }
            Op::Add(_) => {
                own.values.resize(first + own.channels, 0.0);
                for i in 0..node.inputs.len() {
                    own.values[first..].iter_mut().zip(input(i).at(step)).for_each(|(to, x)| *to += x);
                }
            }
            Op::Multiply(_) => {
                own.values.extend(x.at(step).iter().zip(input(1).at(step)).map(|(x, gate)| x * gate))
            }
            Op::Delay(op) => match step.checked_sub(op.steps) {
                Some(before) => own.values.extend_from_slice(x.at(before)),
                None => own.values.resize(first + own.channels, 0.0),
            },
            Op::Conv1d(op) => {
                let bias = if op.bias { weights(1) } else { &[] };
                convolve(op, (weights(0), bias), x, step, &mut own.values);
            }
            Op::SelfAttention(op) => {
                let mut given = Vec::new();
                project(weights(0), weights(1), x.at(step), &mut given);
                turn(op, own.channels, step, &mut given);
                let (query, key_and_value) = given.split_at(own.channels);
                own.kept.extend_from_slice(key_and_value);
                let mut mixed = vec![0.0; own.channels];
                attend(op, query, &own.kept, &mut mixed);
                project(weights(2), weights(3), &mixed, &mut own.values);
            }
            op @ (Op::Gru(_) | Op::Lstm(_) | Op::Cell(_)) => {
                let mut given = Vec::new();
                project(weights(0), weights(1), x.at(step), &mut given);
                // State and memory; who has none leaves it at zeros.
                own.kept.resize(2 * own.channels, 0.0);
                let (state, memory) = own.kept.split_at_mut(own.channels);
                match op {
                    Op::Lstm(_) => remember(weights(2), given, state, memory),
                    Op::Cell(cell) => mix(cell, weights(2), &given, state),
                    _ => recur(weights(2), &given, state),
                }
                own.values.extend_from_slice(&own.kept[..own.channels]);
            }
            // Nothing else passed the check but what changes nothing.
            _ => own.values.extend_from_slice(x.at(step)),
        }
    }
}

/// `weight · x + bias`, one number for each row of the weights.
fn project(weight: &[f32], bias: &[f32], x: &[f32], to: &mut Vec<f32>) {
    let dot = |row: &[f32]| row.iter().zip(x).map(|(w, x)| w * x).sum::<f32>();
    to.extend(weight.chunks_exact(x.len().max(1)).zip(bias).map(|(row, bias)| dot(row) + bias));
}

fn convolve(op: &Conv1d, (weight, bias): (&[f32], &[f32]), x: &Node, step: usize, to: &mut Vec<f32>) {
    let each = x.channels / op.groups;
    let outputs = op.channels / op.groups;
    for output in 0..op.channels {
        let group = output / outputs * each;
        let mut sum = bias.get(output).copied().unwrap_or(0.0);
        for tap in 0..op.kernel {
            let Some(at) = (step + tap * op.dilation).checked_sub(op.padding).filter(|at| *at < x.steps())
            else {
                continue;
            };
            let seen = &x.at(at)[group..group + each];
            let row = weight[output * each * op.kernel + tap..].iter().step_by(op.kernel);
            sum += seen.iter().zip(row).map(|(x, w)| x * w).sum::<f32>();
        }
        to.push(sum);
    }
}

/// Turns the queries and the keys of a step, which come first of what it is `given`, where attention is rotary.
fn turn(op: &SelfAttention, channels: usize, step: usize, given: &mut [f32]) {
    if op.relative != Relative::Rotary {
        return;
    }
    let each = channels / op.heads;
    for head in given.chunks_exact_mut(each).take(op.heads + op.key_heads) {
        rotate(head, (0..each / 2).map(|pair| SelfAttention::turn(pair, each, step)));
    }
}

/// What the last step's query finds among the keys up to it: `kept` holds the keys and values of each step.
fn attend(op: &SelfAttention, query: &[f32], kept: &[f32], to: &mut [f32]) {
    let each = query.len() / op.heads;
    let slopes = op.slopes();
    let width = 2 * op.key_heads * each;
    let part = |at: usize, vector: usize| &kept[at * width + vector * each..][..each];
    let scale = 1.0 / (each as f32).sqrt();
    let steps = kept.len() / width;
    for (head, to) in to.chunks_exact_mut(each).enumerate() {
        let query = &query[head * each..][..each];
        let shared = head / (op.heads / op.key_heads);
        let slope = slopes.get(head).copied().unwrap_or(0.0);
        let score = |at: usize| {
            let product = part(at, shared).iter().zip(query).map(|(k, q)| k * q).sum::<f32>();
            product * scale - slope * (steps - 1 - at) as f32
        };
        let mut scores: Vec<f32> = (0..steps).map(score).collect();
        let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        scores.iter_mut().for_each(|score| *score = (*score - most).exp());
        let sum: f32 = scores.iter().sum();
        for (at, score) in scores.iter().enumerate() {
            let value = part(at, op.key_heads + shared);
            to.iter_mut().zip(value).for_each(|(to, value)| *to += score / sum * value);
        }
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Adds `x · weight`, the weights having a row for each number of `x`.
fn add_product(x: &[f32], weight: &[f32], to: &mut [f32]) {
    for (x, row) in x.iter().zip(weight.chunks_exact(to.len().max(1))) {
        to.iter_mut().zip(row).for_each(|(to, w)| *to += x * w);
    }
}

/// One step of a gated recurrent unit.
fn recur(weight: &[f32], given: &[f32], state: &mut [f32]) {
    let size = state.len();
    let mut old = vec![0.0; 3 * size];
    add_product(state, weight, &mut old);
    for i in 0..size {
        let reset = sigmoid(given[i] + old[i]);
        let update = sigmoid(given[size + i] + old[size + i]);
        let candidate = (given[2 * size + i] + reset * old[2 * size + i]).tanh();
        state[i] = candidate + update * (state[i] - candidate);
    }
}

/// One step of a long short-term memory.
fn remember(weight: &[f32], mut gates: Vec<f32>, state: &mut [f32], memory: &mut [f32]) {
    let size = state.len();
    add_product(state, weight, &mut gates);
    for i in 0..size {
        let (input, forget) = (sigmoid(gates[i]), sigmoid(gates[size + i]));
        memory[i] = forget * memory[i] + input * gates[2 * size + i].tanh();
        state[i] = sigmoid(gates[3 * size + i]) * memory[i].tanh();
    }
}

/// One step of a recurrent cell.
fn mix(cell: &Cell, weight: &[f32], given: &[f32], state: &mut [f32]) {
    let size = state.len();
    let mut values: Vec<Vec<f32>> = Vec::with_capacity(cell.nodes.len());
    for (node, weight) in cell.nodes.iter().zip(weight.chunks_exact(2 * size * size)) {
        let before = node.reads.map_or(&*state, |read| &values[read][..]);
        let mut sums = if node.reads.is_none() { given.to_vec() } else { vec![0.0; 2 * size] };
        add_product(before, weight, &mut sums);
        let bend = |x: f32| match node.function {
            CellFunction::Tanh => x.tanh(),
            CellFunction::Relu => x.max(0.0),
            CellFunction::Sigmoid => sigmoid(x),
            CellFunction::Identity => x,
        };
        let mixed = |i: usize| before[i] + sigmoid(sums[i]) * (bend(sums[size + i]) - before[i]);
        let mixed = (0..size).map(mixed).collect();
        values.push(mixed);
    }
    let ends = cell.ends();
    let mean = |i: usize| ends.iter().map(|end| values[*end][i]).sum::<f32>() / ends.len() as f32;
    state.iter_mut().enumerate().for_each(|(i, state)| *state = mean(i));
}

fn activate(function: Activation, x: &[f32], y: &mut [f32]) {
    let mut each = |f: fn(f32) -> f32| y.iter_mut().for_each(|y| *y = f(*y));
    match function {
        Activation::Relu => each(|x| x.max(0.0)),
        Activation::Tanh => each(f32::tanh),
        Activation::Sigmoid => each(sigmoid),
        Activation::Silu => Smooth::Silu.forward(Path::best(), x, y),
        Activation::Gelu => Smooth::Gelu.forward(Path::best(), x, y),
    }
}
