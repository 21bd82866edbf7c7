//! Random small networks that together use every operation.

use nascent_core::architecture::op::*;
use nascent_core::architecture::{Architecture, ArchitectureBuilder, NodeId, Op, Shape};
use nascent_core::rng::Rng;

/// Functions without kinks, for checks that differentiate numerically, and then the one with a kink.
const FUNCTIONS: [Activation; 5] =
    [Activation::Silu, Activation::Gelu, Activation::Tanh, Activation::Sigmoid, Activation::Relu];

/// A network of about ten operations on a small image, series, table row or text, ending in three classes; without
/// kinks if `smooth`.
pub fn random(seed: u64, smooth: bool) -> Architecture {
    let mut rng = Rng::new(seed, 0);
    let (mut b, mut at) = match seed % 4 {
        0 => table(&mut rng),
        1 => series(&mut rng, smooth),
        2 => text(&mut rng, smooth),
        _ => image(&mut rng, smooth),
    };
    let hidden = Linear { features: 5, bias: rng.below(2) == 0 };
    let tail: [Op; 4] = [
        hidden.into(),
        BatchNorm {}.into(),
        activation(&mut rng, smooth),
        Linear { features: 3, bias: true }.into(),
    ];
    at = b.chain(at, tail).unwrap();
    b.finish(at).unwrap()
}

fn image(rng: &mut Rng, smooth: bool) -> (ArchitectureBuilder, NodeId) {
    let side = 4 + rng.below(5);
    let mut b = ArchitectureBuilder::new(Shape::new(&[1 + rng.below(3), side, side + rng.below(3)]));
    let mut at = b.input();
    for _ in 0..4 + rng.below(4) {
        at = random_step(&mut b, at, rng, smooth);
    }
    let at = end(&mut b, at, rng, smooth);
    (b, at)
}

/// From channels to features.
fn end(b: &mut ArchitectureBuilder, at: NodeId, rng: &mut Rng, smooth: bool) -> NodeId {
    let op: Op = match rng.below(if smooth { 2 } else { 3 }) {
        0 => GlobalAveragePool {}.into(),
        1 => Flatten {}.into(),
        _ => GlobalMaxPool {}.into(),
    };
    b.add(op, &[at]).unwrap()
}

fn series(rng: &mut Rng, smooth: bool) -> (ArchitectureBuilder, NodeId) {
    let mut b = ArchitectureBuilder::new(Shape::new(&[1 + rng.below(3), 5 + rng.below(20)]));
    let mut at = b.input();
    for _ in 0..3 + rng.below(4) {
        at = series_step(&mut b, at, rng, smooth);
    }
    let at = end(&mut b, at, rng, smooth);
    (b, at)
}

fn series_step(b: &mut ArchitectureBuilder, at: NodeId, rng: &mut Rng, smooth: bool) -> NodeId {
    let (channels, steps) = b.shape(at).sequence().unwrap();
    match rng.below(11) {
        0 | 1 => {
            let Conv2d { channels, kernel, stride, padding, dilation, groups, bias } =
                convolution(channels, rng);
            let op = Conv1d { channels, kernel, stride, padding, dilation, groups, bias };
            // A window that does not fit any more is left out.
            b.add(op, &[at]).unwrap_or(at)
        }
        2 => b.add(BatchNorm {}, &[at]).unwrap(),
        3 => b.add(activation(rng, smooth), &[at]).unwrap(),
        4 if steps > 3 => {
            let kind = if smooth || rng.below(2) == 0 { PoolKind::Average } else { PoolKind::Max };
            let (kernel, stride, padding) = (2 + rng.below(2), 1 + rng.below(2), rng.below(2));
            b.add(Pool1d { kind, kernel, stride, padding }, &[at]).unwrap()
        }
        5 => {
            let other = b.add(Conv1d::same(channels, 3, 1).dilated(2), &[at]).unwrap();
            b.add(Add {}, &[at, other]).unwrap()
        }
        6 => {
            let linear = Linear { features: channels, bias: true }.into();
            let gate =
                b.chain(at, [GlobalAveragePool {}.into(), linear, Activation::Sigmoid.into()]).unwrap();
            let gated = b.add(Multiply {}, &[at, gate]).unwrap();
            let both = b.add(Concat {}, &[gated, at]).unwrap();
            b.add(Slice { from: 1, len: channels }, &[both]).unwrap()
        }
        // Of two channels a norm leaves little but signs: which of equal numbers is the largest is then a matter of rounding.
        7 if channels > 2 => b.add(LayerNorm {}, &[at]).unwrap(),
        8 => {
            let size = 1 + rng.below(5);
            let unit: Op = match rng.below(3) {
                0 => Gru { size }.into(),
                1 => Lstm { size }.into(),
                _ => cell(size, rng, smooth).into(),
            };
            b.add(unit, &[at]).unwrap()
        }
        9 if steps > 2 => b.add(Delay { steps: 1 + rng.below(2) }, &[at]).unwrap(),
        _ => {
            let heads = if channels % 2 == 0 { 2 } else { 1 };
            let at = b.add(PositionEmbedding {}, &[at]).unwrap();
            let causal = rng.below(2) == 0;
            let key_heads = if rng.below(2) == 0 { heads } else { 1 };
            let relative = relative(causal, channels / heads, rng);
            b.add(SelfAttention { heads, key_heads, causal, relative }, &[at]).unwrap()
        }
    }
}

/// A cell of one node to five.
pub fn cell(size: usize, rng: &mut Rng, smooth: bool) -> Cell {
    let functions: Vec<CellFunction> =
        CellFunction::ALL.into_iter().filter(|f| !smooth || *f != CellFunction::Relu).collect();
    let count = 1 + rng.below(5);
    let node = |i: usize| CellNode {
        reads: if i > 0 { Some(rng.below(i)) } else { None },
        function: functions[rng.below(functions.len())],
    };
    Cell { size, nodes: (0..count).map(node).collect() }
}

/// Numbers, the same number of quantiles, and codes, as rows of tables are.
fn table(rng: &mut Rng) -> (ArchitectureBuilder, NodeId) {
    let (numbers, categories) = (1 + rng.below(4), 1 + rng.below(3));
    let mut b = ArchitectureBuilder::new(Shape::new(&[2 * numbers + categories]));
    let part = |b: &mut ArchitectureBuilder, from, len| b.add(Slice { from, len }, &[b.input()]).unwrap();
    let (plain, quantiles) = (part(&mut b, 0, numbers), part(&mut b, numbers, numbers));
    let codes = part(&mut b, 2 * numbers, categories);
    let each = |size| PerFeature { features: numbers, size }.into();
    let bins = PiecewiseLinear { bins: 1 + rng.below(9) }.into();
    let bins = b.chain(quantiles, [bins, each(1 + rng.below(20))]).unwrap();
    let waves = Periodic { frequencies: 1 + rng.below(9), sigma_per_mille: 300 }.into();
    let waves = b.chain(plain, [waves, each(3), Activation::Tanh.into()]).unwrap();
    let size = 1 + rng.below(4);
    let codes = b.chain(codes, [Embedding { vocabulary: 7, size }.into(), Flatten {}.into()]).unwrap();
    let at = b.add(Concat {}, &[plain, bins, waves, codes]).unwrap();
    let at = b.add(LayerNorm {}, &[at]).unwrap();
    (b, at)
}

/// Codes of tokens, then codes of their n-grams.
fn text(rng: &mut Rng, smooth: bool) -> (ArchitectureBuilder, NodeId) {
    let (tokens, grams) = (3 + rng.below(8), 1 + rng.below(5));
    let mut b = ArchitectureBuilder::new(Shape::new(&[tokens + grams]));
    let codes = b.add(Slice { from: 0, len: tokens }, &[b.input()]).unwrap();
    let grams = b.add(Slice { from: tokens, len: grams }, &[b.input()]).unwrap();
    let bag = b.add(EmbeddingBag { vocabulary: 9, size: 1 + rng.below(20) }, &[grams]).unwrap();
    let embedded = b.add(Embedding { vocabulary: 12, size: 4 }, &[codes]).unwrap();
    let mut at = b.add(PositionEmbedding {}, &[embedded]).unwrap();
    for _ in 0..1 + rng.below(2) {
        let (heads, causal) = ([1, 2, 4][rng.below(3)], rng.below(2) == 0);
        let key_heads = [1, 2, 4][rng.below(3)].min(heads);
        let attention =
            SelfAttention { heads, key_heads, causal, relative: relative(causal, 4 / heads, rng) };
        let other = b.add(attention, &[at, codes]).unwrap();
        at = b.add(Add {}, &[at, other]).unwrap();
        at = b.add(LayerNorm {}, &[at]).unwrap();
    }
    if rng.below(2) == 0 {
        at = b.add(TiedOutput { vocabulary: 12, size: 4 }, &[at, embedded]).unwrap();
    }
    at = b.add(Conv1d::same(5, 3, 1), &[at]).unwrap();
    let kind = if smooth || rng.below(2) == 0 { PoolKind::Average } else { PoolKind::Max };
    let pooled = b.add(MaskedPool { kind }, &[at, codes]).unwrap();
    let at = b.add(Concat {}, &[pooled, bag]).unwrap();
    (b, at)
}

fn relative(causal: bool, each: usize, rng: &mut Rng) -> Relative {
    match rng.below(3) {
        0 if causal => Relative::Alibi,
        1 if each.is_multiple_of(2) => Relative::Rotary,
        _ => Relative::None,
    }
}

fn activation(rng: &mut Rng, smooth: bool) -> Op {
    FUNCTIONS[rng.below(if smooth { 4 } else { 5 })].into()
}

fn convolution(channels: usize, rng: &mut Rng) -> Conv2d {
    let kernel = [1, 2, 3, 5][rng.below(4)];
    let dilation = if kernel == 3 { 1 + rng.below(2) } else { 1 };
    let groups = [1, channels][rng.below(2)];
    let channels = groups * (1 + rng.below(4));
    let padding = dilation * (kernel - 1) / 2 + rng.below(2);
    let stride = 1 + rng.below(2);
    Conv2d { channels, kernel, stride, padding, dilation, groups, bias: rng.below(2) == 0 }
}

fn random_step(b: &mut ArchitectureBuilder, at: NodeId, rng: &mut Rng, smooth: bool) -> NodeId {
    let (channels, height, width) = b.shape(at).image().unwrap();
    let shape = b.shape(at).clone();
    match rng.below(9) {
        0 | 1 => {
            let op = convolution(channels, rng);
            // A window that does not fit any more is left out.
            b.add(op, &[at]).unwrap_or(at)
        }
        2 => b.add(BatchNorm {}, &[at]).unwrap(),
        3 => b.add(activation(rng, smooth), &[at]).unwrap(),
        4 if height.min(width) > 3 => {
            let kind = if smooth || rng.below(2) == 0 { PoolKind::Average } else { PoolKind::Max };
            let kernel = 2 + rng.below(2);
            b.add(Pool2d { kind, kernel, stride: 1 + rng.below(2), padding: rng.below(2) }, &[at]).unwrap()
        }
        5 => {
            let other = b.add(Conv2d::same(channels, 3, 1), &[at]).unwrap();
            let zero = b.add(Zero { shape }, &[]).unwrap();
            b.add(Add {}, &[at, other, zero]).unwrap()
        }
        6 => {
            let gate = [
                GlobalAveragePool {}.into(),
                Linear { features: channels, bias: true }.into(),
                Activation::Sigmoid.into(),
            ];
            let gate = b.chain(at, gate).unwrap();
            b.add(Multiply {}, &[at, gate]).unwrap()
        }
        7 => {
            let other = b.add(Conv2d::same(2, 1, 1), &[at]).unwrap();
            b.add(Concat {}, &[other, at]).unwrap()
        }
        _ => {
            let skip = b.add(Identity {}, &[at]).unwrap();
            b.add(Multiply {}, &[skip, at]).unwrap()
        }
    }
}

/// `n` inputs of a network: codes where it takes codes, 0 and some too large among them, else normal numbers.
pub fn inputs(graph: &Architecture, n: usize, seed: u64) -> Vec<f32> {
    let len = graph.input_shape().len() as usize;
    let mut inputs = normal(n * len, seed);
    let mut rng = Rng::new(seed, 8);
    for node in graph.nodes() {
        let (Op::Embedding(Embedding { vocabulary, .. }) | Op::EmbeddingBag(EmbeddingBag { vocabulary, .. })) =
            node.op
        else {
            continue;
        };
        let Op::Slice(Slice { from, len: codes }) = graph.nodes()[node.inputs[0].index()].op else {
            continue;
        };
        for row in inputs.chunks_mut(len) {
            row[from..from + codes].iter_mut().for_each(|x| *x = rng.below(vocabulary + 1) as f32);
        }
    }
    inputs
}

/// `n` numbers from the standard normal distribution.
pub fn normal(n: usize, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed, 9);
    (0..n).map(|_| rng.normal() as f32).collect()
}
