//! Exported networks load back as they were, and every operation is written in every format.
//!
//! That ONNX Runtime, tract and PyTorch answer as we do is checked in continuous integration, on more of these networks.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod networks;
mod pruned;

use nascent::core::Settings;
use nascent::core::architecture::{Architecture, Op, SlotKind, slots};
use nascent::exporters::int8::{Counts, fold};
use nascent::exporters::onnx::format::{DataType, ModelProto};
use nascent::exporters::{Model, all, find};
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
