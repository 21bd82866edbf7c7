//! Recurrent networks that continue text: layers of a cell that is searched, of a long short-term memory, or of a gated recurrent unit.

use crate::error::DefinitionError;
use crate::options::Options;
use crate::parameters::{Parameter, Range, TRAINING, check_ranges, check_task, wrong_input};
use crate::reference;
use crate::registry::Entry;
use crate::training::Training;
use nascent_core::architecture::op::{
    Cell, CellFunction, CellNode, Conv1d, Dropout, Embedding, Gru, Lstm, Op, TiedOutput,
};
use nascent_core::architecture::{Architecture, ArchitectureBuilder, ArchitectureError, NodeId, Shape};
use nascent_core::question::{Path, Scale, Topic};
use nascent_core::{Candidate, Chooser, Decisions, Features, Signature, Space, SpaceError};
use std::borrow::Cow;

const NAME: &str = "recurrent";

pub(crate) static ENTRY: Entry = Entry {
    name: NAME,
    summary: "running text: layers of a searched recurrent cell, of an LSTM, or of a gated recurrent unit",
    input: "running text",
    paper: "arXiv:1802.03268",
    parameters: PARAMETERS,
    make: |values, signature| {
        let params = RecurrentParams {
            nodes: values.number("nodes"),
            layers: values.number("layers"),
            width: values.number("width"),
            training: values.is_on("training"),
        };
        Ok(Box::new(params.check(signature)?))
    },
};

static PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "nodes",
        meaning: "the nodes of a searched cell, 12 in the paper",
        range: Range::Whole { least: 1, most: Cell::MOST },
        default_text: "8",
        default: |_| 8,
    },
    Parameter {
        name: "layers",
        meaning: "the most layers",
        range: Range::Whole { least: 1, most: 4 },
        default_text: "2",
        default: |_| 2,
    },
    Parameter {
        name: "width",
        meaning: "the smallest width, a multiple of 8; the largest is eight times as large",
        range: Range::Whole { least: 8, most: 256 },
        default_text: "32",
        default: |_| 32,
    },
    TRAINING,
];

/// From so many codes on, their table is asked for.
const MANY_CODES: usize = 256;

/// The parameters of [`RecurrentSpace`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecurrentParams {
    /// The nodes of a searched cell, 1 to 12. ENAS has 12 (Pham et al. 2018, arXiv:1802.03268), and each costs a product a step.
    pub nodes: usize,
    /// The most layers, 1 to 4.
    pub layers: usize,
    /// The smallest width, 8 to 256, a multiple of 8; the largest is eight times as large.
    pub width: usize,
    /// Whether training settings are asked too.
    pub training: bool,
}

impl Default for RecurrentParams {
    fn default() -> Self {
        Self { nodes: 8, layers: 2, width: 32, training: true }
    }
}

impl RecurrentParams {
    /// The space with these parameters, for running text.
    ///
    /// # Errors
    /// Where a parameter is out of range, or inputs are no running text.
    pub fn check(self, signature: &Signature) -> Result<RecurrentSpace, DefinitionError> {
        let input = signature.shape();
        check_task(NAME, &input, signature.outputs)?;
        let &Features::Tokens { vocabulary, .. } = &signature.features else {
            return Err(wrong_input(NAME, "running text", &input));
        };
        let values = [("nodes", self.nodes), ("layers", self.layers), ("width", self.width)];
        check_ranges(NAME, PARAMETERS, &values)?;
        let width = self.width.next_multiple_of(8);
        let network = Topic::Architecture;
        Ok(RecurrentSpace {
            input,
            outputs: signature.outputs,
            vocabulary,
            layers: Options::sizes(network, (1..=self.layers).collect()),
            width: Options::sizes(network, [1, 2, 3, 4, 6, 8].map(|n| n * width).to_vec()),
            unit: Options::kinds(
                network,
                &[("searched", Unit::Searched), ("lstm", Unit::Lstm), ("gru", Unit::Gru)],
            ),
            nodes: self.nodes,
            reads: (2..self.nodes).map(|node| Options::numbers(network, (0..node).collect())).collect(),
            function: Options::kinds(network, &CellFunction::ALL.map(|f| (f.name(), f))),
            // Of few codes a table is small whatever its width.
            embedding: (vocabulary >= MANY_CODES).then(|| {
                Options::named(Scale::Ordered, network, &[("quarter", 4), ("half", 2), ("whole", 1)])
            }),
            tied: (vocabulary >= MANY_CODES && signature.outputs == vocabulary)
                .then(|| Options::kinds(network, &[("no", false), ("yes", true)])),
            dropout: Options::named(Scale::Ordered, network, &[("0", 0), ("0.1", 100), ("0.2", 200)]),
            training: Training::new(self.training, false),
        })
    }
}

/// What goes from step to step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// A cell whose nodes are asked for.
    Searched,
    /// A long short-term memory.
    Lstm,
    /// A gated recurrent unit.
    Gru,
}

/// Recurrent networks that continue text.
#[derive(Clone, Debug)]
pub struct RecurrentSpace {
    input: Shape,
    outputs: usize,
    vocabulary: usize,
    layers: Options<usize>,
    width: Options<usize>,
    unit: Options<Unit>,
    /// Nodes of a searched cell.
    nodes: usize,
    /// What each of them may read, from the third on: the second can read but the first.
    reads: Vec<Options<usize>>,
    function: Options<CellFunction>,
    /// How many times smaller than the state's width embeddings are.
    embedding: Option<Options<usize>>,
    /// Whether answers share the table of the tokens.
    tied: Option<Options<bool>>,
    dropout: Options<u16>,
    training: Training,
}

/// The answers about one network.
struct Plan {
    width: usize,
    /// Numbers of a token's embedding, at most the width.
    embedding: usize,
    is_tied: bool,
    layers: usize,
    unit: Op,
    dropout: u16,
}

impl RecurrentSpace {
    fn ask(&self, chooser: &mut dyn Chooser) -> Result<Plan, SpaceError> {
        let width = self.width.ask(chooser, Path::new("width"))?;
        let embedding = match &self.embedding {
            Some(parts) => width / parts.ask(chooser, Path::new("embedding"))?,
            None => width,
        };
        let is_tied = match &self.tied {
            Some(tied) => tied.ask(chooser, Path::new("tied"))?,
            None => false,
        };
        Ok(Plan {
            width,
            embedding,
            is_tied,
            layers: self.layers.ask(chooser, Path::new("layers"))?,
            unit: match self.unit.ask(chooser, Path::new("cell"))? {
                Unit::Searched => Cell { size: width, nodes: self.ask_nodes(chooser)? }.into(),
                Unit::Lstm => Lstm { size: width }.into(),
                Unit::Gru => Gru { size: width }.into(),
            },
            dropout: self.dropout.ask(chooser, Path::new("dropout"))?,
        })
    }

    /// The nodes of a cell, the same in all layers.
    fn ask_nodes(&self, chooser: &mut dyn Chooser) -> Result<Vec<CellNode>, SpaceError> {
        let mut nodes = Vec::with_capacity(self.nodes);
        for number in 0..self.nodes {
            let path = Path::new("node").at(number as u32);
            let reads = match number {
                0 => None,
                1 => Some(0),
                _ => Some(self.reads[number - 2].ask(chooser, path.child("reads"))?),
            };
            nodes.push(CellNode { reads, function: self.function.ask(chooser, path.child("function"))? });
        }
        Ok(nodes)
    }

    fn draw(&self, plan: &Plan) -> Result<Architecture, ArchitectureError> {
        let mut b = ArchitectureBuilder::new(self.input.clone());
        b.scope("tokens");
        // A smaller table, and a layer that widens it (Lan et al. 2019, arXiv:1909.11942).
        if plan.is_tied {
            b.branch("tied");
        }
        let input = b.input();
        let tokens = b.add(Embedding { vocabulary: self.vocabulary, size: plan.embedding }, &[input])?;
        let mut at = tokens;
        if plan.embedding < plan.width {
            at = b.add(point(plan.width), &[at])?;
        }
        at = drop(&mut b, at, plan.dropout)?;
        for layer in 1..=plan.layers {
            b.scope(format!("layer {layer}"));
            // Nodes of one number share weights in all cells, whatever they read, as in DARTS (arXiv:1806.09055).
            b.branch(plan.unit.name().to_lowercase());
            at = b.add(plan.unit.clone(), &[at])?;
            at = drop(&mut b, at, plan.dropout)?;
        }
        b.scope("head");
        if plan.embedding < plan.width {
            b.branch("narrow");
            at = b.add(point(plan.embedding), &[at])?;
            b.branch("answers");
        }
        let output = match plan.is_tied {
            true => b.add(TiedOutput { vocabulary: self.vocabulary, size: plan.embedding }, &[at, tokens])?,
            false => b.add(point(self.outputs), &[at])?,
        };
        b.finish(output)
    }
}

/// All channels of a step from all channels of it.
fn point(channels: usize) -> Conv1d {
    Conv1d { bias: true, ..Conv1d::same(channels, 1, 1) }
}

fn drop(b: &mut ArchitectureBuilder, at: NodeId, per_mille: u16) -> Result<NodeId, ArchitectureError> {
    if per_mille > 0 { b.add(Dropout { per_mille }, &[at]) } else { Ok(at) }
}

impl Space for RecurrentSpace {
    fn name(&self) -> &str {
        NAME
    }

    fn build<'s>(&'s self, chooser: &mut dyn Chooser) -> Result<Candidate<'s>, SpaceError> {
        let plan = self.ask(chooser)?;
        let settings = self.training.ask(chooser)?;
        Ok(Candidate { settings, draw: Box::new(move || Ok(self.draw(&plan)?)) })
    }

    fn is_elastic(&self) -> bool {
        true
    }

    /// A long short-term memory of two layers, or as many as there may be, six times as wide as the smallest width (192), with a
    /// dropout of a tenth.
    fn reference(&self) -> Option<Decisions> {
        let base = self.width.values().first().copied().unwrap_or(0);
        let layers = self.layers.values().last().copied().unwrap_or(1).min(2);
        reference::by_path(self, |path| {
            let label = match path {
                "width" => return Some(Cow::Owned((6 * base).to_string())),
                "layers" => return Some(Cow::Owned(layers.to_string())),
                "cell" => "lstm",
                "embedding" => "whole",
                "tied" => "yes",
                "dropout" => "0.1",
                _ => return None,
            };
            Some(Cow::Borrowed(label))
        })
    }
}
