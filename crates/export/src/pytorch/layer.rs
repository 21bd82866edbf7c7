//! Each operation of a graph as PyTorch has it.

use super::helpers::Helper;
use crate::exporter::{to_bytes, transposed, with_nothing};
use nascent_core::architecture::op::{Activation, CellNode, PoolKind, Relative};
use nascent_core::architecture::{Op, Shape, Slot};
use safetensors::tensor::Dtype;

/// A tensor of a layer, under its name within the layer.
pub(super) struct Part {
    pub name: &'static str,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

/// How an operation is written.
pub(super) enum Layer {
    /// A module that is called with what the operation reads.
    Module { make: String, parts: Vec<Part>, helper: Option<Helper> },
    /// An expression of what the operation reads.
    Expression { write: fn(&[String], &Op, &[&Shape]) -> String, kind: &'static str, helper: Option<Helper> },
}

/// The numbers of a node.
type Slots<'a> = [(&'a Slot, &'a [f32])];

fn module(make: String) -> Layer {
    Layer::Module { make, parts: Vec::new(), helper: None }
}

fn with(make: String, parts: Vec<Part>, helper: Option<Helper>) -> Layer {
    Layer::Module { make, parts, helper }
}

fn ours(make: String, helper: Helper) -> Layer {
    Layer::Module { make, parts: Vec::new(), helper: Some(helper) }
}

/// A node's places under PyTorch's names, as they are.
fn parts(names: &[&'static str], slots: &Slots<'_>) -> Vec<Part> {
    let one =
        |(name, (slot, numbers)): (&&'static str, &(&Slot, &[f32]))| part(name, slot.shape.clone(), numbers);
    names.iter().zip(slots).map(one).collect()
}

fn part(name: &'static str, shape: Vec<usize>, numbers: &[f32]) -> Part {
    Part { name, dtype: Dtype::F32, shape, bytes: to_bytes(numbers) }
}

/// Settings of a call that are not what is meant where nothing is said.
fn said(settings: &[(&str, usize, usize)]) -> String {
    let differs = settings.iter().filter(|(_, value, usual)| value != usual);
    differs.map(|(name, value, _)| format!(", {name}={value}")).collect()
}

fn axes(shape: &Shape) -> usize {
    shape.extents().len().saturating_sub(1)
}

/// How an operation is written, from the shapes of what it reads and its numbers.
pub(super) fn layer(op: &Op, inputs: &[&Shape], slots: &Slots<'_>) -> Layer {
    let nothing = Shape::new(&[]);
    let first = inputs.first().copied().unwrap_or(&nothing);
    let channels = first.extents().first().copied().unwrap_or(0);
    match op {
        Op::Conv2d(c) => {
            let (window, bias) = ([c.kernel, c.stride, c.padding, c.dilation, c.groups], c.bias);
            convolution(2, channels, c.channels, window, bias, slots)
        }
        Op::Conv1d(c) => {
            let (window, bias) = ([c.kernel, c.stride, c.padding, c.dilation, c.groups], c.bias);
            convolution(1, channels, c.channels, window, bias, slots)
        }
        Op::Linear(l) => {
            let bias = if l.bias { "" } else { ", bias=False" };
            let mut parts = parts(&["weight", "bias"], slots);
            if let (Some(weight), Some((_, numbers))) = (parts.first_mut(), slots.first()) {
                *weight = part("weight", vec![l.features, channels], &transposed(numbers, l.features));
            }
            with(format!("nn.Linear({channels}, {}{bias})", l.features), parts, None)
        }
        Op::BatchNorm(_) => {
            let mut parts = parts(&["weight", "bias", "running_mean", "running_var"], slots);
            let count = 0i64.to_le_bytes().to_vec();
            parts.push(Part {
                name: "num_batches_tracked",
                dtype: Dtype::I64,
                shape: Vec::new(),
                bytes: count,
            });
            with(format!("nn.BatchNorm{}d({channels})", axes(first).max(1)), parts, None)
        }
        Op::LayerNorm(_) => {
            let (name, helper) = match axes(first) {
                0 => ("nn.LayerNorm", None),
                _ => ("ChannelNorm", Some(Helper::ChannelNorm)),
            };
            with(format!("{name}({channels})"), parts(&["weight", "bias"], slots), helper)
        }
        Op::Activation(function) => module(format!("nn.{}()", activation(*function))),
        Op::Pool2d(p) => pool(2, p.kind, [p.kernel, p.stride, p.padding]),
        Op::Pool1d(p) => pool(1, p.kind, [p.kernel, p.stride, p.padding]),
        Op::GlobalAveragePool(_) => ours("GlobalAverage()".into(), Helper::GlobalAverage),
        Op::GlobalMaxPool(_) => ours("GlobalMax()".into(), Helper::GlobalMax),
        Op::Flatten(_) => module("nn.Flatten()".into()),
        Op::Dropout(d) => module(format!("nn.Dropout({})", f64::from(d.per_mille) / 1000.0)),
        Op::Embedding(t) => table("Codes", Helper::Codes, t.vocabulary, t.size, slots),
        Op::TiedOutput(t) => {
            with(format!("TiedOutput({})", t.vocabulary), parts(&["bias"], slots), Some(Helper::TiedOutput))
        }
        Op::EmbeddingBag(t) => table("Bag", Helper::Bag, t.vocabulary, t.size, slots),
        Op::PiecewiseLinear(p) => ours(format!("FillBins({})", p.bins), Helper::FillBins),
        Op::PerFeature(p) => {
            let make = format!("PerFeature({}, {}, {})", p.features, channels / p.features.max(1), p.size);
            with(make, parts(&["weight", "bias"], slots), Some(Helper::PerFeature))
        }
        Op::Periodic(p) => {
            let deviation = p.sigma_per_mille as f64 / 1000.0;
            let make = format!("Waves({channels}, {}, {deviation:?})", p.frequencies);
            with(make, parts(&["frequencies"], slots), Some(Helper::Waves))
        }
        Op::SelfAttention(a) => {
            let causal = if a.causal { ", causal=True" } else { "" };
            let names = ["projection.weight", "projection.bias", "output.weight", "output.bias"];
            let relative = match a.relative {
                Relative::None => "",
                Relative::Alibi => ", relative=\"alibi\"",
                Relative::Rotary => ", relative=\"rotary\"",
            };
            let keys = said(&[("key_heads", a.key_heads, a.heads)]);
            let make = format!("Attention({channels}, {}{causal}{relative}{keys})", a.heads);
            with(make, parts(&names, slots), Some(Helper::Attention))
        }
        Op::PositionEmbedding(_) => {
            let steps = first.extents().get(1).copied().unwrap_or(0);
            let make = format!("Positions({channels}, {steps})");
            with(make, parts(&["weight"], slots), Some(Helper::Positions))
        }
        Op::Gru(g) => recurrent(("States", Helper::States), channels, g.size, slots),
        Op::Lstm(l) => recurrent(("Memory", Helper::Memory), channels, l.size, slots),
        Op::Cell(cell) => {
            let node = |node: &CellNode| {
                let reads = node.reads.map_or_else(|| "None".into(), |read| read.to_string());
                format!("({reads}, \"{}\")", node.function.name())
            };
            let nodes: Vec<String> = cell.nodes.iter().map(node).collect();
            let make = format!("Cell({channels}, {}, [{}])", cell.size, nodes.join(", "));
            with(make, parts(&["given.weight", "given.bias", "weight"], slots), Some(Helper::Cell))
        }
        _ => expression(op),
    }
}

/// What is no layer, but something done with values.
fn expression(op: &Op) -> Layer {
    let plain = |write, kind| Layer::Expression { write, kind, helper: None };
    match op {
        Op::Zero(_) => plain(|_, op, _| zeros(op), "zeros"),
        Op::Add(_) => plain(|values, _, _| values.join(" + "), "sum"),
        Op::Multiply(_) => plain(|values, _, shapes| gated(values, shapes), "gated"),
        Op::Concat(_) => plain(|values, _, _| format!("torch.cat([{}], dim=1)", values.join(", ")), "joined"),
        Op::Slice(_) => plain(|values, op, _| sliced(values, op), "slice"),
        Op::Delay(_) => plain(|values, op, _| delayed(values, op), "delayed"),
        Op::MaskedPool(pool) => match pool.kind {
            PoolKind::Average => Layer::Expression {
                write: |values, _, _| format!("pool_mean({})", values.join(", ")),
                kind: "mean",
                helper: Some(Helper::PoolMean),
            },
            PoolKind::Max => Layer::Expression {
                write: |values, _, _| format!("pool_max({})", values.join(", ")),
                kind: "max",
                helper: Some(Helper::PoolMax),
            },
        },
        // Identities.
        _ => plain(|values, _, _| values.join(", "), "same"),
    }
}

fn convolution(
    axes: usize,
    channels: usize,
    outputs: usize,
    [kernel, stride, padding, dilation, groups]: [usize; 5],
    bias: bool,
    slots: &Slots<'_>,
) -> Layer {
    let settings =
        [("stride", stride, 1), ("padding", padding, 0), ("dilation", dilation, 1), ("groups", groups, 1)];
    let bias = if bias { "" } else { ", bias=False" };
    let make = format!("nn.Conv{axes}d({channels}, {outputs}, {kernel}{}{bias})", said(&settings));
    with(make, parts(&["weight", "bias"], slots), None)
}

fn pool(axes: usize, kind: PoolKind, [kernel, stride, padding]: [usize; 3]) -> Layer {
    let settings = said(&[("stride", stride, kernel), ("padding", padding, 0)]);
    module(match kind {
        PoolKind::Max => format!("nn.MaxPool{axes}d({kernel}{settings})"),
        PoolKind::Average if padding == 0 => format!("nn.AvgPool{axes}d({kernel}{settings})"),
        PoolKind::Average => format!("nn.AvgPool{axes}d({kernel}{settings}, count_include_pad=False)"),
    })
}

fn activation(function: Activation) -> &'static str {
    match function {
        Activation::Relu => "ReLU",
        Activation::Silu => "SiLU",
        Activation::Gelu => "GELU",
        Activation::Tanh => "Tanh",
        Activation::Sigmoid => "Sigmoid",
    }
}

fn table(name: &str, helper: Helper, vocabulary: usize, size: usize, slots: &Slots<'_>) -> Layer {
    let rows = slots.first().map_or(Vec::new(), |(_, numbers)| with_nothing(numbers, size));
    let weight = part("weight", vec![vocabulary, size], &rows);
    with(format!("{name}({vocabulary}, {size})"), vec![weight], Some(helper))
}

/// A unit that PyTorch has, its gates in the same order.
fn recurrent((name, helper): (&str, Helper), channels: usize, size: usize, slots: &Slots<'_>) -> Layer {
    let mut parts = parts(&["weight_ih_l0", "bias_ih_l0", "weight_hh_l0"], slots);
    let wide = slots.get(1).map_or(0, |(slot, _)| slot.len());
    if let (Some(state), Some((_, numbers))) = (parts.get_mut(2), slots.get(2)) {
        *state = part("weight_hh_l0", vec![wide, size], &transposed(numbers, wide));
    }
    // Ours has biases on the side of the input only.
    parts.push(part("bias_hh_l0", vec![wide], &vec![0.0; wide]));
    with(format!("{name}({channels}, {size})"), parts, Some(helper))
}

fn zeros(op: &Op) -> String {
    let Op::Zero(zero) = op else { return "x".into() };
    let extents: Vec<String> = zero.shape.extents().iter().map(ToString::to_string).collect();
    format!("x.new_zeros(len(x), {})", extents.join(", "))
}

fn delayed(values: &[String], op: &Op) -> String {
    let Op::Delay(delay) = op else { return values.join(", ") };
    format!("nn.functional.pad({}, ({}, -{}))", values.join(", "), delay.steps, delay.steps)
}

fn sliced(values: &[String], op: &Op) -> String {
    let Op::Slice(slice) = op else { return values.join(", ") };
    format!("{}[:, {}:{}]", values.join(", "), slice.from, slice.from + slice.len)
}

/// A gate of one number a channel is spread over steps or pixels.
fn gated(values: &[String], shapes: &[&Shape]) -> String {
    let extents = |i: usize| shapes.get(i).map_or(0, |s| s.extents().len());
    let spread = ", None".repeat(extents(0).saturating_sub(extents(1)));
    match values {
        [x, gate] if spread.is_empty() => format!("{x} * {gate}"),
        [x, gate] => format!("{x} * {gate}[:, :{spread}]"),
        _ => values.join(" * "),
    }
}
