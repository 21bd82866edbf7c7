//! Networks that continue text: layers that look back, each by attention, convolution or recurrence, and feed-forward networks.

use crate::error::DefinitionError;
use crate::options::Options;
use crate::parameters::{Parameter, Range, TRAINING, check_ranges};
use crate::reference;
use crate::registry::Entry;
use crate::tokens::{Table, Tokens, point};
use crate::training::Training;
use nascent_core::architecture::op::{
    Activation, Add, Conv1d, Delay, Dropout, Gru, LayerNorm, Lstm, Multiply, Op, PositionEmbedding, Relative,
    SelfAttention,
};
use nascent_core::architecture::{Architecture, ArchitectureBuilder, ArchitectureError, NodeId, Shape};
use nascent_core::question::{Path, Scale, Topic};
use nascent_core::{Candidate, Chooser, Decisions, Signature, Space, SpaceError};
use std::borrow::Cow;

const NAME: &str = "language";

pub(crate) static ENTRY: Entry = Entry {
    name: NAME,
    summary: "running text: layers of causal attention, convolution or recurrence, with feed-forward networks",
    input: "running text",
    paper: "arXiv:2105.14444",
    parameters: PARAMETERS,
    make: |values, signature| {
        let params = LanguageParams {
            layers: values.number("layers"),
            width: values.number("width"),
            training: values.is_on("training"),
        };
        Ok(Box::new(params.check(signature)?))
    },
};

static PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "layers",
        meaning: "the most layers",
        range: Range::Whole { least: 1, most: LAYERS },
        default_text: "6",
        default: |_| 6,
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

/// How layers look back that networks known to do well are made of.
const RECURRENCE: &str = "recurrence";
const MEMORY: &str = "memory";

/// The most layers there can be.
const LAYERS: usize = 24;

/// The parameters of [`LanguageSpace`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LanguageParams {
    /// The most layers, 1 to 24.
    pub layers: usize,
    /// The smallest width, 8 to 256, a multiple of 8; the largest is twelve times as large.
    pub width: usize,
    /// Whether training settings are asked too.
    pub training: bool,
}

impl Default for LanguageParams {
    fn default() -> Self {
        Self { layers: 6, width: 32, training: true }
    }
}

impl LanguageParams {
    /// The space with these parameters, for running text.
    ///
    /// # Errors
    /// Where a parameter is out of range, or inputs are no running text.
    pub fn check(self, signature: &Signature) -> Result<LanguageSpace, DefinitionError> {
        check_ranges(NAME, PARAMETERS, &[("layers", self.layers), ("width", self.width)])?;
        let tokens = Tokens::new(NAME, signature, self.width)?;
        let (input, width, network) = (signature.shape(), tokens.base(), Topic::Architecture);
        // A window may not be moved beyond the text.
        let fits = |kernel: usize| kernel / 2 < input.len() as usize;
        let windows = [
            ("convolution 3", Mixer::Convolution(3)),
            ("convolution 5", Mixer::Convolution(5)),
            ("convolution 7", Mixer::Convolution(7)),
            ("gated 3", Mixer::Gated(3)),
            ("gated 7", Mixer::Gated(7)),
        ];
        let mut mixers = vec![("attention", Mixer::Attention), (RECURRENCE, Mixer::Recurrence)];
        mixers.extend(windows.into_iter().filter(|(_, mixer)| match mixer {
            Mixer::Convolution(kernel) | Mixer::Gated(kernel) => fits(*kernel),
            _ => true,
        }));
        mixers.extend([("none", Mixer::None), (MEMORY, Mixer::Memory)]);
        Ok(LanguageSpace {
            tokens,
            layers: Options::sizes(network, (1..=self.layers).collect()),
            mixer: Options::kinds(network, &mixers),
            ratio: Options::sizes(network, vec![0, 1, 2, 4]),
            head: Options::sizes(network, vec![width / 4, width / 2, width]),
            keys: Options::named(Scale::Ordered, network, &[("shared", Keys::Shared), ("own", Keys::Own)]),
            groups: Options::named(Scale::Ordered, network, &[("one", Groups::One), ("half", Groups::Half)]),
            positions: Options::kinds(
                network,
                &[
                    ("none", Positions::None),
                    ("learned", Positions::Learned),
                    ("alibi", Positions::Alibi),
                    ("rotary", Positions::Rotary),
                ],
            ),
            feed: Options::kinds(
                network,
                &[("gelu", Feed::Gelu), ("relu", Feed::Relu), ("gated", Feed::Gated)],
            ),
            dropout: Options::named(Scale::Ordered, network, &[("0", 0), ("0.1", 100), ("0.2", 200)]),
            training: Training::new(self.training, false),
            input,
        })
    }
}

/// How a layer looks back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mixer {
    /// It does not.
    #[default]
    None,
    /// Causal self-attention (Vaswani et al. 2017, arXiv:1706.03762).
    Attention,
    /// A depthwise window that ends at the step, then all channels (the separable convolutions of NAS-BERT, arXiv:2105.14444).
    Convolution(usize),
    /// The same, its output gated by another (Dauphin et al. 2017, arXiv:1612.08083).
    Gated(usize),
    /// A gated recurrent unit: its cost grows with the text's length only, and it needs no window.
    Recurrence,
    /// A long short-term memory (Hochreiter and Schmidhuber 1997) without a sum around it: what is to be kept is in its memory. It reads what is
    /// narrower than itself.
    Memory,
}

/// Whose keys and values a head of attention reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keys {
    /// Those of a group of heads (Ainslie et al. 2023, arXiv:2305.13245).
    Shared,
    Own,
}

/// How many groups of heads there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Groups {
    /// All heads are one (Shazeer 2019, arXiv:1911.02150).
    One,
    /// Half as many as heads.
    Half,
}

/// How attention knows where a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Positions {
    /// It does not, but for what it cannot see yet.
    None,
    /// By numbers learned for each step.
    Learned,
    /// Scores fall with the distance (Press et al. 2021, arXiv:2108.12409).
    Alibi,
    /// Queries and keys are turned by their step (Su et al. 2021, arXiv:2104.09864).
    Rotary,
}

/// What a feed-forward network does between its two layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Feed {
    Gelu,
    Relu,
    /// SiLU of one half times the other (Shazeer 2020, arXiv:2002.05202).
    Gated,
}

/// Networks that continue text.
#[derive(Clone, Debug)]
pub struct LanguageSpace {
    input: Shape,
    tokens: Tokens,
    layers: Options<usize>,
    mixer: Options<Mixer>,
    ratio: Options<usize>,
    head: Options<usize>,
    keys: Options<Keys>,
    groups: Options<Groups>,
    positions: Options<Positions>,
    feed: Options<Feed>,
    dropout: Options<u16>,
    training: Training,
}

/// The answers about one layer.
#[derive(Clone, Copy, Default)]
struct Layer {
    mixer: Mixer,
    /// How much wider its feed-forward network is; 0 where there is none.
    ratio: usize,
}

/// The answers about one network.
#[derive(Clone, Copy)]
struct Plan {
    layers: [Layer; LAYERS],
    depth: usize,
    table: Table,
    /// Channels of a head of attention.
    head: usize,
    /// Heads of keys and values.
    key_heads: usize,
    positions: Positions,
    feed: Feed,
    dropout: u16,
}

impl LanguageSpace {
    fn ask(&self, chooser: &mut dyn Chooser) -> Result<Plan, SpaceError> {
        let mut table = self.tokens.ask(chooser)?;
        let width = table.width;
        let depth = self.layers.ask(chooser, Path::new("layers"))?;
        let mut layers = [Layer::default(); LAYERS];
        for (layer, number) in layers.iter_mut().zip(0..).take(depth) {
            let path = Path::new("layer").at(number);
            *layer = Layer {
                mixer: self.mixer.ask(chooser, path.child("mixer"))?,
                ratio: self.ratio.ask(chooser, path.child("feed_forward"))?,
            };
        }
        let own = &layers[..depth];
        if layers[0].mixer == Mixer::Memory {
            table = self.tokens.ask_narrow(chooser, table)?;
        }
        let attends = own.iter().any(|layer| layer.mixer == Mixer::Attention);
        let feeds = own.iter().any(|layer| layer.ratio > 0);
        let head = if attends { self.head.ask(chooser, Path::new("head"))? } else { width };
        Ok(Plan {
            layers,
            depth,
            table,
            head,
            key_heads: self.ask_keys(chooser, width / head)?,
            // Nothing but attention would ask where a step is.
            positions: match attends {
                true => self.positions.ask(chooser, Path::new("positions"))?,
                false => Positions::None,
            },
            feed: if feeds { self.feed.ask(chooser, Path::new("feed_forward"))? } else { Feed::Gelu },
            dropout: self.dropout.ask(chooser, Path::new("dropout"))?,
        })
    }

    /// How many heads of keys and values there are for so many heads of queries.
    fn ask_keys(&self, chooser: &mut dyn Chooser, heads: usize) -> Result<usize, SpaceError> {
        // One head has nobody to share with.
        if heads == 1 || self.keys.ask(chooser, Path::new("keys"))? == Keys::Own {
            return Ok(heads);
        }
        // Of two or three, those that share are one group; more than three are an even number.
        if heads < 4 {
            return Ok(1);
        }
        Ok(match self.groups.ask(chooser, Path::new("keys").child("groups"))? {
            Groups::One => 1,
            Groups::Half => heads / 2,
        })
    }

    fn draw(&self, plan: &Plan) -> Result<Architecture, ArchitectureError> {
        let mut b = ArchitectureBuilder::new(self.input.clone());
        let (tokens, at) = self.tokens.read(&mut b, plan.table)?;
        let mut drawing = Drawing { b, at, plan };
        if plan.positions == Positions::Learned {
            drawing.add(PositionEmbedding {})?;
        }
        drawing.drop()?;
        for (number, layer) in plan.layers[..plan.depth].iter().enumerate() {
            drawing.b.scope(format!("layer {}", number + 1));
            drawing.mix(layer.mixer)?;
            drawing.feed(layer.ratio)?;
        }
        drawing.b.scope("head");
        let at = drawing.add(LayerNorm {})?;
        let output = self.tokens.answer(&mut drawing.b, plan.table, (tokens, at))?;
        drawing.b.finish(output)
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

    fn drop(&mut self) -> Result<(), ArchitectureError> {
        if self.plan.dropout > 0 {
            self.add(Dropout { per_mille: self.plan.dropout })?;
        }
        Ok(())
    }

    /// Drops some of what was added last, and adds what was there before it.
    fn join(&mut self, before: NodeId) -> Result<(), ArchitectureError> {
        self.drop()?;
        self.at = self.b.add(Add {}, &[before, self.at])?;
        Ok(())
    }

    fn mix(&mut self, mixer: Mixer) -> Result<(), ArchitectureError> {
        let (before, width) = (self.at, self.plan.table.width);
        // What one network of the space learns in a layer is another's where both look back in the same way.
        match mixer {
            Mixer::None => return Ok(()),
            Mixer::Attention => self.b.branch("attention"),
            Mixer::Recurrence => self.b.branch(RECURRENCE),
            Mixer::Memory => self.b.branch(MEMORY),
            Mixer::Convolution(kernel) => self.b.branch(format_args!("convolution {kernel}")),
            Mixer::Gated(kernel) => self.b.branch(format_args!("gated {kernel}")),
        };
        self.add(LayerNorm {})?;
        match mixer {
            Mixer::None => {}
            Mixer::Attention => {
                let relative = match self.plan.positions {
                    Positions::None | Positions::Learned => Relative::None,
                    Positions::Alibi => Relative::Alibi,
                    Positions::Rotary => Relative::Rotary,
                };
                let (heads, key_heads) = (width / self.plan.head, self.plan.key_heads);
                self.add(SelfAttention { heads, key_heads, causal: true, relative })?;
            }
            Mixer::Recurrence => {
                self.add(Gru { size: width })?;
            }
            Mixer::Memory => {
                self.add(Lstm { size: width })?;
                return self.drop();
            }
            Mixer::Convolution(kernel) => {
                self.look_back(kernel)?;
                self.add(Activation::Gelu)?;
                self.add(point(width))?;
            }
            Mixer::Gated(kernel) => {
                let seen = self.look_back(kernel)?;
                let gate = self.add(point(width))?;
                let gate = self.b.add(Activation::Sigmoid, &[gate])?;
                let value = self.b.add(point(width), &[seen])?;
                self.at = self.b.add(Multiply {}, &[value, gate])?;
            }
        }
        self.join(before)
    }

    /// A window of each channel that ends at the step.
    fn look_back(&mut self, kernel: usize) -> Result<NodeId, ArchitectureError> {
        self.add(Conv1d { bias: true, ..Conv1d::depthwise(self.plan.table.width, kernel, 1) })?;
        // The other way round, the last steps of all would not see themselves.
        self.add(Delay { steps: kernel / 2 })
    }

    fn feed(&mut self, ratio: usize) -> Result<(), ArchitectureError> {
        if ratio == 0 {
            return Ok(());
        }
        let (before, width) = (self.at, self.plan.table.width);
        self.b.branch(match self.plan.feed {
            Feed::Gelu | Feed::Relu => "feed-forward",
            Feed::Gated => "gated feed-forward",
        });
        let normed = self.add(LayerNorm {})?;
        let wide = self.add(point(ratio * width))?;
        match self.plan.feed {
            Feed::Gelu => self.add(Activation::Gelu)?,
            Feed::Relu => self.add(Activation::Relu)?,
            Feed::Gated => {
                let gate = self.b.add(Activation::Silu, &[wide])?;
                let value = self.b.add(point(ratio * width), &[normed])?;
                self.at = self.b.add(Multiply {}, &[value, gate])?;
                self.at
            }
        };
        self.add(point(width))?;
        self.join(before)
    }
}

impl Space for LanguageSpace {
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

    /// A transformer of four layers, or as many as there may be: attention with learned positions, feed-forward networks four times
    /// as wide with GELU, and no dropout.
    fn reference(&self) -> Option<Decisions> {
        reference::by_path(self, |path| {
            let label = match path {
                "width" => return Some(Cow::Owned((4 * self.tokens.base()).to_string())),
                "layers" => return Some(Cow::Owned(self.most_layers().min(4).to_string())),
                "head" => return Some(Cow::Owned(self.tokens.base().to_string())),
                "keys" => "own",
                _ if path.ends_with(".mixer") => "attention",
                _ if path.ends_with(".feed_forward") => "4",
                "positions" => "learned",
                "feed_forward" => "gelu",
                // A few passes over a text are not learned by heart.
                "dropout" => "0",
                _ => return Tokens::wanted(path).map(Cow::Borrowed),
            };
            Some(Cow::Borrowed(label))
        })
    }

    /// Recurrent units and nothing else: of few passes over a text they learn more than transformers of their size. One long short-term
    /// memory that reads small embeddings, with some dropout, and two gated units, each of several widths.
    fn known(&self) -> Vec<Decisions> {
        let of = |times: usize, layers: &'static str, mixer: &'static str, dropout: &'static str| {
            reference::by_path(self, |path| {
                let label = match path {
                    "width" => return Some(Cow::Owned((times * self.tokens.base()).to_string())),
                    "layers" => layers,
                    "embedding" if mixer == MEMORY => self.tokens.narrowest(),
                    _ if path.ends_with(".mixer") => mixer,
                    _ if path.ends_with(".feed_forward") => "0",
                    "dropout" => dropout,
                    _ => return Tokens::wanted(path).map(Cow::Borrowed),
                };
                Some(Cow::Borrowed(label))
            })
        };
        let memories = [12, 8].map(|times| of(times, "1", MEMORY, "0.1"));
        let units = [8, 4].map(|times| of(times, "2", RECURRENCE, "0"));
        memories.into_iter().chain(units).flatten().collect()
    }
}

impl LanguageSpace {
    fn most_layers(&self) -> usize {
        self.layers.values().last().copied().unwrap_or(1)
    }
}
