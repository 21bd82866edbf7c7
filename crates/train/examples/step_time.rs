//! Times training steps of some networks on one thread, with our own kernels and with Burn's operations alone:
//! `cargo run --release -p nascent-train --example step_time`; `--json` prints it for programs, and a word measures only
//! the networks whose name has it.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

use nascent_core::Settings;
use nascent_core::architecture::op::*;
use nascent_core::architecture::{Architecture, ArchitectureBuilder, NodeId, Op, Shape};
use nascent_core::rng::Rng;
use nascent_train::{Device, Network, TrainStep, Wanted, Weights, on_one_thread};
use std::time::Instant;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 64;

fn convolution(channels: usize) -> [Op; 3] {
    [Conv2d::same(channels, 3, 1).into(), BatchNorm {}.into(), Activation::Relu.into()]
}

fn halved() -> Op {
    Pool2d { kind: PoolKind::Max, kernel: 2, stride: 2, padding: 0 }.into()
}

fn chain(input: &[usize], parts: Vec<Vec<Op>>) -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(input));
    let head = Linear { features: 10, bias: true }.into();
    let out = b.chain(b.input(), parts.into_iter().flatten().chain([head])).unwrap();
    b.finish(out).unwrap()
}

/// Convolutions of 32, 64 and 64 channels on 8×8 pixels.
fn small_images() -> Architecture {
    let parts = vec![
        convolution(32).to_vec(),
        convolution(64).to_vec(),
        vec![halved()],
        convolution(64).to_vec(),
        vec![halved(), Flatten {}.into()],
    ];
    chain(&[1, 8, 8], parts)
}

/// Convolutions of 16, 32, 64 and 128 channels on 28×28 pixels, halved between them.
fn images() -> Architecture {
    let mut parts = vec![convolution(16).to_vec()];
    for channels in [32, 64, 128] {
        parts.push(convolution(channels).to_vec());
        parts.push(vec![halved()]);
    }
    parts.push(vec![GlobalAveragePool {}.into()]);
    chain(&[1, 28, 28], parts)
}

/// The skeleton of NAS-Bench-201 with one cell a stage, 16 channels, and a convolution on every edge.
fn cells() -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[3, 32, 32]));
    let stem = [Conv2d::same(16, 3, 1).into(), BatchNorm {}.into()];
    let mut at = b.chain(b.input(), stem).unwrap();
    for stage in 0..3 {
        let channels = 16 << stage;
        if stage > 0 {
            let [first, norm, relu] =
                [Conv2d::same(channels, 3, 2).into(), BatchNorm {}.into(), Activation::Relu.into()];
            at = b.chain(at, [relu, first, norm]).unwrap();
        }
        let mut nodes: Vec<NodeId> = vec![at];
        for _ in 0..3 {
            let edge: Vec<NodeId> = nodes
                .iter()
                .map(|from| {
                    let [conv, norm, relu] = convolution(channels);
                    b.chain(*from, [relu, conv, norm]).unwrap()
                })
                .collect();
            nodes.push(b.add(Add {}, &edge).unwrap());
        }
        at = nodes[3];
    }
    let head = [GlobalAveragePool {}.into(), Linear { features: 10, bias: true }.into()];
    let out = b.chain(at, head).unwrap();
    b.finish(out).unwrap()
}

/// Convolutions of 64, 128 and 128 channels over series of 250 steps.
fn series() -> Architecture {
    let part = |channels, kernel| {
        vec![Conv1d::same(channels, kernel, 1).into(), BatchNorm {}.into(), Activation::Relu.into()]
    };
    chain(&[1, 250], vec![part(64, 9), part(128, 5), part(128, 3), vec![GlobalAveragePool {}.into()]])
}

/// Three layers of 128 on 30 numbers.
fn rows() -> Architecture {
    let layer = || {
        let linear = Linear { features: 128, bias: true };
        vec![linear.into(), LayerNorm {}.into(), Activation::Silu.into()]
    };
    chain(&[30], vec![layer(), layer(), layer()])
}

/// Seconds of a training step, the shortest of several.
fn seconds(graph: &Architecture, kernels: bool) -> f64 {
    let weights = Weights::fresh(graph, 1);
    let mut network =
        Network::new(graph.clone(), weights, &Settings::default(), 1, Device::Cpu).with_kernels(kernels);
    let mut rng = Rng::new(1, 0);
    let inputs: Vec<f32> =
        (0..BATCH as u64 * graph.input_shape().len()).map(|_| rng.normal() as f32).collect();
    let labels: Vec<u32> = (0..BATCH).map(|_| rng.below(10) as u32).collect();
    let mut best = f64::INFINITY;
    let begun = Instant::now();
    for step in 0.. {
        let start = Instant::now();
        network.train_batch(&inputs, Wanted::Classes(&labels), 1e-3);
        best = best.min(start.elapsed().as_secs_f64());
        if step >= 10 && begun.elapsed().as_secs_f64() > 2.0 {
            break;
        }
    }
    best
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (json, words): (Vec<_>, Vec<_>) = words.iter().partition(|w| *w == "--json");
    let networks = [
        ("8x8 images, 3 convolutions", small_images()),
        ("28x28 images, 4 convolutions", images()),
        ("32x32 images, 3 cells of NAS-Bench-201", cells()),
        ("series of 250 steps, 3 convolutions", series()),
        ("30 numbers, 3 linear layers", rows()),
    ];
    for (name, graph) in networks {
        if !words.iter().all(|w| name.contains(w.as_str())) {
            continue;
        }
        let (ours, burn) = on_one_thread(|| (seconds(&graph, true), seconds(&graph, false))).unwrap();
        if json.is_empty() {
            let macs = graph.cost().macs as f64 * 3.0 * BATCH as f64;
            println!(
                "{name}: {:.2} ms, {:.1} GMAC/s (Burn's operations: {:.2} ms)",
                ours * 1e3,
                macs / ours / 1e9,
                burn * 1e3
            );
        } else {
            println!(
                "{{\"what\": \"a training step, {name}\", \"seconds\": {ours:e}, \
                 \"baseline\": \"Burn's operations\", \"baseline_seconds\": {burn:e}}}"
            );
        }
    }
}
