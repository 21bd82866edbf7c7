//! Each operation of a graph as operators of ONNX. Each file of this folder writes a family of them.

mod attention;
mod convolution;
mod dense;
mod embedding;
mod merge;
mod norm;
mod numbers;
mod pointwise;
mod pool;
mod recurrent;
mod rounding;
mod stepwise;

pub(super) use stepwise::{PAST, STEPS, State, Stepwise};

use super::build::{Build, value};
use crate::int8::{Grid, Grids};
use crate::{ExportError, Model};
use nascent_core::architecture::{NodeId, Op, Operation, Shape, Slot};
use std::collections::BTreeMap;

/// A graph on its way.
pub(super) struct Lowering<'a> {
    model: &'a Model<'a>,
    build: &'a mut Build,
    /// The grids of the values that are rounded, where weights are whole numbers.
    grids: Option<&'a Grids>,
    /// The name of each node's value so far.
    values: Vec<String>,
    /// The table, `[codes, size]`, of each embedding so far.
    tables: BTreeMap<NodeId, String>,
}

/// A node to be written.
struct Node<'a> {
    id: NodeId,
    /// The names of the values that it reads.
    inputs: Vec<String>,
    /// Their shapes.
    shapes: Vec<&'a Shape>,
    /// The shape of its own value.
    shape: &'a Shape,
    /// Its operation.
    op: &'a Op,
    /// Its numbers.
    slots: Vec<(&'a Slot, &'a [f32])>,
    /// The grid of the first value that it reads.
    grid: Option<Grid>,
}

impl<'a> Node<'a> {
    /// The name of the value it reads, the first of several.
    fn input(&self) -> Result<&str, String> {
        self.inputs.first().map(String::as_str).ok_or_else(|| "it reads nothing".into())
    }

    /// The shape of that value.
    fn input_shape(&self) -> Result<&'a Shape, String> {
        self.shapes.first().copied().ok_or_else(|| "it reads nothing".into())
    }

    /// Channels and steps of the value it reads.
    fn steps(&self) -> Result<(usize, usize), String> {
        let shape = self.input_shape()?;
        shape.sequence().ok_or_else(|| format!("it needs channels×steps, got {shape}"))
    }

    /// One of its places for numbers.
    fn slot(&self, i: usize) -> Result<(&'a Slot, &'a [f32]), String> {
        self.slots.get(i).copied().ok_or_else(|| format!("it has no numbers in place {i}"))
    }
}

impl<'a> Lowering<'a> {
    pub fn new(model: &'a Model<'a>, build: &'a mut Build, grids: Option<&'a Grids>) -> Self {
        let values = Vec::with_capacity(model.graph.nodes().len());
        Self { model, build, grids, values, tables: BTreeMap::new() }
    }

    /// Writes the graph, whose input is the value `given`; answers with the name of the answers, one vector an example.
    pub fn run(mut self, given: String) -> Result<String, ExportError> {
        let (graph, model) = (self.model.graph, self.model);
        let given = self.round(NodeId(0), given);
        self.values.push(given);
        for (i, node) in graph.nodes().iter().enumerate().skip(1) {
            let prefix = format!("{i:03}.{}", node.op.name().to_lowercase());
            self.build.part(prefix);
            let node = self.reading(NodeId(i as u32));
            let written = self.node(node.op, &node).map_err(|reason| ExportError::Node {
                node: i,
                label: node.op.label(),
                reason,
            })?;
            // Names of inputs that are handed on unchanged have their shape already.
            if !self.values.contains(&written) {
                self.build.shapes.push(value(&written, node.shape));
            }
            let handed_on = self.round(NodeId(i as u32), written);
            self.values.push(handed_on);
        }
        let answers = self.values[graph.output().index()].clone();
        match graph.output_shape().vector() {
            Some(_) => Ok(answers),
            None if super::wrap::is_spread(model) => Ok(answers),
            None => {
                self.build.part("answers".into());
                Ok(self.build.flatten(&answers))
            }
        }
    }

    /// A node with the values that it reads.
    fn reading(&self, id: NodeId) -> Node<'a> {
        let (graph, i) = (self.model.graph, id.index());
        let node = &graph.nodes()[i];
        Node {
            id,
            inputs: node.inputs.iter().map(|n| self.values[n.index()].clone()).collect(),
            shapes: graph.input_shapes(id).to_vec(),
            shape: &graph.shapes()[i],
            op: &node.op,
            slots: self.model.of_node(i),
            grid: node.inputs.first().and_then(|input| self.grids?.get(input).copied()),
        }
    }

    /// Writes one operation; answers with the name of its value.
    fn node(&mut self, op: &Op, node: &Node<'a>) -> Result<String, String> {
        match op {
            Op::Input(_) => Err("a network has one input".into()),
            Op::Mixed(_) => Err("a choice is still open".into()),
            Op::Zero(zero) => Ok(self.zeros(&zero.shape)),
            // Nothing is dropped after training.
            Op::Identity(_) | Op::Dropout(_) => Ok(node.input()?.into()),
            Op::Flatten(_) => Ok(self.build.flatten(node.input()?)),
            Op::Slice(slice) => Ok(self.build.slice(node.input()?, 1, slice.from, slice.len)),
            Op::Delay(delay) => Ok(self.build.delay(node.input()?, delay.steps as i64)),
            Op::Conv2d(conv) => self.convolve_images(conv, node),
            Op::Conv1d(conv) => self.convolve_steps(conv, node),
            Op::Linear(_) => self.connect(node),
            Op::BatchNorm(_) => self.normalise(node),
            Op::LayerNorm(_) => self.normalise_layer(node),
            Op::Activation(function) => self.activate(*function, node),
            Op::Pool2d(p) => self.pool(p.kind, [&[p.kernel; 2], &[p.stride; 2], &[p.padding; 4]], node),
            Op::Pool1d(p) => self.pool(p.kind, [&[p.kernel], &[p.stride], &[p.padding; 2]], node),
            Op::GlobalAveragePool(_) => self.pool_all("ReduceMean", node),
            Op::GlobalMaxPool(_) => self.pool_all("ReduceMax", node),
            Op::MaskedPool(pool) => self.pool_masked(pool.kind, node),
            Op::Add(_) => self.add(node),
            Op::Multiply(_) => self.multiply(node),
            Op::Concat(_) => self.concatenate(node),
            Op::Embedding(table) => self.embed(table, node),
            Op::EmbeddingBag(table) => self.embed_bag(table, node),
            Op::TiedOutput(tied) => self.answer_by_table(tied, node),
            Op::PiecewiseLinear(op) => self.fill_bins(op, node),
            Op::PerFeature(op) => self.connect_features(op, node),
            Op::Periodic(op) => self.wave(op, node),
            Op::SelfAttention(op) => self.attend(op, node),
            Op::PositionEmbedding(_) => self.add_positions(node),
            Op::Gru(op) => Ok(self.recur(op, node, &[])?.0),
            Op::Lstm(op) => Ok(self.remember(op, node, &[])?.0),
            Op::Cell(cell) => Ok(self.run_cell(cell, node, &[])?.0),
        }
    }

    /// The numbers of one of a node's places, under its name.
    fn slot(&mut self, node: &Node<'a>, i: usize) -> Result<String, String> {
        let (slot, numbers) = node.slot(i)?;
        Ok(self.build.floats(&slot.name, &slot.shape, numbers))
    }

    /// Zeros for each example of the batch.
    fn zeros(&mut self, shape: &Shape) -> String {
        let given = self.values[0].clone();
        let batch = self.build.node(
            "Shape",
            &[&given],
            vec![super::build::int("start", 0), super::build::int("end", 1)],
        );
        let rest: Vec<i64> = shape.extents().iter().map(|n| *n as i64).collect();
        let rest = self.build.indices(&rest);
        let extents = self.build.node("Concat", &[&batch, &rest], vec![super::build::int("axis", 0)]);
        let ones = vec![1; shape.extents().len() + 1];
        let zero = self.build.numbers(&ones, &[0.0]);
        self.build.node("Expand", &[&zero, &extents], Vec::new())
    }
}
