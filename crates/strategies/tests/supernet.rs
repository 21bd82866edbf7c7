//! Networks that are judged by the weights they have in one that was trained for all.
#![allow(clippy::unwrap_used)]

use nascent_core::chooser::describe;
use nascent_core::event::{Created, FORMAT, Outcome, Role, Rung, SHARED};
use nascent_core::objective::Direction;
use nascent_core::study::{End, Halt, Parts, Phase, Source, Study};
use nascent_core::{
    Candidate, Decisions, EvaluateError, Evaluator, History, Inline, Job, MemoryLog, Metrics, Objectives,
    Progress, Space, State, Strategy, Trial,
};
use nascent_strategies::Spec;
use nascent_testkit::{Bits, recomputes};

/// Judges by the sum of the answers, on shared weights with a constant less; a supernet says `shares`.
struct Sum {
    shares: Vec<(&'static str, f64)>,
    fails: bool,
}

impl Evaluator for Sum {
    fn evaluate(
        &mut self,
        job: &Job,
        _: Candidate<'_>,
        _: &mut (dyn Progress + Send),
    ) -> Result<Outcome, EvaluateError> {
        let outcome = |metrics| Ok(Outcome { metrics, best_step: None, cost: 1.0 });
        if job.rung.is_supernet() {
            if self.fails {
                return Err(EvaluateError("it diverged".into()));
            }
            let mut metrics = Metrics::new().with("train_loss", 1.0);
            for (name, share) in &self.shares {
                metrics.set(*name, *share);
            }
            return outcome(metrics);
        }
        // What is judged by shared weights knows whose.
        assert_eq!(job.inherits.is_some(), job.rung.estimator == SHARED, "trial {}", job.trial);
        let sum: u16 = job.decisions.iter().map(|(_, answer)| answer).sum();
        let less = if job.inherits.is_some() { 0.2 } else { 0.0 };
        outcome(Metrics::new().with("accuracy", f64::from(sum) / 20.0 - less))
    }
}

const SPACE: Bits = Bits { questions: 6, options: 3 };

fn strategy(text: &str) -> Box<dyn Strategy> {
    Spec::parse(text).unwrap().make(40).unwrap()
}

fn search(text: &str, evaluator: Sum, limit: Option<&str>, trials: u64) -> (MemoryLog, End) {
    let rung =
        |estimator: &str, budget| Rung { estimator: estimator.into(), budget, cost: f64::from(budget) };
    let mut objectives = Objectives::single("accuracy", Direction::Maximize);
    objectives.limits.extend(limit.map(|limit| limit.parse().unwrap()));
    let created = Created {
        format: FORMAT,
        program: "test".into(),
        study: "test".into(),
        seed: 3,
        strategy: text.into(),
        objectives: objectives.wanted.clone(),
        limits: objectives.limits.clone(),
        ladder: vec![rung("supernet:spos", 4), rung(SHARED, 1), rung("train", 2)],
        questions: Vec::new(),
        settings: String::new(),
    };
    let mut log = MemoryLog::new();
    let mut workers = Inline::new(&SPACE, evaluator, || 0);
    let parts = Parts {
        space: &SPACE,
        objectives,
        log: &mut log,
        workers: &mut workers,
        sink: &mut |_| {},
        halt: &|| Halt::No,
    };
    let mut strategy = strategy(text);
    let mut study = Study::open(created, parts).unwrap();
    let source = Source::Strategy(&mut *strategy, Role::Search);
    let end = study.run(&mut Phase { source, space: &SPACE, trials, deadlines: Default::default() }).unwrap();
    (log, end)
}

fn on(history: &History, rung: u16) -> Vec<&Trial> {
    history.trials.iter().filter(|t| t.proposal.rung == rung && t.state != State::Infeasible).collect()
}

fn plain() -> Sum {
    Sum { shares: Vec::new(), fails: false }
}

#[test]
fn a_supernet_comes_first_then_a_sample_candidates_and_the_best_alone() {
    let text = "supernet:sample=3,candidates=12 > evolution:population=4,sample=2";
    let (log, _) = search(text, plain(), None, 24);
    recomputes(&SPACE, &|| strategy(text), log.events());
    let history = History::fold(log.events()).unwrap();
    assert_eq!(on(&history, 0).len(), 1);
    assert_eq!(history.trials[0].proposal.rung, 0);
    let (shared, alone) = (on(&history, 1), on(&history, 2));
    assert_eq!((shared.len(), alone.len()), (15, 8));
    // The sample is of no trial; all that is judged by shared weights comes from the supernet.
    let (sample, best) = alone.split_at(3);
    assert!(sample.iter().all(|t| t.proposal.parents.is_empty()));
    assert!(shared.iter().all(|t| t.proposal.parents.contains(&history.trials[0].id)));
    let judged: Vec<&Decisions> = shared[..3].iter().map(|t| &t.proposal.decisions).collect();
    assert_eq!(judged, sample.iter().map(|t| &t.proposal.decisions).collect::<Vec<_>>());
    // The best candidates are trained alone, from the best on.
    let values: Vec<f64> = best.iter().map(|t| t.metrics().value("accuracy").unwrap()).collect();
    assert!(values.windows(2).all(|pair| pair[0] >= pair[1]), "{values:?}");
    let candidates = shared[3..].iter().map(|t| t.metrics().value("accuracy").unwrap() + 0.2);
    let most = candidates.fold(0.0, f64::max);
    assert!((values[0] - most).abs() < 1e-9, "{values:?} against {most}");
}

#[test]
fn a_search_ends_when_all_candidates_were_trained_alone() {
    let (log, end) = search("supernet:sample=2,candidates=5 > random", plain(), None, 1_000);
    let history = History::fold(log.events()).unwrap();
    assert_eq!((on(&history, 1).len(), on(&history, 2).len(), end), (7, 7, End::Exhausted));
}

#[test]
fn the_likeliest_networks_that_keep_a_limit_are_derived() {
    let mut shares = Vec::new();
    for bit in 0..6 {
        // The largest option is always the likeliest; the limit forbids having it everywhere.
        for (option, share) in [(0, 0.2), (1, 0.3), (2, 0.5)] {
            let name: &'static str = Box::leak(format!("share bit[{bit}] {option}").into_boxed_str());
            shares.push((name, share));
        }
    }
    // A hidden layer of the sum and one: 7 numbers each, and 2 biases.
    let limit = "params<=70";
    let text = "supernet:sample=2,candidates=5 > random";
    let (log, _) = search(text, Sum { shares, fails: false }, Some(limit), 9);
    recomputes(&SPACE, &|| strategy(text), log.events());
    let history = History::fold(log.events()).unwrap();
    let derived: Vec<&Trial> =
        on(&history, 2).into_iter().filter(|t| !t.proposal.parents.is_empty()).collect();
    assert_eq!(derived.len(), 4);
    let sums: Vec<u16> =
        derived.iter().map(|t| t.proposal.decisions.iter().map(|(_, answer)| answer).sum()).collect();
    for trial in &derived {
        assert!(trial.costs.value("params").unwrap() <= 70.0);
        assert_eq!(trial.proposal.parents[..], [history.trials[0].id]);
    }
    // What is likeliest among those has as many of the largest option as the limit allows.
    assert_eq!(sums[0], 8, "{:?}", describe(&SPACE, &derived[0].proposal.decisions).unwrap());
    assert_eq!(history.trials.iter().filter(|t| t.state == State::Infeasible).count(), 0);
}

#[test]
fn candidates_have_no_option_that_a_supernet_dropped() {
    // The best option of all is dropped in half of the questions: what is left is as likely as each other.
    let mut shares = Vec::new();
    for bit in 0..6 {
        for option in 0..3 {
            let share = if bit < 3 && option == 2 { 0.0 } else { 1.0 / if bit < 3 { 2.0 } else { 3.0 } };
            let name: &'static str = Box::leak(format!("share bit[{bit}] {option}").into_boxed_str());
            shares.push((name, share));
        }
    }
    let text = "supernet:sample=3,candidates=30 > evolution:population=6,sample=3";
    let (log, _) = search(text, Sum { shares, fails: false }, None, 44);
    recomputes(&SPACE, &|| strategy(text), log.events());
    let history = History::fold(log.events()).unwrap();
    // The sample was drawn before anything was dropped.
    let candidates = &on(&history, 1)[3..];
    assert_eq!(candidates.len(), 30);
    for trial in candidates {
        let answers: Vec<u16> = trial.proposal.decisions.iter().map(|(_, answer)| answer).collect();
        assert!(answers[..3].iter().all(|answer| *answer < 2), "{answers:?}");
    }
    assert!(candidates.iter().any(|t| t.proposal.decisions.iter().any(|(_, answer)| answer == 2)));
    assert!(on(&history, 2).len() > 3);
}

#[test]
fn without_a_supernet_networks_are_trained_alone() {
    let text = "supernet:sample=2,candidates=5 > evolution:population=3,sample=2";
    let (log, _) = search(text, Sum { fails: true, ..plain() }, None, 10);
    recomputes(&SPACE, &|| strategy(text), log.events());
    let history = History::fold(log.events()).unwrap();
    assert_eq!((on(&history, 1).len(), on(&history, 2).len()), (0, 9));
}

#[test]
fn it_is_the_outermost_and_alone_with_its_ladder() {
    for text in ["asha > supernet > random", "supernet > asha", "supernet > filter", "supernet > supernet"] {
        let error = Spec::parse(text).unwrap_err().to_string();
        assert!(error.contains("cannot be inside"), "{text}: {error}");
    }
    let spec = Spec::parse("supernet > warm-start > evolution").unwrap();
    assert!(spec.shares_weights());
    assert_eq!(spec.around("random").unwrap().to_string(), "random");
    let mut strategy = strategy("supernet > random");
    let objectives = Objectives::single("accuracy", Direction::Maximize);
    let ladder = [Rung { estimator: "train".into(), budget: 1, cost: 1.0 }];
    let mut cx = nascent_core::AskContext {
        space: &SPACE as &dyn Space,
        ladder: &ladder,
        objectives: &objectives,
        trial: nascent_core::TrialId(0),
        rng: nascent_core::rng::Rng::new(0, 0),
    };
    let error = strategy.ask(&mut cx).unwrap_err().to_string();
    assert!(error.contains("--estimator supernet"), "{error}");
}
