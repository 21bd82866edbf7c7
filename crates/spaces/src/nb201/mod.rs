//! The cell and the macro skeleton of NAS-Bench-201 (Dong & Yang 2020, arXiv:2001.00326).

mod cell;

pub use cell::{Nb201Cell, Nb201Op};

use crate::error::{DefinitionError, Problem};
use crate::parameters::{Parameter, Range, TRAINING, check_images, check_ranges, side};
use crate::reference;
use crate::registry::Entry;
use crate::training::Training;
use cell::{EDGES, LABELS};
use nascent_core::architecture::op::{
    Activation, Add, BatchNorm, Conv2d, GlobalAveragePool, Identity, Linear, Mixed, Pool2d, PoolKind, Zero,
};
use nascent_core::architecture::{Architecture, ArchitectureBuilder, ArchitectureError, NodeId, Op, Shape};
use nascent_core::chooser::{Replay, replay};
use nascent_core::question::{Path, Question, Scale, Topic};
use nascent_core::{Candidate, Chooser, Decisions, Space, SpaceError};
use std::borrow::Cow;

const NAME: &str = "nb201";

pub(crate) static ENTRY: Entry = Entry {
    name: NAME,
    summary: "the cell of NAS-Bench-201: five operations on six edges, 15,625 cells in a residual skeleton",
    input: "images",
    paper: "arXiv:2001.00326",
    parameters: PARAMETERS,
    make: |values, signature| {
        let params = Nb201Params {
            channels: values.number("channels"),
            cells: values.number("cells"),
            stages: values.number("stages"),
            training: values.is_on("training"),
        };
        Ok(Box::new(params.check(&signature.shape(), signature.outputs)?))
    },
};

static PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "channels",
        meaning: "channels of the first stage; each further stage has twice as many",
        range: Range::Whole { least: 1, most: 256 },
        default_text: "16, as published",
        default: |input| Nb201Params::for_input(input).channels,
    },
    Parameter {
        name: "cells",
        meaning: "cells in each stage",
        range: Range::Whole { least: 1, most: 20 },
        default_text: "1 for images of up to 16 pixels a side, else 2 (published: 5)",
        default: |input| Nb201Params::for_input(input).cells,
    },
    Parameter {
        name: "stages",
        meaning: "stages, with a residual block of stride 2 between two; at least one pixel must be left",
        range: Range::Whole { least: 1, most: 3 },
        default_text: "as many as leave 4 pixels a side, at most 3 (published: 3)",
        default: |input| Nb201Params::for_input(input).stages,
    },
    TRAINING,
];

/// The parameters of [`Nb201`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nb201Params {
    /// Channels of the first stage, 1 to 256; each further stage has twice as many.
    pub channels: usize,
    /// Cells in each stage, 1 to 20.
    pub cells: usize,
    /// Stages, 1 to 3, with a residual block of stride 2 between two.
    pub stages: usize,
    /// Whether training settings are asked too.
    pub training: bool,
}

impl Nb201Params {
    /// A skeleton that is quick to train on such images.
    #[must_use]
    pub fn for_input(input: &Shape) -> Self {
        let side = side(input);
        let stages = match side {
            0..8 => 1,
            8..16 => 2,
            _ => 3,
        };
        Self { channels: 16, cells: if side <= 16 { 1 } else { 2 }, stages, training: true }
    }

    /// The published skeleton, 16 channels and three stages of five cells, and no questions about training.
    #[must_use]
    pub fn published() -> Self {
        Self { channels: 16, cells: 5, stages: 3, training: false }
    }

    /// The space with these parameters, for images of `input` and `outputs` classes.
    ///
    /// # Errors
    /// Where a parameter is out of range, the input is no image, or the image is too small for so many stages.
    pub fn check(self, input: &Shape, outputs: usize) -> Result<Nb201, DefinitionError> {
        check_images(NAME, input, outputs)?;
        let values = [("channels", self.channels), ("cells", self.cells), ("stages", self.stages)];
        check_ranges(NAME, PARAMETERS, &values)?;
        let most = 1 + side(input).ilog2() as usize;
        if self.stages > most {
            return Err(Problem::Parameter {
                space: NAME.into(),
                name: "stages".into(),
                value: self.stages.to_string(),
                allowed: format!("at most {most} for inputs of {input}"),
            }
            .into());
        }
        let training = Training::new(self.training, true);
        Ok(Nb201 { params: self, input: input.clone(), outputs, training })
    }
}

/// The space of NAS-Bench-201: one cell of four nodes, repeated in a residual skeleton.
///
/// The skeleton is a 3×3 convolution with batch norm; stages of equal cells with a residual block of stride 2
/// between them; batch norm, ReLU, the mean of each channel, and a linear layer.
#[derive(Clone, Debug)]
pub struct Nb201 {
    params: Nb201Params,
    input: Shape,
    outputs: usize,
    training: Training,
}

impl Nb201 {
    fn ask_cell(chooser: &mut dyn Chooser) -> Result<Nb201Cell, SpaceError> {
        let question = Question { scale: Scale::Categorical, topic: Topic::Architecture, options: &LABELS };
        let mut ops = [Nb201Op::None; 6];
        for (op, edge) in ops.iter_mut().zip(0..) {
            let path = Path::new("edge").at(edge);
            let answer = chooser.choose(path, &question)?;
            *op = Nb201Op::ALL.get(answer).copied().ok_or_else(|| SpaceError::OutOfRange {
                path: path.to_string(),
                answer,
                options: LABELS.len(),
            })?;
        }
        Ok(Nb201Cell(ops))
    }

    /// The cell that decisions describe.
    ///
    /// # Errors
    /// Where the decisions were made for another space.
    pub fn cell(&self, decisions: &Decisions) -> Result<Nb201Cell, SpaceError> {
        replay(self, decisions)?;
        Self::ask_cell(&mut Replay::new(decisions))
    }

    /// The decisions that give this cell; training, where it is asked, as in [`Space::reference`].
    #[must_use]
    pub fn decisions(&self, cell: Nb201Cell) -> Decisions {
        let edges = |path: &str| {
            let edge: usize = path.strip_prefix("edge[")?.strip_suffix(']')?.parse().ok()?;
            cell.0.get(edge).map(|op| Cow::Borrowed(op.name()))
        };
        // Every question is answered: six edges, and those about training.
        reference::by_path(self, edges).unwrap_or_default()
    }

    fn draw(&self, edges: Edges) -> Result<Architecture, ArchitectureError> {
        let mut b = ArchitectureBuilder::new(self.input.clone());
        b.scope("stem");
        let stem = [Conv2d::same(self.params.channels, 3, 1).into(), BatchNorm {}.into()];
        let mut at = b.chain(b.input(), stem)?;
        for stage in 0..self.params.stages {
            let channels = self.params.channels << stage;
            if stage > 0 {
                b.scope(format!("reduction {stage}"));
                at = draw_reduction(&mut b, at, channels)?;
            }
            for number in 0..self.params.cells {
                b.scope(format!("stage {} / cell {}", stage + 1, number + 1));
                at = draw_cell(&mut b, at, channels, edges)?;
            }
        }
        b.scope("head");
        let head = [
            BatchNorm {}.into(),
            Activation::Relu.into(),
            GlobalAveragePool {}.into(),
            Linear { features: self.outputs, bias: true }.into(),
        ];
        let output = b.chain(at, head)?;
        b.finish(output)
    }
}

fn relu_conv_norm(channels: usize, kernel: usize, stride: usize) -> [Op; 3] {
    [Activation::Relu.into(), Conv2d::same(channels, kernel, stride).into(), BatchNorm {}.into()]
}

/// The residual block that halves height and width, as published.
fn draw_reduction(
    b: &mut ArchitectureBuilder,
    input: NodeId,
    channels: usize,
) -> Result<NodeId, ArchitectureError> {
    let block = [relu_conv_norm(channels, 3, 2), relu_conv_norm(channels, 3, 1)];
    let deep = b.branch("deep").chain(input, block.into_iter().flatten())?;
    let is_even = b.shape(input).extents()[1..].iter().all(|side| side % 2 == 0);
    // The published 2×2 mean loses the last row of an odd image, which the convolution keeps; a padded 3×3 does not.
    let (kernel, padding) = if is_even { (2, 0) } else { (3, 1) };
    let shortcut = [
        Pool2d { kind: PoolKind::Average, kernel, stride: 2, padding }.into(),
        Conv2d::same(channels, 1, 1).into(),
    ];
    let shallow = b.branch("shallow").chain(input, shortcut)?;
    b.add(Add {}, &[shallow, deep])
}

/// What lies on the edges of a cell.
#[derive(Clone, Copy)]
enum Edges {
    /// The operations of this cell.
    Of(Nb201Cell),
    /// Every operation, the choice being open.
    Open,
}

/// One cell: each node is the sum of the edges into it.
fn draw_cell(
    b: &mut ArchitectureBuilder,
    input: NodeId,
    channels: usize,
    edges: Edges,
) -> Result<NodeId, ArchitectureError> {
    let mut nodes = [input; 4];
    let mut sums: [Vec<NodeId>; 4] = Default::default();
    for (edge, (to, from)) in EDGES.into_iter().enumerate() {
        let mut draw = |op| draw_edge(b, edge, nodes[from], channels, op);
        let term = match edges {
            Edges::Of(cell) => draw(cell.0[edge])?,
            Edges::Open => {
                let options = Nb201Op::ALL.into_iter().map(draw).collect::<Result<Vec<_>, _>>()?;
                let labels = Nb201Op::ALL.map(|op| op.name().into()).to_vec();
                b.add(
                    Mixed { path: Path::new("edge").at(edge as u32).to_string(), options: labels },
                    &options,
                )?
            }
        };
        sums[to].push(term);
        // The edges into a node follow one another, and come before those out of it.
        if sums[to].len() == to {
            nodes[to] = b.add(Add {}, &sums[to])?;
        }
    }
    Ok(nodes[3])
}

/// One operation on one edge.
fn draw_edge(
    b: &mut ArchitectureBuilder,
    edge: usize,
    source: NodeId,
    channels: usize,
    op: Nb201Op,
) -> Result<NodeId, ArchitectureError> {
    match op {
        Nb201Op::None => {
            let shape = b.shape(source).clone();
            b.add(Zero { shape }, &[])
        }
        Nb201Op::SkipConnect => b.add(Identity {}, &[source]),
        Nb201Op::NorConv1x1 | Nb201Op::NorConv3x3 => {
            let kernel = if op == Nb201Op::NorConv1x1 { 1 } else { 3 };
            b.branch(format_args!("edge[{edge}] {}", op.name()));
            b.chain(source, relu_conv_norm(channels, kernel, 1))
        }
        Nb201Op::AvgPool3x3 => {
            b.add(Pool2d { kind: PoolKind::Average, kernel: 3, stride: 1, padding: 1 }, &[source])
        }
    }
}

impl Space for Nb201 {
    fn name(&self) -> &str {
        NAME
    }

    fn build<'s>(&'s self, chooser: &mut dyn Chooser) -> Result<Candidate<'s>, SpaceError> {
        let cell = Self::ask_cell(chooser)?;
        let settings = self.training.ask(chooser)?;
        Ok(Candidate { settings, draw: Box::new(move || Ok(self.draw(Edges::Of(cell))?)) })
    }

    fn relax(&self) -> Result<Option<Architecture>, SpaceError> {
        Ok(Some(self.draw(Edges::Open)?))
    }

    fn reference(&self) -> Option<Decisions> {
        Some(self.decisions(Nb201Cell::RESNET))
    }
}
