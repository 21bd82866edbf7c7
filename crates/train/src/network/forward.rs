use crate::glue;
use crate::weights::{SlotKind, Weights};
use burn::tensor::activation::{gelu, relu, sigmoid, silu, tanh};
use burn::tensor::module::{avg_pool2d, batch_norm, batch_norm_train, conv2d, linear, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor, TensorData};
use nascent_core::architecture::op::{Activation, Conv2d, Linear, Pool2d, PoolKind};
use nascent_core::architecture::{Architecture, Op};
use nascent_core::rng::Rng;
use nascent_kernels::Smooth;

/// Whether a pass learns.
pub(super) enum Mode<'a> {
    /// Norms use the batch, dropout drops.
    Train {
        /// What it drops.
        dropout: &'a mut Rng,
    },
    /// Norms use what they remember, nothing is dropped.
    Evaluate,
}

/// A batch on its way: `[batch, features]` or `[batch, channels, height, width]`.
#[derive(Clone)]
enum Value {
    Vectors(Tensor<2>),
    Images(Tensor<4>),
}

/// One pass through a graph.
pub(super) struct Forward<'a> {
    graph: &'a Architecture,
    weights: &'a Weights,
    device: &'a Device,
    /// Whether our own kernels compute what they can: only on the processor.
    kernels: bool,
    mode: Mode<'a>,
    /// The tensor of each trained slot, whose gradient is asked for afterwards.
    pub(super) leaves: Vec<Option<Tensor<1>>>,
    /// What norms found in this batch, by the slot that remembers it.
    pub(super) statistics: Vec<(usize, Tensor<1>)>,
    /// The next slot to be used: slots lie in the order of nodes.
    at: usize,
    batch: usize,
}

/// PyTorch's default for batch norm.
const EPSILON: f64 = 1e-5;

impl<'a> Forward<'a> {
    pub(super) fn new(
        graph: &'a Architecture,
        weights: &'a Weights,
        device: &'a Device,
        kernels: bool,
        mode: Mode<'a>,
    ) -> Self {
        let leaves = Vec::with_capacity(weights.slots.len());
        Self { graph, weights, device, kernels, mode, leaves, statistics: Vec::new(), at: 0, batch: 0 }
    }

    /// The answers to a batch of inputs.
    pub(super) fn run(&mut self, inputs: &[f32]) -> Tensor<2> {
        let graph = self.graph;
        self.batch = inputs.len() / graph.input_shape().len().max(1) as usize;
        let mut uses = graph.uses();
        let mut values: Vec<Option<Value>> = Vec::with_capacity(graph.nodes().len());
        let rectified = self.rectified();
        for (i, node) in graph.nodes().iter().enumerate() {
            // A value is given away to its last reader, so that its memory can be reused.
            let mut taken = Vec::with_capacity(node.inputs.len());
            for input in &node.inputs {
                let i = input.index();
                uses[i] -= 1;
                let value = if uses[i] == 0 { values[i].take() } else { values[i].clone() };
                taken.extend(value);
            }
            let done = node.inputs.iter().any(|input| rectified[input.index()]);
            let value = match taken.pop() {
                // The norm before it has rectified already.
                Some(value) if done => value,
                last => {
                    taken.extend(last);
                    self.compute(&node.op, rectified[i], taken, inputs)
                }
            };
            values.push(Some(value));
        }
        match values.swap_remove(graph.output().index()) {
            Some(Value::Vectors(answers)) => answers,
            Some(Value::Images(images)) => images.flatten(1, 3),
            None => Tensor::zeros([self.batch, graph.output_shape().len() as usize], self.device),
        }
    }

    /// Which norms rectify as well, because a rectifier is all that reads them and our kernel does both at once.
    fn rectified(&self) -> Vec<bool> {
        let mut rectified = vec![false; self.graph.nodes().len()];
        if self.kernels && matches!(self.mode, Mode::Train { .. }) {
            let uses = self.graph.uses();
            for node in self.graph.nodes().iter().filter(|n| matches!(n.op, Op::Activation(Activation::Relu)))
            {
                let before = node.inputs[0].index();
                rectified[before] =
                    uses[before] == 1 && matches!(self.graph.nodes()[before].op, Op::BatchNorm(_));
            }
        }
        rectified
    }

    fn compute(&mut self, op: &Op, relu: bool, mut inputs: Vec<Value>, data: &[f32]) -> Value {
        let merged = |inputs: Vec<Value>, f: fn(Value, Value) -> Value| inputs.into_iter().reduce(f);
        match (op, inputs.pop()) {
            (Op::Input(input), _) => self.constant(data.to_vec(), input.shape.extents()),
            (Op::Zero(zero), _) => {
                let len = self.batch * zero.shape.len() as usize;
                self.constant(vec![0.0; len], zero.shape.extents())
            }
            (Op::Add(_) | Op::Multiply(_) | Op::Concat(_), Some(last)) => {
                inputs.push(last);
                let joined = match op {
                    Op::Add(_) => merged(inputs, add),
                    Op::Multiply(_) => merged(inputs, multiply),
                    _ => concat(inputs),
                };
                joined.unwrap_or_else(|| self.constant(Vec::new(), &[0]))
            }
            (Op::Conv2d(op), Some(Value::Images(x))) => Value::Images(self.convolve(op, x)),
            (Op::Linear(op), Some(Value::Vectors(x))) => Value::Vectors(self.connect(op, x)),
            (Op::BatchNorm(_), Some(Value::Images(x))) => Value::Images(self.normalise(x, relu)),
            (Op::BatchNorm(_), Some(Value::Vectors(x))) => Value::Vectors(self.normalise(x, relu)),
            (Op::Activation(f), Some(Value::Images(x))) => Value::Images(self.activate(*f, x)),
            (Op::Activation(f), Some(Value::Vectors(x))) => Value::Vectors(self.activate(*f, x)),
            (Op::Pool2d(op), Some(Value::Images(x))) if self.kernels && op.kind == PoolKind::Max => {
                Value::Images(glue::pool_max(x, op.kernel, op.stride, op.padding))
            }
            (Op::Pool2d(op), Some(Value::Images(x))) => Value::Images(pool(op, x)),
            (Op::GlobalAveragePool(_), Some(Value::Images(x))) => {
                let [n, c, h, w] = x.dims();
                Value::Vectors(x.reshape([n, c, h * w]).mean_dim(2).reshape([n, c]))
            }
            (Op::Flatten(_), Some(Value::Images(x))) => Value::Vectors(x.flatten(1, 3)),
            (Op::Dropout(op), Some(Value::Images(x))) => Value::Images(self.drop(op.per_mille, x)),
            (Op::Dropout(op), Some(Value::Vectors(x))) => Value::Vectors(self.drop(op.per_mille, x)),
            // Identities and vectors to flatten pass; shapes were checked when the graph was built.
            (_, Some(value)) => value,
            (_, None) => self.constant(Vec::new(), &[0]),
        }
    }

    fn constant(&self, numbers: Vec<f32>, extents: &[usize]) -> Value {
        match *extents {
            [c, h, w] => {
                let data = TensorData::new(numbers, [self.batch, c, h, w]);
                Value::Images(Tensor::from_data(data, self.device))
            }
            _ => {
                let len = numbers.len() / self.batch.max(1);
                Value::Vectors(Tensor::from_data(TensorData::new(numbers, [self.batch, len]), self.device))
            }
        }
    }

    /// The next slot's numbers, on the device.
    fn slot(&mut self) -> Tensor<1> {
        let (slot, numbers) = (&self.weights.slots[self.at], &self.weights.values[self.at]);
        let tensor = Tensor::from_data(TensorData::new(numbers.clone(), [numbers.len()]), self.device);
        let trained = slot.kind.is_trained() && matches!(self.mode, Mode::Train { .. });
        let tensor = if trained { tensor.require_grad() } else { tensor };
        self.leaves.push(trained.then(|| tensor.clone()));
        self.at += 1;
        tensor
    }

    fn bias(&mut self, has_bias: bool) -> Option<Tensor<1>> {
        has_bias.then(|| self.slot())
    }

    fn activate<const D: usize>(&self, function: Activation, x: Tensor<D>) -> Tensor<D> {
        match function {
            Activation::Relu => relu(x),
            Activation::Silu if self.kernels => glue::bend(x, Smooth::Silu),
            Activation::Gelu if self.kernels => glue::bend(x, Smooth::Gelu),
            Activation::Silu => silu(x),
            Activation::Gelu => gelu(x),
            Activation::Tanh => tanh(x),
            Activation::Sigmoid => sigmoid(x),
        }
    }

    fn convolve(&mut self, op: &Conv2d, x: Tensor<4>) -> Tensor<4> {
        let channels = x.dims()[1] / op.groups;
        let weight = self.slot().reshape([op.channels, channels, op.kernel, op.kernel]);
        let bias = self.bias(op.bias);
        if !self.kernels {
            let options = ConvOptions::new([op.stride; 2], [op.padding; 2], [op.dilation; 2], op.groups);
            return conv2d(x, weight, bias, options);
        }
        let [batch, channels, height, width] = x.dims();
        let &Conv2d { channels: outputs, kernel, stride, padding, dilation, groups, .. } = op;
        let shape = nascent_kernels::Conv2d {
            batch,
            channels,
            height,
            width,
            outputs,
            kernel,
            stride,
            padding,
            dilation,
            groups,
        };
        let y = glue::convolve(x, weight, shape);
        match bias {
            Some(bias) => y + bias.reshape([1, outputs, 1, 1]),
            None => y,
        }
    }

    fn connect(&mut self, op: &Linear, x: Tensor<2>) -> Tensor<2> {
        let weight = self.slot().reshape([x.dims()[1], op.features]);
        let bias = self.bias(op.bias);
        linear(x, weight, bias)
    }

    /// Normalises; our own kernel rectifies as well, where asked.
    fn normalise<const D: usize>(&mut self, x: Tensor<D>, relu: bool) -> Tensor<D> {
        let (scale, shift) = (self.slot(), self.slot());
        let (mean_slot, variance_slot) = (self.at, self.at + 1);
        debug_assert_eq!(self.weights.slots[mean_slot].kind, SlotKind::RunningMean);
        if matches!(self.mode, Mode::Evaluate) {
            let (mean, variance) = (self.slot(), self.slot());
            return batch_norm(x, scale, shift, mean, variance, EPSILON);
        }
        self.leaves.extend([None, None]);
        self.at += 2;
        let counted = x.dims().iter().product::<usize>() / x.dims()[1];
        let (out, mean, variance) = if self.kernels {
            glue::normalise(x, scale, shift, EPSILON, relu)
        } else {
            let found = batch_norm_train(x, scale, shift, EPSILON);
            (found.output, found.mean, found.variance)
        };
        // What is remembered is the unbiased estimate, as in PyTorch.
        let unbiased = counted as f32 / (counted as f32 - 1.0).max(1.0);
        self.statistics.push((mean_slot, mean.inner()));
        self.statistics.push((variance_slot, variance.inner().mul_scalar(unbiased)));
        out
    }

    fn drop<const D: usize>(&mut self, per_mille: u16, x: Tensor<D>) -> Tensor<D> {
        let Mode::Train { dropout } = &mut self.mode else { return x };
        let keep = 1.0 - f64::from(per_mille) / 1000.0;
        let kept = (1.0 / keep) as f32;
        let len: usize = x.dims().iter().product();
        let mask: Vec<f32> = (0..len).map(|_| if dropout.unit() < keep { kept } else { 0.0 }).collect();
        let mask = Tensor::<D>::from_data(TensorData::new(mask, x.dims()), self.device);
        x * mask
    }
}

fn add(a: Value, b: Value) -> Value {
    match (a, b) {
        (Value::Images(a), Value::Images(b)) => Value::Images(a + b),
        (Value::Vectors(a), Value::Vectors(b)) => Value::Vectors(a + b),
        (a, _) => a,
    }
}

fn multiply(value: Value, gate: Value) -> Value {
    match (value, gate) {
        (Value::Images(a), Value::Images(b)) => Value::Images(a * b),
        (Value::Vectors(a), Value::Vectors(b)) => Value::Vectors(a * b),
        (Value::Images(a), Value::Vectors(b)) => {
            let [n, c] = b.dims();
            Value::Images(a * b.reshape([n, c, 1, 1]))
        }
        (a, _) => a,
    }
}

fn concat(inputs: Vec<Value>) -> Option<Value> {
    let images: Vec<Tensor<4>> = inputs
        .iter()
        .filter_map(|v| match v {
            Value::Images(x) => Some(x.clone()),
            Value::Vectors(_) => None,
        })
        .collect();
    if !images.is_empty() {
        return Some(Value::Images(Tensor::cat(images, 1)));
    }
    let vectors: Vec<Tensor<2>> = inputs
        .into_iter()
        .filter_map(|v| match v {
            Value::Vectors(x) => Some(x),
            Value::Images(_) => None,
        })
        .collect();
    (!vectors.is_empty()).then(|| Value::Vectors(Tensor::cat(vectors, 1)))
}

fn pool(op: &Pool2d, x: Tensor<4>) -> Tensor<4> {
    let (kernel, stride, padding) = ([op.kernel; 2], [op.stride; 2], [op.padding; 2]);
    match op.kind {
        PoolKind::Max => max_pool2d(x, MaxPoolOptions::new(kernel).with_stride(stride).with_padding(padding)),
        PoolKind::Average => {
            let options = AvgPoolOptions::new(kernel).with_stride(stride).with_padding(padding);
            avg_pool2d(x, options.with_count_include_pad(false))
        }
    }
}
