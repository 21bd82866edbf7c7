//! A promoted network goes on from the trial on the rung below.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use nascent_core::chooser::{first, next};
use nascent_core::event::{Created, FORMAT, Outcome, Role, Rung};
use nascent_core::objective::Direction;
use nascent_core::study::{Halt, Parts, Phase, Source};
use nascent_core::{
    AskContext, Candidate, Continued, EvaluateError, Evaluator, Event, Inline, Job, MemoryLog, Metrics, Next,
    Objectives, Progress, Strategy, StrategyError, Study, TrialId,
};
use nascent_testkit::Bits;
use std::sync::{Arc, Mutex};

const SPACE: Bits = Bits { questions: 2, options: 3 };

/// The first network on the lowest rung and again on the others, then the second on a rung above with the first for a
/// parent, and the first again from the top.
struct Script(usize);

impl Strategy for Script {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        let one = first(cx.space)?;
        let two = next(cx.space, &one)?.unwrap();
        Ok(match self.0 {
            0 => cx.propose_on(0, one, &[]),
            1 => cx.promote(1, one, TrialId(0)),
            2 => cx.promote(2, one, TrialId(1)),
            3 => cx.promote(3, one, TrialId(2)),
            4 => cx.propose_on(1, two, &[TrialId(0)]),
            _ => Next::Done,
        })
    }

    fn observe(&mut self, event: &Event) {
        self.0 += usize::from(matches!(event, Event::Proposed { .. }));
    }
}

/// Remembers what jobs go on from.
struct Remember(Arc<Mutex<Vec<Option<Continued>>>>);

impl Evaluator for Remember {
    fn evaluate(
        &mut self,
        job: &Job,
        _: Candidate<'_>,
        _: &mut (dyn Progress + Send),
    ) -> Result<Outcome, EvaluateError> {
        self.0.lock().unwrap().push(job.continues);
        Ok(Outcome { metrics: Metrics::new().with("accuracy", 0.5), best_step: None, cost: 1.0 })
    }
}

#[test]
fn a_promotion_goes_on_from_the_rung_below() {
    let rung = |estimator: &str, budget| Rung { estimator: estimator.into(), budget, cost: 1.0 };
    let objectives = Objectives::single("accuracy", Direction::Maximize);
    let created = Created {
        format: FORMAT,
        program: "test".into(),
        study: "promotion".into(),
        seed: 1,
        strategy: "script".into(),
        objectives: objectives.wanted.clone(),
        limits: Vec::new(),
        ladder: vec![rung("score", 1), rung("train", 2), rung("train", 4), rung("train", 8)],
        questions: Vec::new(),
        settings: String::new(),
    };
    let jobs = Arc::new(Mutex::new(Vec::new()));
    let mut log = MemoryLog::new();
    let mut workers = Inline::new(&SPACE, Remember(jobs.clone()), || 0);
    let mut sink = |_: &_| {};
    let (log, workers, halt) = (&mut log, &mut workers, &|| Halt::No);
    let parts = Parts { space: &SPACE, objectives, log, workers, sink: &mut sink, halt };
    let mut study = Study::open(created, parts).unwrap();
    let source = Source::Strategy(&mut Script(0), Role::Search);
    study.run(&mut Phase { source, space: &SPACE, trials: 10, deadlines: Default::default() }).unwrap();
    let continued = |trial, budget| Some(Continued { trial: TrialId(trial), budget });
    // A score trains nothing that could be gone on with, and a child is not its parent.
    assert_eq!(*jobs.lock().unwrap(), [None, None, continued(1, 2), continued(2, 4), None]);
}
