use nascent_core::architecture::op::{Activation, Flatten, Linear};
use nascent_core::architecture::{Architecture, ArchitectureBuilder, Op, Shape};
use nascent_core::event::{Outcome, Proposal, Role, Rung, TrialId};
use nascent_core::{Candidate, Control, Decisions, Evaluator, Job, Metrics, Progress, Settings};
use nascent_data::registry;
use nascent_train::{Device, TrainEvaluator, Training};

/// Counts reports.
struct Count(Vec<u32>);

impl Progress for Count {
    fn report(&mut self, step: u32, _: Metrics) -> Control {
        self.0.push(step);
        Control::Continue
    }
}

fn graph() -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[1, 8, 8]));
    let linear = |features| Op::from(Linear { features, bias: true });
    let ops = [Flatten {}.into(), linear(16), Activation::Relu.into(), linear(10)];
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
