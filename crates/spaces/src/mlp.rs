//! Fully connected networks over any input, with embeddings of what tables hold.

mod encoding;

use crate::error::DefinitionError;
use crate::options::Options;
use crate::parameters::{Parameter, Range, TRAINING, check_ranges, check_task};
use crate::reference;
use crate::registry::Entry;
use crate::training::Training;
use encoding::{Encoded, Encoding, LinearPath};
use nascent_core::architecture::op::{Activation, Add, BatchNorm, Dropout, LayerNorm, Linear};
use nascent_core::architecture::{Architecture, ArchitectureBuilder, ArchitectureError, NodeId, Shape};
use nascent_core::question::{Path, Scale, Topic};
use nascent_core::{Candidate, Chooser, Decisions, Features, Signature, Space, SpaceError};

const NAME: &str = "mlp";
/// The most layers that `depth` allows.
const LAYERS: usize = 8;

pub(crate) static ENTRY: Entry = Entry {
    name: NAME,
    summary: "fully connected networks: depth, width of each layer, activation, norm, dropout, skips",
    input: "anything: numbers and categories of tables are embedded, images and series are flattened",
    paper: "arXiv:2203.05556",
    parameters: PARAMETERS,
    make: |values, signature| {
        let params = MlpParams {
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
        meaning: "the most hidden layers",
        range: Range::Whole { least: 1, most: LAYERS },
        default_text: "4",
        default: |_| 4,
    },
    Parameter {
        name: "width",
        meaning: "the narrowest layer; the widest is sixteen times as wide",
        range: Range::Whole { least: 1, most: 1024 },
        default_text: "32",
        default: |_| 32,
    },
    TRAINING,
];

/// The parameters of [`Mlp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MlpParams {
    /// The most hidden layers, 1 to 8.
    pub depth: usize,
    /// The narrowest layer, 1 to 1,024; the widest is sixteen times as wide.
    pub width: usize,
    /// Whether training settings are asked too.
    pub training: bool,
}

impl Default for MlpParams {
    fn default() -> Self {
        Self { depth: 4, width: 32, training: true }
    }
}

impl MlpParams {
    /// The space with these parameters, for networks of any signature.
    ///
    /// # Errors
    /// Where a parameter is out of range, or there is no input or no output.
    pub fn check(self, signature: &Signature) -> Result<Mlp, DefinitionError> {
        let (input, outputs) = (signature.shape(), signature.outputs);
        check_task(NAME, &input, outputs)?;
        check_ranges(NAME, PARAMETERS, &[("depth", self.depth), ("width", self.width)])?;
        let network = Topic::Architecture;
        Ok(Mlp {
            input,
            outputs,
            encoding: Encoding::new(&signature.features),
            depth: Options::sizes(network, (1..=self.depth).collect()),
            width: Options::sizes(network, [1, 2, 4, 8, 16].map(|n| n * self.width).to_vec()),
            activation: Options::kinds(
                network,
                &[("relu", Activation::Relu), ("silu", Activation::Silu), ("gelu", Activation::Gelu)],
            ),
            norm: Options::kinds(
                network,
                &[("none", Norm::None), ("batch", Norm::Batch), ("layer", Norm::Layer)],
            ),
            dropout: Options::named(
                Scale::Ordered,
                network,
                &[("0", 0), ("0.1", 100), ("0.2", 200), ("0.4", 400)],
            ),
            skip: Options::kinds(network, &[("no", false), ("yes", true)]),
            training: Training::new(self.training, is_varied(&signature.features)),
        })
    }
}

/// Rows of a table are what they are; everything else can be shifted, turned or bent a little.
fn is_varied(features: &Features) -> bool {
    !matches!(features, Features::Table { .. } | Features::Vector { .. })
}

/// Fully connected networks: linear layers, each with an optional norm, an activation and dropout.
#[derive(Clone, Debug)]
pub struct Mlp {
    input: Shape,
    outputs: usize,
    encoding: Encoding,
    depth: Options<usize>,
    width: Options<usize>,
    activation: Options<Activation>,
    norm: Options<Norm>,
    dropout: Options<u16>,
    skip: Options<bool>,
    training: Training,
}

/// What keeps the numbers between layers in range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Norm {
    None,
    Batch,
    Layer,
}

/// The answers about one network.
#[derive(Clone, Copy)]
struct Plan {
    encoded: Encoded,
    /// None where the output is read off the features.
    hidden: Option<Hidden>,
}

/// The answers about hidden layers.
#[derive(Clone, Copy)]
struct Hidden {
    widths: [usize; LAYERS],
    depth: usize,
    activation: Activation,
    norm: Norm,
    dropout: u16,
    skip: bool,
}

impl Mlp {
    fn ask(&self, chooser: &mut dyn Chooser) -> Result<Plan, SpaceError> {
        let encoded = self.encoding.ask(chooser)?;
        let hidden = (encoded.linear != LinearPath::Alone).then(|| self.ask_hidden(chooser)).transpose()?;
        Ok(Plan { encoded, hidden })
    }

    fn ask_hidden(&self, chooser: &mut dyn Chooser) -> Result<Hidden, SpaceError> {
        let depth = self.depth.ask(chooser, Path::new("depth"))?;
        let mut widths = [0; LAYERS];
        for (width, layer) in widths.iter_mut().zip(0..).take(depth) {
            *width = self.width.ask(chooser, Path::new("layer").at(layer).child("width"))?;
        }
        // A skip needs two neighbours of one width: where there are none, the question would change nothing.
        let fits = widths[..depth].windows(2).any(|pair| pair[0] == pair[1]);
        Ok(Hidden {
            widths,
            depth,
            skip: fits && self.skip.ask(chooser, Path::new("skip"))?,
            activation: self.activation.ask(chooser, Path::new("activation"))?,
            norm: self.norm.ask(chooser, Path::new("norm"))?,
            dropout: self.dropout.ask(chooser, Path::new("dropout"))?,
        })
    }

    fn draw(&self, plan: &Plan) -> Result<Architecture, ArchitectureError> {
        let mut b = ArchitectureBuilder::new(self.input.clone());
        let features = self.encoding.draw(&mut b, &plan.encoded)?;
        // What a row of weights sees depends on the encoding.
        let of_features = format!("of {}", b.shape(features));
        let Some(hidden) = &plan.hidden else {
            b.scope("head");
            b.branch(of_features);
            let output = b.add(Linear { features: self.outputs, bias: true }, &[features])?;
            return b.finish(output);
        };
        let mut at = features;
        let mut before = None;
        for (number, &width) in hidden.widths[..hidden.depth].iter().enumerate() {
            b.scope(format!("layer {}", number + 1));
            if number == 0 {
                b.branch(&of_features);
            }
            let layer = draw_layer(&mut b, at, width, hidden)?;
            at = if hidden.skip && before == Some(width) { b.add(Add {}, &[at, layer])? } else { layer };
            before = Some(width);
        }
        b.scope("head");
        let mut output = b.add(Linear { features: self.outputs, bias: true }, &[at])?;
        if plan.encoded.linear == LinearPath::Beside {
            b.scope("linear path");
            let linear = b.add(Linear { features: self.outputs, bias: false }, &[features])?;
            output = b.add(Add {}, &[output, linear])?;
        }
        b.finish(output)
    }
}

fn draw_layer(
    b: &mut ArchitectureBuilder,
    input: NodeId,
    width: usize,
    hidden: &Hidden,
) -> Result<NodeId, ArchitectureError> {
    let mut at = b.add(Linear { features: width, bias: hidden.norm == Norm::None }, &[input])?;
    match hidden.norm {
        Norm::None => {}
        Norm::Batch => at = b.add(BatchNorm {}, &[at])?,
        Norm::Layer => at = b.add(LayerNorm {}, &[at])?,
    }
    at = b.add(hidden.activation, &[at])?;
    if hidden.dropout > 0 {
        at = b.add(Dropout { per_mille: hidden.dropout }, &[at])?;
    }
    Ok(at)
}

impl Space for Mlp {
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

    /// Two layers of 128 with batch norm and ReLU, and a little dropout; categories in embeddings of 8, numbers as they are.
    fn reference(&self) -> Option<Decisions> {
        reference::by_path(self, |path| {
            let label = match path {
                "depth" => "2",
                "skip" => "no",
                "activation" => "relu",
                "norm" => "batch",
                "dropout" => "0.1",
                _ if path.ends_with(".width") => "128",
                _ => return encoding::wanted(path).map(Into::into),
            };
            Some(label.into())
        })
    }

    /// Of tables, networks without a hidden layer, which few rows with much noise are best told by: each feature adds a line, or a curve.
    fn known(&self) -> Vec<Decisions> {
        if !self.encoding.is_asked() {
            return Vec::new();
        }
        let additive =
            |is_curved| reference::by_path(self, |path| encoding::additive(path, is_curved).map(Into::into));
        // Where numbers are none or many, there are no curves.
        let mut all: Vec<Decisions> = [false, true].into_iter().filter_map(additive).collect();
        all.dedup();
        all
    }
}
