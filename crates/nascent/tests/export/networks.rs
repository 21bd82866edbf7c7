//! Random networks of every space with weights that look trained, and inputs for them.

use nascent::core::architecture::op::*;
use nascent::core::architecture::{Architecture, ArchitectureBuilder, NodeId, Shape, SlotKind, slots};
use nascent::core::chooser::sample;
use nascent::core::rng::{Rng, mix};
use nascent::core::{Features, Settings, Signature, draw};
use nascent::data::preprocessing::ImageInputs;
use nascent::data::{Inputs, Preprocessing, Scale};
use nascent::exporters::int8::{Folded, Grids, Observed, fold, places, rounded};
use nascent::exporters::{Model, onnx};
use nascent::spaces::registry;
use nascent::train::{Continuation, Device, Network, TrainStep, Weights, tapped};
use std::collections::BTreeMap;

/// Examples of a batch.
pub const BATCH: usize = 3;

/// A network with what it answers.
pub struct Case {
    /// Such as `convnet-17`.
    pub name: String,
    pub graph: Architecture,
    pub weights: Weights,
    /// Where inputs are pictures.
    pub preprocessing: Option<Preprocessing>,
    /// What a user has: pixels, or what the network reads.
    pub inputs: Vec<f32>,
    /// The network's own answers, before they mean anything.
    pub answers: Vec<f32>,
}

/// Every space by name.
pub fn spaces() -> impl Iterator<Item = &'static str> {
    registry::names()
}

/// A random network of a space.
pub fn random(space: &str, number: u64) -> Case {
    let mut rng = Rng::new(mix(&[0xE4, number]), space.len() as u64);
    let features = features(space, &mut rng);
    // Every fourth answers a value.
    let outputs = if number % 4 == 3 { 1 } else { 2 + rng.below(9) };
    // What follows is one of the tokens.
    let outputs = if let Features::Tokens { vocabulary, .. } = features { vocabulary } else { outputs };
    let signature = Signature { features, outputs };
    let space_of = registry::build(space, &small(space), &signature).expect("the parameters are in range");
    let decisions = sample(&*space_of, &mut rng).expect("a member");
    let graph = draw(&*space_of, &decisions).expect("a graph");
    let is_image = matches!(signature.features, Features::Image { .. });
    let preprocessing = is_image.then(|| of_pictures(&signature.shape(), outputs, &mut rng));
    case(format!("{space}-{number}"), graph, preprocessing, &signature.features, &mut rng)
}

/// Sizes at which hundreds of networks are quick to check.
fn small(space: &str) -> toml::Table {
    let mut parameters = toml::Table::new();
    let settings: &[(&str, i64)] = match space {
        "nb201" => &[("channels", 4), ("cells", 1)],
        "text" | "language" => &[("width", 8)],
        "recurrent" => &[("width", 8), ("nodes", 5)],
        _ => &[],
    };
    parameters.extend(settings.iter().map(|(name, value)| (name.to_string(), (*value).into())));
    parameters
}

fn features(space: &str, rng: &mut Rng) -> Features {
    let mut from = |least: usize, most: usize| least + rng.below(most + 1 - least);
    match space {
        "conv1d" => Features::Series { channels: from(1, 4), steps: from(12, 40) },
        "mlp" => Features::Table { numbers: from(1, 8), categories: from(0, 4), codes: 30 },
        "language" | "recurrent" => {
            // Of many codes, embeddings may be smaller than the model, and shared.
            let most = [40, 300][from(0, 1)];
            Features::Tokens { length: from(8, 16), vocabulary: from(5 * most / 6, most) }
        }
        "text" => Features::Text { tokens: from(6, 16), vocabulary: 50, grams: from(4, 20), buckets: 80 },
        _ => Features::Image { channels: [1, 3][from(0, 1)], height: from(8, 12), width: from(8, 12) },
    }
}

fn of_pictures(shape: &Shape, outputs: usize, rng: &mut Rng) -> Preprocessing {
    let channels = shape.extents()[0];
    let rule = ImageInputs {
        shape: shape.clone(),
        maximum: [1.0, 16.0, 255.0][rng.below(3)],
        mean: (0..channels).map(|_| rng.unit() as f32).collect(),
        deviation: (0..channels).map(|_| 0.2 + rng.unit() as f32).collect(),
        resize: false,
    };
    match outputs {
        1 => {
            Preprocessing::of_values(Inputs::Image(rule), "age".into(), Scale { mean: 30.0, deviation: 7.5 })
        }
        n => {
            let classes = (0..n).map(|i| format!("class {i} \"quoted\"")).collect();
            Preprocessing::of_classes(Inputs::Image(rule), "what".into(), classes)
        }
    }
}

/// Weights whose norms remember something, so that forgetting to use it shows.
pub fn lived_in(graph: &Architecture, rng: &mut Rng) -> Weights {
    let mut weights = Weights::fresh(graph, rng.bits());
    for (slot, values) in weights.slots.iter().zip(&mut weights.values) {
        for value in values.iter_mut() {
            let noise = rng.normal() as f32;
            match slot.kind {
                SlotKind::RunningVariance | SlotKind::Scale => *value = 0.5 + noise.abs(),
                SlotKind::RunningMean | SlotKind::Bias => *value = 0.3 * noise,
                SlotKind::Positions => *value = noise,
                _ => {}
            }
        }
    }
    weights
}

/// One example after another, as a user has them.
pub fn inputs(
    examples: usize,
    features: &Features,
    preprocessing: Option<&Preprocessing>,
    rng: &mut Rng,
) -> Vec<f32> {
    let mut inputs = Vec::new();
    for _ in 0..examples {
        match *features {
            Features::Table { numbers, categories, codes } => {
                inputs.extend((0..numbers).map(|_| rng.normal() as f32));
                inputs.extend((0..numbers).map(|_| rng.unit() as f32));
                inputs.extend((0..categories).map(|_| rng.below(codes) as f32));
            }
            Features::Text { tokens, vocabulary, grams, buckets } => {
                for (len, codes) in [(tokens, vocabulary), (grams, buckets)] {
                    // Padded at the end, some of them from the first on.
                    let there = rng.below(len + 1);
                    inputs.extend((0..len).map(|i| if i < there { rng.below(codes) as f32 } else { 0.0 }));
                }
            }
            Features::Image { channels, height, width } => {
                let maximum = match preprocessing.map(|p| &p.inputs) {
                    Some(Inputs::Image(rule)) => f64::from(rule.maximum),
                    _ => 1.0,
                };
                inputs.extend((0..channels * height * width).map(|_| (maximum * rng.unit()) as f32));
            }
            Features::Tokens { length, vocabulary } => {
                inputs.extend((0..length).map(|_| rng.below(vocabulary) as f32));
            }
            Features::Series { channels, steps } => {
                inputs.extend((0..channels * steps).map(|_| rng.normal() as f32));
            }
            Features::Vector { numbers } => inputs.extend((0..numbers).map(|_| rng.normal() as f32)),
        }
    }
    inputs
}

fn case(
    name: String,
    graph: Architecture,
    preprocessing: Option<Preprocessing>,
    features: &Features,
    rng: &mut Rng,
) -> Case {
    let weights = lived_in(&graph, rng);
    let inputs = inputs(BATCH, features, preprocessing.as_ref(), rng);
    let mut network = Network::new(graph.clone(), weights.clone(), &Settings::default(), 0, Device::Cpu);
    let mut case = Case { name, graph, weights, preprocessing, inputs, answers: Vec::new() };
    case.answers = network.eval_batch(&read(&case));
    case
}

/// Networks with the operations and uses of them that no space has.
pub fn by_hand() -> Vec<Case> {
    let mut rng = Rng::new(17, 0);
    let head = |b: &mut ArchitectureBuilder, at| {
        b.chain(at, [Flatten {}.into(), Linear { features: 3, bias: false }.into()]).expect("a head")
    };
    let mut cases = Vec::new();
    let mut add = |name: &str, features: Features, build: &dyn Fn(&mut ArchitectureBuilder) -> NodeId| {
        let shape = Signature { features: features.clone(), outputs: 3 }.shape();
        let mut b = ArchitectureBuilder::new(shape);
        let output = build(&mut b);
        let graph = b.finish(output).expect("a graph");
        cases.push(case(format!("hand-{name}"), graph, None, &features, &mut rng));
    };
    let image = Features::Image { channels: 4, height: 7, width: 5 };
    add("cut", image.clone(), &|b| {
        let cut = b.add(Zero { shape: Shape::new(&[2, 7, 5]) }, &[]).expect("zeros");
        let same = b.add(Identity {}, &[b.input()]).expect("the same");
        let both = b.add(Concat {}, &[same, cut]).expect("both");
        head(b, both)
    });
    add("gate", image.clone(), &|b| {
        let squeezed = b.add(GlobalMaxPool {}, &[b.input()]).expect("one a channel");
        let gate = b.add(Activation::Sigmoid, &[squeezed]).expect("a gate");
        let gated = b.add(Multiply {}, &[b.input(), gate]).expect("gated");
        let squared = b.add(Multiply {}, &[gated, gated]).expect("squared");
        let dropped = b.add(Dropout { per_mille: 300 }, &[squared]).expect("dropped");
        head(b, dropped)
    });
    add("grouped", image.clone(), &|b| {
        let conv =
            Conv2d { channels: 6, kernel: 3, stride: 2, padding: 2, dilation: 2, groups: 2, bias: true };
        let at = b.add(conv, &[b.input()]).expect("a convolution");
        let pool = |kind| Pool2d { kind, kernel: 3, stride: 2, padding: 1 };
        let most = b.add(pool(PoolKind::Max), &[at]).expect("a pool");
        let mean = b.add(pool(PoolKind::Average), &[at]).expect("a pool");
        let sum = b.add(Add {}, &[most, mean, most]).expect("a sum");
        head(b, sum)
    });
    add("image answers", image, &|b| b.add(Activation::Tanh, &[b.input()]).expect("an image"));
    let series = Features::Series { channels: 6, steps: 9 };
    add("causal", series.clone(), &|b| {
        let at = b
            .add(
                SelfAttention { heads: 3, key_heads: 3, causal: true, relative: Relative::None },
                &[b.input()],
            )
            .expect("attention");
        let at = b.chain(at, [LayerNorm {}.into(), PositionEmbedding {}.into(), Gru { size: 5 }.into()]);
        let at = at.expect("a chain");
        head(b, at)
    });
    for (name, key_heads, relative) in [
        ("grouped keys", 2, Relative::Rotary),
        ("one key", 1, Relative::Alibi),
        ("plain grouped keys", 2, Relative::None),
    ] {
        add(name, Features::Series { channels: 8, steps: 9 }, &|b| {
            let attention = SelfAttention { heads: 4, key_heads, causal: true, relative };
            let at = b.add(attention, &[b.input()]).expect("attention");
            head(b, at)
        });
    }
    add("series gate", series, &|b| {
        let pool = Pool1d { kind: PoolKind::Average, kernel: 3, stride: 1, padding: 1 };
        let smooth = b.add(pool, &[b.input()]).expect("smooth");
        let squeezed = b.add(GlobalAveragePool {}, &[b.input()]).expect("one a channel");
        let gated = b.add(Multiply {}, &[smooth, squeezed]).expect("gated");
        head(b, gated)
    });
    let text = Features::Text { tokens: 8, vocabulary: 20, grams: 5, buckets: 30 };
    for (name, kind) in [("masked mean", PoolKind::Average), ("masked max", PoolKind::Max)] {
        add(name, text.clone(), &|b| {
            let codes = b.add(Slice { from: 0, len: 8 }, &[b.input()]).expect("codes");
            let vectors = b.add(Embedding { vocabulary: 15, size: 6 }, &[codes]).expect("vectors");
            let mixed = b
                .add(
                    SelfAttention { heads: 2, key_heads: 1, causal: true, relative: Relative::None },
                    &[vectors, codes],
                )
                .expect("attention");
            let pooled = b.add(MaskedPool { kind }, &[mixed, codes]).expect("pooled");
            let grams = b.add(Slice { from: 8, len: 5 }, &[b.input()]).expect("grams");
            let bag = b.add(EmbeddingBag { vocabulary: 25, size: 4 }, &[grams]).expect("a bag");
            let both = b.add(Concat {}, &[pooled, bag]).expect("both");
            let normed = b.add(BatchNorm {}, &[both]).expect("a norm");
            head(b, normed)
        });
    }
    add("numbers", Features::Vector { numbers: 6 }, &|b| {
        let bins = b.add(PiecewiseLinear { bins: 5 }, &[b.input()]).expect("bins");
        let each = b.add(PerFeature { features: 3, size: 4 }, &[bins]).expect("layers");
        let waves = b.add(Periodic { frequencies: 3, sigma_per_mille: 500 }, &[b.input()]).expect("waves");
        let both = b.add(Concat {}, &[each, waves]).expect("both");
        let normed = b.chain(both, [LayerNorm {}.into(), Activation::Gelu.into(), Activation::Silu.into()]);
        let normed = normed.expect("a chain");
        head(b, normed)
    });
    let tokens = Features::Tokens { length: 9, vocabulary: 12 };
    let window = |kernel, dilation| Conv1d::same(6, kernel, 1).dilated(dilation);
    let mut add_decoder = |name: &str, build: &dyn Fn(&mut ArchitectureBuilder, NodeId) -> NodeId| {
        add(name, tokens.clone(), &|b| {
            let vectors = b.add(Embedding { vocabulary: 12, size: 6 }, &[b.input()]).expect("vectors");
            build(b, vectors)
        });
    };
    let answer = |b: &mut ArchitectureBuilder, at| {
        b.add(Conv1d { bias: true, ..Conv1d::same(12, 1, 1) }, &[at]).expect("answers")
    };
    // Windows that look ahead, one after another and side by side, until their sum is delayed.
    add_decoder("late", &|b, vectors| {
        let twice = [window(3, 1).into(), Activation::Gelu.into(), window(3, 1).into()];
        let twice = b.chain(vectors, twice).expect("windows");
        let once = b.add(window(3, 1), &[vectors]).expect("a window");
        let sum = b.add(Add {}, &[twice, once, vectors]).expect("a sum");
        let delayed = b.add(Delay { steps: 2 }, &[sum]).expect("a delay");
        let states = b.add(Gru { size: 5 }, &[delayed]).expect("states");
        answer(b, states)
    });
    // Delays that a window after them does not use up, and more than it does.
    add_decoder("early", &|b, vectors| {
        let delays = [Delay { steps: 1 }.into(), Delay { steps: 2 }.into(), window(3, 1).into()];
        let early = b.chain(vectors, delays).expect("a chain");
        let dilated = b.chain(vectors, [Delay { steps: 1 }.into(), window(3, 2).into()]).expect("a chain");
        let dilated = b.add(Delay { steps: 1 }, &[dilated]).expect("a delay");
        let plain = b.add(Delay { steps: 3 }, &[vectors]).expect("a delay");
        let gated = b.add(Multiply {}, &[early, dilated]).expect("gated");
        let sum = b.add(Add {}, &[gated, plain, vectors]).expect("a sum");
        answer(b, sum)
    });
    add_decoder("delayed answers", &|b, vectors| {
        let norm = b.add(LayerNorm {}, &[vectors]).expect("a norm");
        let attention = SelfAttention { heads: 3, key_heads: 1, causal: true, relative: Relative::Rotary };
        let at = b.chain(norm, [attention.into(), PositionEmbedding {}.into()]).expect("a chain");
        let answers = answer(b, at);
        b.add(Delay { steps: 4 }, &[answers]).expect("a delay")
    });
    cases
}

/// The inputs as the network reads them.
pub fn read(case: &Case) -> Vec<f32> {
    let mut read = case.inputs.clone();
    if let Some(Inputs::Image(rule)) = case.preprocessing.as_ref().map(|p| &p.inputs) {
        rule.apply(&mut read);
    }
    read
}

/// What a network of running text answers token by token, `[batch, tokens, steps]`; nothing where it is none.
// Not every program looks at it.
#[allow(dead_code)]
pub fn continued(case: &Case) -> Option<Vec<f32>> {
    let mut continuation = Continuation::new(&case.graph, &case.weights).ok()?;
    let (steps, mut all) = (continuation.capacity(), Vec::with_capacity(case.answers.len()));
    for tokens in case.inputs.chunks(steps) {
        continuation.restart();
        let rows: Vec<Vec<f32>> = tokens
            .iter()
            .map(|code| continuation.read_token(*code as u32).expect("as many as it sees").to_vec())
            .collect();
        all.extend((0..rows[0].len() * steps).map(|at| rows[at % steps][at / steps]));
    }
    Some(all)
}

/// The network with what its inputs mean, where that is known.
pub fn model(case: &Case) -> Model<'_> {
    let model = Model::new(&case.name, &case.graph, &case.weights.values).expect("its own weights");
    match &case.preprocessing {
        Some(preprocessing) => model.with_preprocessing(preprocessing).expect("its own preprocessing"),
        None => model,
    }
}

/// A network with whole numbers of eight bits.
// Not every program looks at all of it.
#[allow(dead_code)]
pub struct Whole {
    pub folded: Folded,
    pub grids: Grids,
    /// The ONNX file.
    pub file: Vec<u8>,
    /// What it answers by our own arithmetic, before answers mean anything.
    pub answers: Vec<f32>,
}

/// The network with whole numbers, the ranges of its values being those of its own inputs.
pub fn int8(case: &Case) -> Whole {
    let folded = fold(&case.graph, &case.weights.values).expect("its own weights");
    let (graph, read) = (&folded.graph, read(case));
    let weights = |values| Weights { slots: slots(graph), values };
    let mut seen: BTreeMap<NodeId, Observed> = BTreeMap::new();
    let mut see = |node, numbers: &mut [f32]| seen.entry(node).or_default().see(numbers);
    let _ = tapped((graph, &weights(folded.values.clone())), &read, &places(graph), &mut see);
    let grids: Grids = seen.into_iter().map(|(node, seen)| (node, seen.grid().expect("numbers"))).collect();
    let nodes: Vec<NodeId> = grids.keys().copied().collect();
    let mut round =
        |node, numbers: &mut [f32]| numbers.iter_mut().for_each(|x| *x = grids[&node].nearest(*x));
    let answers = tapped((graph, &weights(rounded(&folded, &grids))), &read, &nodes, &mut round);
    let model = Model::new(&case.name, graph, &folded.values).expect("its own weights");
    let model = match &case.preprocessing {
        Some(preprocessing) => model.with_preprocessing(preprocessing).expect("its own preprocessing"),
        None => model,
    };
    let file = onnx::int8(&model, &grids).expect("files").swap_remove(0).bytes;
    Whole { folded, grids, file, answers }
}
