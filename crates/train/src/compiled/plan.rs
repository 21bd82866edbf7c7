//! How a graph becomes steps.
//!
//! Norms and sums are not computed where they stand in the graph, but where something reads them that needs their numbers: until then they are
//! [`Open`], a list of terms, to which another sum adds its own.

use super::Step;
use super::attend::{Attend, Positions};
use super::buffers::{Flow, share};
use super::convolve::{Convolve, Layout, Learned, chunk};
use super::join::{Concat, Delay, Flatten, Slice};
use super::numbers::{Apart, Numbers};
use super::pool::{Pool, PoolLive};
use super::recur::Recur;
use super::rescale::{Dropout, LayerNorm, Multiply};
use super::store::{Held, Norm, NormId, Store, ValueId};
use super::sum::{Part, Sum};
use super::table::Embed;
use crate::unit::unit;
use crate::weights::slots;
use nascent_core::architecture::op::{Activation, PoolKind, SelfAttention};
use nascent_core::architecture::{Architecture, NodeId, Op, Operation, Shape};
use nascent_kernels::last::{Bend, Convolution, Grid, Unit, Windows};
use nascent_kernels::{Conv2d, Path, Pooling, Smooth};

/// A network as steps.
pub(super) struct Planned {
    /// Each step, and whether its gradient depends on anything that is trained.
    pub steps: Vec<(Box<dyn Step>, bool)>,
    pub store: Store,
    pub input: ValueId,
    pub output: ValueId,
}

/// What a node is so far.
#[derive(Clone)]
enum So {
    /// A value that a step gives.
    Value(ValueId),
    /// Terms of a sum that no step gives yet.
    Open(Vec<Part>),
}

/// A step to be: what it reads is known, how images lie is not.
enum Draft {
    Convolve { shape: Conv2d, x: ValueId, y: ValueId, learned: Learned },
    Sum { parts: Vec<Part>, raw: Option<ValueId>, bent: Option<(Bend, ValueId)> },
    Pool { x: ValueId, y: ValueId, windows: Windows },
    Multiply { x: ValueId, gate: ValueId, y: ValueId },
    Concat { parts: Vec<(ValueId, usize)>, y: ValueId },
    Flatten { x: ValueId, y: ValueId },
    Slice { x: ValueId, y: ValueId, first: usize },
    Delay { x: ValueId, y: ValueId, steps: usize },
    Dropout { x: ValueId, y: ValueId, per_mille: u16 },
    LayerNorm { x: ValueId, y: ValueId, slot: usize },
    Attend { x: ValueId, y: ValueId, codes: Option<ValueId>, op: SelfAttention },
    Positions { x: ValueId, y: ValueId, slot: usize },
    Recur { x: ValueId, y: ValueId, slot: usize, unit: Unit },
    Embed { x: ValueId, y: ValueId, slot: usize, is_mean: bool, is_tied: bool },
    Numbers { x: ValueId, y: ValueId, slot: usize, apart: Apart },
    PoolLive { x: ValueId, codes: ValueId, y: ValueId, is_max: bool },
}

/// A value to be.
struct Value {
    shape: [usize; 3],
    is_tracked: bool,
    before: [usize; 2],
    after: [usize; 2],
    /// Whether all that reads it can do with pixels that lie close.
    may_be_close: bool,
    readers: usize,
}

struct Plan<'g> {
    graph: &'g Architecture,
    path: Path,
    /// The node that each node stands for: identities for what they repeat.
    real: Vec<usize>,
    uses: Vec<usize>,
    slot: Vec<usize>,
    so: Vec<Option<So>>,
    /// Values that a nonlinearity of a node gives.
    bent: Vec<((usize, Activation), ValueId)>,
    values: Vec<Value>,
    drafts: Vec<Draft>,
    norms: Vec<(usize, ValueId)>,
}

/// The steps of a graph, or the name of the first operation that has none.
pub(super) fn plan(graph: &Architecture) -> Result<Planned, String> {
    let mut plan = Plan::new(graph);
    let output = plan.real[graph.output().index()];
    let needed = plan.needed(output);
    let mut input = None;
    for node in (0..graph.nodes().len()).filter(|&i| needed[i]) {
        plan.add(node)?;
        if node == 0 {
            input = Some(plan.value(0));
        }
    }
    // A network may not look at its input at all.
    let input = input.unwrap_or_else(|| plan.new_value(graph.input_shape(), false));
    if graph.output_shape().extents().len() > 2 {
        return Err("an answer that is no vector, nor one a step".into());
    }
    let output = plan.value(output);
    Ok(plan.finish(input, output))
}

/// Channels, rows and columns.
fn extents(shape: &Shape) -> [usize; 3] {
    match *shape.extents() {
        [c, h, w] => [c, h, w],
        [c, n] => [c, 1, n],
        _ => [shape.len() as usize, 1, 1],
    }
}

impl<'g> Plan<'g> {
    fn new(graph: &'g Architecture) -> Self {
        let nodes = graph.nodes();
        let mut real: Vec<usize> = Vec::with_capacity(nodes.len());
        for (i, node) in nodes.iter().enumerate() {
            let repeats = match node.op {
                Op::Identity(_) => true,
                // One pixel is a vector already.
                Op::Flatten(_) => extents(graph.input_shapes(NodeId(i as u32))[0])[1..] == [1, 1],
                _ => false,
            };
            real.push(if repeats { real[node.inputs[0].index()] } else { i });
        }
        let mut uses = vec![0; nodes.len()];
        let standing = |i: usize| real[i] == i;
        for node in nodes.iter().enumerate().filter(|(i, _)| standing(*i)).map(|(_, node)| node) {
            node.inputs.iter().for_each(|input| uses[real[input.index()]] += 1);
        }
        uses[real[graph.output().index()]] += 1;
        let mut slot = vec![0; nodes.len()];
        for (at, own) in slots(graph).iter().enumerate().rev() {
            slot[own.node.index()] = at;
        }
        Self {
            graph,
            path: Path::best(),
            real,
            uses,
            slot,
            so: vec![None; nodes.len()],
            bent: Vec::new(),
            values: Vec::new(),
            drafts: Vec::new(),
            norms: Vec::new(),
        }
    }

    /// The nodes that the answer depends on.
    fn needed(&self, output: usize) -> Vec<bool> {
        let mut needed = vec![false; self.so.len()];
        needed[output] = true;
        for node in (0..=output).rev().filter(|&i| self.real[i] == i) {
            if needed[node] {
                let inputs = &self.graph.nodes()[node].inputs;
                inputs.iter().for_each(|input| needed[self.real[input.index()]] = true);
            }
        }
        needed
    }

    fn new_value(&mut self, shape: &Shape, is_tracked: bool) -> ValueId {
        self.new_image(extents(shape), is_tracked)
    }

    fn new_image(&mut self, shape: [usize; 3], is_tracked: bool) -> ValueId {
        self.values.push(Value {
            shape,
            is_tracked,
            before: [0; 2],
            after: [0; 2],
            may_be_close: false,
            readers: 0,
        });
        ValueId(self.values.len() - 1)
    }

    /// The value of a node, which a step gives if none does yet.
    fn value(&mut self, node: usize) -> ValueId {
        match self.so[node].take() {
            Some(So::Value(value)) => {
                self.so[node] = Some(So::Value(value));
                value
            }
            so => {
                let parts = if let Some(So::Open(parts)) = so { parts } else { Vec::new() };
                let value = self.sum(node, parts, None);
                self.so[node] = Some(So::Value(value));
                value
            }
        }
    }

    /// A step that adds terms up, and what it gives: the sum, or what a nonlinearity makes of it.
    fn sum(&mut self, node: usize, parts: Vec<Part>, bend: Option<Bend>) -> ValueId {
        let is_tracked = parts.iter().any(|part| match part {
            Part::Plain(value) => self.values[value.0].is_tracked,
            Part::Norm { .. } => true,
        });
        let shape = self.graph.shapes()[node].clone();
        let value = self.new_value(&shape, is_tracked);
        // The slope of a smooth nonlinearity follows from what goes in.
        let keeps = bend.is_none_or(|bend| !bend.follows_from_output());
        let raw = keeps.then(|| if bend.is_none() { value } else { self.new_value(&shape, is_tracked) });
        self.drafts.push(Draft::Sum { parts, raw, bent: bend.map(|bend| (bend, value)) });
        value
    }

    /// The input of a node, as a value.
    fn read(&mut self, node: usize, input: usize) -> ValueId {
        let from = self.real[self.graph.nodes()[node].inputs[input].index()];
        self.value(from)
    }

    /// A node's value, computed from others.
    fn give(&mut self, node: usize, is_tracked: bool, draft: impl FnOnce(ValueId) -> Draft) {
        let shape = self.graph.shapes()[node].clone();
        let y = self.new_value(&shape, is_tracked);
        self.drafts.push(draft(y));
        self.so[node] = Some(So::Value(y));
    }

    /// Adds a node.
    fn add(&mut self, node: usize) -> Result<(), String> {
        if self.real[node] != node {
            return Ok(());
        }
        let graph = self.graph;
        let op = &graph.nodes()[node].op;
        match op {
            Op::Input(_) => {
                let value = self.new_value(graph.input_shape(), false);
                self.values[value.0].may_be_close = true;
                self.so[node] = Some(So::Value(value));
            }
            Op::Zero(_) => self.so[node] = Some(So::Open(Vec::new())),
            Op::BatchNorm(_) => {
                let value = self.read(node, 0);
                let norm = NormId(self.norms.len());
                self.norms.push((self.slot[node], value));
                self.so[node] = Some(So::Open(vec![Part::Norm { norm, value, is_deferred: false }]));
            }
            Op::Add(_) => {
                let mut parts = Vec::new();
                for input in 0..graph.nodes()[node].inputs.len() {
                    parts.extend(self.terms(node, input));
                }
                self.so[node] = Some(So::Open(parts));
            }
            Op::Activation(f) => self.activate(node, *f),
            _ => return self.compute(node, op),
        }
        Ok(())
    }

    /// The terms that an input of a sum adds to it: those of another sum, where nothing else reads that.
    fn terms(&mut self, node: usize, input: usize) -> Vec<Part> {
        let from = self.real[self.graph.nodes()[node].inputs[input].index()];
        match self.so[from].take() {
            Some(So::Open(parts)) if self.uses[from] == 1 => parts,
            so => {
                self.so[from] = so;
                vec![Part::Plain(self.value(from))]
            }
        }
    }

    fn activate(&mut self, node: usize, f: Activation) {
        let from = self.real[self.graph.nodes()[node].inputs[0].index()];
        if let Some((_, value)) = self.bent.iter().find(|(own, _)| *own == (from, f)) {
            self.so[node] = Some(So::Value(*value));
            return;
        }
        let bend = match f {
            Activation::Relu => Bend::Relu,
            Activation::Silu => Bend::Smooth(Smooth::Silu),
            Activation::Gelu => Bend::Smooth(Smooth::Gelu),
            Activation::Tanh => Bend::Tanh,
            Activation::Sigmoid => Bend::Sigmoid,
        };
        let nodes = self.graph.nodes();
        let alike = (0..nodes.len()).filter(|&i| {
            self.real[i] == i
                && nodes[i].op == Op::Activation(f)
                && self.real[nodes[i].inputs[0].index()] == from
        });
        let value = if alike.count() == self.uses[from] && matches!(self.so[from], Some(So::Open(_))) {
            // Nothing else reads the sum.
            let Some(So::Open(parts)) = self.so[from].take() else { return };
            self.sum(node, parts, Some(bend))
        } else {
            let raw = self.value(from);
            match self.unbent(raw) {
                Some(at) => {
                    let (shape, is_tracked) = (self.values[raw.0].shape, self.values[raw.0].is_tracked);
                    let value = self.new_image(shape, is_tracked);
                    if let Draft::Sum { bent, .. } = &mut self.drafts[at] {
                        *bent = Some((bend, value));
                    }
                    value
                }
                None => self.sum(node, vec![Part::Plain(raw)], Some(bend)),
            }
        };
        self.bent.push(((from, f), value));
        self.so[node] = Some(So::Value(value));
    }

    /// The sum that gives a value, where no nonlinearity is behind it yet.
    fn unbent(&self, value: ValueId) -> Option<usize> {
        self.drafts
            .iter()
            .position(|draft| matches!(draft, Draft::Sum { raw: Some(raw), bent: None, .. } if *raw == value))
    }

    /// A node that is a step of its own.
    fn compute(&mut self, node: usize, op: &Op) -> Result<(), String> {
        let shape = |node: usize| extents(&self.graph.shapes()[node]);
        let [_, height, width] =
            self.graph.nodes()[node].inputs.first().map_or([0; 3], |input| shape(input.index()));
        let slot = self.slot[node];
        match op {
            Op::Conv2d(op) => {
                let one = Conv2d {
                    kernel: [op.kernel; 2],
                    stride: [op.stride; 2],
                    padding: [op.padding; 2],
                    dilation: [op.dilation; 2],
                    groups: op.groups,
                    ..point(op.channels)
                };
                self.convolve(node, one, Learned::of(slot, op.bias, Layout::Outputs))
            }
            Op::Conv1d(op) => {
                let one = Conv2d {
                    kernel: [1, op.kernel],
                    stride: [1, op.stride],
                    padding: [0, op.padding],
                    dilation: [1, op.dilation],
                    groups: op.groups,
                    ..point(op.channels)
                };
                self.convolve(node, one, Learned::of(slot, op.bias, Layout::Outputs))
            }
            Op::Linear(op) => {
                self.convolve(node, point(op.features), Learned::of(slot, op.bias, Layout::Inputs))
            }
            Op::TiedOutput(op) => {
                let table = self.graph.nodes()[node].inputs[1].index();
                let weight = self.slot[self.real[table]];
                let learned = Learned { weight, bias: Some(slot), layout: Layout::Table };
                self.convolve(node, point(op.vocabulary), learned)
            }
            Op::Pool2d(op) => self.pool(node, op.kind, [op.kernel; 2], [op.stride; 2], [op.padding; 2]),
            Op::Pool1d(op) => self.pool(node, op.kind, [1, op.kernel], [1, op.stride], [0, op.padding]),
            Op::GlobalAveragePool(_) => self.pool(node, PoolKind::Average, [height, width], [1; 2], [0; 2]),
            Op::GlobalMaxPool(_) => self.pool(node, PoolKind::Max, [height, width], [1; 2], [0; 2]),
            Op::SelfAttention(op) => self.attend(node, op),
            _ => match unit(op) {
                Some((unit, size)) => self.recur(node, unit, size),
                None => self.compute_other(node, op),
            },
        }
    }

    fn compute_other(&mut self, node: usize, op: &Op) -> Result<(), String> {
        let slot = self.slot[node];
        let inputs = self.graph.nodes()[node].inputs.len();
        if !matches!(
            op,
            Op::Multiply(_)
                | Op::Concat(_)
                | Op::Flatten(_)
                | Op::Slice(_)
                | Op::Delay(_)
                | Op::Dropout(_)
                | Op::LayerNorm(_)
                | Op::PositionEmbedding(_)
                | Op::Embedding(_)
                | Op::EmbeddingBag(_)
                | Op::MaskedPool(_)
                | Op::PiecewiseLinear(_)
                | Op::PerFeature(_)
                | Op::Periodic(_)
        ) {
            return Err(op.label());
        }
        let read: Vec<ValueId> = (0..inputs).map(|input| self.read(node, input)).collect();
        let any = read.iter().any(|value| self.values[value.0].is_tracked);
        let x = read[0];
        match op {
            Op::Multiply(_) => self.give(node, any, |y| Draft::Multiply { x, gate: read[1], y }),
            Op::Concat(_) => {
                let mut first = 0;
                let parts = read
                    .iter()
                    .map(|value| {
                        let part = (*value, first);
                        first += self.values[value.0].shape[0];
                        part
                    })
                    .collect();
                self.give(node, any, |y| Draft::Concat { parts, y });
            }
            Op::Flatten(_) => self.give(node, any, |y| Draft::Flatten { x, y }),
            Op::Slice(op) => self.give(node, any, |y| Draft::Slice { x, y, first: op.from }),
            Op::Delay(op) => self.give(node, any, |y| Draft::Delay { x, y, steps: op.steps }),
            Op::Dropout(op) => {
                let per_mille = op.per_mille;
                self.give(node, any, |y| Draft::Dropout { x, y, per_mille });
            }
            Op::LayerNorm(_) => self.give(node, true, |y| Draft::LayerNorm { x, y, slot }),
            Op::MaskedPool(op) => {
                let (codes, is_max) = (read[1], op.kind == PoolKind::Max);
                self.give(node, any, |y| Draft::PoolLive { x, codes, y, is_max });
            }
            Op::PiecewiseLinear(op) => self.numbers(node, any, x, Apart::Bins(op.bins)),
            Op::PerFeature(op) => {
                self.numbers(node, true, x, Apart::Grouped { groups: op.features, outputs: op.size });
            }
            Op::Periodic(op) => self.numbers(node, true, x, Apart::Waves(op.frequencies)),
            Op::PositionEmbedding(_) => self.give(node, true, |y| Draft::Positions { x, y, slot }),
            _ => {
                let is_mean = matches!(op, Op::EmbeddingBag(_));
                let is_tied = self.graph.is_tied(NodeId(node as u32));
                self.give(node, true, |y| Draft::Embed { x, y, slot, is_mean, is_tied });
            }
        }
        Ok(())
    }

    fn convolve(&mut self, node: usize, one: Conv2d, learned: Learned) -> Result<(), String> {
        let x = self.read(node, 0);
        let [channels, height, width] = self.values[x.0].shape;
        let shape = Conv2d { channels, height, width, ..one };
        if !Convolution::fits(&shape) {
            return Err(self.graph.nodes()[node].op.label());
        }
        self.give(node, true, |y| Draft::Convolve { shape, x, y, learned });
        Ok(())
    }

    fn pool(
        &mut self,
        node: usize,
        kind: PoolKind,
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> Result<(), String> {
        let x = self.read(node, 0);
        let kind = match kind {
            PoolKind::Average => Pooling::Average,
            PoolKind::Max => Pooling::Max,
        };
        let windows = Windows { kind, kernel, stride, padding };
        let is_tracked = self.values[x.0].is_tracked;
        self.give(node, is_tracked, |y| Draft::Pool { x, y, windows });
        Ok(())
    }

    fn numbers(&mut self, node: usize, is_tracked: bool, x: ValueId, apart: Apart) {
        let slot = self.slot[node];
        self.give(node, is_tracked, |y| Draft::Numbers { x, y, slot, apart });
    }

    /// What the input gives the gates at each step, and the states.
    fn recur(&mut self, node: usize, unit: Unit, size: usize) -> Result<(), String> {
        let x = self.read(node, 0);
        let [channels, height, width] = self.values[x.0].shape;
        let wide = unit.gates() * size;
        let shape = Conv2d { channels, height, width, ..point(wide) };
        let (slot, y) = (self.slot[node], self.new_image([wide, height, width], true));
        let learned = Learned::of(slot, true, Layout::Outputs);
        self.drafts.push(Draft::Convolve { shape, x, y, learned });
        let (x, slot) = (y, slot + 2);
        self.give(node, true, |y| Draft::Recur { x, y, slot, unit });
        Ok(())
    }

    /// Projections to queries, keys and values, attention, and the projection of its answers.
    fn attend(&mut self, node: usize, op: &SelfAttention) -> Result<(), String> {
        let x = self.read(node, 0);
        let has_codes = self.graph.nodes()[node].inputs.len() > 1;
        let codes = has_codes.then(|| self.read(node, 1));
        let [channels, height, width] = self.values[x.0].shape;
        let slot = self.slot[node];
        let outputs = op.parts(channels).iter().sum();
        let shape = Conv2d { channels, height, width, ..point(outputs) };
        let projected = self.new_image([outputs, height, width], true);
        let answers = self.new_image([channels, height, width], true);
        let learned = Learned::of(slot, true, Layout::Outputs);
        self.drafts.push(Draft::Convolve { shape, x, y: projected, learned });
        self.drafts.push(Draft::Attend { x: projected, y: answers, codes, op: op.clone() });
        let shape = Conv2d { outputs: channels, ..shape };
        let (x, learned) = (answers, Learned::of(slot + 2, true, Layout::Outputs));
        self.give(node, true, |y| Draft::Convolve { shape, x, y, learned });
        Ok(())
    }

    /// Decides how images lie, and makes the steps.
    fn finish(mut self, input: ValueId, output: ValueId) -> Planned {
        self.read_all(output);
        let norms = self.defer();
        let values: Vec<Held> = self.values.iter().map(|value| value.hold(self.path)).collect();
        let flows: Vec<Flow> = self.drafts.iter().map(|draft| self.flow(draft)).collect();
        let sizes: Vec<usize> = values.iter().map(|held| held.flat.image_len()).collect();
        let (own, buffers) = share(&flows, &sizes, output);
        let slots = slots(self.graph).len();
        let mut store = Store::new(self.path, values, buffers, norms, slots);
        store.values.iter_mut().zip(own).for_each(|(value, own)| value.gradient = own);
        let values = &self.values;
        let steps = self.drafts.into_iter().map(|draft| {
            let is_tracked = draft.outputs().iter().any(|value| values[value.0].is_tracked);
            (draft.finish(&mut store), is_tracked)
        });
        let steps = steps.collect();
        Planned { steps, store, input, output }
    }

    /// Notes who reads which value, and what border that needs.
    fn read_all(&mut self, output: ValueId) {
        for draft in &self.drafts {
            let is_dense = matches!(draft, Draft::Convolve { shape, .. } if shape.groups == 1);
            for value in draft.inputs() {
                let value = &mut self.values[value.0];
                value.readers += 1;
                value.may_be_close &= is_dense;
            }
            if let Draft::Convolve { shape, x, .. } = draft {
                let (before, after) = Convolution::border(shape);
                let value = &mut self.values[x.0];
                for i in 0..2 {
                    value.before[i] = value.before[i].max(before[i]);
                    value.after[i] = value.after[i].max(after[i]);
                }
            }
        }
        self.values[output.0].readers += 1;
    }

    /// Lets convolutions whose output a norm alone reads ask for its gradient themselves.
    fn defer(&mut self) -> Vec<Norm> {
        let convolved: Vec<ValueId> = self
            .drafts
            .iter()
            .filter_map(|draft| match draft {
                Draft::Convolve { y, .. } if self.values[y.0].readers == 1 => Some(*y),
                _ => None,
            })
            .collect();
        let pitch = |value: ValueId| self.path.pitch(self.values[value.0].shape[0]);
        let mut norms: Vec<Norm> =
            self.norms.iter().map(|(slot, value)| Norm::new(*slot, *value, pitch(*value))).collect();
        for draft in &mut self.drafts {
            let Draft::Sum { parts, raw, bent } = draft else { continue };
            let own = bent.map(|(_, value)| value).or(*raw);
            for part in parts {
                if let Part::Norm { norm, value, is_deferred } = part {
                    *is_deferred = convolved.contains(value);
                    norms[norm.0].is_deferred = *is_deferred;
                    norms[norm.0].sum = own.unwrap_or(*value);
                }
            }
        }
        norms
    }

    /// What a step does to gradients.
    fn flow(&self, draft: &Draft) -> Flow {
        let tracked = |values: Vec<ValueId>| -> Vec<ValueId> {
            values.into_iter().filter(|value| self.values[value.0].is_tracked).collect()
        };
        let (mut reads, mut writes) = (draft.outputs(), draft.inputs());
        match draft {
            // What is deferred is asked for by the step that gives the value.
            Draft::Sum { parts, .. } => {
                for part in parts {
                    if let Part::Norm { value, is_deferred: true, .. } = part {
                        writes.retain(|other| other != value);
                    }
                }
            }
            Draft::Convolve { y, .. } => {
                let source = self.drafts.iter().find_map(|draft| match draft {
                    Draft::Sum { parts, raw, bent } => parts
                        .iter()
                        .any(|part| matches!(part, Part::Norm { value, is_deferred: true, .. } if value == y))
                        .then(|| bent.map(|(_, value)| value).or(*raw))
                        .flatten(),
                    _ => None,
                });
                reads = vec![source.unwrap_or(*y)];
            }
            _ => {}
        }
        Flow { reads: tracked(reads), writes: tracked(writes) }
    }
}

/// A convolution of single pixels, to be given an input.
fn point(outputs: usize) -> Conv2d {
    Conv2d {
        batch: 1,
        channels: 0,
        height: 1,
        width: 1,
        outputs,
        kernel: [1; 2],
        stride: [1; 2],
        padding: [0; 2],
        dilation: [1; 2],
        groups: 1,
    }
}

impl Value {
    fn hold(&self, path: Path) -> Held {
        let [channels, height, width] = self.shape;
        let flat = Grid::plain(height, width, channels, path.pitch(channels));
        let pitch = if self.may_be_close && self.readers > 0 { channels } else { flat.pitch };
        Held {
            grid: Grid { pitch, before: self.before, after: self.after, ..flat },
            flat,
            is_tracked: self.is_tracked,
            numbers: Vec::new(),
            gradient: 0,
            has_gradient: false,
        }
    }
}

impl Draft {
    fn inputs(&self) -> Vec<ValueId> {
        match self {
            Self::Sum { parts, .. } => parts
                .iter()
                .map(|part| match part {
                    Part::Plain(value) | Part::Norm { value, .. } => *value,
                })
                .collect(),
            Self::Multiply { x, gate, .. } => vec![*x, *gate],
            Self::Concat { parts, .. } => parts.iter().map(|part| part.0).collect(),
            Self::Attend { x, codes, .. } => std::iter::once(*x).chain(*codes).collect(),
            Self::Convolve { x, .. }
            | Self::Pool { x, .. }
            | Self::Flatten { x, .. }
            | Self::Slice { x, .. }
            | Self::Delay { x, .. }
            | Self::Dropout { x, .. }
            | Self::LayerNorm { x, .. }
            | Self::Positions { x, .. }
            | Self::Recur { x, .. }
            | Self::Numbers { x, .. }
            | Self::Embed { x, .. } => vec![*x],
            Self::PoolLive { x, codes, .. } => vec![*x, *codes],
        }
    }

    fn outputs(&self) -> Vec<ValueId> {
        match self {
            Self::Sum { raw, bent, .. } => raw.iter().copied().chain(bent.map(|(_, value)| value)).collect(),
            Self::Convolve { y, .. }
            | Self::Pool { y, .. }
            | Self::Multiply { y, .. }
            | Self::Concat { y, .. }
            | Self::Flatten { y, .. }
            | Self::Slice { y, .. }
            | Self::Delay { y, .. }
            | Self::Dropout { y, .. }
            | Self::LayerNorm { y, .. }
            | Self::Attend { y, .. }
            | Self::Positions { y, .. }
            | Self::Recur { y, .. }
            | Self::Numbers { y, .. }
            | Self::PoolLive { y, .. }
            | Self::Embed { y, .. } => vec![*y],
        }
    }

    fn finish(self, store: &mut Store) -> Box<dyn Step> {
        match self {
            Self::Convolve { shape, x, y, learned } => {
                let norm = store.deferred(y);
                Box::new(Convolve::new(store, &shape, (x, y), learned, norm))
            }
            Self::Sum { parts, raw, bent } => {
                let own = bent.map(|(_, value)| value).or(raw);
                let grid = own.map_or(Grid::plain(1, 1, 1, 1), |own| store.values[own.0].flat);
                let mut grids = vec![grid];
                for part in &parts {
                    if let Part::Norm { value, .. } = part {
                        grids.push(store.values[value.0].grid);
                    }
                }
                Box::new(Sum { parts, raw, bent, shift: vec![0.0; grid.pitch], chunk: chunk(&grids) })
            }
            Self::Pool { x, y, windows } => Box::new(Pool { x, y, windows }),
            Self::Multiply { x, gate, y } => Box::new(Multiply { x, gate, y }),
            Self::Concat { parts, y } => Box::new(Concat { parts, y }),
            Self::Flatten { x, y } => Box::new(Flatten { x, y }),
            Self::Slice { x, y, first } => Box::new(Slice { x, y, first }),
            Self::Delay { x, y, steps } => Box::new(Delay { x, y, steps }),
            Self::Dropout { x, y, per_mille } => {
                store.held.0 += 4 * store.values[y.0].flat.image_len() as u64;
                Box::new(Dropout { x, y, per_mille, mask: Vec::new() })
            }
            Self::LayerNorm { x, y, slot } => {
                store.held.0 += 8 * store.values[y.0].flat.pixels() as u64;
                Box::new(LayerNorm { x, y, slot, kept: Vec::new() })
            }
            Self::Attend { x, y, codes, op } => Box::new(Attend::new(store, (x, y), codes, &op)),
            Self::Numbers { x, y, slot, apart } => Box::new(Numbers::new(store, (x, y), slot, apart)),
            Self::PoolLive { x, codes, y, is_max } => Box::new(PoolLive { x, codes, y, is_max }),
            Self::Positions { x, y, slot } => Box::new(Positions { x, y, slot }),
            Self::Recur { x, y, slot, unit } => Box::new(Recur::new(store, (x, y), slot, &unit)),
            Self::Embed { x, y, slot, is_mean, is_tied } => {
                Box::new(Embed::new(x, y, slot, is_mean, is_tied))
            }
        }
    }
}
