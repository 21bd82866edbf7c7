//! Exported networks load back as they were, and every operation is written in every format.
//!
//! That ONNX Runtime, tract and PyTorch answer as we do is checked in continuous integration, on more of these networks.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod networks;
mod pruned;

use nascent::core::Settings;
use nascent::core::architecture::op::{Conv1d, Embedding, Gru, Pool1d, PoolKind, Relative, SelfAttention};
use nascent::core::architecture::{Architecture, ArchitectureBuilder, NodeId, Op, Shape, SlotKind, slots};
use nascent::exporters::int8::{Counts, fold};
use nascent::exporters::onnx::format::{DataType, ModelProto, ValueInfoProto};
use nascent::exporters::{Model, all, find, onnx};
use nascent::train::{Device, Network, TrainStep, Weights};
use networks::Case;
use prost::Message;
use std::collections::BTreeSet;

fn cases() -> Vec<Case> {
    let random = networks::spaces().flat_map(|space| (0..12).map(move |n| networks::random(space, n)));
    random.chain(networks::by_hand()).collect()
}

#[test]
fn every_operation_is_written_in_every_format() {
    let mut met = BTreeSet::new();
    for case in cases() {
        met.extend(case.graph.nodes().iter().map(|n| n.op.name()));
        let model = networks::model(&case);
        for exporter in all() {
            let files = (exporter.files)(&model).unwrap_or_else(|e| panic!("{}: {e}", case.name));
            assert!(files.iter().all(|file| !file.bytes.is_empty()), "{}", case.name);
            let again = (exporter.files)(&model).unwrap();
            assert_eq!(files, again, "{}: the same network gives the same files", case.name);
        }
    }
    assert_eq!(met.len(), 32, "{met:?}");
}

#[test]
fn what_continues_text_is_written_step_by_step_and_keeps_as_much_as_is_said() {
    let mut met = BTreeSet::new();
    for case in cases() {
        let model = networks::model(&case);
        let Some(continued) = networks::continued(&case) else {
            let said = onnx::stepwise(&model).unwrap_err().to_string();
            let is_clear =
                ["only one that answers each token", "cannot be written: "].map(|x| said.contains(x));
            assert!(is_clear.contains(&true), "{}: {said}", case.name);
            continue;
        };
        let apart = continued.iter().zip(&case.answers).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 1e-3, "{}: {apart} from the whole network", case.name);
        let file = onnx::stepwise(&model).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        let entry = |key: &str| {
            let entry = file.metadata_props.iter().find(|entry| entry.key.as_deref() == Some(key)).unwrap();
            serde_json::from_str::<serde_json::Value>(entry.value.as_ref().unwrap()).unwrap()
        };
        let (states, window) = (entry("nascent.states"), entry("nascent.window"));
        let states = states.as_array().unwrap();
        let listed = |part: &str, first: &str| -> Vec<String> {
            let names = states.iter().map(|state| state[part].as_str().unwrap().to_string());
            std::iter::once(first.to_string()).chain(names).collect()
        };
        let graph = file.graph.as_ref().unwrap();
        let named = |infos: &[ValueInfoProto]| -> Vec<String> {
            infos.iter().map(|info| info.name.clone().unwrap()).collect()
        };
        assert_eq!(named(&graph.input), listed("input", "tokens"), "{}", case.name);
        assert_eq!(named(&graph.output), listed("output", "logits"), "{}", case.name);
        // Where nothing is delayed for longer than a window looks ahead, what is kept is what the metric says.
        let numbers = |state: &serde_json::Value| -> u64 {
            let extents = state["shape"].as_array().unwrap().iter().filter_map(serde_json::Value::as_u64);
            extents.map(|n| if n == 0 { window.as_u64().unwrap_or(0) } else { n }).product()
        };
        let floats = states.iter().filter(|state| state["type"] == "float32");
        met.extend(
            floats.clone().map(|s| s["input"].as_str().unwrap().rsplit('.').next().unwrap().to_string()),
        );
        let held = |state: &&serde_json::Value| state["input"].as_str().unwrap().contains(".held");
        let kept: u64 = floats.filter(|state| !held(state)).map(numbers).sum();
        assert_eq!(4 * kept, case.graph.cache_bytes(), "{}", case.name);
    }
    assert!(
        ["keys", "values", "window", "state", "memory", "held0"].iter().all(|part| met.contains(*part)),
        "{met:?}"
    );
}

#[test]
fn what_looks_ahead_is_not_written_step_by_step() {
    let refused = |build: &dyn Fn(&mut ArchitectureBuilder, NodeId) -> NodeId| {
        let mut b = ArchitectureBuilder::new(Shape::new(&[6]));
        let vectors = b.add(Embedding { vocabulary: 5, size: 4 }, &[b.input()]).unwrap();
        let output = build(&mut b, vectors);
        let graph = b.finish(output).unwrap();
        let weights = Weights::fresh(&graph, 1);
        onnx::stepwise(&Model::new("ahead", &graph, &weights.values).unwrap()).unwrap_err().to_string()
    };
    let window = || Conv1d::same(4, 3, 1);
    let said = refused(&|b, at| b.add(window(), &[at]).unwrap());
    assert!(said.contains("depend on tokens that follow, 1 of them"), "{said}");
    let said = refused(&|b, at| b.chain(at, [window().into(), Gru { size: 4 }.into()]).unwrap());
    assert!(said.contains("is behind the tokens by 1"), "{said}");
    let attention = SelfAttention { heads: 2, key_heads: 1, causal: false, relative: Relative::None };
    let said = refused(&|b, at| b.add(attention.clone(), &[at]).unwrap());
    assert!(said.contains("attends to tokens that follow"), "{said}");
    let said = refused(&|b, at| {
        let pool = Pool1d { kind: PoolKind::Max, kernel: 3, stride: 1, padding: 1 };
        b.add(pool, &[at]).unwrap()
    });
    assert!(said.contains("cannot be continued through it"), "{said}");
}

#[test]
fn safetensors_load_back_to_the_same_answers_to_the_bit() {
    for case in cases() {
        let folder = tempfile::tempdir().unwrap();
        let model = Model::new(&case.name, &case.graph, &case.weights.values).unwrap();
        for file in (find("safetensors").unwrap().files)(&model).unwrap() {
            std::fs::write(folder.path().join(file.name), file.bytes).unwrap();
        }
        let text = std::fs::read_to_string(folder.path().join("architecture.json")).unwrap();
        let graph: Architecture = serde_json::from_str(&text).unwrap();
        assert_eq!(graph, case.graph, "{}", case.name);
        let weights = Weights::load(&folder.path().join("model.safetensors"), &graph).unwrap();
        let read = networks::read(&case);
        let mut network = Network::new(graph, weights, &Settings::default(), 0, Device::Cpu);
        let bits = |answers: &[f32]| answers.iter().map(|a| a.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&network.eval_batch(&read)), bits(&case.answers), "{}", case.name);
    }
}

#[test]
fn whole_numbers_answer_nearly_the_same() {
    let mut lost = Vec::new();
    for case in cases() {
        let whole = networks::int8(&case);
        let file = ModelProto::decode(&whole.file[..]).unwrap().graph.unwrap();
        let count = |op: &str| file.node.iter().filter(|node| node.op_type.as_deref() == Some(op)).count();
        assert_eq!(count("QuantizeLinear"), whole.grids.len(), "{}", case.name);
        assert!(count("DequantizeLinear") >= whole.grids.len(), "{}", case.name);
        let of = |name: &str| file.initializer.iter().find(|c| c.name.as_deref() == Some(name)).unwrap();
        for slot in slots(&whole.folded.graph) {
            let op = &whole.folded.graph.nodes()[slot.node.index()].op;
            if matches!(op, Op::Conv2d(_) | Op::Conv1d(_) | Op::Linear(_)) && slot.kind == SlotKind::Weight {
                let weights = of(&slot.name);
                assert_eq!(weights.data_type, Some(DataType::Int8 as i32), "{}: {}", case.name, slot.name);
                assert_eq!(
                    weights.raw_data.as_ref().unwrap().len(),
                    slot.len(),
                    "{}: {}",
                    case.name,
                    slot.name
                );
            }
        }
        // Every layer reads whole numbers: codes alone are not rounded.
        let counts = Counts::new(&whole.folded, &whole.grids);
        let is_layer = |op: &Op| matches!(op, Op::Conv2d(_) | Op::Conv1d(_) | Op::Linear(_));
        let layers = whole.folded.graph.nodes().iter().filter(|node| is_layer(&node.op)).count();
        assert_eq!(counts.layers, layers, "{}", case.name);
        let largest = case.answers.iter().fold(1.0f32, |most, a| most.max(a.abs()));
        let apart = case.answers.iter().zip(&whole.answers).map(|(a, b)| (a - b).abs() / largest);
        lost.push(apart.fold(0.0, f32::max));
    }
    // Random weights have channels of all sizes, so that some lose much; most lose little.
    lost.sort_by(f32::total_cmp);
    assert!(lost.iter().all(|apart| apart.is_finite()) && lost[lost.len() / 2] < 0.04, "{lost:?}");
}

#[test]
fn norms_become_part_of_the_layers_before_them() {
    let mut met = 0;
    for case in cases() {
        let folded = fold(&case.graph, &case.weights.values).unwrap();
        let norms =
            |graph: &Architecture| graph.nodes().iter().filter(|n| matches!(n.op, Op::BatchNorm(_))).count();
        met += norms(&case.graph) - norms(&folded.graph);
        let weights = Weights { slots: slots(&folded.graph), values: folded.values };
        let mut network = Network::new(folded.graph, weights, &Settings::default(), 0, Device::Cpu);
        let largest = case.answers.iter().fold(1.0f32, |most, a| most.max(a.abs()));
        for (a, b) in case.answers.iter().zip(network.eval_batch(&networks::read(&case))) {
            assert!((a - b).abs() <= 1e-4 * largest, "{}: {a} became {b}", case.name);
        }
    }
    assert!(met > 30, "{met}");
}

#[test]
fn weights_and_preprocessing_of_another_network_are_refused() {
    let (one, other) = (networks::random("convnet", 0), networks::random("convnet", 2));
    let wrong = Model::new("wrong", &one.graph, &other.weights.values).unwrap_err().to_string();
    assert!(wrong.contains("they belong to another network"), "{wrong}");
    let model = Model::new("right", &one.graph, &one.weights.values).unwrap();
    let stranger = networks::random("nb201", 5).preprocessing.unwrap();
    let wrong = model.with_preprocessing(&stranger).unwrap_err().to_string();
    assert!(wrong.contains("they belong to different networks"), "{wrong}");
    let unknown = find("tflite").unwrap_err().to_string();
    assert_eq!(unknown, "there is no format \"tflite\"; there are: onnx, safetensors, pytorch");
}
