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
                SlotKind::Positions => *value = noise,
                SlotKind::Weight | SlotKind::Embedding | SlotKind::Frequencies { .. } => {}
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
    for seed in 0..120 {
        let graph = graphs::random(seed, false);
        met.extend(graph.nodes().iter().map(|n| n.op.name()));
        let weights = lived_in(&graph, seed);
        let len = graph.input_shape().len() as usize;
        let inputs = graphs::inputs(&graph, BATCH, seed);
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
    assert_eq!(met.len(), 31, "{met:?}");
}

#[test]
fn shapes_params_and_macs_are_those_of_the_graph() {
    for seed in 0..30 {
        let graph = graphs::random(seed, false);
        let weights = Weights::fresh(&graph, seed);
        assert_eq!(weights.params(), graph.cost().params, "seed {seed}");
        let inputs = graphs::inputs(&graph, BATCH, seed);
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
            let places: usize = shape.extents()[1..].iter().product();
            let slots = weights.slots.iter().filter(|s| s.node.index() == i && s.kind == SlotKind::Weight);
            macs += slots.map(|slot| slot.len() * places).sum::<usize>();
            if matches!(graph.nodes()[i].op, Op::SelfAttention(_)) {
                // Every query meets every key, and every value every output.
                macs += 2 * places * shape.len() as usize;
            }
            if let Op::TiedOutput(op) = &graph.nodes()[i].op {
                // Its weights are those of an embedding.
                macs += op.size * shape.len() as usize;
            }
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
        let inputs = graphs::inputs(&graph, 16, seed);
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
        let inputs = graphs::inputs(&graph, batch, seed);
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
        let h = 2e-3;
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

/// A network of all that reads codes, on `tokens` of them.
fn reader(tokens: usize, causal: bool) -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[tokens]));
    let codes = b.input();
    let ops = [Embedding { vocabulary: 12, size: 4 }.into(), PositionEmbedding {}.into()];
    let steps = b.chain(codes, ops).unwrap();
    let attended = b
        .add(SelfAttention { heads: 2, key_heads: 2, causal, relative: Relative::None }, &[steps, codes])
        .unwrap();
    let steps = b.add(Add {}, &[steps, attended]).unwrap();
    let mean = b.add(MaskedPool { kind: PoolKind::Average }, &[steps, codes]).unwrap();
    let most = b.add(MaskedPool { kind: PoolKind::Max }, &[steps, codes]).unwrap();
    let bag = b.add(EmbeddingBag { vocabulary: 12, size: 3 }, &[codes]).unwrap();
    let all = b.add(Concat {}, &[mean, most, bag]).unwrap();
    b.finish(all).unwrap()
}

#[test]
fn padding_changes_no_answer_and_a_text_of_nothing_is_zeros() {
    for (causal, kernels) in [(false, true), (true, true), (false, false), (true, false)] {
        let (long, short) = (reader(9, causal), reader(5, causal));
        let weights = lived_in(&long, 1);
        let mut cut = weights.clone();
        cut.slots = Weights::fresh(&short, 1).slots;
        let positions = cut.slots.iter().position(|s| s.kind == SlotKind::Positions).unwrap();
        cut.values[positions] = weights.values[positions].chunks(9).flat_map(|c| c[..5].to_vec()).collect();
        let answers = |graph: &Architecture, weights: &Weights, input: &[f32]| {
            network(graph, weights.clone()).with_kernels(kernels).eval_batch(input)
        };
        let whole = answers(&short, &cut, &[3.0, 7.0, 11.0, 7.0, 1.0]);
        let padded = answers(&long, &weights, &[3.0, 7.0, 11.0, 7.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        let apart = whole.iter().zip(&padded).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 1e-6, "{whole:?} {padded:?}");
        // What stands at a padded step does not matter either, nor where the padding is.
        let mut other = weights.clone();
        other.values[positions].chunks_mut(9).for_each(|c| c[5..].fill(100.0));
        assert_eq!(answers(&long, &other, &[3.0, 7.0, 11.0, 7.0, 1.0, 0.0, 0.0, 0.0, 0.0]), padded);
        assert_eq!(answers(&long, &weights, &[0.0; 9]), [0.0; 11]);
        // Codes that are none are nothing.
        assert_eq!(
            answers(&long, &weights, &[12.0, -3.0, f32::NAN, 1e9, 0.0, 0.0, 0.0, 0.0, 0.0])[8..],
            [0.0; 3]
        );
    }
}

#[test]
fn only_the_rows_that_a_batch_reads_are_moved() {
    let mut b = ArchitectureBuilder::new(Shape::new(&[3]));
    let bag = b.add(EmbeddingBag { vocabulary: 1000, size: 2 }, &[b.input()]).unwrap();
    let graph = b.finish(bag).unwrap();
    let weights = Weights::fresh(&graph, 0);
    let settings = Settings { optimizer: Optimizer::AdamW, weight_decay: 0.5, ..Settings::default() };
    let mut network = Network::new(graph, weights.clone(), &settings, 0, Device::Cpu);
    network.train_batch(&[5.0, 0.0, 999.0, 5.0, 5.0, 1.0], Wanted::Classes(&[0, 1]), 0.1);
    network.train_batch(&[0.0; 6], Wanted::Classes(&[0, 1]), 0.1);
    let moved = |row: usize| {
        weights.values[0][2 * row..2 * row + 2] != network.weights().values[0][2 * row..2 * row + 2]
    };
    assert_eq!((0..999).filter(|row| moved(*row)).collect::<Vec<_>>(), [0, 4, 998]);
}
