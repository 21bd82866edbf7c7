//! What runs on after its time is stopped, and what takes too long fails, but never before there is a result.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use nascent_core::event::{Created, FORMAT, Outcome, Role, Rung};
use nascent_core::objective::Direction;
use nascent_core::study::{Deadlines, End, Halt, Parts, Phase, Source};
use nascent_core::{
    Candidate, EvaluateError, Evaluator, Inline, Job, MemoryLog, Metrics, Objectives, Progress, State, Study,
};
use nascent_testkit::{Ageing, Bits};
use std::cell::Cell;

const SPACE: Bits = Bits { questions: 3, options: 3 };
thread_local! {
    static NOW_MS: Cell<u64> = const { Cell::new(0) };
}

/// Takes so many milliseconds for each of the three steps of every trial.
struct Slow(u64);

impl Evaluator for Slow {
    fn evaluate(
        &mut self,
        _: &Job,
        _: Candidate<'_>,
        progress: &mut (dyn Progress + Send),
    ) -> Result<Outcome, EvaluateError> {
        for step in 1..=3 {
            NOW_MS.set(NOW_MS.get() + self.0);
            progress.report(step, Metrics::new().with("accuracy", 0.1 * f64::from(step)));
        }
        Ok(Outcome { metrics: Metrics::new().with("accuracy", 0.5), best_step: None, cost: 1.0 })
    }
}

/// How a study of slow trials ends, and its trials that are no copies, after one run for each of the deadlines.
fn run(step_ms: u64, deadlines: &[Deadlines]) -> Vec<(End, Vec<State>)> {
    let objectives = Objectives::single("accuracy", Direction::Maximize);
    let created = Created {
        format: FORMAT,
        program: "test".into(),
        study: "late".into(),
        seed: 1,
        strategy: "ageing".into(),
        objectives: objectives.wanted.clone(),
        limits: Vec::new(),
        ladder: vec![Rung { estimator: "train".into(), budget: 3, cost: 1.0 }],
        questions: Vec::new(),
        settings: String::new(),
    };
    NOW_MS.set(0);
    let mut log = MemoryLog::new();
    let mut workers = Inline::new(&SPACE, Slow(step_ms), || NOW_MS.get());
    let mut sink = |_: &_| {};
    let (log, workers, halt) = (&mut log, &mut workers, &|| Halt::No);
    let parts = Parts { space: &SPACE, objectives, log, workers, sink: &mut sink, halt };
    let mut study = Study::open(created, parts).unwrap();
    let mut run = |deadlines| {
        let mut strategy = Ageing::new(4);
        let source = Source::Strategy(&mut strategy, Role::Search);
        let end = study.run(&mut Phase { source, space: &SPACE, trials: 20, deadlines }).unwrap();
        let own = study.history().trials.iter().filter(|t| t.copied_from.is_none());
        (end, own.map(|t| t.state).collect::<Vec<_>>())
    };
    deadlines.iter().map(|d| run(*d)).collect()
}

#[test]
fn a_late_trial_is_stopped_once_one_has_finished() {
    let stop = |stop_ms| Deadlines { stop_ms: Some(stop_ms), ..Default::default() };
    let ended = run(10, &[stop(5), stop(100)]);
    // The first is late too, but without it there would be nothing.
    assert_eq!(ended[0], (End::TimeUp, vec![State::Finished]));
    assert_eq!(ended[1].0, End::TimeUp);
    assert_eq!(ended[1].1, [State::Finished, State::Finished, State::Finished, State::Stopped]);
}

#[test]
fn a_slow_trial_fails_once_one_has_finished() {
    let step = |step_ms| Deadlines { step_ms: Some(step_ms), ..Default::default() };
    let first = |deadlines, step_ms| run(step_ms, &[deadlines])[0].1[..4].to_vec();
    // In this process a report is heard when its trial is over, so the first step seems to take as long as all three.
    let failed = [State::Finished, State::Failed, State::Failed, State::Failed];
    assert_eq!(first(step(5_000), 2_000), failed);
    assert_eq!(first(step(7_000), 2_000), [State::Finished; 4]);
    // What is over within seconds is never too slow: a worker may have had to read data first.
    assert_eq!(first(step(100), 1_000), [State::Finished; 4]);
}
