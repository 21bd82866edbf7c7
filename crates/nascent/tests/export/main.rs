//! Exported networks load back as they were, and every operation is written in every format.
//!
//! That ONNX Runtime, tract and PyTorch answer as we do is checked in continuous integration, on more of these networks.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod networks;

use nascent::core::Settings;
use nascent::core::architecture::Architecture;
use nascent::exporters::{Model, all, find};
use nascent::train::{Device, Network, TrainStep, Weights};
use networks::Case;
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
    assert_eq!(met.len(), 30, "{met:?}");
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
