//! What must hold of every predictor.
#![allow(clippy::unwrap_used)]

use nascent_core::architecture::op::{Activation, Linear};
use nascent_core::architecture::{ArchitectureBuilder, Shape};
use nascent_core::chooser::sample;
use nascent_core::question::{Label, Path, Question, Scale, Topic};
use nascent_core::rng::Rng;
use nascent_core::{Candidate, Chooser, Decisions, Settings, Space, SpaceError};
use nascent_strategies::predictors::{Encoding, Known, encode, predictors, try_predictors};
use nascent_testkit::{Bits, Tree};
use std::time::Duration;

fn untimed(work: &mut dyn FnMut()) -> Duration {
    work();
    Duration::ZERO
}

fn draw(space: &dyn Space, count: usize) -> Vec<Decisions> {
    let mut rng = Rng::new(4, 0);
    (0..count).map(|_| sample(space, &mut rng).unwrap()).collect()
}

/// Chains of up to eight layers, each of them narrow, wide or left out.
struct Chains;

impl Space for Chains {
    fn name(&self) -> &str {
        "chains"
    }

    fn build<'s>(&'s self, chooser: &mut dyn Chooser) -> Result<Candidate<'s>, SpaceError> {
        let options = ["narrow", "wide", "none"].map(Label::Borrowed);
        let question = Question { scale: Scale::Categorical, topic: Topic::Architecture, options: &options };
        let ask = |i| chooser.choose(Path::new("layer").at(i), &question);
        let answers: Vec<usize> = (0..8).map(ask).collect::<Result<_, _>>()?;
        let draw = move || {
            let mut b = ArchitectureBuilder::new(Shape::new(&[4]));
            let mut at = b.input();
            for answer in answers.into_iter().filter(|answer| *answer < 2) {
                at = b.add(Linear { features: 4 + 4 * answer, bias: true }, &[at])?;
                at = b.add(Activation::Relu, &[at])?;
            }
            let out = b.add(Linear { features: 2, bias: true }, &[at])?;
            Ok(b.finish(out)?)
        };
        Ok(Candidate { settings: Settings::default(), draw: Box::new(draw) })
    }
}

#[test]
fn every_predictor_orders_networks_that_it_has_not_seen_and_always_alike() {
    let networks = draw(&Chains, 180);
    // Wide layers are worth more, each less than the one before.
    let worth = |d: &Decisions| d.iter().map(|(_, a)| [1.0, 3.0, 0.0][usize::from(a)]).sum::<f64>().sqrt();
    let values: Vec<f64> = networks.iter().map(worth).collect();
    let known = Known { space: &Chains, networks: &networks, values: &values, scores: &[] };
    let all: Vec<_> =
        predictors().iter().flat_map(|entry| entry.encodings.iter().map(move |e| (entry, *e))).collect();
    let tried = || try_predictors(&known, &all, &[60], 1, &untimed).unwrap();
    let rows = tried();
    assert_eq!(rows.len(), all.len());
    for (name, encoding, found) in &rows {
        let accuracy = found[0].1;
        assert!(accuracy.kendall > 0.35, "{name}:{encoding}: {accuracy:?}");
        assert!(accuracy.spearman > accuracy.kendall, "{name}:{encoding}: {accuracy:?}");
        assert!((0.5..=1.0).contains(&accuracy.inside), "{name}:{encoding}: {accuracy:?}");
        assert!((0.0..=1.0).contains(&accuracy.precision) && accuracy.regret >= 0.0);
    }
    assert_eq!(rows, tried());
}

#[test]
fn scores_help_as_far_as_they_say_something_and_what_is_unknown_does_no_harm() {
    let space = Bits { questions: 8, options: 4 };
    let networks = draw(&space, 130);
    let mut rng = Rng::new(8, 0);
    // Nothing that the answers say.
    let values: Vec<f64> = networks.iter().map(|_| rng.normal()).collect();
    let scores: Vec<Vec<f64>> = values
        .iter()
        .enumerate()
        .map(|(i, v)| vec![1e30 * v, if i % 3 == 0 { f64::NAN } else { f64::INFINITY }])
        .collect();
    let all: Vec<_> = predictors().iter().map(|entry| (entry, entry.encodings[0])).collect();
    let kendall = |scores: &[Vec<f64>]| -> Vec<(&str, f64)> {
        let known = Known { space: &space, networks: &networks, values: &values, scores };
        let rows = try_predictors(&known, &all, &[50], 2, &untimed).unwrap();
        rows.iter().map(|(name, _, found)| (*name, found[0].1.kendall)).collect()
    };
    for (name, without) in kendall(&[]) {
        assert!(without.abs() < 0.25, "{name} finds {without} where nothing is");
    }
    let with = kendall(&scores);
    assert_eq!(with[0].0, "mean rank");
    for (name, with) in with {
        assert!(with > 0.6, "{name}: {with}");
    }
}

#[test]
fn networks_that_are_all_alike_and_values_that_are_all_the_same_are_guessed() {
    for (space, count) in
        [(Box::new(Tree) as Box<dyn Space>, 9), (Box::new(Bits { questions: 1, options: 1 }), 6)]
    {
        let networks = draw(&*space, count);
        let members: Vec<&Decisions> = networks.iter().collect();
        for entry in predictors() {
            for &encoding in entry.encodings {
                let encoded = encode(&*space, &members, encoding, &[]).unwrap();
                let (learnt, rest) = encoded.split_at(5);
                for values in [[0.0; 5], [1.0, -1.0, 1.0, -1.0, 0.0]] {
                    let mut predictor = (entry.make)();
                    predictor.fit(&learnt.iter().collect::<Vec<_>>(), &values, 0);
                    for network in rest {
                        let guess = predictor.guess(network);
                        let is_sound = guess.mean.abs() < 10.0 && guess.deviation.is_finite();
                        assert!(is_sound, "{}:{}: {guess:?}", entry.name, encoding.name());
                    }
                }
            }
        }
    }
    let none = encode(&Tree, &[], Encoding::Wl, &[]).unwrap();
    assert!(none.is_empty());
}
