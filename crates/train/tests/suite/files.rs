use crate::graphs;
use nascent_core::Settings;
use nascent_train::{Device, Network, TrainStep, Wanted, Weights, training_bytes};

#[test]
fn what_is_saved_is_what_is_loaded_and_nothing_else_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let graph = graphs::random(3, false);
    let mut network =
        Network::new(graph.clone(), Weights::fresh(&graph, 3), &Settings::default(), 3, Device::Cpu);
    let inputs = graphs::normal(6 * graph.input_shape().len() as usize, 3);
    network.train_batch(&inputs, Wanted::Classes(&[0, 1, 2, 0, 1, 2]), 0.01);
    network.weights().save(&path).unwrap();
    let loaded = Weights::load(&path, &graph).unwrap();
    assert_eq!(&loaded, network.weights());
    let mut again = Network::new(graph.clone(), loaded, &Settings::default(), 9, Device::Cpu);
    assert_eq!(again.eval_batch(&inputs), network.eval_batch(&inputs));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let names: Vec<&str> = network.weights().slots.iter().map(|s| s.name.as_str()).collect();
    assert!(names.iter().any(|n| n.ends_with("batchnorm.running_variance")), "{names:?}");
}

#[test]
fn a_file_of_another_network_or_none_at_all_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let (graph, other) = (graphs::random(3, false), graphs::random(4, false));
    let error = |path| Weights::load(path, &graph).unwrap_err().to_string();
    assert!(error(&path).contains("model.safetensors: cannot be read"));
    Weights::fresh(&other, 0).save(&path).unwrap();
    assert!(error(&path).contains("belongs to another network"), "{}", error(&path));
    let mut narrow = Weights::fresh(&graph, 0);
    let at = narrow.slots.len() - 1;
    narrow.slots[at].shape = vec![1];
    narrow.values[at].truncate(1);
    narrow.save(&path).unwrap();
    assert!(error(&path).contains("is F32 [1], the network needs F32 [3]"), "{}", error(&path));
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(error(&path).contains("is not a whole safetensors file"), "{}", error(&path));
    let nowhere = folder.path().join("missing").join("model.safetensors");
    assert!(narrow.save(&nowhere).unwrap_err().to_string().contains("cannot be written"));
}

#[test]
fn a_device_that_this_build_lacks_is_named_beside_those_it_has() {
    assert_eq!("cpu".parse::<Device>(), Ok(Device::Cpu));
    let error = "tpu".parse::<Device>().unwrap_err().to_string();
    assert!(error.contains("\"tpu\"") && error.contains("cpu"), "{error}");
}

#[test]
fn memory_grows_with_the_batch() {
    let graph = graphs::random(5, false);
    let more = training_bytes(&graph, 65) - training_bytes(&graph, 64);
    assert!(more > 0 && training_bytes(&graph, 66) - training_bytes(&graph, 65) == more);
    assert!(training_bytes(&graph, 0) >= 16 * graph.cost().params);
}
