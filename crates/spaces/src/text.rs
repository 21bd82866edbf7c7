//! Networks over texts: a bag of n-grams, convolutions, attention, and sums of them.

use crate::error::DefinitionError;
use crate::options::Options;
use crate::parameters::{Parameter, Range, TRAINING, check_ranges, check_task, wrong_input};
use crate::reference;
use crate::registry::Entry;
use crate::training::Training;
use nascent_core::architecture::op::{
    Activation, Add, Concat, Conv1d, Dropout, Embedding, EmbeddingBag, GlobalMaxPool, LayerNorm, Linear,
    MaskedPool, PoolKind, PositionEmbedding, Relative, SelfAttention, Slice,
};
use nascent_core::architecture::{Architecture, ArchitectureBuilder, ArchitectureError, NodeId, Shape};
use nascent_core::question::{Path, Scale, Topic};
use nascent_core::{Candidate, Chooser, Decisions, Features, Signature, Space, SpaceError};
use std::borrow::Cow;

const NAME: &str = "text";

pub(crate) static ENTRY: Entry = Entry {
    name: NAME,
    summary: "texts: a bag of hashed n-grams, convolutions or attention over tokens, and sums of them",
    input: "texts",
    paper: "arXiv:1607.01759",
    parameters: PARAMETERS,
    make: |values, signature| {
        let params = TextParams { width: values.number("width"), training: values.is_on("training") };
        Ok(Box::new(params.check(signature)?))
    },
};

static PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "width",
        meaning: "the smallest embedding; the largest is four times as large",
        range: Range::Whole { least: 4, most: 256 },
        default_text: "32",
        default: |_| 32,
    },
    TRAINING,
];

/// The parameters of [`TextSpace`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextParams {
    /// The smallest embedding, 4 to 256; the largest is four times as large.
    pub width: usize,
    /// Whether training settings are asked too.
    pub training: bool,
}

impl Default for TextParams {
    fn default() -> Self {
        Self { width: 32, training: true }
    }
}

impl TextParams {
    /// The space with these parameters, for texts.
    ///
    /// # Errors
    /// Where a parameter is out of range, or inputs are no texts.
    pub fn check(self, signature: &Signature) -> Result<TextSpace, DefinitionError> {
        let input = signature.shape();
        check_task(NAME, &input, signature.outputs)?;
        let &Features::Text { tokens, vocabulary, grams, buckets } = &signature.features else {
            return Err(wrong_input(NAME, "texts", &input));
        };
        check_ranges(NAME, PARAMETERS, &[("width", self.width)])?;
        let network = Topic::Architecture;
        let dropouts = [("0", 0), ("0.1", 100), ("0.3", 300), ("0.5", 500)];
        let mut readers = vec![("convolution", Reader::Convolution), ("attention", Reader::Attention)];
        if grams > 0 {
            readers.push(("none", Reader::None));
        }
        Ok(TextSpace {
            input,
            outputs: signature.outputs,
            tokens,
            vocabulary,
            grams,
            buckets,
            reader: Options::kinds(network, &readers),
            bag: Options::kinds(network, &[("no", false), ("yes", true)]),
            bag_size: Options::sizes(network, [1, 2, 4].map(|n| n * self.width).to_vec()),
            embedding: Options::sizes(network, [1, 2, 4].map(|n| n * self.width).to_vec()),
            embedding_dropout: Options::named(Scale::Ordered, network, &dropouts[..3]),
            channels: Options::sizes(network, [1, 2, 4].map(|n| 2 * n * self.width).to_vec()),
            kernels: Options::kinds(
                network,
                &[
                    ("1", Kernels(&[1])),
                    ("1,2,3", Kernels(&[1, 2, 3])),
                    ("2,3,4", Kernels(&[2, 3, 4])),
                    ("3,5", Kernels(&[3, 5])),
                ],
            ),
            layers: Options::sizes(network, vec![1, 2, 3]),
            heads: Options::sizes(network, vec![1, 2, 4]),
            pool: Options::kinds(
                network,
                &[("mean", Pooling::Mean), ("max", Pooling::Max), ("both", Pooling::Both)],
            ),
            hidden: Options::named(Scale::Ordered, network, &[("0", 0), ("128", 128), ("256", 256)]),
            dropout: Options::named(Scale::Ordered, network, &dropouts),
            training: Training::new(self.training, true),
        })
    }
}

/// What reads the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    /// Nothing: the bag answers alone.
    None,
    /// Convolutions of some widths, the largest value over time of each (Kim 2014, arXiv:1408.5882).
    Convolution,
    /// Layers of self-attention and feed-forward networks, normalised before (Xiong et al. 2020, arXiv:2002.04745).
    Attention,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kernels(&'static [usize]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pooling {
    Mean,
    Max,
    Both,
}

/// Networks over texts.
#[derive(Clone, Debug)]
pub struct TextSpace {
    input: Shape,
    outputs: usize,
    tokens: usize,
    vocabulary: usize,
    grams: usize,
    buckets: usize,
    reader: Options<Reader>,
    bag: Options<bool>,
    bag_size: Options<usize>,
    embedding: Options<usize>,
    embedding_dropout: Options<u16>,
    channels: Options<usize>,
    kernels: Options<Kernels>,
    layers: Options<usize>,
    heads: Options<usize>,
    pool: Options<Pooling>,
    hidden: Options<usize>,
    dropout: Options<u16>,
    training: Training,
}

/// The answers about what reads the tokens.
#[derive(Clone, Copy)]
enum Reading {
    None,
    Convolution { embedding: usize, dropout: u16, channels: usize, kernels: Kernels, pool: Pooling },
    Attention { embedding: usize, dropout: u16, layers: usize, heads: usize, pool: Pooling },
}

/// The answers about one network.
#[derive(Clone, Copy)]
struct Plan {
    /// The size of the bag's vectors, where there is a bag.
    bag: Option<usize>,
    reading: Reading,
    hidden: usize,
    dropout: u16,
}

impl TextSpace {
    fn ask(&self, chooser: &mut dyn Chooser) -> Result<Plan, SpaceError> {
        let reader = self.reader.ask(chooser, Path::new("reader"))?;
        let place = Path::new("reader");
        let embedding = |chooser: &mut dyn Chooser| self.embedding.ask(chooser, place.child("embedding"));
        let dropout = |chooser: &mut dyn Chooser| self.embedding_dropout.ask(chooser, place.child("dropout"));
        let reading = match reader {
            Reader::None => Reading::None,
            Reader::Convolution => Reading::Convolution {
                embedding: embedding(chooser)?,
                dropout: dropout(chooser)?,
                channels: self.channels.ask(chooser, place.child("channels"))?,
                kernels: self.kernels.ask(chooser, place.child("kernels"))?,
                pool: self.pool.ask(chooser, place.child("pool"))?,
            },
            Reader::Attention => Reading::Attention {
                embedding: embedding(chooser)?,
                dropout: dropout(chooser)?,
                layers: self.layers.ask(chooser, place.child("layers"))?,
                heads: self.heads.ask(chooser, place.child("heads"))?,
                pool: self.pool.ask(chooser, place.child("pool"))?,
            },
        };
        // Something must read the text.
        let has_bag =
            self.grams > 0 && (reader == Reader::None || self.bag.ask(chooser, Path::new("bag"))?);
        let bag =
            if has_bag { Some(self.bag_size.ask(chooser, Path::new("bag").child("size"))?) } else { None };
        Ok(Plan {
            bag,
            reading,
            hidden: self.hidden.ask(chooser, Path::new("head").child("hidden"))?,
            dropout: self.dropout.ask(chooser, Path::new("head").child("dropout"))?,
        })
    }

    fn draw(&self, plan: &Plan) -> Result<Architecture, ArchitectureError> {
        let mut b = ArchitectureBuilder::new(self.input.clone());
        let input = b.input();
        let mut parts = Vec::new();
        match plan.reading {
            Reading::None => {}
            Reading::Convolution { embedding, dropout, channels, kernels, pool } => {
                let (codes, vectors) = self.embed(&mut b, embedding, dropout)?;
                b.scope("convolutions");
                for &kernel in kernels.0 {
                    b.branch(format_args!("kernel {kernel}"));
                    let conv = Conv1d { bias: true, ..Conv1d::same(channels, kernel, 1) };
                    // A window longer than the text sees nothing but the whole of it.
                    let fits = kernel <= self.tokens;
                    let conv =
                        if fits { conv } else { Conv1d { bias: true, ..Conv1d::same(channels, 1, 1) } };
                    let read = b.add(conv, &[vectors])?;
                    let read = b.add(Activation::Relu, &[read])?;
                    // An even window gives one step more than there are codes: the mask would not fit, and the largest
                    // value needs none, for what rises out of padding alone is the bias.
                    let is_even = b.shape(read).extents()[1] != self.tokens;
                    if is_even {
                        parts.push(b.add(GlobalMaxPool {}, &[read])?);
                    } else {
                        pooled(&mut b, read, codes, pool, &mut parts)?;
                    }
                }
            }
            Reading::Attention { embedding, dropout, layers, heads, pool } => {
                let (codes, mut at) = self.embed(&mut b, embedding, dropout)?;
                at = b.add(PositionEmbedding {}, &[at])?;
                for layer in 0..layers {
                    b.scope(format!("layer {}", layer + 1));
                    at = attend(&mut b, at, codes, heads)?;
                }
                b.scope("pool");
                at = b.add(LayerNorm {}, &[at])?;
                pooled(&mut b, at, codes, pool, &mut parts)?;
            }
        }
        if let Some(size) = plan.bag {
            b.scope("bag");
            let grams = b.add(Slice { from: self.tokens, len: self.grams }, &[input])?;
            parts.push(b.add(EmbeddingBag { vocabulary: self.buckets, size }, &[grams])?);
        }
        self.head(b, &parts, plan)
    }

    /// The codes of tokens, and their vectors.
    fn embed(
        &self,
        b: &mut ArchitectureBuilder,
        size: usize,
        dropout: u16,
    ) -> Result<(NodeId, NodeId), ArchitectureError> {
        b.scope("tokens");
        let codes = b.add(Slice { from: 0, len: self.tokens }, &[b.input()])?;
        let mut vectors = b.add(Embedding { vocabulary: self.vocabulary, size }, &[codes])?;
        if dropout > 0 {
            vectors = b.add(Dropout { per_mille: dropout }, &[vectors])?;
        }
        Ok((codes, vectors))
    }

    fn head(
        &self,
        mut b: ArchitectureBuilder,
        parts: &[NodeId],
        plan: &Plan,
    ) -> Result<Architecture, ArchitectureError> {
        b.scope("head");
        let mut at = match parts {
            [only] => *only,
            several => b.add(Concat {}, several)?,
        };
        // What a row of the next layer sees depends on all that was read.
        let features = b.shape(at).to_string();
        b.branch(format_args!("of {features}"));
        if plan.hidden > 0 {
            at = b.add(Linear { features: plan.hidden, bias: true }, &[at])?;
            at = b.add(Activation::Relu, &[at])?;
        }
        if plan.dropout > 0 {
            at = b.add(Dropout { per_mille: plan.dropout }, &[at])?;
        }
        let output = b.add(Linear { features: self.outputs, bias: true }, &[at])?;
        b.finish(output)
    }
}

/// The mean, the largest value, or both, of each channel over the steps that are no padding.
fn pooled(
    b: &mut ArchitectureBuilder,
    steps: NodeId,
    codes: NodeId,
    pool: Pooling,
    parts: &mut Vec<NodeId>,
) -> Result<(), ArchitectureError> {
    let kinds: &[PoolKind] = match pool {
        Pooling::Mean => &[PoolKind::Average],
        Pooling::Max => &[PoolKind::Max],
        Pooling::Both => &[PoolKind::Average, PoolKind::Max],
    };
    for &kind in kinds {
        parts.push(b.add(MaskedPool { kind }, &[steps, codes])?);
    }
    Ok(())
}

/// One layer of a transformer's encoder.
fn attend(
    b: &mut ArchitectureBuilder,
    input: NodeId,
    codes: NodeId,
    heads: usize,
) -> Result<NodeId, ArchitectureError> {
    let channels = b.shape(input).extents()[0];
    let normed = b.add(LayerNorm {}, &[input])?;
    let attended = b.add(
        SelfAttention { heads, key_heads: heads, causal: false, relative: Relative::None },
        &[normed, codes],
    )?;
    let at = b.add(Add {}, &[input, attended])?;
    let normed = b.add(LayerNorm {}, &[at])?;
    let wide = b.add(Conv1d { bias: true, ..Conv1d::same(2 * channels, 1, 1) }, &[normed])?;
    let bent = b.add(Activation::Gelu, &[wide])?;
    let narrow = b.add(Conv1d { bias: true, ..Conv1d::same(channels, 1, 1) }, &[bent])?;
    b.add(Add {}, &[at, narrow])
}

impl Space for TextSpace {
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

    /// An embedding of 64, convolutions of three widths, the largest value over time of each, and dropout of a half.
    fn reference(&self) -> Option<Decisions> {
        reference::by_path(self, |path| {
            let label = match path {
                "reader" => "convolution",
                "reader.embedding" | "reader.channels" => "64",
                "reader.dropout" => "0.1",
                "reader.kernels" => "1,2,3",
                "reader.pool" => "max",
                "bag" => "no",
                "head.hidden" => "0",
                "head.dropout" => "0.5",
                _ => return None,
            };
            Some(Cow::Borrowed(label))
        })
    }
}
