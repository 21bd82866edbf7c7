//! Answers of the networks that `cargo xtask bench inference` holds against other runtimes.
//!
//! `inference_time make FOLDER` writes each network as files, with inputs. `inference_time run FOLDER/NAME BATCH nascent|onnxruntime` lets one
//! answer on one thread: the first line out says what the first answers were; then each line in asks for that many seconds
//! of batches and is answered by the shortest, in milliseconds. The end of the input is answered by the peak memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::disallowed_methods)]

// Its other networks are for other programs.
#[allow(dead_code)]
#[path = "../tests/export/networks.rs"]
mod networks;

use nascent::core::architecture::Architecture;
use nascent::core::architecture::op::{Activation, Linear};
use nascent::core::rng::Rng;
use nascent::core::{Features, Settings, Signature, draw};
use nascent::device::OnnxRuntime;
use nascent::exporters::{Model, find};
use nascent::spaces::{Nb201Cell, Nb201Op, Nb201Params, registry};
use nascent::train::{Device, Network, TrainStep, Weights, on_one_thread};
use nascent_core::architecture::{ArchitectureBuilder, Shape};
use std::io::BufRead;
use std::path::Path;
use std::time::Instant;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Examples that are written; a batch has the first of them.
const EXAMPLES: usize = 32;

/// A network with what it reads.
struct Subject {
    name: &'static str,
    graph: Architecture,
    features: Features,
}

/// The reference network of a space.
fn reference(name: &'static str, features: Features, outputs: usize) -> Subject {
    let signature = Signature { features, outputs };
    let space = registry::build(name, &toml::Table::new(), &signature).unwrap();
    let graph = draw(&*space, &space.reference().unwrap()).unwrap().canonical();
    Subject { name, graph, features: signature.features }
}

/// The best cell of NAS-Bench-201 on CIFAR-10, there number 6111, one a stage, with 16 channels.
fn cells(features: Features) -> Subject {
    use Nb201Op::{NorConv3x3 as Conv, SkipConnect as Skip};
    let params = Nb201Params { cells: 1, ..Nb201Params::published() };
    let space = params.check(&Shape::new(&[3, 32, 32]), 10).unwrap();
    let cell = Nb201Cell([Conv, Conv, Conv, Skip, Conv, Conv]);
    let graph = draw(&space, &space.decisions(cell)).unwrap().canonical();
    Subject { name: "nb201", graph, features }
}

/// Two hidden layers of 256.
fn rows() -> Subject {
    let layer = || [Linear { features: 256, bias: true }.into(), Activation::Relu.into()];
    let mut b = ArchitectureBuilder::new(Shape::new(&[64]));
    let head = Linear { features: 10, bias: true }.into();
    let out = b.chain(b.input(), layer().into_iter().chain(layer()).chain([head])).unwrap();
    Subject { name: "mlp", graph: b.finish(out).unwrap(), features: Features::Vector { numbers: 64 } }
}

fn subjects() -> Vec<Subject> {
    let image = Features::Image { channels: 3, height: 32, width: 32 };
    let text = Features::Text { tokens: 32, vocabulary: 4_000, grams: 64, buckets: 20_000 };
    vec![
        cells(image.clone()),
        reference("convnet", image, 10),
        rows(),
        reference("text", text, 10),
        reference("language", Features::Tokens { length: 128, vocabulary: 67 }, 67),
    ]
}

fn subject(folder: &Path) -> (Subject, Weights, Vec<f32>) {
    let name = folder.file_name().unwrap_or_default();
    let subject = subjects().into_iter().find(|s| name == s.name).expect("one of the networks by name");
    let mut rng = Rng::new(1, 0);
    let weights = networks::lived_in(&subject.graph, &mut rng);
    let inputs = networks::inputs(EXAMPLES, &subject.features, None, &mut rng);
    (subject, weights, inputs)
}

fn make(folder: &Path) {
    for Subject { name, .. } in subjects() {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let (subject, weights, inputs) = subject(&folder);
        let model = Model::new(name, &subject.graph, &weights.values).unwrap();
        for file in ["onnx", "pytorch"].iter().flat_map(|to| (find(to).unwrap().files)(&model).unwrap()) {
            std::fs::write(folder.join(file.name), file.bytes).unwrap();
        }
        let bytes: Vec<u8> = inputs.into_iter().flat_map(f32::to_le_bytes).collect();
        std::fs::write(folder.join("inputs.f32"), bytes).unwrap();
        let cost = subject.graph.cost();
        let plan = serde_json::json!({
            "input": subject.graph.input_shape(), "params": cost.params, "macs": cost.macs,
        });
        println!("{name}: {} parameters, {} multiply-accumulates", cost.params, cost.macs);
        std::fs::write(folder.join("plan.json"), plan.to_string()).unwrap();
    }
}

/// Answers batches as they are asked for.
fn serve(begun: Instant, mut answer: impl FnMut() -> Vec<f32>) {
    let answers = answer();
    let squares = answers.iter().map(|a| f64::from(*a).powi(2)).sum::<f64>() / answers.len() as f64;
    let first_ms = begun.elapsed().as_secs_f64() * 1e3;
    let said = serde_json::json!({
        "first_answer": answers[0], "mean_of_squares": squares, "first_ms": first_ms,
    });
    println!("{said}");
    for line in std::io::stdin().lock().lines() {
        let seconds: f64 = line.unwrap().trim().parse().unwrap();
        let (begun, mut best, mut steps) = (Instant::now(), f64::INFINITY, 0);
        while begun.elapsed().as_secs_f64() < seconds || steps < 3 {
            let start = Instant::now();
            std::hint::black_box(answer());
            best = best.min(start.elapsed().as_secs_f64());
            steps += 1;
        }
        println!("{}", serde_json::json!({"ms": best * 1e3}));
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|peak| peak.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
    println!("{}", serde_json::json!({"mb": kib.unwrap_or(f64::NAN) / 1024.0}));
}

fn run(folder: &Path, batch: usize, runtime: &str) {
    let begun = Instant::now();
    let (Subject { graph, .. }, weights, inputs) = subject(folder);
    let extents = graph.input_shape().extents();
    let inputs = &inputs[..batch * extents.iter().product::<usize>()];
    if runtime == "onnxruntime" {
        let file = std::fs::read(folder.join("model.onnx")).unwrap();
        let mut loaded = OnnxRuntime::find().unwrap().load(&file).unwrap();
        return serve(begun, || loaded.answers(inputs, extents).unwrap());
    }
    let mut network = Network::new(graph.clone(), weights, &Settings::default(), 1, Device::Cpu);
    serve(begun, || network.eval_batch(inputs));
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", folder] => make(Path::new(folder)),
        ["run", folder, batch, runtime @ ("nascent" | "onnxruntime")] => {
            let batch = batch.parse().expect("how many examples");
            on_one_thread(|| run(Path::new(folder), batch, runtime)).unwrap();
        }
        _ => println!("inference_time make FOLDER | run FOLDER/NAME BATCH nascent|onnxruntime"),
    }
}
