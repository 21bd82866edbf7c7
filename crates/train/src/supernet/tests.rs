use super::logits::Logits;
use super::relaxation::{DARTS, DRNAS};
use super::*;
use crate::evaluation::evaluate;
use crate::network::{Mix, Pass, Place, pass};
use crate::{Device, TrainStep, Wanted, Weights};
use nascent_core::architecture::op::*;
use nascent_core::architecture::{ArchitectureBuilder, NodeId, Op, Shape};
use nascent_core::objective::Direction;
use nascent_core::question::{Label, Path, Question, Scale, Topic};
use nascent_core::rng::Rng;
use nascent_core::{Candidate, Chooser, Control, Decisions, Objectives, SpaceError};
use nascent_data::{Examples, Metric, registry};

const OPTIONS: [&str; 5] = ["none", "skip", "pool", "one", "three"];
static LABELS: [Label; 5] = [
    Label::Borrowed("none"),
    Label::Borrowed("skip"),
    Label::Borrowed("pool"),
    Label::Borrowed("one"),
    Label::Borrowed("three"),
];

/// Two layers, each one of five operations, the second added to the first.
struct Layers {
    /// The second layer asks the same question as the first.
    is_shared: bool,
}

impl Layers {
    fn path(&self, layer: usize) -> Path<'static> {
        Path::new("layer").at(if self.is_shared { 0 } else { layer as u32 })
    }

    /// With the answers, or with every option.
    fn draw(&self, answers: Option<[usize; 2]>) -> Result<Architecture, SpaceError> {
        let mut b = ArchitectureBuilder::new(Shape::new(&[1, 8, 8]));
        b.scope("stem");
        let stem = b.chain(b.input(), [Conv2d::same(4, 3, 2).into(), BatchNorm {}.into()])?;
        let mut at = stem;
        for layer in 0..2 {
            b.scope(format!("layer {layer}"));
            at = match answers {
                Some(answers) => option(&mut b, at, answers[layer])?,
                None => {
                    let all = (0..5).map(|o| option(&mut b, at, o)).collect::<Result<Vec<_>, _>>()?;
                    let options = OPTIONS.map(String::from).to_vec();
                    b.add(Mixed { path: self.path(layer).to_string(), options }, &all)?
                }
            };
        }
        let sum = b.add(Add {}, &[stem, at])?;
        b.scope("head");
        let output =
            b.chain(sum, [GlobalAveragePool {}.into(), Linear { features: 10, bias: true }.into()])?;
        Ok(b.finish(output)?)
    }
}

fn option(b: &mut ArchitectureBuilder, at: NodeId, option: usize) -> Result<NodeId, SpaceError> {
    let conv = |kernel| -> [Op; 3] {
        [Activation::Relu.into(), Conv2d::same(4, kernel, 1).into(), BatchNorm {}.into()]
    };
    Ok(match option {
        0 => {
            let shape = b.shape(at).clone();
            b.add(Zero { shape }, &[])?
        }
        1 => b.add(Identity {}, &[at])?,
        2 => b.add(Pool2d { kind: PoolKind::Average, kernel: 3, stride: 1, padding: 1 }, &[at])?,
        kernel => {
            b.branch(OPTIONS[kernel]);
            b.chain(at, conv(2 * (kernel - 3) + 1))?
        }
    })
}

impl Space for Layers {
    fn name(&self) -> &str {
        "layers"
    }

    fn build<'s>(&'s self, chooser: &mut dyn Chooser) -> Result<Candidate<'s>, SpaceError> {
        let question = Question { scale: Scale::Categorical, topic: Topic::Architecture, options: &LABELS };
        let first = chooser.choose(self.path(0), &question)?;
        let second = if self.is_shared { first } else { chooser.choose(self.path(1), &question)? };
        Ok(Candidate {
            settings: Settings::default(),
            draw: Box::new(move || self.draw(Some([first, second]))),
        })
    }

    fn relax(&self) -> Result<Option<Architecture>, SpaceError> {
        self.draw(None).map(Some)
    }
}

/// A linear layer of one of two widths, which cannot be relaxed.
struct Widths;

impl Space for Widths {
    fn name(&self) -> &str {
        "widths"
    }

    fn build<'s>(&'s self, chooser: &mut dyn Chooser) -> Result<Candidate<'s>, SpaceError> {
        let question = Question { scale: Scale::Ordered, topic: Topic::Architecture, options: &LABELS[..2] };
        let width = 8 << chooser.choose(Path::new("width"), &question)?;
        let draw = move || {
            let mut b = ArchitectureBuilder::new(Shape::new(&[1, 8, 8]));
            let linear = |features| Op::from(Linear { features, bias: true });
            let out =
                b.chain(b.input(), [Flatten {}.into(), linear(width), Activation::Relu.into(), linear(10)])?;
            Ok(b.finish(out)?)
        };
        Ok(Candidate { settings: Settings::default(), draw: Box::new(draw) })
    }

    fn is_elastic(&self) -> bool {
        true
    }
}

fn place() -> Place {
    Device::Cpu.into()
}

/// A batch of noise.
fn batch() -> (Vec<f32>, [u32; 6]) {
    let mut rng = Rng::new(4, 4);
    ((0..6 * 64).map(|_| rng.normal() as f32).collect(), [0, 3, 9, 1, 1, 7])
}

fn passed(graph: &Architecture, weights: &Weights, mix: Option<&Mix>) -> Pass {
    let (inputs, labels) = batch();
    let batch = (&inputs[..], Wanted::Classes(&labels), 0.0);
    pass((graph, weights), mix, &place(), batch, &mut Rng::new(0, 0), None)
}

fn one_hot(graph: &Architecture, chosen: &dyn Fn(&str) -> usize) -> Mix {
    let weights = |path: &str| (0..5).map(|option| f64::from(u8::from(option == chosen(path)))).collect();
    graph.choices().into_iter().map(|c| (c.path.clone(), weights(&c.path))).collect()
}

#[test]
fn one_option_that_weighs_all_is_the_network_that_is_derived() {
    for is_shared in [false, true] {
        let space = Layers { is_shared };
        let graph = space.relax().unwrap().unwrap();
        let mut shared = Shared::new(&Settings::default(), 3);
        let (whole, _) = shared.gather(&graph);
        for first in 0..5 {
            for second in (0..5).filter(|second| !is_shared || *second == first) {
                let chosen = |path: &str| if path == "layer[0]" { first } else { second };
                let derived = graph.derive(|path| Some(chosen(path))).unwrap();
                assert_eq!(derived.hash(), space.draw(Some([first, second])).unwrap().canonical().hash());
                let (own, places) = shared.gather(&derived);
                let relaxed = passed(&graph, &whole, Some(&one_hot(&graph, &chosen)));
                let alone = passed(&derived, &own, None);
                assert_eq!(relaxed.answers.len(), 60);
                for (a, b) in relaxed.answers.iter().zip(&alone.answers) {
                    assert!((a - b).abs() < 1e-5, "{first} {second}: {a} and {b}");
                }
                assert!((relaxed.loss - alone.loss).abs() < 1e-5);
                // What the one teaches the weights that it has, the other does too. Norms after nothing but zeros are no part
                // of the derived network.
                let mut sums = [shared.clone(), shared.clone()];
                let (_, everywhere) = sums[0].gather(&graph);
                sums[0].learn(&everywhere, &relaxed.gradients, 1.0);
                sums[1].learn(&places, &alone.gradients, 1.0);
                let [relaxed, alone] = sums.map(|shared| shared.gradients);
                let mut compared = 0;
                for (relaxed, alone) in relaxed.iter().zip(&alone) {
                    let (Some(relaxed), Some(alone)) = (relaxed, alone) else {
                        assert!(alone.is_none(), "{first} {second}: only the derived network learns");
                        continue;
                    };
                    compared += 1;
                    for (a, b) in relaxed.iter().zip(alone) {
                        assert!((a - b).abs() < 1e-5, "{first} {second}: {a} and {b}");
                    }
                }
                assert!(compared >= 4, "{compared}");
            }
        }
    }
}

/// Some weights for the options of each choice.
fn some_mix(graph: &Architecture) -> Mix {
    let mut rng = Rng::new(9, 0);
    graph.choices().into_iter().map(|c| (c.path, (0..5).map(|_| 0.1 + 0.4 * rng.unit()).collect())).collect()
}

#[test]
fn slopes_along_the_weights_of_options_are_those_of_finite_differences() {
    for is_shared in [false, true] {
        let graph = Layers { is_shared }.relax().unwrap().unwrap();
        let weights = Weights::fresh(&graph, 5);
        let mix = some_mix(&graph);
        let found = passed(&graph, &weights, Some(&mix)).slopes;
        for (path, slopes) in &found {
            for (option, &derived) in slopes.iter().enumerate() {
                let moved = |by: f64| {
                    let mut mix = mix.clone();
                    mix.get_mut(path).unwrap()[option] += by;
                    passed(&graph, &weights, Some(&mix)).loss
                };
                let slope = (moved(1e-3) - moved(-1e-3)) / 2e-3;
                assert!(
                    (slope - derived).abs() < 2e-3 * (1.0 + slope.abs()),
                    "{path} {option}: {slope} and {derived}"
                );
            }
        }
        assert_eq!(found.len(), if is_shared { 1 } else { 2 });
    }
}

#[test]
fn slopes_along_logits_are_those_of_finite_differences() {
    let graph = Layers { is_shared: false }.relax().unwrap().unwrap();
    let weights = Weights::fresh(&graph, 5);
    for relaxation in [&DARTS, &DRNAS] {
        let mut logits = Logits::new(&graph);
        for (i, value) in logits.values.iter_mut().flatten().enumerate() {
            *value = 0.3 * (i % 4) as f64 - 0.4;
        }
        let at = |logits: &Logits| {
            let (mix, weighed) = logits.weigh(relaxation, 0.5, &mut Rng::new(2, 2), 0.25);
            let found = passed(&graph, &weights, Some(&mix));
            (found.loss, logits.back(&weighed, &found.slopes))
        };
        let (_, slopes) = at(&logits);
        for (choice, slopes) in slopes.iter().enumerate() {
            for (option, &derived) in slopes.iter().enumerate() {
                let moved = |by: f64| {
                    let mut logits = logits.clone();
                    logits.values[choice][option] += by;
                    at(&logits).0
                };
                let slope = (moved(0.02) - moved(-0.02)) / 0.04;
                assert!((slope - derived).abs() < 2e-3, "{choice} {option}: {slope} and {derived}");
            }
        }
    }
}

#[test]
fn gradients_of_weights_through_a_mixture_are_those_of_finite_differences() {
    let graph = Layers { is_shared: false }.relax().unwrap().unwrap();
    let weights = Weights::fresh(&graph, 6);
    let mix = some_mix(&graph);
    let found = passed(&graph, &weights, Some(&mix)).gradients;
    let mut checked = 0;
    for (slot, gradient) in found.iter().enumerate() {
        let Some(gradient) = gradient else { continue };
        for at in [0, gradient.numbers.len() / 2] {
            let moved = |by: f32| {
                let mut weights = weights.clone();
                weights.values[slot][at] += by;
                passed(&graph, &weights, Some(&mix)).loss
            };
            let slope = (moved(5e-3) - moved(-5e-3)) / 1e-2;
            let derived = f64::from(gradient.numbers[at]);
            assert!(
                (slope - derived).abs() < 3e-3 * (1.0 + slope.abs()),
                "{slot} {at}: {slope} and {derived}"
            );
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked}");
}

fn digits() -> (Examples, Examples) {
    registry::load("digits", 0).unwrap().fold(0)
}

fn objectives() -> Objectives {
    Objectives::single("accuracy", Direction::Maximize)
}

fn trained(
    space: &dyn Space,
    method: Method,
    epochs: u32,
    objectives: &Objectives,
    from: Option<Supernet>,
    observe: &mut dyn FnMut(Option<&Supernet>) -> Control,
) -> Result<Supernet, TrainError> {
    let (training, held) = digits();
    let (seed, device, metric) = (11, Device::Cpu, Metric::Accuracy);
    let plan = SupernetPlan { method, epochs, seed, device, metric, objectives };
    let settings = Settings { learning_rate: 0.01, ..Settings::default() };
    train_supernet((space, &Decisions::new()), &settings, (&training, &held), None, &plan, from, observe)
}

/// Answers with the last option.
struct Largest;

impl Chooser for Largest {
    fn choose(&mut self, _: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        Ok(question.options.len() - 1)
    }
}

fn space_of(method: Method) -> Box<dyn Space> {
    if matches!(method, Method::Sandwich | Method::NasBert) {
        Box::new(Widths)
    } else {
        Box::new(Layers { is_shared: false })
    }
}

#[test]
fn every_method_learns_and_goes_on_from_any_epoch_to_the_same_result() {
    let folder = tempfile::tempdir().unwrap();
    for method in Method::ALL {
        let space = space_of(method);
        let path = folder.path().join(method.name());
        let whole = trained(&*space, method, 4, &objectives(), None, &mut |_| Control::Continue).unwrap();
        let (first, last) = (whole.epochs()[0].train_loss, whole.epochs()[3].train_loss);
        assert!(last < first, "{}: {first} to {last}", method.name());
        for stop in [1, 3] {
            let mut observe = |state: Option<&Supernet>| match state {
                Some(state) if state.epochs().len() == stop => {
                    state.save(&path, &*space).unwrap();
                    Control::Stop
                }
                _ => Control::Continue,
            };
            let stopped = trained(&*space, method, 4, &objectives(), None, &mut observe);
            assert_eq!(stopped.unwrap_err(), TrainError::Stopped { epoch: stop as u32 });
            let settings = Settings { learning_rate: 0.01, ..Settings::default() };
            let from = Supernet::load(&path, &*space, &settings).unwrap();
            assert!(from.is_of(11) && !from.is_of(12));
            let resumed =
                trained(&*space, method, 4, &objectives(), Some(from), &mut |_| Control::Continue).unwrap();
            assert_eq!(resumed.epochs(), whole.epochs(), "{} from {stop}", method.name());
            assert_eq!(resumed.shares(method), whole.shares(method));
            assert_eq!(resumed.shared.weights.values, whole.shared.weights.values);
        }
        let shares = whole.shares(method);
        if method == Method::NasBert {
            assert!(!shares.is_empty() && shares.iter().all(|(.., share)| (0.0..=1.0).contains(share)));
            continue;
        }
        assert_eq!(shares.len(), if method.is_relaxation() { 10 } else { 0 });
        let sum: f64 = shares.iter().map(|(.., share)| share).sum();
        assert!(
            shares.is_empty() || (sum - 2.0).abs() < 1e-9 && shares.iter().any(|s| (s.2 - 0.2).abs() > 0.01)
        );
    }
}

#[test]
fn networks_answer_with_the_weights_they_have_together() {
    let (training, held) = digits();
    for method in [Method::Spos, Method::FairNas, Method::Sandwich, Method::NasBert] {
        let space = space_of(method);
        let supernet = trained(&*space, method, 12, &objectives(), None, &mut |_| Control::Continue).unwrap();
        // The last option everywhere: the largest.
        let mut largest = Largest;
        let graph = (space.build(&mut largest).unwrap().draw)().unwrap().canonical();
        let accuracy = |network: &mut dyn TrainStep| {
            evaluate(network, &held, Metric::Accuracy).unwrap().metrics.value("accuracy").unwrap()
        };
        let inherited = accuracy(&mut supernet.network(&graph, &training, 64, Device::Cpu).unwrap());
        assert_eq!(inherited, accuracy(&mut supernet.network(&graph, &training, 64, Device::Cpu).unwrap()));
        let fresh = Weights::fresh(&graph, 1);
        let fresh = accuracy(&mut crate::Network::new(graph, fresh, &Settings::default(), 0, Device::Cpu));
        assert!(inherited > fresh + 0.1, "{}: {inherited} after {fresh}", method.name());
    }
}

#[test]
fn with_partial_channels_a_network_is_judged_by_the_part_that_was_trained() {
    let space = Layers { is_shared: false };
    let mut decisions = Decisions::new();
    decisions.push(space.path(0).key(), 4);
    decisions.push(space.path(1).key(), 1);
    let graph = space.draw(Some([4, 1])).unwrap().canonical();
    let whole = member(&space, Method::Darts, &decisions, &graph).unwrap();
    assert_eq!(whole.hash(), graph.hash());
    let part = member(&space, Method::PcDarts, &decisions, &graph).unwrap();
    let slots = |graph: &Architecture| Weights::fresh(graph, 1).params();
    // One channel of four goes through the convolution of 3×3: 9 weights and two numbers of a norm, not 144 and 8.
    assert_eq!(slots(&graph) - slots(&part), 144 + 8 - 9 - 2);
    let net = trained(&space, Method::PcDarts, 12, &objectives(), None, &mut |_| Control::Continue).unwrap();
    let (training, held) = digits();
    let mut network = net.network(&part, &training, 64, Device::Cpu).unwrap();
    let accuracy =
        evaluate(&mut network, &held, Metric::Accuracy).unwrap().metrics.value("accuracy").unwrap();
    assert!(accuracy > 0.2, "{accuracy}");
    let bytes = |method| supernet_bytes(&space, method, &[], 64).unwrap();
    assert!(bytes(Method::PcDarts) < bytes(Method::Darts));
}

#[test]
fn a_limit_keeps_gradient_search_from_what_is_too_dear() {
    // Without its convolutions a network has 40 + 8 + 50 parameters, with one of 3×3 in each layer 312 more.
    let space = Layers { is_shared: false };
    let largest = space.draw(Some([4, 4])).unwrap().cost().params as f64;
    let mut limited = objectives();
    limited.limits.push(format!("params<={}", largest * 0.5).parse().unwrap());
    for method in [Method::Darts, Method::PcDarts, Method::Gdas, Method::DrNas, Method::Enas] {
        let mean = |objectives: &Objectives| {
            let net = trained(&space, method, 6, objectives, None, &mut |_| Control::Continue).unwrap();
            net.shares(method).iter().filter(|(_, option, _)| option == "three").map(|s| s.2).sum::<f64>()
        };
        let (free, kept) = (mean(&objectives()), mean(&limited));
        assert!(kept <= free + 1e-9, "{}: {free} and {kept}", method.name());
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let error = trained(&Widths, Method::Darts, 1, &objectives(), None, &mut |_| Control::Continue);
    assert!(error.unwrap_err().to_string().contains("widths cannot be relaxed"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("supernet");
    let settings = Settings::default();
    let error = |path: &std::path::Path| Supernet::load(path, &Widths, &settings).unwrap_err().to_string();
    assert!(error(&path).contains("cannot be read"));
    std::fs::write(&path, b"nothing").unwrap();
    assert!(error(&path).contains("train it anew"));
    let space = Layers { is_shared: false };
    let net = trained(&space, Method::Spos, 1, &objectives(), None, &mut |_| Control::Continue).unwrap();
    net.save(&path, &space).unwrap();
    assert!(error(&path).contains("another space than widths"), "{}", error(&path));
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(Supernet::load(&path, &space, &settings).unwrap_err().to_string().contains("train it anew"));
    assert!(supernet_bytes(&Widths, Method::Darts, &[], 64).is_err());
    let some = [space.draw(Some([4, 4])).unwrap()];
    let bytes = |method| supernet_bytes(&space, method, &some, 64).unwrap();
    assert!(bytes(Method::Darts) > bytes(Method::Gdas) && bytes(Method::Gdas) > 0);
}
