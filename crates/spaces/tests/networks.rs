//! The networks of the built-in spaces: what a practitioner would expect of them.
#![allow(clippy::unwrap_used)]

use nascent_core::architecture::{Architecture, Cost, Op, Shape};
use nascent_core::chooser::{describe, sample};
use nascent_core::question::{Path, Question};
use nascent_core::rng::Rng;
use nascent_core::{Chooser, Features, Settings, Signature, Space, SpaceError, draw};
use nascent_spaces::{ConvnetParams, MlpParams, Nb201Params, RecurrentParams, registry};

fn digits(name: &str) -> Box<dyn Space> {
    registry::build(name, &toml::Table::new(), &Signature::plain(&Shape::new(&[1, 8, 8]), 10)).unwrap()
}

fn costs(space: &dyn Space, n: usize) -> Vec<Cost> {
    let mut rng = Rng::new(5, 0);
    (0..n).map(|_| draw(space, &sample(space, &mut rng).unwrap()).unwrap().cost()).collect()
}

#[test]
fn the_reference_for_digits_is_the_hand_made_network() {
    // 3×3 convolutions of 32, 64 and 64 with batch norm, a maximum after the second and the third, and a linear layer.
    let space = digits("convnet");
    let cost = draw(&*space, &space.reference().unwrap()).unwrap().cost();
    assert_eq!(cost.params, 58_474);
    assert_eq!(cost.depth, 4);
}

#[test]
fn networks_for_digits_are_cheap() {
    for name in ["convnet", "nb201", "mlp"] {
        let mut macs: Vec<u64> = costs(&*digits(name), 1_000).iter().map(|c| c.macs).collect();
        macs.sort_unstable();
        println!(
            "{name}: MACs at 10, 50, 80, 100 %: {} {} {} {}",
            macs[100], macs[500], macs[800], macs[999]
        );
        assert!(macs[500] < 1_000_000, "{name}: half of the networks cost over {}", macs[500]);
        assert!(macs[800] < 2_000_000, "{name}: a fifth of the networks costs over {}", macs[800]);
    }
}

#[test]
fn convnet_fits_images_of_every_size() {
    for side in [1, 2, 3, 4, 5, 8, 15, 28, 32, 63, 64, 96, 127, 224] {
        for (height, width) in [(side, side), (side, 2 * side + 1)] {
            let input = Shape::new(&[3, height, width]);
            let space = ConvnetParams::for_input(&input).check(&input, 7).unwrap();
            let mut rng = Rng::new(side as u64, 0);
            for _ in 0..30 {
                let graph = draw(&space, &sample(&space, &mut rng).unwrap()).unwrap();
                assert_eq!(graph.output_shape(), &Shape::new(&[7]));
            }
            assert!(space.reference().is_some(), "no reference for {input}");
        }
    }
}

#[test]
fn every_space_of_images_answers_with_the_tasks_outputs() {
    for name in ["nb201", "convnet", "mlp"] {
        let entry = registry::describe(name).unwrap();
        for (extents, outputs) in [(&[1, 8, 8][..], 10), (&[3, 32, 32], 3), (&[1, 28, 28], 1)] {
            let input = Shape::new(extents);
            let space =
                registry::build(entry.name, &toml::Table::new(), &Signature::plain(&input, outputs)).unwrap();
            let mut rng = Rng::new(1, 0);
            for _ in 0..200 {
                let graph = draw(&*space, &sample(&*space, &mut rng).unwrap()).unwrap();
                assert_eq!(graph.input_shape(), &input);
                assert_eq!(graph.output_shape(), &Shape::new(&[outputs]));
            }
        }
    }
}

#[test]
fn training_is_asked_unless_told_not_to() {
    let input = Shape::new(&[1, 8, 8]);
    let quiet: [Box<dyn Space>; 3] = [
        Box::new(
            ConvnetParams { training: false, ..ConvnetParams::for_input(&input) }.check(&input, 2).unwrap(),
        ),
        Box::new(Nb201Params { training: false, ..Nb201Params::for_input(&input) }.check(&input, 2).unwrap()),
        Box::new(
            MlpParams { training: false, ..MlpParams::default() }
                .check(&Signature::plain(&input, 2))
                .unwrap(),
        ),
    ];
    for space in quiet {
        let asks = |space: &dyn Space| {
            let answers = describe(space, &space.reference().unwrap()).unwrap();
            answers.iter().filter(|a| a.path.starts_with("training.")).count()
        };
        assert_eq!(asks(&*space), 0);
        assert_eq!(asks(&*digits(space.name())), 3);
        let decisions = space.reference().unwrap();
        let settings = nascent_core::chooser::replay(&*space, &decisions).unwrap().settings;
        assert_eq!(settings, Settings::default());
    }
}

#[test]
fn parameters_are_checked_and_listed() {
    let input = Shape::new(&[1, 8, 8]);
    let error = |params: Nb201Params| params.check(&input, 10).unwrap_err().to_string();
    let quick = Nb201Params::for_input(&input);
    assert!(error(Nb201Params { channels: 0, ..quick }).contains("from 1 to 256, got 0"));
    assert!(
        Nb201Params::published()
            .check(&Shape::new(&[3, 3, 3]), 2)
            .unwrap_err()
            .to_string()
            .contains("at most 2")
    );
    assert!(quick.check(&input, 0).unwrap_err().to_string().contains("at least 1 output"));
    for entry in registry::all() {
        assert_eq!(registry::describe(entry.name).unwrap().name, entry.name);
        for parameter in entry.parameters {
            // Every default is a value that may be written.
            let value = (parameter.default)(&input) as i64;
            let value = match parameter.range {
                nascent_spaces::Range::Whole { .. } => toml::Value::Integer(value),
                nascent_spaces::Range::Switch => toml::Value::Boolean(value != 0),
            };
            let given = [(parameter.name.to_string(), value)].into_iter().collect();
            let features = match entry.name {
                "conv1d" => Features::Series { channels: 2, steps: 50 },
                "language" | "recurrent" => Features::Tokens { length: 9, vocabulary: 10 },
                "text" => Features::Text { tokens: 9, vocabulary: 30, grams: 9, buckets: 64 },
                _ => Signature::plain(&input, 10).features,
            };
            registry::build(entry.name, &given, &Signature { features, outputs: 10 }).unwrap();
        }
    }
    assert!(registry::describe("mpl").unwrap_err().to_string().contains("did you mean \"mlp\""));
}

/// Answers by path, and the first option elsewhere.
struct Answers<'a>(&'a [(&'a str, &'a str)]);

impl Chooser for Answers<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let path = path.to_string();
        let label = self.0.iter().find(|(asked, _)| *asked == path).map(|(_, label)| *label);
        Ok(label.map_or(0, |label| question.options.iter().position(|option| option == label).unwrap()))
    }
}

#[test]
fn recurrent_networks_have_the_cells_that_are_asked_for() {
    let signature = Signature { features: Features::Tokens { length: 128, vocabulary: 67 }, outputs: 67 };
    let space = RecurrentParams { nodes: 4, ..RecurrentParams::default() }.check(&signature).unwrap();
    let drawn = |answers: &[(&str, &str)]| {
        let candidate = space.build(&mut Answers(answers)).unwrap();
        (candidate.draw)().unwrap().canonical()
    };
    let names = |graph: &Architecture| graph.nodes().iter().map(|n| n.op.name()).collect::<Vec<_>>();
    // A training with PyTorch would write nn.LSTM(192, 192, 2), with one bias a gate.
    let reference = draw(&space, &space.reference().unwrap()).unwrap();
    assert_eq!(names(&reference).iter().filter(|name| **name == "Lstm").count(), 2);
    assert_eq!(reference.cost().params, 66 * 192 + 2 * 4 * 192 * (2 * 192 + 1) + 67 * 193);
    let unit = drawn(&[("cell", "gru"), ("width", "64")]);
    assert_eq!(names(&unit), ["Input", "Embedding", "Gru", "Conv1d"]);

    let cell = [
        ("cell", "searched"),
        ("node[0].function", "tanh"),
        ("node[1].function", "relu"),
        ("node[2].reads", "0"),
        ("node[2].function", "sigmoid"),
        ("node[3].reads", "2"),
        ("node[3].function", "identity"),
    ];
    let one = drawn(&cell);
    assert_eq!(one.cost().params, 66 * 32 + 2 * 32 * (32 + 4 * 32 + 1) + 67 * 33);
    assert_eq!(one.cache_bytes(), 4 * 32);
    // The same tree, its nodes in another order.
    let mut other = cell;
    (other[2].1, other[4].1, other[5].1) = ("sigmoid", "relu", "1");
    assert_eq!(drawn(&other).hash(), one.hash());
    other[5].1 = "2";
    assert_ne!(drawn(&other).hash(), one.hash());
    let Op::Cell(canonical) = &one.nodes()[2].op else { panic!("{:?}", names(&one)) };
    assert_eq!(canonical.ends().len(), 2);

    let error = |params: RecurrentParams| params.check(&signature).unwrap_err().to_string();
    let usual = RecurrentParams::default();
    assert!(
        error(RecurrentParams { nodes: 0, ..usual })
            .contains("nodes must be a whole number from 1 to 12, got 0")
    );
    assert!(error(RecurrentParams { layers: 5, ..usual }).contains("from 1 to 4, got 5"));
    let alone = RecurrentParams { nodes: 1, ..usual }.check(&signature).unwrap();
    let graph = (alone.build(&mut Answers(&[])).unwrap().draw)().unwrap();
    assert!(matches!(&graph.nodes()[2].op, Op::Cell(cell) if cell.nodes.len() == 1));
}
