//! The operations a network is made of: one file each, registered in [`Op`].
//!
//! An operation says what shape it gives, what it costs, and how it is written in the content hash.
//! How it is *computed* is `nascent-train`'s business.

mod activation;
mod attention;
mod batch_norm;
mod cell;
mod conv1d;
mod conv2d;
mod delay;
mod dropout;
mod embedding;
mod gru;
mod layer_norm;
mod linear;
mod lstm;
mod merge;
mod mixed;
mod numbers;
mod pool;
mod slice;
mod structural;
#[cfg(test)]
mod tests;
mod tied_output;

pub use activation::Activation;
pub use attention::{PositionEmbedding, Relative, SelfAttention};
pub use batch_norm::BatchNorm;
pub use cell::{Cell, CellFunction, CellNode};
pub use conv1d::Conv1d;
pub use conv2d::Conv2d;
pub use delay::Delay;
pub use dropout::Dropout;
pub use embedding::{Embedding, EmbeddingBag};
pub use gru::Gru;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use lstm::Lstm;
pub use merge::{Add, Concat, Multiply};
pub use mixed::Mixed;
pub use numbers::{PerFeature, Periodic, PiecewiseLinear};
pub use pool::{GlobalAveragePool, GlobalMaxPool, MaskedPool, Pool1d, Pool2d, PoolKind};
pub use slice::Slice;
pub use structural::{Flatten, Identity, Input, Zero};
pub use tied_output::TiedOutput;

use super::Shape;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// An operation's stable spelling in the content hash: its tag, then its parameters.
pub type OpCode = SmallVec<[u32; 12]>;

/// What norms add to variances: PyTorch's default.
pub const NORM_EPSILON: f64 = 1e-5;

/// What every operation can say about itself.
pub trait Operation {
    /// How many inputs it takes: the least and the most.
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    /// The output's shape, or why these inputs cannot be taken.
    ///
    /// # Errors
    /// A sentence that names the offending extent and what is allowed.
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String>;
    /// Trainable parameters.
    fn params(&self, _inputs: &[&Shape]) -> u64 {
        0
    }
    /// Multiply-accumulates for one example. Only convolutions and matrix products count.
    fn macs(&self, _inputs: &[&Shape], _output: &Shape) -> u64 {
        0
    }
    /// Numbers that training keeps for one example besides the output.
    fn kept(&self, _inputs: &[&Shape]) -> u64 {
        0
    }
    /// Numbers that are kept from step to step where a sequence is continued.
    fn remembered(&self, _inputs: &[&Shape]) -> u64 {
        0
    }
    /// Whether the order of the inputs does not matter.
    fn commutes(&self) -> bool {
        false
    }
    /// The stable spelling for the content hash. Tags are never reused.
    fn code(&self) -> OpCode;
    /// A short label for diagrams, such as `conv 3×3, 32`.
    fn label(&self) -> String;
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// A typed operation.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "op", rename_all = "snake_case")]
        pub enum Op { $($(#[$doc])* $name($name)),+ }

        impl Op {
            fn inner(&self) -> &dyn Operation {
                match self { $(Self::$name(op) => op),+ }
            }

            /// The operation's name, as in the type.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name)),+ }
            }
        }

        $(impl From<$name> for Op { fn from(op: $name) -> Self { Self::$name(op) } })+
    };
}

// The registration: a new operation is one file in this folder and one line here.
operations! {
    /// The network's input.
    Input,
    /// Nothing but zeros.
    Zero,
    /// Its input, unchanged.
    Identity,
    /// Two-dimensional convolution.
    Conv2d,
    /// Batch normalisation over channels or features.
    BatchNorm,
    /// A pointwise nonlinearity.
    Activation,
    /// Average or maximum over windows.
    Pool2d,
    /// The mean of each channel.
    GlobalAveragePool,
    /// All extents in one.
    Flatten,
    /// A fully connected layer.
    Linear,
    /// Random zeroing while training.
    Dropout,
    /// The sum of its inputs.
    Add,
    /// The elementwise product of its inputs.
    Multiply,
    /// Its inputs side by side along the first extent.
    Concat,
    /// One-dimensional convolution.
    Conv1d,
    /// Average or maximum over windows of steps.
    Pool1d,
    /// The largest value of each channel.
    GlobalMaxPool,
    /// Some neighbouring numbers of a vector, or channels.
    Slice,
    /// A trained vector for each code.
    Embedding,
    /// The mean of the trained vectors of codes.
    EmbeddingBag,
    /// How far numbers fill equal bins.
    PiecewiseLinear,
    /// A linear layer of its own for each feature.
    PerFeature,
    /// Sines and cosines of numbers at trained frequencies.
    Periodic,
    /// Layer normalisation over features, or over the channels of each step.
    LayerNorm,
    /// Multi-head self-attention over steps.
    SelfAttention,
    /// A trained number added to each channel of each step.
    PositionEmbedding,
    /// Mean or maximum over the steps that are no padding.
    MaskedPool,
    /// A gated recurrent unit over steps.
    Gru,
    /// A long short-term memory over steps.
    Lstm,
    /// A recurrent cell put together of nodes, over steps.
    Cell,
    /// A sequence moved to later steps.
    Delay,
    /// A number for each code at each step, by the vectors of an embedding.
    TiedOutput,
    /// A choice that is still open.
    Mixed,
}

impl Op {
    /// The numbers that the input of a recurrent unit gives for each number of its state; none where it is no such unit.
    #[must_use]
    pub fn gates(&self) -> Option<usize> {
        match self {
            Self::Gru(_) => Some(3),
            Self::Lstm(_) => Some(4),
            Self::Cell(_) => Some(2),
            _ => None,
        }
    }
}

impl Operation for Op {
    fn arity(&self) -> (usize, usize) {
        self.inner().arity()
    }
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        self.inner().output(inputs)
    }
    fn params(&self, inputs: &[&Shape]) -> u64 {
        self.inner().params(inputs)
    }
    fn macs(&self, inputs: &[&Shape], output: &Shape) -> u64 {
        self.inner().macs(inputs, output)
    }
    fn kept(&self, inputs: &[&Shape]) -> u64 {
        self.inner().kept(inputs)
    }
    fn remembered(&self, inputs: &[&Shape]) -> u64 {
        self.inner().remembered(inputs)
    }
    fn commutes(&self) -> bool {
        self.inner().commutes()
    }
    fn code(&self) -> OpCode {
        self.inner().code()
    }
    fn label(&self) -> String {
        self.inner().label()
    }
}

/// The spelling of an operation in the hash, from its tag and its whole-number parameters.
fn code(tag: u32, parameters: &[usize]) -> OpCode {
    // Extents are far below 2^32: shapes that large are refused when the graph is built.
    std::iter::once(tag).chain(parameters.iter().map(|&p| u32::try_from(p).unwrap_or(u32::MAX))).collect()
}

/// The one input of a unary operation; arity is checked before shapes are asked for.
fn only<'a>(inputs: &[&'a Shape]) -> Result<&'a Shape, String> {
    match inputs {
        [one] => Ok(one),
        _ => Err(format!("takes one input, was given {}", inputs.len())),
    }
}

/// Channels and steps of the first input.
fn sequence(inputs: &[&Shape]) -> (u64, u64) {
    inputs.first().and_then(|s| s.sequence()).map_or((0, 0), |(c, n)| (c as u64, n as u64))
}

/// The shape of the states of a recurrent unit, or why there are none.
fn states(size: usize, inputs: &[&Shape]) -> Result<Shape, String> {
    let input = only(inputs)?;
    if size == 0 {
        return Err("needs a state of at least 1, got 0".into());
    }
    let (_, n) = input.sequence().ok_or_else(|| format!("needs channels×steps, got {input}"))?;
    Ok(Shape::new(&[size, n]))
}

/// Whether there is a code for each of `steps`, or why not.
fn one_a_step(codes: &Shape, steps: usize) -> Result<(), String> {
    match codes.vector() {
        Some(n) if n == steps => Ok(()),
        _ => Err(format!("codes of {codes} do not fit {steps} steps")),
    }
}

/// The extent of an image axis after a sliding window, or why there is none.
fn slide(
    size: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
) -> Result<usize, String> {
    if kernel == 0 || stride == 0 || dilation == 0 {
        return Err(format!("kernel {kernel}, stride {stride} and dilation {dilation} must be at least 1"));
    }
    let window = dilation * (kernel - 1) + 1;
    let padded = size + 2 * padding;
    if padded < window {
        return Err(format!("a window of {window} does not fit into {size} with padding {padding}"));
    }
    Ok((padded - window) / stride + 1)
}
