//! Networks of the kinds that are drawn: plain, fully connected, residual, and made of searched cells.

#![allow(clippy::unwrap_used, reason = "what is drawn here is well-formed")]

use nascent_core::architecture::op::{
    Activation, Add, BatchNorm, Cell, CellFunction, CellNode, Concat, Conv1d, Conv2d, Dropout, Embedding,
    EmbeddingBag, Flatten, GlobalAveragePool, Identity, LayerNorm, Linear, MaskedPool, Pool2d, PoolKind,
    PositionEmbedding, Relative, SelfAttention, Slice, Zero,
};
use nascent_core::architecture::{Architecture, ArchitectureBuilder, NodeId, Op, Shape};

fn layer(conv: Conv2d) -> [Op; 3] {
    [conv.into(), BatchNorm {}.into(), Activation::Relu.into()]
}

fn halve() -> Op {
    Pool2d { kind: PoolKind::Max, kernel: 2, stride: 2, padding: 0 }.into()
}

/// Three stages of convolutions, a flattened head with dropout.
pub fn plain() -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[1, 8, 8]));
    let mut at = b.input();
    for (stage, width) in [(1, 16), (2, 32), (3, 48)] {
        b.scope(format!("stage {stage}"));
        if stage > 1 {
            at = b.add(halve(), &[at]).unwrap();
        }
        at = b.chain(at, layer(Conv2d::same(width, 3, 1))).unwrap();
    }
    b.scope("head");
    let head =
        [Flatten {}.into(), Dropout { per_mille: 100 }.into(), Linear { features: 10, bias: true }.into()];
    let out = b.chain(at, head).unwrap();
    b.finish(out).unwrap().canonical()
}

/// Two layers of one recurrent cell that continue a text.
pub fn recurrent(reads: &[usize]) -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[32]));
    b.scope("tokens");
    let embedding = [Embedding { vocabulary: 60, size: 16 }.into(), Dropout { per_mille: 100 }.into()];
    let mut at = b.chain(b.input(), embedding).unwrap();
    let functions = CellFunction::ALL.into_iter().cycle();
    let node = |(reads, function)| CellNode { reads, function };
    let reads = std::iter::once(None).chain(reads.iter().copied().map(Some));
    let cell = Cell { size: 16, nodes: reads.zip(functions).map(node).collect() };
    for layer in 1..=2 {
        b.scope(format!("layer {layer}"));
        at = b.chain(at, [cell.clone().into(), Dropout { per_mille: 100 }.into()]).unwrap();
    }
    b.scope("head");
    let out = b.add(Conv1d { bias: true, ..Conv1d::same(60, 1, 1) }, &[at]).unwrap();
    b.finish(out).unwrap().canonical()
}

/// A network for small images, two stages, as the synthetic study's questions describe it.
pub fn searched(
    width: usize,
    depth: usize,
    kernel: usize,
    expansion: usize,
    skip: bool,
    norm: bool,
) -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[1, 8, 8]));
    let mut at = b.input();
    let layer = |conv: Conv2d, act: bool| {
        let mut ops: Vec<Op> = vec![Conv2d { bias: !norm, ..conv }.into()];
        ops.extend(norm.then(|| BatchNorm {}.into()));
        ops.extend(act.then(|| Activation::Relu.into()));
        ops
    };
    for (stage, width) in [(1, width), (2, width * 2)] {
        b.scope(format!("stage {stage}"));
        at = if stage > 1 { b.add(halve(), &[at]).unwrap() } else { at };
        for block in 0..depth {
            let entry = at;
            if expansion > 1 {
                let inside = width * expansion;
                at = b.chain(at, layer(Conv2d::same(inside, 1, 1), true)).unwrap();
                at = b.chain(at, layer(Conv2d::depthwise(inside, kernel, 1), true)).unwrap();
                at = b.chain(at, layer(Conv2d::same(width, 1, 1), false)).unwrap();
            } else {
                at = b.chain(at, layer(Conv2d::same(width, kernel, 1), true)).unwrap();
            }
            at = if skip && block > 0 { b.add(Add {}, &[entry, at]).unwrap() } else { at };
        }
    }
    b.scope("head");
    let head: [Op; 2] = [GlobalAveragePool {}.into(), Linear { features: 10, bias: true }.into()];
    let out = b.chain(at, head).unwrap();
    b.finish(out).unwrap().canonical()
}

/// Five hidden layers, four of them alike.
pub fn mlp() -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[1, 8, 8]));
    let mut at = b.add(Flatten {}, &[b.input()]).unwrap();
    for (layer, width) in [64, 64, 64, 64, 32].into_iter().enumerate() {
        b.scope(format!("layer {}", layer + 1));
        let ops: [Op; 3] = [
            Linear { features: width, bias: true }.into(),
            Activation::Gelu.into(),
            Dropout { per_mille: 200 }.into(),
        ];
        at = b.chain(at, ops).unwrap();
    }
    b.scope("head");
    let out = b.add(Linear { features: 10, bias: true }, &[at]).unwrap();
    b.finish(out).unwrap().canonical()
}

/// Inverted bottlenecks and plain blocks with skips, about forty operations.
pub fn residual() -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[3, 32, 32]));
    let mut at = b.input();
    for (stage, width) in [(1usize, 24usize), (2, 48), (3, 96)] {
        b.scope(format!("stage {stage}"));
        at = if stage > 1 { b.add(halve(), &[at]).unwrap() } else { at };
        for block in 0..2 {
            let entry = at;
            if stage == 2 {
                at = b.chain(at, layer(Conv2d::same(width * 4, 1, 1))).unwrap();
                at = b.chain(at, layer(Conv2d::depthwise(width * 4, 5, 1))).unwrap();
                at = b.chain(at, [Conv2d::same(width, 1, 1).into(), BatchNorm {}.into()]).unwrap();
            } else {
                at = b.chain(at, layer(Conv2d::same(width, 3, 1))).unwrap();
            }
            if block > 0 {
                at = b.add(Add {}, &[entry, at]).unwrap();
            }
        }
    }
    b.scope("head");
    let head: [Op; 2] = [GlobalAveragePool {}.into(), Linear { features: 10, bias: true }.into()];
    let out = b.chain(at, head).unwrap();
    b.finish(out).unwrap().canonical()
}

/// The macro skeleton of NAS-Bench-201 (Dong & Yang 2020, arXiv:2001.00326), with as many cells a stage as told.
/// Operations are 0 none, 1 skip, 2 conv 1×1, 3 conv 3×3, 4 average pooling, for the edges 0→1 0→2 1→2 0→3 1→3 2→3.
pub fn cells(ops: [usize; 6], cells: usize) -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[3, 32, 32]));
    b.scope("stem");
    let mut at = b.chain(b.input(), [Conv2d::same(16, 3, 1).into(), BatchNorm {}.into()]).unwrap();
    let mut width = 16;
    for stage in 1..=3 {
        if stage > 1 {
            width *= 2;
            b.scope(format!("reduction {}", stage - 1));
            let main: [Op; 6] = [
                Activation::Relu.into(),
                Conv2d::same(width, 3, 2).into(),
                BatchNorm {}.into(),
                Activation::Relu.into(),
                Conv2d::same(width, 3, 1).into(),
                BatchNorm {}.into(),
            ];
            let main = b.chain(at, main).unwrap();
            let pool = Pool2d { kind: PoolKind::Average, kernel: 2, stride: 2, padding: 0 };
            let side = b.chain(at, [pool.into(), Conv2d::same(width, 1, 1).into()]).unwrap();
            at = b.add(Add {}, &[main, side]).unwrap();
        }
        for cell in 1..=cells {
            b.scope(format!("stage {stage} / cell {cell}"));
            at = draw_cell(&mut b, at, width, ops);
        }
    }
    b.scope("head");
    let head: [Op; 4] = [
        BatchNorm {}.into(),
        Activation::Relu.into(),
        GlobalAveragePool {}.into(),
        Linear { features: 10, bias: true }.into(),
    ];
    let out = b.chain(at, head).unwrap();
    b.finish(out).unwrap().canonical()
}

fn draw_cell(b: &mut ArchitectureBuilder, input: NodeId, width: usize, ops: [usize; 6]) -> NodeId {
    let edge = |b: &mut ArchitectureBuilder, from: NodeId, op: usize| {
        let shape = b.shape(from).clone();
        match op {
            0 => b.add(Zero { shape }, &[]).unwrap(),
            1 => b.add(Identity {}, &[from]).unwrap(),
            4 => {
                b.add(Pool2d { kind: PoolKind::Average, kernel: 3, stride: 1, padding: 1 }, &[from]).unwrap()
            }
            op => {
                let conv = Conv2d::same(width, if op == 2 { 1 } else { 3 }, 1);
                b.chain(from, [Activation::Relu.into(), conv.into(), BatchNorm {}.into()]).unwrap()
            }
        }
    };
    let one = edge(b, input, ops[0]);
    let two = [edge(b, input, ops[1]), edge(b, one, ops[2])];
    let two = b.add(Add {}, &two).unwrap();
    let three = [edge(b, input, ops[3]), edge(b, one, ops[4]), edge(b, two, ops[5])];
    b.add(Add {}, &three).unwrap()
}

/// Attention over the tokens of a text beside a bag of its n-grams.
pub fn text() -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[64 + 128]));
    b.scope("tokens");
    let codes = b.add(Slice { from: 0, len: 64 }, &[b.input()]).unwrap();
    let embedding = [Embedding { vocabulary: 2000, size: 32 }.into(), PositionEmbedding {}.into()];
    let mut at = b.chain(codes, embedding).unwrap();
    for block in 0..2 {
        b.scope(format!("tokens / block {block}"));
        let attended = b
            .add(
                SelfAttention { heads: 4, key_heads: 4, causal: false, relative: Relative::None },
                &[at, codes],
            )
            .unwrap();
        let sum = b.add(Add {}, &[at, attended]).unwrap();
        at = b.add(LayerNorm {}, &[sum]).unwrap();
    }
    let pooled = b.add(MaskedPool { kind: PoolKind::Average }, &[at, codes]).unwrap();
    b.scope("grams");
    let grams = b.add(Slice { from: 64, len: 128 }, &[b.input()]).unwrap();
    let bag = b.add(EmbeddingBag { vocabulary: 4096, size: 16 }, &[grams]).unwrap();
    b.scope("head");
    let both = b.add(Concat {}, &[pooled, bag]).unwrap();
    let out = b.add(Linear { features: 7, bias: true }, &[both]).unwrap();
    b.finish(out).unwrap().canonical()
}
