//! Training steps of the workloads that `cargo xtask bench engine` holds against PyTorch.
//!
//! `engine_time make FOLDER` writes each workload: its graph, first weights and a batch. `engine_time run FOLDER` trains one: the first line
//! out says how many parameters there are and what the first loss was; then each line in asks for that many seconds of steps and is
//! answered by the shortest, in milliseconds. The end of the input is answered by the peak memory. `engine_time peak` says how
//! many multiply-accumulates a second matrix products in the core's own cache reach.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

use nascent_core::architecture::op::*;
use nascent_core::architecture::{Architecture, ArchitectureBuilder, NodeId, Op, Shape};
use nascent_core::rng::Rng;
use nascent_core::{Optimizer, Settings, draw};
use nascent_spaces::{Nb201Cell, Nb201Op, Nb201Params};
use nascent_train::{Device, Network, TrainStep, Wanted, Weights, on_one_thread};
use std::io::BufRead;
use std::path::Path;
use std::time::Instant;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One of the workloads.
struct Workload {
    name: &'static str,
    graph: Architecture,
    batch: usize,
    optimizer: Optimizer,
}

/// The skeleton of NAS-Bench-201 with one cell a stage and 16 channels.
fn cells(edges: [Nb201Op; 6]) -> Architecture {
    let params = Nb201Params { cells: 1, ..Nb201Params::published() };
    let space = params.check(&Shape::new(&[3, 32, 32]), 10).unwrap();
    draw(&space, &space.decisions(Nb201Cell(edges))).unwrap().canonical()
}

fn chain(input: &[usize], outputs: usize, parts: Vec<Vec<Op>>) -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(input));
    let head = Linear { features: outputs, bias: true }.into();
    let out = b.chain(b.input(), parts.into_iter().flatten().chain([head])).unwrap();
    b.finish(out).unwrap()
}

fn normalised(op: impl Into<Op>) -> Vec<Op> {
    vec![op.into(), BatchNorm {}.into(), Activation::Relu.into()]
}

/// A stem of 16 channels and six depthwise-separable blocks from 16 to 64, two of them with a stride.
fn separable() -> Architecture {
    let mut parts = vec![normalised(Conv2d::same(16, 3, 1))];
    let mut channels = 16;
    for (block, outputs) in [16, 32, 32, 64, 64, 64].into_iter().enumerate() {
        let stride = if block == 1 || block == 3 { 2 } else { 1 };
        let depthwise = Conv2d { groups: channels, ..Conv2d::same(channels, 3, stride) };
        parts.extend([normalised(depthwise), normalised(Conv2d::same(outputs, 1, 1))]);
        channels = outputs;
    }
    parts.push(vec![GlobalAveragePool {}.into()]);
    chain(&[3, 32, 32], 10, parts)
}

fn rows() -> Architecture {
    let layer = || vec![Linear { features: 256, bias: true }.into(), Activation::Relu.into()];
    chain(&[64], 10, vec![layer(), layer()])
}

/// A causal transformer of four layers over 64 tokens out of 96, which is asked for one of 96 classes.
fn transformer() -> Architecture {
    let (tokens, size) = (64, 128);
    let mut b = ArchitectureBuilder::new(Shape::new(&[tokens]));
    let start = [Embedding { vocabulary: 97, size }.into(), PositionEmbedding {}.into()];
    let mut at = b.chain(b.input(), start).unwrap();
    for _ in 0..4 {
        let attention = SelfAttention { heads: 4, key_heads: 4, causal: true, relative: Relative::None };
        let other = b.chain(at, [LayerNorm {}.into(), attention.into()]).unwrap();
        at = b.add(Add {}, &[at, other]).unwrap();
        let wide = [
            LayerNorm {}.into(),
            Conv1d { bias: true, ..Conv1d::same(4 * size, 1, 1) }.into(),
            Activation::Gelu.into(),
            Conv1d { bias: true, ..Conv1d::same(size, 1, 1) }.into(),
        ];
        let other = b.chain(at, wide).unwrap();
        at = b.add(Add {}, &[at, other]).unwrap();
    }
    let head = [LayerNorm {}.into(), GlobalAveragePool {}.into(), Linear { features: 96, bias: true }.into()];
    let at: NodeId = b.chain(at, head).unwrap();
    b.finish(at).unwrap()
}

/// Three convolutions over series of 100 steps with six channels.
fn series() -> Architecture {
    let part = |channels, kernel| normalised(Conv1d::same(channels, kernel, 1));
    chain(&[6, 100], 10, vec![part(64, 9), part(128, 5), part(128, 3), vec![GlobalAveragePool {}.into()]])
}

fn workloads() -> Vec<Workload> {
    use Nb201Op::{NorConv3x3 as Conv, SkipConnect as Skip};
    let sgd = Optimizer::Sgd;
    // The best cell of the table on CIFAR-10, there number 6111.
    let best = [Conv, Conv, Conv, Skip, Conv, Conv];
    vec![
        Workload { name: "W1", graph: cells([Conv; 6]), batch: 64, optimizer: sgd },
        Workload { name: "W2", graph: cells(best), batch: 64, optimizer: sgd },
        Workload { name: "W3", graph: separable(), batch: 64, optimizer: sgd },
        Workload { name: "W4", graph: rows(), batch: 128, optimizer: sgd },
        Workload { name: "W5", graph: transformer(), batch: 32, optimizer: Optimizer::AdamW },
        Workload { name: "W7", graph: series(), batch: 32, optimizer: sgd },
    ]
}

/// What a step learns by; the weights of a compared step must move alike.
const RATE: f64 = 1e-3;

fn batch(workload: &Workload) -> (Vec<f32>, Vec<u32>) {
    let mut rng = Rng::new(1, 0);
    let len = workload.batch * workload.graph.input_shape().len() as usize;
    let is_text = workload.name == "W5";
    let number = |rng: &mut Rng| if is_text { 1.0 + rng.below(96) as f32 } else { rng.normal() as f32 };
    let inputs = (0..len).map(|_| number(&mut rng)).collect();
    let classes = workload.graph.output_shape().len() as usize;
    (inputs, (0..workload.batch).map(|_| rng.below(classes) as u32).collect())
}

fn make(folder: &Path) {
    for workload in workloads() {
        let folder = folder.join(workload.name);
        std::fs::create_dir_all(&folder).unwrap();
        let weights = Weights::fresh(&workload.graph, 1);
        let (inputs, labels) = batch(&workload);
        let bytes =
            |numbers: &mut dyn Iterator<Item = f32>| numbers.flat_map(f32::to_le_bytes).collect::<Vec<u8>>();
        std::fs::write(folder.join("weights.f32"), bytes(&mut weights.values.concat().into_iter())).unwrap();
        std::fs::write(folder.join("inputs.f32"), bytes(&mut inputs.into_iter())).unwrap();
        let labels: Vec<u8> = labels.into_iter().flat_map(u32::to_le_bytes).collect();
        std::fs::write(folder.join("labels.u32"), labels).unwrap();
        std::fs::write(folder.join("architecture.json"), serde_json::to_vec(&workload.graph).unwrap())
            .unwrap();
        let slots: Vec<_> = weights
            .slots
            .iter()
            .map(|slot| serde_json::json!({"name": slot.name, "shape": slot.shape}))
            .collect();
        let optimizer = if workload.optimizer == Optimizer::AdamW { "adamw" } else { "sgd" };
        let macs = 3 * workload.graph.cost().macs * workload.batch as u64;
        let plan = serde_json::json!({
            "batch": workload.batch, "input": workload.graph.input_shape(), "optimizer": optimizer, "rate": RATE,
            "macs": macs, "params": weights.params(), "slots": slots,
        });
        std::fs::write(folder.join("plan.json"), plan.to_string()).unwrap();
    }
}

fn run(name: &str) {
    let begun = Instant::now();
    let workload = workloads().into_iter().find(|w| w.name == name).unwrap();
    let (inputs, labels) = batch(&workload);
    let weights = Weights::fresh(&workload.graph, 1);
    let params = weights.params();
    let optimizer = workload.optimizer;
    let settings = Settings {
        optimizer,
        weight_decay: 0.0,
        clip_norm: 0.0,
        label_smoothing: 0.0,
        ..Settings::default()
    };
    let mut network = Network::new(workload.graph.clone(), weights, &settings, 1, Device::Cpu);
    if let Some(what) = network.left_to_burn() {
        println!("left to Burn: {what}");
    }
    let mut step = || network.train_batch(&inputs, Wanted::Classes(&labels), RATE);
    let loss = step();
    let first_ms = begun.elapsed().as_secs_f64() * 1e3;
    println!("{}", serde_json::json!({"params": params, "loss": loss, "first_ms": first_ms}));
    for line in std::io::stdin().lock().lines() {
        let seconds: f64 = line.unwrap().trim().parse().unwrap();
        let (begun, mut best, mut steps) = (Instant::now(), f64::INFINITY, 0);
        while begun.elapsed().as_secs_f64() < seconds || steps < 3 {
            let start = Instant::now();
            step();
            best = best.min(start.elapsed().as_secs_f64());
            steps += 1;
        }
        println!("{}", serde_json::json!({"ms": best * 1e3, "steps": steps}));
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|peak| peak.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
    println!("{}", serde_json::json!({"mb": kib.unwrap_or(f64::NAN) / 1024.0}));
}

/// Answers of layers whose weights and rows stay in the core's own cache.
fn peak() {
    let graph = chain(&[256], 256, vec![vec![Linear { features: 256, bias: false }.into()]]);
    let macs = 64.0 * graph.cost().macs as f64;
    let weights = Weights::fresh(&graph, 1);
    let mut network = Network::new(graph, weights, &Settings::default(), 1, Device::Cpu);
    let inputs = vec![0.5; 64 * 256];
    let mut best = f64::INFINITY;
    for _ in 0..2000 {
        let start = Instant::now();
        network.eval_batch(&inputs);
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{}", serde_json::json!({"gmacs": macs / best / 1e9}));
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", folder] => make(Path::new(folder)),
        ["run", name] => on_one_thread(|| run(name)).unwrap(),
        ["peak"] => on_one_thread(peak).unwrap(),
        _ => println!("engine_time make FOLDER | run NAME | peak"),
    }
}
