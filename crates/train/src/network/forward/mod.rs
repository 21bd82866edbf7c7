//! One pass through a graph. Each file of this folder computes a family of operations.

mod attention;
mod convolution;
mod dense;
mod embedding;
mod flow;
mod merge;
mod mixed;
mod norm;
mod numbers;
mod pointwise;
mod pool;
mod recurrent;
mod watch;

pub(super) use watch::Sight;
pub(crate) use watch::{Asked, Signs};

use super::pass::{Carried, Mix};
use super::tap::Tap;
use crate::weights::Weights;
use burn::tensor::{Device, Tensor, TensorData};
use nascent_core::architecture::op::{Activation, Delay};
use nascent_core::architecture::{Architecture, NodeId, Op};
use nascent_core::rng::Rng;
use std::collections::BTreeMap;

/// Whether a pass learns.
pub(super) enum Mode<'a> {
    /// Norms use the batch, dropout drops.
    Train {
        /// What it drops.
        dropout: &'a mut Rng,
    },
    /// Norms use what they remember, nothing is dropped.
    Evaluate,
    /// Norms use the batch, nothing is dropped, and no gradients are asked for afterwards.
    Measure,
    /// Only sums, products and maxima are computed: norms and activations let everything through. Values are scaled so
    /// that they stay in range, however deep the network is.
    Flow,
}

/// A batch on its way.
#[derive(Clone)]
enum Value {
    /// `[batch, features]`.
    Vectors(Tensor<2>),
    /// `[batch, channels, height, width]`; a sequence is an image of height 1.
    Images(Tensor<4>),
}

/// A trained slot's tensor, whose gradient is asked for afterwards.
pub(super) struct Leaf {
    pub tensor: Tensor<1>,
    /// Which rows of the slot it holds, where it is not all of them.
    pub rows: Option<Vec<u32>>,
}

/// One pass through a graph.
pub(super) struct Forward<'a> {
    graph: &'a Architecture,
    weights: &'a Weights,
    device: &'a Device,
    /// Whether our own kernels compute what they can: only on the processor.
    kernels: bool,
    mode: Mode<'a>,
    /// The tensor of each slot that this batch teaches.
    pub(super) leaves: Vec<Option<Leaf>>,
    /// How the options of open choices are weighed.
    pub(super) mix: Option<&'a Mix>,
    /// What recurrent units carry on from batch to batch.
    pub(super) carried: Option<&'a mut Carried>,
    /// The weights of the options of each choice, by its path.
    pub(super) weighed: BTreeMap<String, Tensor<1>>,
    /// What norms found in this batch, by the slot that remembers it.
    pub(super) statistics: Vec<(usize, Tensor<1>)>,
    /// Whether gradients may be asked for afterwards; then the device must be one that tracks them.
    is_tracked: bool,
    /// What is to be seen besides the answers, and what was.
    pub(super) sight: Sight,
    /// Nodes whose values something sees, and may change, on their way.
    pub(super) tap: Option<(&'a [NodeId], &'a mut Tap<'a>)>,
    /// The logarithm of what each node's value was divided by, where the mode is [`Mode::Flow`].
    scales: Vec<f64>,
    /// The next slot to be used: slots lie in the order of nodes.
    at: usize,
    /// The node that is computed.
    node: NodeId,
    /// The tables of embeddings that answers share, `[codes - 1, size]`.
    tables: BTreeMap<NodeId, Tensor<2>>,
    batch: usize,
}

impl<'a> Forward<'a> {
    pub(super) fn new(
        graph: &'a Architecture,
        weights: &'a Weights,
        device: &'a Device,
        kernels: bool,
        mode: Mode<'a>,
    ) -> Self {
        let leaves = Vec::with_capacity(weights.slots.len());
        let is_tracked = !matches!(mode, Mode::Evaluate | Mode::Measure);
        Self {
            graph,
            weights,
            device,
            kernels,
            mode,
            leaves,
            mix: None,
            carried: None,
            weighed: BTreeMap::new(),
            statistics: Vec::new(),
            is_tracked,
            sight: Sight::default(),
            tap: None,
            scales: Vec::new(),
            at: 0,
            node: NodeId(0),
            tables: BTreeMap::new(),
            batch: 0,
        }
    }

    /// A pass after which no gradients are asked for.
    pub(super) fn untracked(mut self) -> Self {
        self.is_tracked = false;
        self
    }

    /// The answers to a batch of inputs.
    pub(super) fn run(&mut self, inputs: &[f32]) -> Tensor<2> {
        let graph = self.graph;
        self.batch = inputs.len() / graph.input_shape().len().max(1) as usize;
        let live = self.live();
        let mut uses = self.readers(&live);
        let mut slots = self.weights.slots.iter().map(|slot| slot.node.index()).peekable();
        let mut values: Vec<Option<Value>> = Vec::with_capacity(graph.nodes().len());
        let rectified = self.rectified();
        for (i, node) in graph.nodes().iter().enumerate() {
            let own = std::iter::from_fn(|| slots.next_if_eq(&i)).count();
            if !live[i] {
                self.skip_slots(own);
                values.push(None);
                continue;
            }
            self.node = NodeId(i as u32);
            // A value is given away to its last reader, so that its memory can be reused.
            let mut taken = Vec::with_capacity(node.inputs.len());
            for input in &node.inputs {
                let i = input.index();
                uses[i] -= 1;
                let value = if uses[i] == 0 { values[i].take() } else { values[i].clone() };
                taken.extend(value);
            }
            if matches!(self.mode, Mode::Flow) {
                self.level(node, &mut taken);
            }
            let done = node.inputs.iter().any(|input| rectified[input.index()]);
            let value = match taken.pop() {
                // The norm before it has rectified already.
                Some(value) if done => value,
                last => {
                    taken.extend(last);
                    match &node.op {
                        Op::Mixed(op) => self.weigh(node, op, &live, taken),
                        op => self.compute(op, rectified[i], taken, inputs),
                    }
                }
            };
            values.push(Some(self.watch(i, value)));
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
        if self.kernels && matches!(self.mode, Mode::Train { .. } | Mode::Measure) {
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

    /// The value of one operation; shapes were checked when the graph was built.
    fn compute(&mut self, op: &Op, relu: bool, mut inputs: Vec<Value>, data: &[f32]) -> Value {
        match op {
            Op::Input(input) => return self.given(data.to_vec(), input.shape.extents()),
            Op::Zero(zero) => {
                let len = self.batch * zero.shape.len() as usize;
                return self.constant(vec![0.0; len], zero.shape.extents());
            }
            Op::Add(_) | Op::Multiply(_) | Op::Concat(_) => {
                return merge::join(op, inputs).unwrap_or_else(|| self.constant(Vec::new(), &[0]));
            }
            _ => {}
        }
        let second = if inputs.len() > 1 { inputs.pop() } else { None };
        match (inputs.pop(), second) {
            (Some(Value::Vectors(x)), _) => self.compute_vectors(op, relu, x),
            (Some(Value::Images(x)), Some(Value::Vectors(codes))) => self.compute_steps(op, x, Some(codes)),
            (Some(Value::Images(x)), _) => self.compute_images(op, relu, x),
            (None, _) => self.constant(Vec::new(), &[0]),
        }
    }

    fn compute_vectors(&mut self, op: &Op, relu: bool, x: Tensor<2>) -> Value {
        Value::Vectors(match op {
            Op::Linear(op) => self.connect(op, x),
            Op::BatchNorm(_) => self.normalise(x, relu),
            Op::LayerNorm(_) => self.normalise_layer(x),
            Op::Activation(f) => self.activate(*f, x),
            Op::Dropout(op) => self.drop(op.per_mille, x),
            Op::Slice(op) => x.narrow(1, op.from, op.len),
            Op::Embedding(op) => return Value::Images(self.embed(op, x)),
            Op::EmbeddingBag(op) => self.embed_bag(op, x),
            Op::PiecewiseLinear(op) => self.fill_bins(op, x),
            Op::PerFeature(op) => self.connect_features(op, x),
            Op::Periodic(op) => self.wave(op, x),
            // Identities, and vectors to flatten.
            _ => x,
        })
    }

    fn compute_images(&mut self, op: &Op, relu: bool, x: Tensor<4>) -> Value {
        Value::Images(match op {
            Op::Conv2d(_) | Op::Conv1d(_) => self.convolve(op, x),
            Op::BatchNorm(_) => self.normalise(x, relu),
            Op::LayerNorm(_) => self.normalise_layer(x),
            Op::Activation(f) => self.activate(*f, x),
            Op::Dropout(op) => self.drop(op.per_mille, x),
            Op::Slice(op) => x.narrow(1, op.from, op.len),
            Op::Pool2d(_) | Op::Pool1d(_) => self.pool(op, x),
            Op::GlobalAveragePool(_) | Op::GlobalMaxPool(_) => {
                return Value::Vectors(self.pool(op, x).flatten(1, 3));
            }
            Op::Flatten(_) => return Value::Vectors(x.flatten(1, 3)),
            _ => return self.compute_steps(op, x, None),
        })
    }

    /// What is for sequences alone, with the codes that say which steps are padding.
    fn compute_steps(&mut self, op: &Op, x: Tensor<4>, codes: Option<Tensor<2>>) -> Value {
        Value::Images(match (op, codes) {
            (Op::SelfAttention(op), codes) => self.attend(op, x, codes),
            (Op::PositionEmbedding(_), _) => self.add_positions(x),
            (Op::Gru(_) | Op::Lstm(_) | Op::Cell(_), _) => self.recur(op, x),
            (Op::Delay(op), _) => delay(op, x),
            (Op::TiedOutput(op), _) => self.answer_by_table(op, x),
            (Op::MaskedPool(op), Some(codes)) => return Value::Vectors(self.pool_masked(op.kind, x, codes)),
            // Identities.
            _ => x,
        })
    }

    fn constant(&self, numbers: Vec<f32>, extents: &[usize]) -> Value {
        let image = |[c, h, w]: [usize; 3], numbers| {
            Value::Images(Tensor::from_data(TensorData::new(numbers, [self.batch, c, h, w]), self.device))
        };
        match *extents {
            [c, h, w] => image([c, h, w], numbers),
            [c, n] => image([c, 1, n], numbers),
            _ => {
                let len = numbers.len() / self.batch.max(1);
                Value::Vectors(Tensor::from_data(TensorData::new(numbers, [self.batch, len]), self.device))
            }
        }
    }

    /// The next slot's numbers, on the device.
    fn slot(&mut self) -> Tensor<1> {
        let numbers = self.weights.values[self.at].clone();
        self.leaf(numbers, None)
    }

    /// Numbers of the next slot, all or some rows of them, on the device.
    fn leaf(&mut self, numbers: Vec<f32>, rows: Option<Vec<u32>>) -> Tensor<1> {
        let len = numbers.len();
        let tensor = Tensor::from_data(TensorData::new(numbers, [len]), self.device);
        let kind = self.weights.slots[self.at].kind;
        let trained = kind.is_trained() && self.is_tracked;
        let tensor = if trained { tensor.require_grad() } else { tensor };
        self.leaves.push(trained.then(|| Leaf { tensor: tensor.clone(), rows }));
        self.at += 1;
        tensor
    }

    /// Leaves the next slots as they are.
    fn skip_slots(&mut self, count: usize) {
        self.leaves.extend(std::iter::repeat_with(|| None).take(count));
        self.at += count;
    }

    fn bias(&mut self, has_bias: bool) -> Option<Tensor<1>> {
        has_bias.then(|| self.slot())
    }
}

/// A sequence moved to later steps, zeros first.
fn delay(op: &Delay, x: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, steps] = x.dims();
    let zeros = Tensor::zeros([batch, channels, height, op.steps], &x.device());
    Tensor::cat(vec![zeros, x.narrow(3, 0, steps - op.steps)], 3)
}
