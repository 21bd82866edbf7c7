//! Networks of every space without some of their channels.

use crate::networks::{self, Case};
use nascent::core::Settings;
use nascent::core::architecture::op::{Activation, BatchNorm, Conv2d, GlobalAveragePool, Linear};
use nascent::core::architecture::{Architecture, ArchitectureBuilder, NodeId, Op, Shape, SlotKind, slots};
use nascent::core::rng::Rng;
use nascent::data::{Examples, Scale, Targets};
use nascent::train::prune::{Channels, PruneError, importances, prune, without};
use nascent::train::{Device, Network, TrainStep, Weights};

/// Spaces whose operations all let channels be taken away.
const OPEN: [&str; 3] = ["convnet", "mlp", "conv1d"];

/// Spaces in which little or nothing can be taken away.
const REST: [&str; 3] = ["language", "recurrent", "text"];

/// Whether a network of fully connected layers has more than that which answers.
fn has_hidden_layers(graph: &Architecture) -> bool {
    graph.nodes().iter().filter(|node| matches!(node.op, Op::Linear(_))).count() > 1
}

/// Some of the groups that can be taken away: none that a layer norm or a table of answers looks at, and never all channels of a
/// node.
fn some(graph: &Architecture, channels: &Channels, rng: &mut Rng) -> Vec<bool> {
    let nodes: Vec<NodeId> = (0..graph.nodes().len() as u32).map(NodeId).collect();
    let mut is_taken = vec![false; channels.len()];
    for group in channels.free().filter(|_| rng.below(2) == 0).collect::<Vec<_>>() {
        is_taken[group] = true;
        let is_normed = |node: &NodeId| {
            let inputs = &graph.nodes()[node.index()].inputs;
            matches!(graph.nodes()[node.index()].op, Op::LayerNorm(_) | Op::TiedOutput(_))
                && inputs.iter().any(|input| channels.of(*input).contains(&group))
        };
        let is_empty = |node: &NodeId| channels.of(*node).iter().all(|group| is_taken[*group]);
        if nodes.iter().any(|node| is_normed(node) || is_empty(node)) {
            is_taken[group] = false;
        }
    }
    is_taken
}

/// The axis of a slot along which its node reads channels, and that along which it gives them.
fn axes(op: &Op, kind: SlotKind, place: usize) -> (Option<usize>, Option<usize>) {
    match (op, place) {
        (Op::Conv2d(c), 0) => ((c.groups == 1).then_some(1), Some(0)),
        (Op::Conv1d(c), 0) => ((c.groups == 1).then_some(1), Some(0)),
        (Op::Linear(_), 0) => (Some(0), Some(1)),
        (Op::Gru(_) | Op::Lstm(_) | Op::Cell(_), 0) => (Some(1), None),
        (Op::Embedding(_) | Op::EmbeddingBag(_), 0) => (None, Some(1)),
        (Op::Conv2d(_) | Op::Conv1d(_) | Op::Linear(_) | Op::BatchNorm(_), _) if kind.is_trained() => {
            (None, Some(0))
        }
        _ => (None, None),
    }
}

/// The same weights, those zero that read channels which are taken away, or those that give them.
fn silenced(case: &Case, channels: &Channels, is_taken: &[bool], reading: bool) -> Weights {
    let mut weights = case.weights.clone();
    let mut last = (None, 0);
    for (slot, values) in weights.slots.iter().zip(&mut weights.values) {
        last = (Some(slot.node), if last.0 == Some(slot.node) { last.1 + 1 } else { 0 });
        let node = &case.graph.nodes()[slot.node.index()];
        let (read, given) = axes(&node.op, slot.kind, last.1);
        let (axis, of) = if reading { (read, node.inputs[0]) } else { (given, slot.node) };
        let Some(axis) = axis else { continue };
        let stride: usize = slot.shape[axis + 1..].iter().product();
        for (i, value) in values.iter_mut().enumerate() {
            if is_taken[channels.of(of)[i / stride % slot.shape[axis]]] {
                *value = 0.0;
            }
        }
    }
    weights
}

fn answers(graph: &Architecture, weights: &Weights, case: &Case) -> Vec<f32> {
    Network::new(graph.clone(), weights.clone(), &Settings::default(), 0, Device::Cpu)
        .eval_batch(&networks::read(case))
}

#[test]
fn channels_that_nobody_reads_or_that_are_always_zero_are_not_missed() {
    let mut taken = [0; OPEN.len()];
    for (number, space) in OPEN.iter().chain(&REST).enumerate() {
        for n in 0..if number < OPEN.len() { 30 } else { 10 } {
            let case = networks::random(space, n);
            let channels = Channels::new(&case.graph);
            let is_taken = some(&case.graph, &channels, &mut Rng::new(n, 7));
            let count = is_taken.iter().filter(|taken| **taken).count();
            taken.iter_mut().skip(number).take(1).for_each(|taken| *taken += count);
            for reading in [true, false] {
                let whole = silenced(&case, &channels, &is_taken, reading);
                let (graph, weights) =
                    without((&case.graph, &whole), &channels, &|group| !is_taken[group]).unwrap();
                assert_eq!(weights.slots, slots(&graph), "{}", case.name);
                let lens = |values: &[Vec<f32>]| values.iter().map(Vec::len).collect::<Vec<_>>();
                assert!(
                    weights.slots.iter().map(|slot| slot.len()).eq(lens(&weights.values)),
                    "{}",
                    case.name
                );
                assert_eq!(graph.output_shape(), case.graph.output_shape(), "{}", case.name);
                let text = serde_json::to_string(&graph).unwrap();
                assert_eq!(serde_json::from_str::<Architecture>(&text).unwrap(), graph, "{}", case.name);
                let (a, b) = (answers(&case.graph, &whole, &case), answers(&graph, &weights, &case));
                let largest = a.iter().fold(1.0f32, |most, a| most.max(a.abs()));
                for (a, b) in a.iter().zip(&b) {
                    assert!((a - b).abs() <= 1e-5 * largest, "{}, {reading}: {a} became {b}", case.name);
                }
            }
        }
    }
    assert!(taken.iter().all(|taken| *taken > 100), "{taken:?}");
}

/// A case's inputs as examples.
fn examples(case: &Case) -> Examples {
    let targets =
        Targets::Values { values: vec![0.0; networks::BATCH], scale: Scale { mean: 0.0, deviation: 1.0 } };
    Examples { shape: case.graph.input_shape().clone(), inputs: networks::read(case).into(), targets }
}

#[test]
fn a_share_of_the_parameters_goes_and_every_layer_keeps_an_eighth_of_its_channels() {
    let rows: Vec<usize> = (0..networks::BATCH).collect();
    let mut pruned = 0;
    for (space, n) in networks::spaces().flat_map(|space| (0..10).map(move |n| (space, n))) {
        let case = networks::random(space, n);
        let name = &case.name;
        let network = (&case.graph, &case.weights);
        let matter = importances(network, &examples(&case), &rows).unwrap();
        let share = [0.1, 0.4, 0.7][n as usize % 3];
        // Without a hidden layer there may be no channels.
        let is_open = OPEN.contains(&space) && (space != "mlp" || has_hidden_layers(&case.graph));
        let (graph, weights) = match prune(network, &matter, share) {
            Ok(smaller) => smaller,
            // What is left of so much can say how much is possible.
            Err(PruneError::TooMuch { asked, most }) => {
                assert!(asked == share && most < share, "{name}: {most}");
                assert!(!is_open || share > 0.5, "{name}: at most {most}");
                continue;
            }
            Err(PruneError::Nothing) => {
                assert!(!is_open, "{name}");
                continue;
            }
            Err(e) => panic!("{name}: {e}"),
        };
        pruned += 1;
        let (before, after) = (case.graph.cost().params, graph.cost().params);
        assert_eq!((before, after), (case.weights.params(), weights.params()), "{name}");
        assert!(after as f64 <= (1.0 - share) * before as f64, "{name}: {after} of {before}");
        for (wide, narrow) in case.graph.shapes().iter().zip(graph.shapes()) {
            assert!(narrow.extents()[0] >= wide.extents()[0].div_ceil(8), "{name}: {wide} became {narrow}");
            assert_eq!(wide.extents().len(), narrow.extents().len(), "{name}");
        }
        assert!(answers(&graph, &weights, &case).iter().all(|answer| answer.is_finite()), "{name}");
        assert_eq!(prune(network, &matter, share).unwrap(), (graph, weights), "{name}");
    }
    assert!(pruned >= 40, "{pruned}");
}

#[test]
fn what_matters_least_goes_first() {
    let mut b = ArchitectureBuilder::new(Shape::new(&[3]));
    let ops: [Op; 3] = [
        Linear { features: 4, bias: true }.into(),
        Activation::Relu.into(),
        Linear { features: 2, bias: true }.into(),
    ];
    let output = b.chain(b.input(), ops).unwrap();
    let graph = b.finish(output).unwrap();
    let mut weights = Weights::fresh(&graph, 1);
    // The second unit always says the same, the third is hardly read.
    for input in 0..3 {
        weights.values[0][4 * input..4 * input + 4].copy_from_slice(&[1.0, 0.0, 1.0, -1.0]);
    }
    weights.values[1].copy_from_slice(&[0.0, 3.0, 0.0, 0.0]);
    weights.values[2].copy_from_slice(&[1.0, 1.0, 5.0, 5.0, 1e-3, 1e-3, 1.0, -1.0]);
    let mut rng = Rng::new(2, 0);
    let inputs: Vec<f32> = (0..3 * 40).map(|_| rng.normal() as f32).collect();
    let targets = Targets::Classes { classes: 2, labels: vec![0; 40] };
    let examples = Examples { shape: Shape::new(&[3]), inputs: inputs.into(), targets };
    let rows: Vec<usize> = (0..40).collect();
    let matter = importances((&graph, &weights), &examples, &rows).unwrap();
    let channels = Channels::new(&graph);
    let of = |unit: usize| matter[channels.of(NodeId(1))[unit]];
    assert_eq!(of(1), 0.0);
    assert!(of(2) > 0.0 && of(2) < 1e-4 && of(0) > 0.1 && of(3) > 0.1, "{matter:?}");
    // Each unit has 6 of 26 parameters: two must go.
    let (_, left) = prune((&graph, &weights), &matter, 0.4).unwrap();
    assert_eq!(left.values[2], [1.0, 1.0, 1.0, -1.0]);
}

#[test]
fn eights_of_channels_stay_where_the_share_can_be_had_so() {
    let mut b = ArchitectureBuilder::new(Shape::new(&[3, 6, 6]));
    let ops: [Op; 7] = [
        Conv2d::same(20, 3, 1).into(),
        BatchNorm {}.into(),
        Activation::Relu.into(),
        Conv2d::same(48, 3, 1).into(),
        Conv2d::same(10, 1, 1).into(),
        GlobalAveragePool {}.into(),
        Linear { features: 4, bias: true }.into(),
    ];
    let output = b.chain(b.input(), ops).unwrap();
    let graph = b.finish(output).unwrap();
    let weights = Weights::fresh(&graph, 1);
    let mut rng = Rng::new(5, 0);
    let matter: Vec<f64> = (0..Channels::new(&graph).len()).map(|_| rng.unit()).collect();
    let left = |share| {
        let (graph, _) = prune((&graph, &weights), &matter, share).unwrap();
        [1, 4, 5].map(|node| graph.shapes()[node].extents()[0])
    };
    for share in [0.05, 0.2, 0.4, 0.6] {
        let [first, second, narrow] = left(share);
        assert!([8, 16, 20].contains(&first) && second % 8 == 0 && second >= 8, "{share}: {first}, {second}");
        // So narrow a layer loses one at a time.
        assert!((2..=10).contains(&narrow), "{share}: {narrow}");
    }
    // Eight and eight are too many for this.
    let [first, second, _] = left(0.95);
    assert!(first < 8 || second < 8, "{first}, {second}");
}

#[test]
fn what_cannot_be_pruned_says_so() {
    let mut b = ArchitectureBuilder::new(Shape::new(&[4, 5]));
    let output = b.chain(b.input(), [GlobalAveragePool {}.into(), Linear { features: 3, bias: true }.into()]);
    let graph = b.finish(output.unwrap()).unwrap();
    let weights = Weights::fresh(&graph, 1);
    let matter = vec![0.0; Channels::new(&graph).len()];
    let refused = |share| prune((&graph, &weights), &matter, share).unwrap_err().to_string();
    assert!(refused(0.5).contains("no channel of the network can be taken away"), "{}", refused(0.5));
    for share in [0.0, 1.0, -0.5, f64::NAN] {
        assert!(refused(share).contains("above 0 and below 1"), "{}", refused(share));
    }
    let case = (0..).map(|n| networks::random("mlp", n)).find(|case| has_hidden_layers(&case.graph)).unwrap();
    let channels = Channels::new(&case.graph);
    let matter = vec![1.0; channels.len()];
    let most = prune((&case.graph, &case.weights), &matter, 0.999).unwrap_err().to_string();
    assert!(most.starts_with("99.9 % of the parameters cannot be taken away"), "{most}");
    // All of a layer is refused, not a network without it.
    assert!(without((&case.graph, &case.weights), &channels, &|_| false).is_err());
}
