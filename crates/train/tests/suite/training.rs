use crate::graphs;
use nascent_core::architecture::op::*;
use nascent_core::architecture::{Architecture, ArchitectureBuilder, Op, Shape};
use nascent_core::rng::Rng;
use nascent_core::{Control, Optimizer, Settings};
use nascent_data::{Examples, Metric, Scale, Targets};
use nascent_train::{
    Begin, Checkpoint, Device, Epoch, Lesson, Moment, Network, Optimizers, Plan, Teacher, TrainError,
    TrainStep, Trained, Wanted, Weights, evaluate, on_one_thread, train, tune,
};

fn graph() -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[1, 6, 6]));
    let ops: [Op; 6] = [
        Conv2d::same(4, 3, 1).into(),
        BatchNorm {}.into(),
        Activation::Relu.into(),
        GlobalAveragePool {}.into(),
        Dropout { per_mille: 100 }.into(),
        Linear { features: 2, bias: true }.into(),
    ];
    let out = b.chain(b.input(), ops).unwrap();
    b.finish(out).unwrap()
}

/// Noise, and noise with a bright corner.
fn examples(n: usize, seed: u64) -> Examples {
    let mut inputs = graphs::normal(36 * n, seed);
    let labels: Vec<u32> = (0..n as u32).map(|i| i % 2).collect();
    for (image, label) in inputs.chunks_mut(36).zip(&labels) {
        image[..12].iter_mut().for_each(|p| *p += 2.0 * *label as f32);
    }
    let inputs = inputs.into();
    Examples { shape: Shape::new(&[1, 6, 6]), inputs, targets: Targets::Classes { classes: 2, labels } }
}

fn plan(epochs: u32) -> Plan {
    let (seed, device, metric) = (1, Device::Cpu, Metric::Accuracy);
    Plan { epochs, horizon: epochs, patience: None, seed, device, keep: false, metric }
}

fn settings() -> Settings {
    Settings { batch_size: 16, learning_rate: 0.02, ..Settings::default() }
}

fn losses(plan: &Plan, settings: &Settings) -> (Vec<Epoch>, Result<Trained, TrainError>) {
    losses_from(None, plan, settings)
}

fn losses_from(
    from: Option<Checkpoint>,
    plan: &Plan,
    settings: &Settings,
) -> (Vec<Epoch>, Result<Trained, TrainError>) {
    let mut seen = Vec::new();
    let (training, validation) = (examples(70, 1), examples(40, 2));
    let augment =
        |batch: &mut [f32], rng: &mut Rng| batch.iter_mut().for_each(|x| *x += 0.1 * rng.normal() as f32);
    let mut observe = |moment: Moment<'_>| {
        if let Moment::Epoch(epoch) = moment {
            seen.push(epoch.clone());
        }
        Control::Continue
    };
    let trained = train(
        &graph(),
        settings,
        (&training, Some(&validation)),
        Some(&augment),
        plan,
        from.map(Begin::Checkpoint),
        &mut observe,
    );
    (seen, trained)
}

#[test]
fn the_same_seed_gives_the_same_bits_on_any_number_of_threads() {
    let (first, trained) = losses(&plan(4), &settings());
    let weights = trained.unwrap().network.weights().clone();
    let again = on_one_thread(|| {
        let (seen, trained) = losses(&plan(4), &settings());
        (seen, trained.unwrap().network.weights().clone())
    });
    let (second, same) = again.unwrap();
    assert_eq!(first, second);
    assert_eq!(weights, same);
    assert_ne!(first, losses(&Plan { seed: 2, ..plan(4) }, &settings()).0);
    assert!(first[3].train_loss < first[0].train_loss);
}

#[test]
fn the_best_epoch_is_kept_and_patience_ends_the_rest() {
    let (seen, trained) = losses(&plan(12), &settings());
    let mut trained = trained.unwrap();
    assert_eq!((trained.epochs, seen.len()), (12, 12));
    let best = seen
        .iter()
        .map(|e| e.validation.as_ref().unwrap().metrics.value("accuracy").unwrap())
        .fold(0.0, f64::max);
    let kept = evaluate(&mut trained.network, &examples(40, 2), Metric::Accuracy).unwrap();
    assert_eq!(kept.metrics.value("accuracy"), Some(best));
    assert_eq!(Some(kept), trained.best.validation);
    let (seen, trained) = losses(&Plan { patience: Some(2), ..plan(60) }, &settings());
    let trained = trained.unwrap();
    assert!(trained.epochs < 60 && trained.epochs == trained.best.epoch + 2, "{}", trained.epochs);
    assert_eq!(seen.len() as u32, trained.epochs);
}

#[test]
fn a_training_goes_on_from_a_checkpoint_as_if_it_had_never_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.checkpoint");
    for optimizer in [Optimizer::AdamW, Optimizer::Sgd] {
        let settings = Settings { optimizer, ..settings() };
        let (whole, trained) = losses(&plan(7), &settings);
        let trained = trained.unwrap();
        let (mut parts, begun) = losses(&Plan { epochs: 3, horizon: 7, keep: true, ..plan(7) }, &settings);
        begun.unwrap().checkpoint.unwrap().save(&path).unwrap();
        let fresh = Optimizers::new(&settings, trained.network.weights());
        let from = Checkpoint::load(&path, &graph(), &fresh).unwrap();
        assert_eq!(from.epochs(), parts);
        let (rest, ended) = losses_from(Some(from), &plan(7), &settings);
        let ended = ended.unwrap();
        parts.extend(rest);
        assert_eq!(parts, whole, "{optimizer:?}");
        assert_eq!((&ended.best, ended.epochs), (&trained.best, 4));
        assert_eq!(ended.network.weights(), trained.network.weights());
        assert!(ended.checkpoint.is_none(), "nobody asked for one");
    }
    let fresh = Optimizers::new(&settings(), &Weights::fresh(&graph(), 1));
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 9]).unwrap();
    let error = Checkpoint::load(&path, &graph(), &fresh).unwrap_err().to_string();
    assert!(error.contains("no whole checkpoint"), "{error}");
    // One of plain descent has no second moments.
    std::fs::write(&path, &whole).unwrap();
    assert!(Checkpoint::load(&path, &graph(), &fresh).is_err());
    let error = Checkpoint::load(&folder.path().join("none"), &graph(), &fresh).unwrap_err().to_string();
    assert!(error.contains("cannot be read"), "{error}");
}

#[test]
fn the_schedule_follows_the_horizon_not_the_epochs() {
    let (seen, _) = losses(&Plan { horizon: 40, ..plan(4) }, &settings());
    // Four of forty epochs are the warm-up.
    assert!((seen[3].learning_rate - 0.02).abs() < 1e-12, "{}", seen[3].learning_rate);
    let (seen, _) = losses(&plan(4), &settings());
    assert!(seen[3].learning_rate < 0.001, "{}", seen[3].learning_rate);
}

#[test]
fn without_validation_all_epochs_run_and_the_last_weights_stay() {
    let mut seen = 0;
    let trained =
        train(&graph(), &settings(), (&examples(70, 1), None), None, &plan(3), None, &mut |moment| {
            if let Moment::Epoch(epoch) = moment {
                seen += 1;
                assert!(epoch.validation.is_none());
            }
            Control::Continue
        });
    assert_eq!((seen, trained.unwrap().best.epoch), (3, 3));
    let stop_at = |within: bool| {
        train(&graph(), &settings(), (&examples(70, 1), None), None, &plan(3), None, &mut |moment| {
            match moment {
                Moment::Step if !within => Control::Continue,
                _ => Control::Stop,
            }
        })
    };
    let stopped = stop_at(false).unwrap();
    assert_eq!((stopped.epochs, stopped.best.epoch), (1, 1));
    assert_eq!(stop_at(true).err(), Some(TrainError::Stopped { epoch: 1 }));
}

#[test]
fn a_loss_that_is_no_number_ends_the_training_with_its_place() {
    let mut broken = examples(70, 1);
    let mut numbers = broken.all().unwrap().into_owned();
    numbers[5] = f32::NAN;
    broken.inputs = numbers.into();
    let observe = &mut |_: Moment<'_>| Control::Continue;
    let error = train(&graph(), &settings(), (&broken, None), None, &plan(3), None, observe).err().unwrap();
    assert!(matches!(error, TrainError::Diverged { epoch: 1, step: 1..=5, .. }), "{error}");
    assert!(error.to_string().contains("NaN in epoch 1, step"), "{error}");
}

#[test]
fn what_does_not_fit_is_said_before_training() {
    let observe = &mut |_: Moment<'_>| Control::Continue;
    let mut error = |examples: &Examples, plan: &Plan| {
        train(&graph(), &settings(), (examples, None), None, plan, None, observe).err().unwrap().to_string()
    };
    let mut wide = examples(4, 0);
    wide.shape = Shape::new(&[1, 4, 9]);
    assert!(error(&wide, &plan(1)).contains("takes 1×6×6, the examples are 1×4×9"));
    let mut many = examples(4, 0);
    many.targets = Targets::Classes { classes: 5, labels: vec![0; 4] };
    assert!(error(&many, &plan(1)).contains("the task asks for 5"));
    assert!(error(&examples(0, 0), &plan(1)).contains("at least one example"));
    assert!(error(&examples(4, 0), &plan(0)).contains("epochs must be at least 1"));
}

#[test]
fn an_absolute_error_is_answered_with_the_median_and_a_squared_one_with_the_mean() {
    let mut b = ArchitectureBuilder::new(Shape::new(&[1]));
    let out = b.add(Linear { features: 1, bias: true }, &[b.input()]).unwrap();
    let graph = b.finish(out).unwrap();
    let values: Vec<f32> = (0..90).map(|i| if i % 3 == 0 { 3.0 } else { 0.0 }).collect();
    let targets = Targets::Values { values, scale: Scale { mean: 0.0, deviation: 1.0 } };
    let examples = Examples { shape: Shape::new(&[1]), inputs: vec![1.0; 90].into(), targets };
    let answer = |metric| {
        let plan = Plan { metric, ..plan(60) };
        let settings = Settings { weight_decay: 0.0, ..settings() };
        let mut deaf = |_: Moment<'_>| Control::Continue;
        let trained = train(&graph, &settings, (&examples, None), None, &plan, None, &mut deaf).unwrap();
        let mut network = trained.network;
        (network.eval_batch(&[1.0])[0], evaluate(&mut network, &examples, metric).unwrap().loss)
    };
    let ((median, absolute), (mean, squared)) = (answer(Metric::Mae), answer(Metric::Rmse));
    assert!(median.abs() < 0.1 && (absolute - 1.0).abs() < 0.1, "{median} {absolute}");
    assert!((mean - 1.0).abs() < 0.1 && (squared - 2.0).abs() < 0.1, "{mean} {squared}");
}

/// A network that tells the examples apart.
fn taught() -> Trained {
    let mut deaf = |_: Moment<'_>| Control::Continue;
    train(&graph(), &settings(), (&examples(200, 1), None), None, &plan(12), None, &mut deaf).unwrap()
}

fn accuracy(network: &mut Network) -> f64 {
    let judged = evaluate(network, &examples(200, 2), Metric::Accuracy).unwrap();
    judged.metrics.value("accuracy").unwrap()
}

#[test]
fn a_tuned_network_goes_on_from_its_weights_under_a_schedule_of_its_own() {
    let mut before = taught();
    let worth = accuracy(&mut before.network);
    assert!(worth > 0.9, "{worth}");
    let examples = examples(70, 1);
    let mut rates = Vec::new();
    let mut observe = |moment: Moment<'_>| {
        if let Moment::Epoch(epoch) = moment {
            rates.push(epoch.learning_rate);
        }
        Control::Continue
    };
    let settings = Settings { learning_rate: 1e-4, ..settings() };
    let weights = before.network.weights().clone();
    let tuned =
        tune((&graph(), weights.clone()), &settings, (&examples, None), None, None, &plan(2), &mut observe);
    let mut tuned = tuned.unwrap();
    assert!((accuracy(&mut tuned.network) - worth).abs() < 0.05);
    assert_ne!(tuned.network.weights(), &weights);
    assert!(tuned.epochs == 2 && rates.len() == 2 && rates[1] < rates[0], "{rates:?}");
    // Weights and teachers of other networks are refused.
    let mut b = ArchitectureBuilder::new(Shape::new(&[36]));
    let out = b.add(Linear { features: 2, bias: true }, &[b.input()]).unwrap();
    let other = b.finish(out).unwrap();
    let mut deaf = |_: Moment<'_>| Control::Continue;
    let strange = (&graph(), Weights::fresh(&other, 1));
    let error = tune(strange, &settings, (&examples, None), None, None, &plan(1), &mut deaf).err().unwrap();
    assert!(error.to_string().contains("belong to another network"), "{error}");
    let mut teacher = Teacher::new(other.clone(), Weights::fresh(&other, 1), Device::Cpu);
    let (own, teacher) = ((&graph(), weights), Some(&mut teacher));
    let error = tune(own, &settings, (&examples, None), None, teacher, &plan(1), &mut deaf).err().unwrap();
    assert!(error.to_string().contains("takes 36, the examples are 1×6×6"), "{error}");
}

#[test]
fn a_teacher_is_heard_where_labels_are_wrong() {
    let teacher = taught();
    let mut wrong = examples(200, 3);
    let Targets::Classes { labels, .. } = &mut wrong.targets else { unreachable!() };
    let mut rng = Rng::new(5, 0);
    labels.iter_mut().for_each(|label| *label = rng.below(2) as u32);
    let learned = |teacher: Option<&mut Teacher>| {
        let mut deaf = |_: Moment<'_>| Control::Continue;
        let fresh = (&graph(), Weights::fresh(&graph(), 9));
        let tuned = tune(fresh, &settings(), (&wrong, None), None, teacher, &plan(8), &mut deaf);
        accuracy(&mut tuned.unwrap().network)
    };
    let mut teacher = Teacher::new(graph(), teacher.network.weights().clone(), Device::Cpu);
    let (with, without) = (learned(Some(&mut teacher)), learned(None));
    assert!(with > 0.9 && without < 0.8, "{with} with a teacher, {without} without");
    assert_eq!(learned(Some(&mut teacher)), with);
}

#[test]
fn a_value_that_is_taught_lies_between_the_teachers_and_the_right_one() {
    let mut b = ArchitectureBuilder::new(Shape::new(&[1]));
    let out = b.add(Linear { features: 1, bias: true }, &[b.input()]).unwrap();
    let graph = b.finish(out).unwrap();
    let targets = Targets::Values { values: vec![1.0; 64], scale: Scale { mean: 0.0, deviation: 1.0 } };
    let examples = Examples { shape: Shape::new(&[1]), inputs: vec![1.0; 64].into(), targets };
    let mut said = Weights::fresh(&graph, 1);
    said.values = vec![vec![0.0], vec![3.0]];
    let mut teacher = Teacher::new(graph.clone(), said, Device::Cpu);
    let settings = Settings { weight_decay: 0.0, ..settings() };
    let mut deaf = |_: Moment<'_>| Control::Continue;
    let plan = Plan { metric: Metric::Rmse, ..plan(60) };
    let fresh = (&graph, Weights::fresh(&graph, 1));
    let tuned =
        tune(fresh, &settings, (&examples, None), None, Some(&mut teacher), &plan, &mut deaf).unwrap();
    let mut network = tuned.network;
    let answer = network.eval_batch(&[1.0])[0];
    assert!(answer > 1.2 && answer < 2.9, "{answer}");
}

#[test]
fn a_lesson_teaches_what_burn_says_at_any_temperature() {
    let inputs = graphs::normal(36 * 6, 4);
    let labels = [0, 1, 1, 0, 1, 0];
    let shares = [0.9, 0.1, 0.3, 0.7, 0.5, 0.5, 0.2, 0.8, 0.6, 0.4, 1.0, 0.0];
    let settings = Settings { label_smoothing: 0.1, ..settings() };
    let [mut ours, mut burns] = [true, false].map(|kernels| {
        Network::new(graph(), Weights::fresh(&graph(), 5), &settings, 1, Device::Cpu).with_kernels(kernels)
    });
    assert_eq!(ours.left_to_burn(), None);
    for (temperature, part) in [(1.0, 1.0), (1.0, 0.5), (4.0, 0.9), (0.5, 0.0)] {
        let lesson = Lesson { shares: &shares, temperature, part };
        let wanted = Wanted::Shares { labels: &labels, lesson };
        let [a, b] = [&mut ours, &mut burns].map(|n| n.train_batch(&inputs, wanted, 0.003));
        assert!((a - b).abs() < 1e-4 * b.abs(), "{temperature}, {part}: {a} against {b}");
    }
    let (a, b) = (ours.eval_batch(&inputs), burns.eval_batch(&inputs));
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 2e-3), "{a:?} against {b:?}");
}
