//! Networks that continue text: learned from every step, and asked token by token.

use nascent_core::Settings;
use nascent_core::architecture::op::*;
use nascent_core::architecture::{Architecture, ArchitectureBuilder, NodeId, Shape};
use nascent_core::rng::Rng;
use nascent_data::{Examples, Metric, Targets};
use nascent_train::{Continuation, Device, Lesson, Network, TrainStep, Wanted, Weights, evaluate};
use std::sync::Arc;

const VOCABULARY: usize = 11;
const LENGTH: usize = 10;

fn point(channels: usize) -> Conv1d {
    Conv1d { bias: true, ..Conv1d::same(channels, 1, 1) }
}

/// A network whose layers look back in each way that there is; its answers share the tokens' table where "tied" is among them.
fn network(size: usize, layers: &[&str]) -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[LENGTH]));
    let tokens = b.add(Embedding { vocabulary: VOCABULARY, size }, &[b.input()]).unwrap();
    let mut at = b.add(PositionEmbedding {}, &[tokens]).unwrap();
    for layer in layers.iter().filter(|layer| **layer != "tied") {
        let normed = b.add(LayerNorm {}, &[at]).unwrap();
        let mixed = mix(&mut b, layer, normed, size);
        at = b.add(Add {}, &[at, mixed]).unwrap();
    }
    let last = b.add(LayerNorm {}, &[at]).unwrap();
    let last = match layers.contains(&"tied") {
        true => b.add(TiedOutput { vocabulary: VOCABULARY, size }, &[last, tokens]),
        false => b.add(point(VOCABULARY), &[last]),
    };
    b.finish(last.unwrap()).unwrap()
}

fn mix(b: &mut ArchitectureBuilder, layer: &str, at: NodeId, size: usize) -> NodeId {
    let window = |kernel| Conv1d { bias: true, ..Conv1d::depthwise(size, kernel, 1) };
    match layer {
        "attention" => {
            b.add(SelfAttention { heads: 2, key_heads: 2, causal: true, relative: Relative::None }, &[at])
        }
        "rotary" => {
            b.add(SelfAttention { heads: 1, key_heads: 1, causal: true, relative: Relative::Rotary }, &[at])
        }
        "alibi" => {
            b.add(SelfAttention { heads: 2, key_heads: 2, causal: true, relative: Relative::Alibi }, &[at])
        }
        "grouped" => {
            b.add(SelfAttention { heads: 4, key_heads: 2, causal: true, relative: Relative::Rotary }, &[at])
        }
        "one key" => {
            b.add(SelfAttention { heads: 2, key_heads: 1, causal: true, relative: Relative::Alibi }, &[at])
        }
        "recurrence" => b.add(Gru { size }, &[at]),
        "lstm" => b.add(Lstm { size }, &[at]),
        "cell" => b.add(crate::graphs::cell(size, &mut Rng::new(size as u64, 1), false), &[at]),
        "window" => b.chain(at, [window(5).into(), Delay { steps: 2 }.into(), Activation::Silu.into()]),
        // At its end, the delay has lost what the window would see.
        "wide" => b.chain(at, [Delay { steps: 2 }.into(), Conv1d::same(size, 3, 1).into()]),
        _ => {
            let wide = b.chain(at, [point(2 * size).into(), Activation::Gelu.into()]).unwrap();
            let gate = b.chain(at, [point(2 * size).into(), Activation::Tanh.into()]).unwrap();
            let gated = b.add(Multiply {}, &[wide, gate]).unwrap();
            b.add(point(size), &[gated])
        }
    }
    .unwrap()
}

fn every() -> Architecture {
    network(
        8,
        &[
            "attention",
            "window",
            "alibi",
            "rotary",
            "grouped",
            "one key",
            "recurrence",
            "feed",
            "wide",
            "lstm",
            "cell",
        ],
    )
}

fn codes(count: usize, rng: &mut Rng) -> Vec<u32> {
    (0..count).map(|_| rng.below(VOCABULARY) as u32).collect()
}

fn inputs(codes: &[u32]) -> Vec<f32> {
    codes.iter().map(|code| *code as f32).collect()
}

#[test]
fn each_step_teaches_what_burn_says() {
    steps_are_those_of_burn(&every());
}

#[test]
fn a_table_that_answers_share_learns_from_both() {
    steps_are_those_of_burn(&network(6, &["window", "tied"]));
}

fn steps_are_those_of_burn(graph: &Architecture) {
    let settings = Settings { label_smoothing: 0.1, ..Settings::default() };
    let [mut ours, mut burns] = [true, false].map(|kernels| {
        let weights = Weights::fresh(graph, 5);
        Network::new(graph.clone(), weights, &settings, 1, Device::Cpu).with_kernels(kernels)
    });
    assert_eq!(ours.left_to_burn(), None);
    let mut rng = Rng::new(3, 0);
    for step in 0..4 {
        // Some steps are not asked: their code is 0.
        let (read, labels) = (codes(4 * LENGTH, &mut rng), codes(4 * LENGTH, &mut rng));
        // The text itself, or what another network says of it.
        let mut shares: Vec<f32> = (0..4 * LENGTH * VOCABULARY).map(|_| rng.unit() as f32).collect();
        for row in shares.chunks_exact_mut(VOCABULARY) {
            let sum: f32 = row.iter().sum();
            row.iter_mut().for_each(|share| *share /= sum);
        }
        let lesson = |temperature, part| Lesson { shares: &shares, temperature, part };
        let wanted = match step {
            0 => Wanted::Tokens(&labels),
            1 => Wanted::TokenShares { labels: &labels, lesson: lesson(1.0, 1.0) },
            _ => Wanted::TokenShares { labels: &labels, lesson: lesson(2.5, 0.7) },
        };
        let [a, b] = [&mut ours, &mut burns].map(|n| n.train_batch(&inputs(&read), wanted, 0.003));
        assert!((a - b).abs() < 1e-4 * b.abs(), "step {step}: {a} against {b}");
    }
    let read = inputs(&codes(3 * LENGTH, &mut rng));
    let (a, b) = (ours.eval_batch(&read), burns.eval_batch(&read));
    assert_eq!(a.len(), 3 * LENGTH * VOCABULARY);
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 2e-3), "{a:?} against {b:?}");
}

#[test]
fn what_is_not_asked_teaches_nothing() {
    let graph = every();
    let mut network =
        Network::new(graph.clone(), Weights::fresh(&graph, 5), &Settings::default(), 1, Device::Cpu);
    let read = inputs(&codes(2 * LENGTH, &mut Rng::new(1, 0)));
    assert_eq!(network.train_batch(&read, Wanted::Tokens(&[0; 2 * LENGTH]), 0.0), 0.0);
    // One step alone: the loss is that step's.
    let mut wanted = [0; 2 * LENGTH];
    wanted[LENGTH + 3] = 7;
    let loss = network.train_batch(&read, Wanted::Tokens(&wanted), 0.0);
    let answers = network.eval_batch(&read);
    let row: Vec<f64> = (0..VOCABULARY).map(|v| f64::from(answers[(VOCABULARY + v) * LENGTH + 3])).collect();
    let expected = row.iter().map(|x| x.exp()).sum::<f64>().ln() - row[7];
    assert!((loss - expected).abs() < 1e-5, "{loss} against {expected}");
}

#[test]
fn token_by_token_is_as_all_at_once() {
    for layers in [
        &["attention"][..],
        &["alibi"],
        &["rotary"],
        &["grouped"],
        &["one key"],
        &["window"],
        &["recurrence"],
        &["lstm"],
        &["cell"],
        &["cell", "lstm", "cell"],
        &["wide", "feed"],
        &["attention", "window", "recurrence"],
        &["recurrence", "tied"],
    ] {
        let graph = network(8, layers);
        let weights = Weights::fresh(&graph, 9);
        let mut whole = Network::new(graph.clone(), weights.clone(), &Settings::default(), 1, Device::Cpu);
        let mut rng = Rng::new(4, 0);
        let mut continuation = Continuation::new(&graph, &weights).unwrap();
        for _ in 0..2 {
            let read = codes(LENGTH, &mut rng);
            let answers = whole.eval_batch(&inputs(&read));
            for (step, code) in read.iter().enumerate() {
                let row = continuation.read_token(*code).unwrap();
                for (v, x) in row.iter().enumerate() {
                    let whole = answers[v * LENGTH + step];
                    assert!((x - whole).abs() < 1e-4, "{layers:?}, step {step}: {x} against {whole}");
                }
            }
            let error = continuation.read_token(2).unwrap_err().to_string();
            assert!(error.contains("10 tokens at once"), "{error}");
            continuation.restart();
        }
    }
}

#[test]
fn what_looks_ahead_is_refused() {
    let mut b = ArchitectureBuilder::new(Shape::new(&[LENGTH]));
    let at = b.add(Embedding { vocabulary: VOCABULARY, size: 4 }, &[b.input()]).unwrap();
    let ahead = b.chain(at, [Conv1d::same(4, 3, 1).into(), point(VOCABULARY).into()]).unwrap();
    let graph = b.finish(ahead).unwrap();
    let weights = Weights::fresh(&graph, 1);
    let error = Continuation::new(&graph, &weights).err().unwrap().to_string();
    assert!(error.contains("tokens that follow"), "{error}");
    let pictures = crate::graphs::random(3, false);
    let weights = Weights::fresh(&pictures, 1);
    assert!(Continuation::new(&pictures, &weights).is_err());
}

#[test]
fn text_is_learned_and_judged_by_bits_a_byte() {
    // A token is followed by the next but one of nine, whatever came before.
    let text: Vec<u32> = (0..400u32).map(|i| 2 + i * 2 % 9).collect();
    let windows: Vec<usize> = (0..text.len() - LENGTH).step_by(5).collect();
    let examples = Examples {
        shape: Shape::new(&[LENGTH]),
        inputs: windows.iter().flat_map(|at| inputs(&text[*at..at + LENGTH])).collect::<Vec<_>>().into(),
        targets: Targets::Tokens {
            vocabulary: VOCABULARY,
            length: LENGTH,
            labels: windows.iter().flat_map(|at| text[at + 1..=at + LENGTH].to_vec()).collect(),
            // Each token is two bytes.
            bytes: Arc::from([0, 0, 2, 2, 2, 2, 2, 2, 2, 2, 2]),
        },
    };
    let graph = network(8, &["attention", "feed"]);
    let mut network =
        Network::new(graph.clone(), Weights::fresh(&graph, 2), &Settings::default(), 1, Device::Cpu);
    let before = evaluate(&mut network, &examples, Metric::BitsPerByte).unwrap();
    let Targets::Tokens { labels, .. } = &examples.targets else { panic!("tokens") };
    let read = examples.all().unwrap();
    for _ in 0..150 {
        network.train_batch(&read, Wanted::Tokens(labels), 0.01);
    }
    let after = evaluate(&mut network, &examples, Metric::BitsPerByte).unwrap();
    let bits = |e: &nascent_train::Evaluation| e.metrics.value("bits_per_byte").unwrap();
    assert!(bits(&before) > 1.2 && bits(&after) < 0.1, "{before:?}, {after:?}");
    // Nats a token, bits a byte and perplexity are three ways to say one thing.
    assert!((after.loss / std::f64::consts::LN_2 / 2.0 - bits(&after)).abs() < 1e-5, "{after:?}");
    assert!((after.metrics.value("perplexity").unwrap() - after.loss.exp()).abs() < 1e-4, "{after:?}");
}

/// A text that is read in two halves teaches its parts what it teaches a network that sees all of it.
#[test]
fn what_is_read_goes_on_from_batch_to_batch() {
    let graph = |length: usize| {
        let mut b = ArchitectureBuilder::new(Shape::new(&[length]));
        let cell = crate::graphs::cell(7, &mut Rng::new(2, 1), false);
        let layers = [
            Embedding { vocabulary: VOCABULARY, size: 6 }.into(),
            Gru { size: 5 }.into(),
            LayerNorm {}.into(),
            Lstm { size: 9 }.into(),
            cell.into(),
            point(VOCABULARY).into(),
        ];
        let at = b.chain(b.input(), layers).unwrap();
        b.finish(at).unwrap()
    };
    let settings = Settings::default();
    let of = |length: usize, kernels: bool| {
        let graph = graph(length);
        let weights = Weights::fresh(&graph, 5);
        Network::new(graph, weights, &settings, 1, Device::Cpu).with_kernels(kernels)
    };
    let (rows, mut rng) = (3, Rng::new(3, 0));
    let (read, labels) = (codes(rows * 2 * LENGTH, &mut rng), codes(rows * 2 * LENGTH, &mut rng));
    let labels: Vec<u32> = labels.into_iter().map(|label| label.max(1)).collect();
    let half = |all: &[u32], part: usize| -> Vec<u32> {
        all.chunks(2 * LENGTH).flat_map(|row| row[part * LENGTH..][..LENGTH].to_vec()).collect()
    };
    let whole = of(2 * LENGTH, true).train_batch(&inputs(&read), Wanted::Tokens(&labels), 0.0);
    let learn = |network: &mut Network, follows: bool, part: usize| {
        network.follow(follows);
        let labels = half(&labels, part);
        network.train_batch(&inputs(&half(&read, part)), Wanted::Tokens(&labels), 0.0)
    };
    for kernels in [true, false] {
        let mut network = of(LENGTH, kernels);
        let first = learn(&mut network, false, 0);
        let (second, anew) = (learn(&mut network, true, 1), learn(&mut network, false, 1));
        assert!(((first + second) / 2.0 - whole).abs() < 1e-5 * whole, "{first}, {second} and {whole}");
        assert!((anew - second).abs() > 1e-4, "{anew} without what came before, {second} with it");
        // Answers between the batches do not change what is carried.
        let mut network = of(LENGTH, kernels);
        let mut steps = Vec::new();
        for asks in [false, true] {
            for (part, follows) in [(0, false), (1, true)] {
                steps.push(learn(&mut network, follows, part));
                if asks {
                    network.eval_batch(&inputs(&read));
                }
            }
        }
        assert_eq!(steps[..2], steps[2..]);
    }
    // Our steps learn what Burn's do where they go on, too.
    let [ours, burns] = [true, false].map(|kernels| {
        let mut network = of(LENGTH, kernels);
        let mut losses = Vec::new();
        for step in 0..6 {
            network.follow(step % 3 > 0);
            let labels = half(&labels, step % 2);
            losses.push(network.train_batch(&inputs(&half(&read, step % 2)), Wanted::Tokens(&labels), 0.01));
        }
        losses
    });
    for (a, b) in ours.iter().zip(&burns) {
        assert!((a - b).abs() < 1e-4 * b, "{ours:?} against {burns:?}");
    }
}
