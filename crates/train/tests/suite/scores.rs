//! What holds of every score, and what some of them must come to.

use crate::graphs;
use nascent_core::architecture::op::*;
use nascent_core::architecture::{Architecture, ArchitectureBuilder, NodeId, Shape};
use nascent_core::rng::Rng;
use nascent_data::{Examples, Targets};
use nascent_train::scores::{ALL, Batches, LEAST, Probe, Score, ScoreError};
use nascent_train::{Device, Weights};

/// Random examples that suit a network: numbers, or codes where it looks them up.
fn examples(graph: &Architecture, n: usize) -> Examples {
    let shape = graph.input_shape().clone();
    let mut rng = Rng::new(9, 9);
    let has_codes = Probe::has_codes(graph);
    let mut number = || if has_codes { rng.below(3) as f32 } else { rng.normal() as f32 };
    let inputs = (0..n * shape.len() as usize).map(|_| number()).collect::<Vec<_>>().into();
    let classes = graph.output_shape().extents()[0];
    let labels = (0..n).map(|i| (i * 7 % classes) as u32).collect();
    Examples { shape, inputs, targets: Targets::Classes { classes, labels } }
}

fn score(name: &str, graph: &Architecture, examples: &Examples) -> Result<f64, ScoreError> {
    let batches = Batches::draw(examples, 3).unwrap();
    Score::named(name).unwrap().of(&Probe::new(graph, &batches, 5, Device::Cpu))
}

#[test]
fn every_score_of_every_network_is_a_number_and_always_the_same() {
    for seed in 0..24 {
        let graph = graphs::random(seed, false).canonical();
        let examples = examples(&graph, 40);
        for s in ALL {
            let found = score(s.name, &graph, &examples);
            assert_eq!(found, score(s.name, &graph, &examples), "{} of network {seed}", s.name);
            match found {
                Ok(value) => assert!(value.is_finite() && value >= LEAST, "{}: {value}", s.name),
                Err(ScoreError::Undefined { .. }) => assert!(s.needs_numbers && Probe::has_codes(&graph)),
                Err(other) => panic!("{}: {other}", s.name),
            }
        }
    }
}

/// Two branches of a sum, in either order.
fn branches(swapped: bool) -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[2, 6, 6]));
    let left = b.chain(b.input(), [Conv2d::same(4, 3, 1).into(), BatchNorm {}.into()]);
    let right = b.chain(b.input(), [Conv2d::same(4, 1, 1).into(), Activation::Tanh.into()]);
    let mut both = [left.unwrap(), right.unwrap()];
    if swapped {
        both.reverse();
    }
    let sum = b.add(Add {}, &both).unwrap();
    let tail =
        [Activation::Relu.into(), GlobalAveragePool {}.into(), Linear { features: 3, bias: true }.into()];
    let out = b.chain(sum, tail).unwrap();
    b.finish(out).unwrap().canonical()
}

#[test]
fn the_order_in_which_a_sum_was_written_changes_nothing() {
    let (one, other) = (branches(false), branches(true));
    let examples = examples(&one, 32);
    for s in ALL {
        assert_eq!(score(s.name, &one, &examples), score(s.name, &other, &examples), "{}", s.name);
    }
}

#[test]
fn a_network_whose_answers_do_not_depend_on_its_input_is_last() {
    let mut b = ArchitectureBuilder::new(Shape::new(&[1, 4, 4]));
    let zero = b.add(Zero { shape: Shape::new(&[3, 4, 4]) }, &[]).unwrap();
    let tail = [Conv2d::same(3, 3, 1).into(), BatchNorm {}.into(), GlobalAveragePool {}.into()];
    let pooled = b.chain(zero, tail).unwrap();
    let out = b.add(Linear { features: 3, bias: true }, &[pooled]).unwrap();
    let graph = b.finish(out).unwrap();
    for s in ALL.iter().filter(|s| !s.is_size()) {
        assert_eq!(score(s.name, &graph, &examples(&graph, 16)), Ok(LEAST), "{}", s.name);
    }
}

fn linear(layers: usize, width: usize) -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[width]));
    let mut at: NodeId = b.input();
    for _ in 0..layers {
        at = b.add(Linear { features: width, bias: false }, &[at]).unwrap();
    }
    b.finish(at).unwrap()
}

#[test]
fn synflow_of_linear_layers_is_what_they_let_through_and_never_overflows() {
    for (layers, width) in [(1, 3), (2, 5), (120, 64)] {
        let graph = linear(layers, width);
        // The weights that the score begins with are those of the seed.
        let weights = Weights::fresh(&graph, 5);
        let (mut flow, mut scale) = (vec![1.0f64; width], 0.0);
        for layer in &weights.values {
            let mut next = vec![0.0; width];
            for (i, x) in flow.iter().enumerate() {
                next.iter_mut().zip(&layer[i * width..]).for_each(|(y, w)| *y += x * f64::from(w.abs()));
            }
            let largest = next.iter().copied().fold(0.0, f64::max);
            flow = next.iter().map(|y| y / largest).collect();
            scale += largest.ln();
        }
        // Each layer's weights times gradients sum up to all that flows.
        let wanted = (layers as f64 * flow.iter().sum::<f64>()).ln() + scale;
        let found = score("synflow", &graph, &examples(&graph, 8)).unwrap();
        assert!((found - wanted).abs() < 1e-4 * wanted.abs(), "{layers} layers: {found} against {wanted}");
        assert!(layers < 100 || found > 88.0, "its exponential would be no float32");
    }
}

#[test]
fn grasp_of_a_linear_model_is_what_its_hessian_gives() {
    let graph = linear(1, 1);
    let (x, y): (Vec<f32>, Vec<f32>) = ([0.5, -1.0, 2.0, 1.5].into(), [1.0, 0.0, -1.0, 0.5].into());
    let both = |v: &[f32]| [v, v].concat();
    let targets =
        Targets::Values { values: both(&y), scale: nascent_data::Scale { mean: 0.0, deviation: 1.0 } };
    let examples = Examples { shape: Shape::new(&[1]), inputs: both(&x).into(), targets };
    let batches = Batches::draw(&examples, 3).unwrap();
    let found = Score::named("grasp").unwrap().of(&Probe::new(&graph, &batches, 5, Device::Cpu)).unwrap();
    // Of a mean of squares (w x - y)², with the rows that were drawn.
    let w = f64::from(Weights::fresh(&graph, 5).values[0][0]);
    let rows: Vec<(f64, f64)> = drawn(&examples).into_iter().map(|(x, y)| (x.into(), y.into())).collect();
    let mean =
        |f: &dyn Fn(f64, f64) -> f64| rows.iter().map(|(x, y)| f(*x, *y)).sum::<f64>() / rows.len() as f64;
    let (gradient, hessian) = (mean(&|x, y| 2.0 * x * (w * x - y)), mean(&|x, _| 2.0 * x * x));
    let wanted = -w * hessian * gradient;
    assert!((found - wanted).abs() < 1e-3 * wanted.abs(), "{found} against {wanted}");
}

/// The rows of the first batch, found by the order in which a shuffle with the same seed takes them.
fn drawn(examples: &Examples) -> Vec<(f32, f32)> {
    let mut rows: Vec<usize> = (0..examples.len()).collect();
    Rng::new(nascent_core::rng::mix(&[3, 4]), 0).shuffle(&mut rows);
    let Targets::Values { values, .. } = &examples.targets else { panic!("values were given") };
    let inputs = examples.all().unwrap();
    rows[..examples.len() / 2].iter().map(|row| (inputs[*row], values[*row])).collect()
}

#[test]
fn scores_that_are_not_defined_say_which_are() {
    let text = (0..40).map(|seed| graphs::random(seed, false)).find(Probe::has_codes).unwrap();
    let error = score("zen", &text, &examples(&text, 16)).unwrap_err().to_string();
    assert!(
        error.contains("codes") && error.contains("nwot") && !error.contains("these are: zen"),
        "{error}"
    );
    let error = Score::named("nwott").unwrap_err().to_string();
    assert!(error.contains("did you mean \"nwot\"") && error.contains("synflow"), "{error}");
    let few = Batches::draw(&examples(&text, 3), 0).unwrap_err().to_string();
    assert!(few.contains("at least 2 examples") && few.contains("there are 3"), "{few}");
}
