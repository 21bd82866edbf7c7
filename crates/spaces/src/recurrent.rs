//! Recurrent networks that continue text: layers of a cell that is searched, of a long short-term memory, or of a gated recurrent unit.

use crate::error::DefinitionError;
use crate::options::Options;
use crate::parameters::{Parameter, Range, TRAINING, check_ranges};
use crate::reference;
use crate::registry::Entry;
use crate::tokens::{Table, Tokens};
use crate::training::Training;
use nascent_core::architecture::op::{Cell, CellFunction, CellNode, Dropout, Gru, Lstm, Op};
use nascent_core::architecture::{Architecture, ArchitectureBuilder, ArchitectureError, NodeId, Shape};
use nascent_core::question::{Path, Scale, Topic};
use nascent_core::{Candidate, Chooser, Decisions, Signature, Space, SpaceError};
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
        meaning: "the smallest width, a multiple of 8; the largest is twelve times as large",
        range: Range::Whole { least: 8, most: 256 },
        default_text: "32",
        default: |_| 32,
    },
    TRAINING,
];

/// The parameters of [`RecurrentSpace`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecurrentParams {
    /// The nodes of a searched cell, 1 to 12. ENAS has 12 (Pham et al. 2018, arXiv:1802.03268), and each costs a product a step.
    pub nodes: usize,
    /// The most layers, 1 to 4.
    pub layers: usize,
    /// The smallest width, 8 to 256, a multiple of 8; the largest is twelve times as large.
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
        let values = [("nodes", self.nodes), ("layers", self.layers), ("width", self.width)];
        check_ranges(NAME, PARAMETERS, &values)?;
        let tokens = Tokens::new(NAME, signature, self.width)?;
        let network = Topic::Architecture;
        Ok(RecurrentSpace {
            input: signature.shape(),
            tokens,
            layers: Options::sizes(network, (1..=self.layers).collect()),
            unit: Options::kinds(
                network,
                &[("searched", Unit::Searched), ("lstm", Unit::Lstm), ("gru", Unit::Gru)],
            ),
            nodes: self.nodes,
            reads: (2..self.nodes).map(|node| Options::numbers(network, (0..node).collect())).collect(),
            function: Options::kinds(network, &CellFunction::ALL.map(|f| (f.name(), f))),
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
    tokens: Tokens,
    layers: Options<usize>,
    unit: Options<Unit>,
    /// Nodes of a searched cell.
    nodes: usize,
    /// What each of them may read, from the third on: the second can read but the first.
    reads: Vec<Options<usize>>,
    function: Options<CellFunction>,
    dropout: Options<u16>,
    training: Training,
}

/// The answers about one network.
struct Plan {
    table: Table,
    layers: usize,
    unit: Op,
    dropout: u16,
}

impl RecurrentSpace {
    fn ask(&self, chooser: &mut dyn Chooser) -> Result<Plan, SpaceError> {
        let table = self.tokens.ask(chooser)?;
        let width = table.width;
        Ok(Plan {
            table,
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
        let (tokens, mut at) = self.tokens.read(&mut b, plan.table)?;
        at = drop(&mut b, at, plan.dropout)?;
        for layer in 1..=plan.layers {
            b.scope(format!("layer {layer}"));
            // Nodes of one number share weights in all cells, whatever they read, as in DARTS (arXiv:1806.09055).
            b.branch(plan.unit.name().to_lowercase());
            at = b.add(plan.unit.clone(), &[at])?;
            at = drop(&mut b, at, plan.dropout)?;
        }
        b.scope("head");
        let output = self.tokens.answer(&mut b, plan.table, (tokens, at))?;
        b.finish(output)
    }
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

    /// A long short-term memory of two layers, or as many as there may be, six times as wide as the smallest width (192), without
    /// dropout.
    fn reference(&self) -> Option<Decisions> {
        let base = self.tokens.base();
        let layers = self.layers.values().last().copied().unwrap_or(1).min(2);
        reference::by_path(self, |path| {
            let label = match path {
                "width" => return Some(Cow::Owned((6 * base).to_string())),
                "layers" => return Some(Cow::Owned(layers.to_string())),
                "cell" => "lstm",
                // A few passes over a text are not learned by heart.
                "dropout" => "0",
                _ => return Tokens::wanted(path).map(Cow::Borrowed),
            };
            Some(Cow::Borrowed(label))
        })
    }
}
