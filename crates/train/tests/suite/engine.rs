//! The compiled engine against Burn on real data.

use nascent_core::Settings;
use nascent_core::architecture::op::*;
use nascent_core::architecture::{Architecture, ArchitectureBuilder, Op};
use nascent_core::rng::Rng;
use nascent_data::{Examples, Metric, Targets, Task, registry};
use nascent_train::{Device, Network, TrainStep, Wanted, Weights, evaluate, left_to_burn};

fn network(task: &Task) -> Architecture {
    let mut b = ArchitectureBuilder::new(task.signature().shape().clone());
    let part = |channels| -> [Op; 3] {
        [Conv2d::same(channels, 3, 1).into(), BatchNorm {}.into(), Activation::Relu.into()]
    };
    let pool: Op = Pool2d { kind: PoolKind::Max, kernel: 2, stride: 2, padding: 0 }.into();
    let head =
        [pool, GlobalAveragePool {}.into(), Linear { features: task.classes().len(), bias: true }.into()];
    let at = b.chain(b.input(), part(8).into_iter().chain(part(16)).chain(head)).unwrap();
    b.finish(at).unwrap()
}

/// Accuracy on the validation part after three epochs.
fn accuracy(
    graph: &Architecture,
    (train, validation): (&Examples, &Examples),
    seed: u64,
    kernels: bool,
) -> f64 {
    let settings = Settings { batch_size: 32, learning_rate: 0.01, ..Settings::default() };
    let weights = Weights::fresh(graph, seed);
    let mut network =
        Network::new(graph.clone(), weights, &settings, seed, Device::Cpu).with_kernels(kernels);
    assert_eq!(network.left_to_burn().is_none(), kernels);
    let mut rng = Rng::new(seed, 5);
    for _ in 0..3 {
        let mut order: Vec<usize> = (0..train.len()).collect();
        rng.shuffle(&mut order);
        for rows in order.chunks(32) {
            let mut inputs = Vec::new();
            train.gather(rows, &mut inputs).unwrap();
            let Targets::Classes { labels, .. } = train.targets.pick(rows) else { unreachable!() };
            network.train_batch(&inputs, Wanted::Classes(&labels), settings.learning_rate);
        }
    }
    evaluate(&mut network, validation, Metric::Accuracy).unwrap().metrics.value("accuracy").unwrap()
}

#[test]
fn three_epochs_on_digits_end_where_burns_do() {
    let task = registry::load("digits", 0).unwrap();
    let (graph, parts) = (network(&task), (task.train(), task.validation()));
    let parts = (&parts.0, &parts.1);
    let both: Vec<[f64; 2]> =
        (1..=5).map(|seed| [true, false].map(|kernels| accuracy(&graph, parts, seed, kernels))).collect();
    let mean = |i: usize| both.iter().map(|pair| pair[i]).sum::<f64>() / both.len() as f64;
    let spread = |i: usize| {
        (both.iter().map(|pair| (pair[i] - mean(i)).powi(2)).sum::<f64>() / (both.len() - 1) as f64).sqrt()
    };
    // They see the same batches from the same weights: rounding alone tells them apart, which is less than a seed does.
    assert!((mean(0) - mean(1)).abs() <= spread(1).max(0.005), "{both:?}");
    assert!(mean(0) > 0.8, "{both:?}");
}

#[test]
fn no_vector_instruction_is_a_call() {
    nascent_testkit::vectors_are_inlined();
}

#[test]
fn what_has_no_step_is_named() {
    let task = registry::load("digits", 0).unwrap();
    assert_eq!(left_to_burn(&network(&task)), None);
    let mut b = ArchitectureBuilder::new(task.signature().shape().clone());
    let wide = b.add(Conv2d::same(8, 1, 1), &[b.input()]).unwrap();
    let grouped = b.add(Conv2d { groups: 2, ..Conv2d::same(8, 3, 1) }, &[wide]).unwrap();
    let pooled = b.add(GlobalAveragePool {}, &[grouped]).unwrap();
    let output = b.add(Linear { features: 10, bias: true }, &[pooled]).unwrap();
    let graph = b.finish(output).unwrap();
    assert!(left_to_burn(&graph).is_some_and(|op| op.contains("conv")), "{:?}", left_to_burn(&graph));
}
