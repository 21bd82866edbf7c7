//! Convolutional networks over series.

use crate::error::DefinitionError;
use crate::options::Options;
use crate::parameters::{Parameter, Range, TRAINING, check_ranges, check_task, wrong_input};
use crate::reference;
use crate::registry::Entry;
use crate::training::Training;
use nascent_core::architecture::op::{
    Activation, Add, BatchNorm, Concat, Conv1d, Dropout, Flatten, GlobalAveragePool, GlobalMaxPool, Gru,
    Linear, Multiply, Pool1d, PoolKind,
};
use nascent_core::architecture::{Architecture, ArchitectureBuilder, ArchitectureError, NodeId, Op, Shape};
use nascent_core::question::{Path, Scale, Topic};
use nascent_core::{Candidate, Chooser, Decisions, Features, Signature, Space, SpaceError};
use std::borrow::Cow;

const NAME: &str = "conv1d";
/// The most blocks that `depth` allows.
const BLOCKS: usize = 8;
/// Flattening more numbers than this makes a layer that outweighs the network.
const FLATTENED: usize = 4096;

pub(crate) static ENTRY: Entry = Entry {
    name: NAME,
    summary: "series: plain, separable or inception blocks, kernels, dilation, pooling, gates, a recurrent layer",
    input: "series",
    paper: "arXiv:1909.04939",
    parameters: PARAMETERS,
    make: |values, signature| {
        let params = Conv1dParams {
            depth: values.number("depth"),
            width: values.number("width"),
            training: values.is_on("training"),
        };
        Ok(Box::new(params.check(signature)?))
    },
};

static PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "depth",
        meaning: "the most blocks",
        range: Range::Whole { least: 1, most: BLOCKS },
        default_text: "6",
        default: |_| 6,
    },
    Parameter {
        name: "width",
        meaning: "the narrowest block; the widest is eight times as wide",
        range: Range::Whole { least: 4, most: 256 },
        default_text: "16",
        default: |_| 16,
    },
    TRAINING,
];

/// The parameters of [`Conv1dSpace`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv1dParams {
    /// The most blocks, 1 to 8.
    pub depth: usize,
    /// The narrowest block, 4 to 256 channels; the widest is eight times as wide.
    pub width: usize,
    /// Whether training settings are asked too.
    pub training: bool,
}

impl Default for Conv1dParams {
    fn default() -> Self {
        Self { depth: 6, width: 16, training: true }
    }
}

impl Conv1dParams {
    /// The space with these parameters, for series.
    ///
    /// # Errors
    /// Where a parameter is out of range, or inputs are no series.
    pub fn check(self, signature: &Signature) -> Result<Conv1dSpace, DefinitionError> {
        let input = signature.shape();
        check_task(NAME, &input, signature.outputs)?;
        let &Features::Series { steps, .. } = &signature.features else {
            return Err(wrong_input(NAME, "series (channels×steps)", &input));
        };
        check_ranges(NAME, PARAMETERS, &[("depth", self.depth), ("width", self.width)])?;
        let network = Topic::Architecture;
        // A window wider than the series sees mostly padding.
        let kernels: Vec<usize> =
            [3, 5, 9, 17, 39].into_iter().filter(|k| *k == 3 || k / 2 < steps).collect();
        Ok(Conv1dSpace {
            input,
            outputs: signature.outputs,
            depth: Options::sizes(network, (1..=self.depth).collect()),
            width: Options::sizes(network, [1, 2, 4, 8].map(|n| n * self.width).to_vec()),
            kernel: Options::sizes(network, kernels),
            kind: Options::kinds(
                network,
                &[("plain", Kind::Plain), ("separable", Kind::Separable), ("inception", Kind::Inception)],
            ),
            dilation: Options::kinds(network, &[("none", false), ("doubling", true)]),
            halvings: Options::sizes(network, halvings(steps)),
            skip: Options::kinds(network, &[("no", false), ("yes", true)]),
            gate: Options::kinds(network, &[("no", false), ("yes", true)]),
            activation: Options::kinds(network, &[("relu", Activation::Relu), ("gelu", Activation::Gelu)]),
            recurrent: Options::kinds(network, &[("no", false), ("gru", true)]),
            pool: Options::kinds(
                network,
                &[
                    ("average", Head::Average),
                    ("max", Head::Max),
                    ("both", Head::Both),
                    ("flatten", Head::Flatten),
                ],
            ),
            dropout: Options::named(
                Scale::Ordered,
                network,
                &[("0", 0), ("0.1", 100), ("0.2", 200), ("0.4", 400)],
            ),
            training: Training::new(self.training, true),
        })
    }
}

/// How often the steps can be halved: at least 8 are left.
fn halvings(steps: usize) -> Vec<usize> {
    (0..=3).filter(|n| *n == 0 || steps >> n >= 8).collect()
}

/// What a block is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    /// One convolution.
    #[default]
    Plain,
    /// A depthwise convolution and a pointwise one.
    Separable,
    /// Convolutions of three widths and a pooled branch side by side (Fawaz et al. 2019, arXiv:1909.04939).
    Inception,
}

/// How steps become one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    Average,
    Max,
    Both,
    Flatten,
}

/// Convolutional networks over series: blocks of one width, pooling between them, and a head.
#[derive(Clone, Debug)]
pub struct Conv1dSpace {
    input: Shape,
    outputs: usize,
    depth: Options<usize>,
    width: Options<usize>,
    kernel: Options<usize>,
    kind: Options<Kind>,
    dilation: Options<bool>,
    halvings: Options<usize>,
    skip: Options<bool>,
    gate: Options<bool>,
    activation: Options<Activation>,
    recurrent: Options<bool>,
    pool: Options<Head>,
    dropout: Options<u16>,
    training: Training,
}

/// The answers about one block.
#[derive(Clone, Copy, Default)]
struct Block {
    width: usize,
    kernel: usize,
    kind: Kind,
}

/// The answers about one network.
#[derive(Clone, Copy)]
struct Plan {
    blocks: [Block; BLOCKS],
    depth: usize,
    dilation: bool,
    halvings: usize,
    skip: bool,
    gate: bool,
    activation: Activation,
    recurrent: bool,
    pool: Head,
    dropout: u16,
}

impl Conv1dSpace {
    fn ask(&self, chooser: &mut dyn Chooser) -> Result<Plan, SpaceError> {
        let depth = self.depth.ask(chooser, Path::new("depth"))?;
        let mut blocks = [Block::default(); BLOCKS];
        for (block, number) in blocks.iter_mut().zip(0..).take(depth) {
            let path = Path::new("block").at(number);
            *block = Block {
                width: self.width.ask(chooser, path.child("width"))?,
                kernel: self.kernel.ask(chooser, path.child("kernel"))?,
                kind: self.kind.ask(chooser, path.child("kind"))?,
            };
        }
        let halvings = self.halvings.ask(chooser, Path::new("halvings"))?;
        // A skip needs two neighbours of one width, and dilation a second block: else the question would change nothing.
        let fits = blocks[..depth].windows(2).any(|pair| pair[0].width == pair[1].width);
        Ok(Plan {
            blocks,
            depth,
            halvings,
            dilation: depth > 1 && self.dilation.ask(chooser, Path::new("dilation"))?,
            skip: fits && self.skip.ask(chooser, Path::new("skip"))?,
            gate: self.gate.ask(chooser, Path::new("gate"))?,
            activation: self.activation.ask(chooser, Path::new("activation"))?,
            recurrent: self.recurrent.ask(chooser, Path::new("recurrent"))?,
            pool: self.pool.ask(chooser, Path::new("head").child("pool"))?,
            dropout: self.dropout.ask(chooser, Path::new("head").child("dropout"))?,
        })
    }

    fn draw(&self, plan: &Plan) -> Result<Architecture, ArchitectureError> {
        let b = ArchitectureBuilder::new(self.input.clone());
        let at = b.input();
        let mut drawing = Drawing { b, at, plan };
        for (number, block) in plan.blocks[..plan.depth].iter().enumerate() {
            drawing.b.scope(format!("block {}", number + 1));
            drawing.block(number, block)?;
            if number < plan.halvings {
                let pool = Pool1d { kind: PoolKind::Max, kernel: 2, stride: 2, padding: 0 };
                drawing.add(pool)?;
            }
        }
        drawing.head(self.outputs)
    }
}

/// A graph on its way, at its last node.
struct Drawing<'p> {
    b: ArchitectureBuilder,
    at: NodeId,
    plan: &'p Plan,
}

impl Drawing<'_> {
    fn add(&mut self, op: impl Into<Op>) -> Result<NodeId, ArchitectureError> {
        self.at = self.b.add(op, &[self.at])?;
        Ok(self.at)
    }

    fn channels(&self) -> usize {
        self.b.shape(self.at).extents()[0]
    }

    fn block(&mut self, number: usize, block: &Block) -> Result<(), ArchitectureError> {
        let before = self.at;
        let is_kept = self.plan.skip && self.channels() == block.width;
        let dilation = if self.plan.dilation { 1 << number.min(4) } else { 1 };
        let window = |kernel: usize| Conv1d::same(block.width, kernel, 1).dilated(dilation);
        match block.kind {
            Kind::Plain => {
                self.add(window(block.kernel))?;
            }
            Kind::Separable => {
                let channels = self.channels();
                self.add(Conv1d::depthwise(channels, block.kernel, 1).dilated(dilation))?;
                self.add(Conv1d::same(block.width, 1, 1))?;
            }
            Kind::Inception => self.inception(block, dilation)?,
        }
        self.add(BatchNorm {})?;
        self.add(self.plan.activation)?;
        if self.plan.gate {
            self.gate()?;
        }
        if is_kept {
            self.at = self.b.add(Add {}, &[before, self.at])?;
        }
        Ok(())
    }

    /// Kernels of the width asked, half and a quarter of it, and a pooled branch, each a quarter of the channels.
    fn inception(&mut self, block: &Block, dilation: usize) -> Result<(), ArchitectureError> {
        let (input, quarter) = (self.at, block.width / 4);
        let mut branches = Vec::new();
        for part in [1, 2, 4] {
            // Odd, so that steps are kept.
            let kernel = (block.kernel / part) | 1;
            let branch = Conv1d::same(quarter, kernel, 1).dilated(dilation);
            branches.push(self.b.add(branch, &[input])?);
        }
        let pool = Pool1d { kind: PoolKind::Max, kernel: 3, stride: 1, padding: 1 };
        let pooled = self.b.add(pool, &[input])?;
        branches.push(self.b.add(Conv1d::same(block.width - 3 * quarter, 1, 1), &[pooled])?);
        self.at = self.b.add(Concat {}, &branches)?;
        Ok(())
    }

    /// Squeeze and excite (Hu et al. 2018, arXiv:1709.01507): each channel is scaled by what all channels are like.
    fn gate(&mut self) -> Result<(), ArchitectureError> {
        let (value, channels) = (self.at, self.channels());
        let mut gate = self.b.add(GlobalAveragePool {}, &[value])?;
        let narrow = Linear { features: (channels / 8).max(4), bias: true };
        gate = self.b.add(narrow, &[gate])?;
        gate = self.b.add(Activation::Relu, &[gate])?;
        gate = self.b.add(Linear { features: channels, bias: true }, &[gate])?;
        gate = self.b.add(Activation::Sigmoid, &[gate])?;
        self.at = self.b.add(Multiply {}, &[value, gate])?;
        Ok(())
    }

    fn head(mut self, outputs: usize) -> Result<Architecture, ArchitectureError> {
        if self.plan.recurrent {
            self.b.scope("recurrent");
            let size = self.channels().min(128);
            self.add(Gru { size })?;
        }
        self.b.scope("head");
        let is_flat = self.b.shape(self.at).len() as usize <= FLATTENED;
        match self.plan.pool {
            Head::Flatten if is_flat => {
                self.add(Flatten {})?;
            }
            Head::Average => {
                self.add(GlobalAveragePool {})?;
            }
            Head::Max => {
                self.add(GlobalMaxPool {})?;
            }
            Head::Both | Head::Flatten => {
                let average = self.b.add(GlobalAveragePool {}, &[self.at])?;
                let max = self.b.add(GlobalMaxPool {}, &[self.at])?;
                self.at = self.b.add(Concat {}, &[average, max])?;
            }
        }
        if self.plan.dropout > 0 {
            self.add(Dropout { per_mille: self.plan.dropout })?;
        }
        let output = self.add(Linear { features: outputs, bias: true })?;
        self.b.finish(output)
    }
}

impl Space for Conv1dSpace {
    fn name(&self) -> &str {
        NAME
    }

    fn build<'s>(&'s self, chooser: &mut dyn Chooser) -> Result<Candidate<'s>, SpaceError> {
        let plan = self.ask(chooser)?;
        let settings = self.training.ask(chooser)?;
        Ok(Candidate { settings, draw: Box::new(move || Ok(self.draw(&plan)?)) })
    }

    /// Six inception blocks of 64 channels with skips and the average over time, kernels as wide as 39 (the network of Fawaz
    /// et al. 2019, arXiv:1909.04939, without its bottlenecks); of long series, halved until 256 steps are left, or thrice.
    fn reference(&self) -> Option<Decisions> {
        let steps = self.input.extents()[1];
        let all = halvings(steps);
        let halved = all.iter().find(|n| steps >> **n <= 256).or(all.last()).copied().unwrap_or(0);
        reference::by_path(self, |path| {
            let label = match path {
                "depth" => "6",
                "halvings" => return Some(Cow::Owned(halved.to_string())),
                _ if path.ends_with(".width") => "64",
                _ if path.ends_with(".kernel") => "39",
                _ if path.ends_with(".kind") => "inception",
                "dilation" => "none",
                "skip" => "yes",
                "gate" | "recurrent" => "no",
                "activation" => "relu",
                "head.pool" => "average",
                "head.dropout" => "0",
                _ => return None,
            };
            Some(Cow::Borrowed(label))
        })
    }
}
