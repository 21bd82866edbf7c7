//! Random small networks that together use every operation.

use nascent_core::architecture::op::*;
use nascent_core::architecture::{Architecture, ArchitectureBuilder, NodeId, Op, Shape};
use nascent_core::rng::Rng;

/// Functions without kinks, for checks that differentiate numerically, and then the one with a kink.
const FUNCTIONS: [Activation; 5] =
    [Activation::Silu, Activation::Gelu, Activation::Tanh, Activation::Sigmoid, Activation::Relu];

/// A network of about ten operations on a small image, ending in three classes; without kinks if `smooth`.
pub fn random(seed: u64, smooth: bool) -> Architecture {
    let mut rng = Rng::new(seed, 0);
    let side = 4 + rng.below(5);
    let mut b = ArchitectureBuilder::new(Shape::new(&[1 + rng.below(3), side, side + rng.below(3)]));
    let mut at = b.input();
    for _ in 0..4 + rng.below(4) {
        at = random_step(&mut b, at, &mut rng, smooth);
    }
    at = if rng.below(2) == 0 {
        b.add(GlobalAveragePool {}, &[at]).unwrap()
    } else {
        b.add(Flatten {}, &[at]).unwrap()
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

/// `n` numbers from the standard normal distribution.
pub fn normal(n: usize, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed, 9);
    (0..n).map(|_| rng.normal() as f32).collect()
}
