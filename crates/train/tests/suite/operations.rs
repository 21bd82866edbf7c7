use crate::{graphs, reference};
use nascent_core::architecture::op::*;
use nascent_core::architecture::{Architecture, ArchitectureBuilder, NodeId, Op, Shape};
use nascent_core::{Optimizer, Settings};
use nascent_train::{Device, Network, SlotKind, TrainStep, Wanted, Weights};
use std::collections::BTreeSet;

const BATCH: usize = 3;

/// Weights whose norms remember something, so that forgetting to use it shows.
fn lived_in(graph: &Architecture, seed: u64) -> Weights {
    let mut weights = Weights::fresh(graph, seed);
    for (i, (slot, values)) in weights.slots.iter().zip(&mut weights.values).enumerate() {
        let noise = graphs::normal(values.len(), seed ^ i as u64);
        for (value, noise) in values.iter_mut().zip(noise) {
            match slot.kind {
                SlotKind::RunningVariance | SlotKind::Scale => *value = 0.5 + noise.abs(),
                SlotKind::RunningMean | SlotKind::Bias => *value = 0.3 * noise,
                SlotKind::Weight => {}
            }
        }
    }
    weights
}

fn settings() -> Settings {
    Settings { optimizer: Optimizer::Sgd, weight_decay: 0.0, clip_norm: 0.0, ..Settings::default() }
}

fn network(graph: &Architecture, weights: Weights) -> Network {
    Network::new(graph.clone(), weights, &settings(), 0, Device::Cpu)
}

#[test]
fn answers_equal_a_plain_reference_and_every_operation_is_met() {
    let mut met: BTreeSet<&str> = BTreeSet::new();
    for seed in 0..60 {
        let graph = graphs::random(seed, false);
        met.extend(graph.nodes().iter().map(|n| n.op.name()));
        let weights = lived_in(&graph, seed);
        let len = graph.input_shape().len() as usize;
        let inputs = graphs::normal(BATCH * len, seed);
        // With our own kernels, and with Burn alone.
        let ours = network(&graph, weights.clone()).eval_batch(&inputs);
        let burns = network(&graph, weights.clone()).with_kernels(false).eval_batch(&inputs);
        let inputs = inputs.chunks(len).cycle();
        for (input, row) in inputs.zip(ours.chunks(3).chain(burns.chunks(3))) {
            let expected = reference::answer(&graph, &weights, input);
            let size = expected.iter().fold(1.0f64, |m, x| m.max(x.abs()));
            for (got, expected) in row.iter().zip(&expected) {
                assert!(
                    (f64::from(*got) - expected).abs() < 2e-5 * size,
                    "seed {seed}: {row:?} {expected:?}"
                );
            }
        }
    }
    assert_eq!(met.len(), 13, "{met:?}");
}

#[test]
fn shapes_params_and_macs_are_those_of_the_graph() {
    for seed in 0..30 {
        let graph = graphs::random(seed, false);
        let weights = Weights::fresh(&graph, seed);
        assert_eq!(weights.params(), graph.cost().params, "seed {seed}");
        let inputs = graphs::normal(BATCH * graph.input_shape().len() as usize, seed);
        let mut macs = 0;
        for (i, shape) in graph.shapes().iter().enumerate() {
            // The network that ends at this node.
            let mut b = ArchitectureBuilder::new(graph.input_shape().clone());
            for node in &graph.nodes()[1..=i] {
                b.add(node.op.clone(), &node.inputs).unwrap();
            }
            let part = b.finish(NodeId(i as u32)).unwrap();
            let answers = network(&part, Weights::fresh(&part, seed)).eval_batch(&inputs);
            assert_eq!(answers.len() as u64, BATCH as u64 * shape.len(), "seed {seed}, node {i}");
            // Each weight is used once for each place its output channel has.
            let weight = weights.slots.iter().find(|s| s.node.index() == i && s.kind == SlotKind::Weight);
            macs += weight.map_or(0, |slot| {
                let outputs = if slot.shape.len() == 2 { slot.shape[1] } else { slot.shape[0] };
                slot.len() * answers.len() / BATCH / outputs
            });
        }
        assert_eq!(macs as u64, graph.cost().macs, "seed {seed}");
    }
}

/// One step of plain gradient descent at rate 1 shows all gradients: our kernels' must be Burn's.
#[test]
fn our_kernels_learn_what_burn_learns() {
    for seed in 0..200 {
        let graph = graphs::random(seed, false);
        let weights = Weights::fresh(&graph, seed);
        let inputs = graphs::normal(16 * graph.input_shape().len() as usize, seed);
        let labels: Vec<u32> = (0..16).map(|i| i % 3).collect();
        let stepped = |kernels| {
            let mut network = network(&graph, weights.clone()).with_kernels(kernels);
            let loss = network.train_batch(&inputs, Wanted::Classes(&labels), 1.0);
            (loss, network.weights().clone())
        };
        let ((our_loss, ours), (burns_loss, burns)) = (stepped(true), stepped(false));
        assert!(
            (our_loss - burns_loss).abs() <= 1e-5 * burns_loss.abs(),
            "seed {seed}: {our_loss} {burns_loss}"
        );
        let most = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let moved: Vec<f32> = burns.values.iter().zip(&weights.values).map(|(a, b)| most(a, b)).collect();
        // What comes right before a norm has gradients that cancel (a bias's to nothing), and a norm of features that
        // hardly vary magnifies roundings. That single operations are exact to 1e-5 is tested with the kernels.
        let rounding = 2e-4 * moved.iter().copied().fold(0.0, f32::max);
        for (i, slot) in weights.slots.iter().enumerate() {
            let apart = most(&ours.values[i], &burns.values[i]);
            let moved = moved[i];
            assert!(apart <= 1e-4 * moved + rounding, "seed {seed}, {}: {apart} of {moved}", slot.name);
        }
    }
}

/// One step of plain gradient descent at rate 1 shows the gradient; the loss along it must change as it says.
#[test]
fn gradients_predict_how_the_loss_changes() {
    for seed in 0..40 {
        let graph = graphs::random(seed, true);
        let weights = Weights::fresh(&graph, seed);
        let batch = 8;
        let inputs = graphs::normal(batch * graph.input_shape().len() as usize, seed);
        let labels: Vec<u32> = (0..batch as u32).map(|i| i % 3).collect();
        let mut stepped = network(&graph, weights.clone());
        stepped.train_batch(&inputs, Wanted::Classes(&labels), 1.0);
        let gradient: Vec<Vec<f64>> = weights
            .values
            .iter()
            .zip(&stepped.weights().values)
            .zip(&weights.slots)
            .map(|((old, new), slot)| {
                let trained = if slot.kind.is_trained() { 1.0 } else { 0.0 };
                old.iter().zip(new).map(|(o, n)| trained * (f64::from(*o) - f64::from(*n))).collect()
            })
            .collect();
        let norm = gradient.iter().flatten().map(|g| g * g).sum::<f64>().sqrt();
        let loss_at = |distance: f64| {
            let mut moved = weights.clone();
            for (values, gradient) in moved.values.iter_mut().zip(&gradient) {
                for (value, g) in values.iter_mut().zip(gradient) {
                    *value += (distance * g / norm) as f32;
                }
            }
            network(&graph, moved).train_batch(&inputs, Wanted::Classes(&labels), 0.0)
        };
        let h = 4e-3;
        let slope = (8.0 * (loss_at(h) - loss_at(-h)) - (loss_at(2.0 * h) - loss_at(-2.0 * h))) / (12.0 * h);
        assert!((slope / norm - 1.0).abs() < 5e-3, "seed {seed}: slope {slope}, norm {norm}");
    }
}

#[test]
fn norms_remember_a_tenth_of_each_batch_unbiased() {
    let mut b = ArchitectureBuilder::new(Shape::new(&[2]));
    let head: [Op; 2] = [BatchNorm {}.into(), Linear { features: 2, bias: true }.into()];
    let out = b.chain(b.input(), head).unwrap();
    let graph = b.finish(out).unwrap();
    let mut network = network(&graph, Weights::fresh(&graph, 0));
    network.train_batch(&[1.0, 0.0, 3.0, 0.0, 5.0, 6.0], Wanted::Classes(&[0, 1, 0]), 0.0);
    let remembered = |kind| {
        let weights = network.weights();
        weights.values[weights.slots.iter().position(|s| s.kind == kind).unwrap()].clone()
    };
    // torch.nn.BatchNorm1d(2) on the same three rows: running_mean [0.3, 0.2], running_var [1.3, 2.1].
    let close = |a: Vec<f32>, b: [f32; 2]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
    assert!(close(remembered(SlotKind::RunningMean), [0.3, 0.2]));
    assert!(close(remembered(SlotKind::RunningVariance), [1.3, 2.1]));
}

#[test]
fn dropout_drops_its_share_while_training_only() {
    let mut b = ArchitectureBuilder::new(Shape::new(&[2000]));
    let ops: [Op; 2] = [Dropout { per_mille: 250 }.into(), Linear { features: 2, bias: false }.into()];
    let out = b.chain(b.input(), ops).unwrap();
    let graph = b.finish(out).unwrap();
    let mut weights = Weights::fresh(&graph, 0);
    weights.values[0].iter_mut().for_each(|w| *w = 0.0);
    let mut network = network(&graph, weights);
    network.train_batch(&[1.0; 2000], Wanted::Classes(&[0]), 1.0);
    // At equal answers the gradient of each weight is half its input: 0 where dropped, else 1 / 0.75 of it.
    let first: Vec<f32> = network.weights().values[0].chunks(2).map(|w| w[0]).collect();
    let dropped = first.iter().filter(|w| **w == 0.0).count();
    assert!((430..570).contains(&dropped), "{dropped}");
    assert!(first.iter().all(|w| *w == 0.0 || (w - 0.5 / 0.75).abs() < 1e-6));
    let full: f32 = first.iter().sum();
    assert!((network.eval_batch(&[1.0; 2000])[0] - full).abs() < 1e-2);
}
