use nascent_core::architecture::op::{Activation, Flatten, Linear};
use nascent_core::architecture::{Architecture, ArchitectureBuilder, Op, Shape};
use nascent_core::event::{FROM_PARENT, Outcome, Proposal, Role, Rung, TrialId};
use nascent_core::{
    Candidate, Continued, Control, Decisions, EvaluateError, Evaluator, Job, Metrics, Progress, Settings,
};
use nascent_data::registry;
use nascent_train::{Device, TrainEvaluator, Training};
use std::path::Path;

/// Counts reports.
struct Count(Vec<u32>);

impl Progress for Count {
    fn report(&mut self, step: u32, _: Metrics) -> Control {
        self.0.push(step);
        Control::Continue
    }
}

fn graph() -> Architecture {
    graph_of(16)
}

fn graph_of(units: usize) -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[1, 8, 8]));
    let linear = |features| Op::from(Linear { features, bias: true });
    let ops = [Flatten {}.into(), linear(units), Activation::Relu.into(), linear(10)];
    let out = b.chain(b.input(), ops).unwrap();
    b.finish(out).unwrap()
}

fn outcome(folds: u32) -> (Outcome, Vec<u32>) {
    let task = registry::load("digits", 0).unwrap();
    let training = Training { batch_size: 64, patience: None, folds, device: Device::Cpu };
    let mut evaluator = TrainEvaluator::new(task, "nowhere".into(), training);
    let proposal = Proposal {
        decisions: Decisions::default(),
        rung: 0,
        budget: 2,
        parents: Default::default(),
        role: Role::Search,
    };
    let ladder = [Rung { estimator: "train".into(), budget: 2, cost: 2.0 }];
    let job = Job::new(TrialId(0), 1, &proposal, &ladder, 5, 1);
    let candidate = Candidate { settings: Settings::default(), draw: Box::new(|| Ok(graph())) };
    let mut progress = Count(Vec::new());
    let outcome = evaluator.evaluate(&job, candidate, &mut progress).unwrap();
    (outcome, progress.0)
}

/// A trial on a ladder of 2 and 5 epochs, and what it reported.
fn climb(at: &Path, trial: u32, rung: u16, continues: Option<Continued>) -> (Outcome, Vec<u32>) {
    let task = registry::load("digits", 0).unwrap();
    let training = Training { batch_size: 64, patience: None, folds: 2, device: Device::Cpu };
    let mut evaluator = TrainEvaluator::new(task, at.into(), training);
    let ladder = [2, 5].map(|budget| Rung { estimator: "train".into(), budget, cost: 1.0 });
    let proposal = Proposal {
        decisions: Decisions::default(),
        rung,
        budget: ladder[usize::from(rung)].budget,
        parents: Default::default(),
        role: Role::Search,
    };
    let job = Job { continues, ..Job::new(TrialId(trial), 1, &proposal, &ladder, 5, 1) };
    let candidate = Candidate { settings: Settings::default(), draw: Box::new(|| Ok(graph())) };
    let mut progress = Count(Vec::new());
    let outcome = evaluator.evaluate(&job, candidate, &mut progress).unwrap();
    (outcome, progress.0)
}

#[test]
fn a_promoted_trial_goes_on_where_the_lower_rung_ended() {
    let folder = tempfile::tempdir().unwrap();
    let files = || {
        let folders = std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().path());
        folders.flat_map(|f| std::fs::read_dir(f).unwrap()).count()
    };
    let (anew, reports) = climb(folder.path(), 0, 1, None);
    assert_eq!((anew.cost, reports.len(), files()), (10.0, 5, 0));
    climb(folder.path(), 1, 0, None);
    assert_eq!(files(), 2, "one a fold");
    let before = Some(Continued { trial: TrialId(1), budget: 2 });
    let (on, reports) = climb(folder.path(), 2, 1, before);
    // The reports of earlier epochs are made again, and the result is the same to the last bit; only the cost is not.
    assert_eq!((on.cost, &reports[..], files()), (6.0, &[1, 2, 3, 4, 5][..], 0));
    assert_eq!((&on.metrics, on.best_step), (&anew.metrics, anew.best_step));
    // Where nothing is left to go on from, it begins anew.
    assert_eq!(climb(folder.path(), 3, 1, before).0, anew);
    climb(folder.path(), 4, 0, None);
    TrainEvaluator::forget_checkpoints(folder.path());
    assert_eq!(files(), 0);
}

/// A trial of a network of so many hidden units, which begins with the weights of another where it comes from one.
fn child(at: &Path, trial: u32, units: usize, parent: Option<&Job>) -> (Job, Result<Outcome, EvaluateError>) {
    let task = registry::load("digits", 0).unwrap();
    let training = Training { batch_size: 64, patience: None, folds: 2, device: Device::Cpu };
    let mut evaluator = TrainEvaluator::new(task, at.into(), training);
    let ladder = [Rung { estimator: FROM_PARENT.into(), budget: 2, cost: 2.0 }];
    let proposal = Proposal {
        decisions: Decisions::default(),
        rung: 0,
        budget: 2,
        parents: Default::default(),
        role: Role::Search,
    };
    let inherits = parent.cloned().map(Box::new);
    let job = Job { inherits, ..Job::new(TrialId(trial), 1, &proposal, &ladder, units as u128, 1) };
    let candidate = Candidate { settings: Settings::default(), draw: Box::new(|| Ok(graph_of(units))) };
    let outcome = evaluator.evaluate(&job, candidate, &mut Count(Vec::new()));
    (job, outcome)
}

#[test]
fn a_network_begins_with_what_its_parent_has_learned() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let accuracy = |outcome: Result<Outcome, _>| outcome.unwrap().metrics.value("accuracy").unwrap();
    let (parent, before) = child(at, 0, 16, None);
    let fresh = accuracy(child(at, 1, 24, None).1);
    let after = accuracy(child(at, 2, 24, Some(&parent)).1);
    assert!(after > fresh && after > accuracy(before), "{after} after {fresh}");
    // Again it comes to the same, and what is kept to go on with is not what children begin with.
    TrainEvaluator::forget_checkpoints(at);
    assert_eq!(accuracy(child(at, 2, 24, Some(&parent)).1), after);
    std::fs::remove_file(at.join(parent.trial.folder()).join("fold-1.safetensors")).unwrap();
    let error = child(at, 3, 24, Some(&parent)).1.unwrap_err().to_string();
    assert!(error.contains("fold-1.safetensors: cannot be read"), "{error}");
}

#[test]
fn a_trial_of_the_search_is_the_mean_over_its_folds() {
    let task = registry::load("digits", 0).unwrap();
    let (one, reports) = outcome(1);
    assert_eq!((one.cost, &reports[..]), (2.0, &[1, 2][..]));
    let (two, reports) = outcome(2);
    // The curve is that of the first fold.
    assert_eq!((two.cost, &reports[..]), (4.0, &[1, 2][..]));
    let accuracy = |o: &Outcome| o.metrics.value("accuracy").unwrap();
    // What the second fold adds is a share of its own validation rows.
    let second = 2.0 * accuracy(&two) - accuracy(&one);
    let right = second * task.split.fold(1).1.len() as f64;
    assert!((right - right.round()).abs() < 1e-6 && (0.0..=1.0).contains(&second), "{second}");
    assert_ne!(accuracy(&one), accuracy(&two));
    assert_eq!(outcome(2).0, two);
}
