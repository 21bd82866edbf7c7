//! Convolutional networks as a practitioner designs them: stages of blocks, each stage at half the resolution.

mod draw;

use crate::error::DefinitionError;
use crate::options::Options;
use crate::parameters::{Parameter, Range, TRAINING, check_images, check_ranges, side};
use crate::reference;
use crate::registry::Entry;
use crate::training::Training;
use nascent_core::architecture::Shape;
use nascent_core::architecture::op::Activation;
use nascent_core::question::{Path, Scale, Topic};
use nascent_core::{Candidate, Chooser, Decisions, Space, SpaceError};
use std::borrow::Cow;

const NAME: &str = "convnet";
/// The most stages that any image allows.
const STAGES: usize = 5;
/// The longest side, in pixels, of images that are small: their stages stay narrow and their kernels short.
const SMALL: usize = 8;

pub(crate) static ENTRY: Entry = Entry {
    name: NAME,
    summary: "convolutional stages: depth, width, kernel, expansion and skips of each; activation, norm, head",
    input: "images",
    paper: "",
    parameters: PARAMETERS,
    make: |values, signature| {
        let params = ConvnetParams {
            stages: values.number("stages"),
            depth: values.number("depth"),
            width: values.number("width"),
            training: values.is_on("training"),
        };
        Ok(Box::new(params.check(&signature.shape(), signature.outputs)?))
    },
};

static PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "stages",
        meaning: "the most stages, each at half the resolution of the one before; small images allow fewer",
        range: Range::Whole { least: 1, most: STAGES },
        default_text: "3 for images of up to 8 pixels a side, else 4",
        default: |input| ConvnetParams::for_input(input).stages,
    },
    Parameter {
        name: "depth",
        meaning: "the most blocks in a stage",
        range: Range::Whole { least: 1, most: 8 },
        default_text: "2 for images of up to 16 pixels a side, else 3",
        default: |input| ConvnetParams::for_input(input).depth,
    },
    Parameter {
        name: "width",
        meaning: "the fewest channels of the first stage; all other widths are multiples of it",
        range: Range::Whole { least: 2, most: 128 },
        default_text: "16",
        default: |input| ConvnetParams::for_input(input).width,
    },
    TRAINING,
];

/// The parameters of [`Convnet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvnetParams {
    /// The most stages, 1 to 5; the last must have at least two pixels a side, or be the only one.
    pub stages: usize,
    /// The most blocks in a stage, 1 to 8.
    pub depth: usize,
    /// The fewest channels of the first stage, 2 to 128; all other widths are multiples of it.
    pub width: usize,
    /// Whether training settings are asked too.
    pub training: bool,
}

impl ConvnetParams {
    /// Ranges that a practitioner would search for such images.
    #[must_use]
    pub fn for_input(input: &Shape) -> Self {
        let side = side(input);
        Self {
            stages: if side <= 8 { 3 } else { 4 },
            depth: if side <= 16 { 2 } else { 3 },
            width: 16,
            training: true,
        }
    }

    /// The space with these parameters, for images of `input` and `outputs` classes.
    ///
    /// # Errors
    /// Where a parameter is out of range, or the input is no image.
    pub fn check(self, input: &Shape, outputs: usize) -> Result<Convnet, DefinitionError> {
        let (_, height, width) = check_images(NAME, input, outputs)?;
        let values = [("stages", self.stages), ("depth", self.depth), ("width", self.width)];
        check_ranges(NAME, PARAMETERS, &values)?;
        let stem = Stem::for_side(side(input));
        let first = (stem.side(height), stem.side(width));
        let first_side = first.0.min(first.1);
        let most = self.stages.min(1.max(first_side.checked_ilog2().unwrap_or(0) as usize));
        // One stage of a large image is no network that anyone would write, unless it is all that is allowed.
        let least = if most > 1 { 2 } else { 1 };
        let network = Topic::Architecture;
        let kernels = if first_side <= SMALL { vec![3, 5] } else { vec![3, 5, 7] };
        Ok(Convnet {
            input: input.clone(),
            outputs,
            stem,
            first,
            stages: Options::sizes(network, (least..=most).collect()),
            stem_width: Options::sizes(network, [1, 2, 3, 4].map(|n| n * self.width / 2).to_vec()),
            depth: Options::sizes(network, (1..=self.depth).collect()),
            widths: (0..most)
                .map(|stage| Options::sizes(network, widths(self.width, stage, first_side)))
                .collect(),
            kernel: Options::sizes(network, kernels),
            expansion: Options::sizes(network, vec![1, 2, 4]),
            skip: Options::kinds(network, &[("no", false), ("yes", true)]),
            activation: Options::kinds(
                network,
                &[("relu", Activation::Relu), ("silu", Activation::Silu), ("gelu", Activation::Gelu)],
            ),
            norm: Options::kinds(network, &[("none", false), ("batch", true)]),
            head: Options::kinds(network, &[("average", Head::Average), ("flatten", Head::Flatten)]),
            dropout: Options::named(
                Scale::Ordered,
                network,
                &[("0", 0), ("0.1", 100), ("0.2", 200), ("0.4", 400)],
            ),
            training: Training::new(self.training, true),
        })
    }
}

/// The widths offered to a stage: 1, 1½, 2, 3 or 4 times the least, which doubles from stage to stage unless the images
/// are small.
fn widths(least: usize, stage: usize, first_side: usize) -> Vec<usize> {
    let step = if first_side <= SMALL { 0 } else { 2 };
    let rungs = (0..5).map(|rung| rung + step * stage);
    rungs.map(|rung| (least << (rung / 2)) * (2 + rung % 2) / 2).collect()
}

/// How a large image is made smaller before the first stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stem {
    /// Not at all.
    Keep,
    /// By a stride of 2.
    Halve,
    /// By a stride of 2 and a maximum over 2×2.
    Quarter,
}

impl Stem {
    fn for_side(side: usize) -> Self {
        match side {
            0..64 => Self::Keep,
            64..128 => Self::Halve,
            _ => Self::Quarter,
        }
    }

    /// The side of an image after the stem.
    fn side(self, side: usize) -> usize {
        match self {
            Self::Keep => side,
            Self::Halve => side.div_ceil(2),
            Self::Quarter => side.div_ceil(2) / 2,
        }
    }
}

/// How the last stage's channels become features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    /// The mean of each channel.
    Average,
    /// Every value, after one more maximum over 2×2 where at least 4 pixels a side are left.
    Flatten,
}

/// Whether an image is made smaller before it is flattened.
fn is_halved_by_flattening(height: usize, width: usize) -> bool {
    height.min(width) >= 4
}

/// Convolutional networks in stages, for images of any size.
///
/// A 3×3 stem; stages of blocks with a maximum over 2×2 between them; a head. A block of expansion 1 is
/// convolution, norm, activation; one of a larger expansion is the inverted bottleneck of MobileNetV2
/// (Sandler et al. 2018, arXiv:1801.04381). Images of 64 pixels and more are made smaller by the stem.
#[derive(Clone, Debug)]
pub struct Convnet {
    input: Shape,
    outputs: usize,
    stem: Stem,
    /// Height and width of the first stage's images.
    first: (usize, usize),
    stages: Options<usize>,
    stem_width: Options<usize>,
    depth: Options<usize>,
    widths: Vec<Options<usize>>,
    kernel: Options<usize>,
    expansion: Options<usize>,
    skip: Options<bool>,
    activation: Options<Activation>,
    norm: Options<bool>,
    head: Options<Head>,
    dropout: Options<u16>,
    training: Training,
}

/// The answers about one stage.
#[derive(Clone, Copy, Default)]
struct Stage {
    depth: usize,
    width: usize,
    kernel: usize,
    expansion: usize,
    skip: bool,
}

/// The answers about one network.
#[derive(Clone, Copy)]
struct Plan {
    stem_width: usize,
    stages: [Stage; STAGES],
    count: usize,
    activation: Activation,
    norm: bool,
    head: Head,
    dropout: u16,
}

impl Convnet {
    fn ask(&self, chooser: &mut dyn Chooser) -> Result<Plan, SpaceError> {
        let count = self.stages.ask(chooser, Path::new("stages"))?;
        let stem_width = self.stem_width.ask(chooser, Path::new("stem").child("width"))?;
        let mut stages = [Stage::default(); STAGES];
        let mut channels = stem_width;
        for ((stage, widths), number) in stages.iter_mut().zip(&self.widths).zip(0..).take(count) {
            *stage = self.ask_stage(chooser, Path::new("stage").at(number), widths, channels)?;
            channels = stage.width;
        }
        let activation = self.activation.ask(chooser, Path::new("activation"))?;
        let norm = self.norm.ask(chooser, Path::new("norm"))?;
        let head = if self.can_flatten(count) {
            self.head.ask(chooser, Path::new("head").child("pool"))?
        } else {
            Head::Average
        };
        let dropout = self.dropout.ask(chooser, Path::new("head").child("dropout"))?;
        Ok(Plan { stem_width, stages, count, activation, norm, head, dropout })
    }

    /// Whether so many stages leave few enough pixels for a linear layer, and more than one.
    ///
    /// Flattening more than 16 makes a layer that outweighs the network; of a single one there is nothing to average.
    fn can_flatten(&self, stages: usize) -> bool {
        let (height, width) = (self.first.0 >> (stages - 1), self.first.1 >> (stages - 1));
        let halved = usize::from(is_halved_by_flattening(height, width));
        (2..=16).contains(&((height >> halved) * (width >> halved)))
    }

    /// Whether the first stage has no more than 8 pixels a side.
    fn is_small(&self) -> bool {
        self.first_side() <= SMALL
    }

    /// The shorter side of the first stage's images.
    fn first_side(&self) -> usize {
        self.first.0.min(self.first.1)
    }

    fn ask_stage(
        &self,
        chooser: &mut dyn Chooser,
        path: Path<'_>,
        widths: &Options<usize>,
        channels: usize,
    ) -> Result<Stage, SpaceError> {
        let depth = self.depth.ask(chooser, path.child("depth"))?;
        let width = widths.ask(chooser, path.child("width"))?;
        let expansion = self.expansion.ask(chooser, path.child("expansion"))?;
        // On 8×8 pixels a full 5×5 convolution is dear and sees nothing that two of 3×3 do not.
        let is_settled = self.is_small() && expansion == 1;
        let kernel = if is_settled { 3 } else { self.kernel.ask(chooser, path.child("kernel"))? };
        // A block that changes the width has no skip: where no block keeps it, the question would change nothing.
        let skip = (depth > 1 || channels == width) && self.skip.ask(chooser, path.child("skip"))?;
        Ok(Stage { depth, width, kernel, expansion, skip })
    }

    /// The label that a good practitioner would choose at a place.
    fn wanted(&self, path: &str) -> Option<Cow<'static, str>> {
        let is_small = self.is_small();
        let number = |n: usize| Some(Cow::Owned(n.to_string()));
        // As many stages as leave 4 pixels a side.
        let stages = self.first_side().checked_ilog2().unwrap_or(0).saturating_sub(1).max(1) as usize;
        match path {
            "stages" => return number(stages),
            "stem.width" => return number(if is_small { 32 } else { 16 }),
            _ => {}
        }
        if let Some((stage, question)) = path.strip_prefix("stage[").and_then(|p| p.split_once("].")) {
            let stage: usize = stage.parse().ok()?;
            return match question {
                "depth" => number(1),
                "width" => number(if is_small { 64 } else { 32 << stage }),
                "kernel" => number(3),
                "expansion" => number(1),
                "skip" => Some("no".into()),
                _ => None,
            };
        }
        let label = match path {
            "activation" => "relu",
            "norm" => "batch",
            "head.pool" if is_small => "flatten",
            "head.pool" => "average",
            "head.dropout" => "0",
            _ => return None,
        };
        Some(label.into())
    }
}

impl Space for Convnet {
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

    /// On small images, convolutions of 32, 64 and 64 channels and a linear layer on what is left; on others, 16 channels,
    /// then 32 with twice as many at each halving of the resolution, and the average over what is left.
    fn reference(&self) -> Option<Decisions> {
        reference::by_path(self, |path| self.wanted(path))
    }
}
