//! What runs on after its time is stopped, but never before there is a result.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use nascent_core::event::{Created, FORMAT, Outcome, Role, Rung};
use nascent_core::objective::Direction;
use nascent_core::study::{End, Halt, Parts, Phase, Source};
use nascent_core::{
    Candidate, EvaluateError, Evaluator, Inline, Job, MemoryLog, Metrics, Objectives, Progress, State, Study,
};
use nascent_testkit::{Ageing, Bits};
use std::sync::atomic::{AtomicU64, Ordering};

const SPACE: Bits = Bits { questions: 3, options: 3 };
static NOW_MS: AtomicU64 = AtomicU64::new(0);

/// Takes 30 ms for every trial.
struct Slow;

impl Evaluator for Slow {
    fn evaluate(
        &mut self,
        _: &Job,
        _: Candidate<'_>,
        progress: &mut (dyn Progress + Send),
    ) -> Result<Outcome, EvaluateError> {
        for step in 1..=3 {
            NOW_MS.fetch_add(10, Ordering::Relaxed);
            progress.report(step, Metrics::new().with("accuracy", 0.1 * f64::from(step)));
        }
        Ok(Outcome { metrics: Metrics::new().with("accuracy", 0.5), best_step: None, cost: 1.0 })
    }
}

#[test]
fn a_late_trial_is_stopped_once_one_has_finished() {
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
    let mut log = MemoryLog::new();
    let mut workers = Inline::new(&SPACE, Slow, || NOW_MS.load(Ordering::Relaxed));
    let mut sink = |_: &_| {};
    let (log, workers, halt) = (&mut log, &mut workers, &|| Halt::No);
    let parts = Parts { space: &SPACE, objectives, log, workers, sink: &mut sink, halt };
    let mut study = Study::open(created, parts).unwrap();
    let mut run = |stop_ms| {
        let mut strategy = Ageing::new(4);
        let source = Source::Strategy(&mut strategy, Role::Search);
        let mut phase = Phase { source, space: &SPACE, trials: 20, until_ms: None, stop_ms: Some(stop_ms) };
        let end = study.run(&mut phase).unwrap();
        let own = study.history().trials.iter().filter(|t| t.copied_from.is_none());
        (end, own.map(|t| t.state).collect::<Vec<_>>())
    };
    // The first is late too, but without it there would be nothing.
    assert_eq!(run(5), (End::TimeUp, vec![State::Finished]));
    let (end, states) = run(100);
    assert_eq!(end, End::TimeUp);
    assert_eq!(states, [State::Finished, State::Finished, State::Finished, State::Stopped]);
}
