//! A promoted network goes on from the trial on the rung below, and one that comes from another from the weights of that.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use nascent_core::chooser::{first, next};
use nascent_core::event::{Created, FORMAT, FROM_PARENT, Outcome, Role, Rung};
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
/// parent, and again on the rung above that.
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
            4 => cx.propose_on(1, two, &[TrialId(1)]),
            5 => cx.promote(2, two, TrialId(4)),
            _ => Next::Done,
        })
    }

    fn observe(&mut self, event: &Event) {
        self.0 += usize::from(matches!(event, Event::Proposed { .. }));
    }
}

/// What a job goes on from, and whose weights it begins with.
type Before = (Option<Continued>, Option<TrialId>);

/// Remembers what jobs come from.
struct Remember(Arc<Mutex<Vec<Before>>>);

impl Evaluator for Remember {
    fn evaluate(
        &mut self,
        job: &Job,
        _: Candidate<'_>,
        _: &mut (dyn Progress + Send),
    ) -> Result<Outcome, EvaluateError> {
        let inherits = job.inherits.as_ref().map(|from| from.trial);
        self.0.lock().unwrap().push((job.continues, inherits));
        Ok(Outcome { metrics: Metrics::new().with("accuracy", 0.5), best_step: None, cost: 1.0 })
    }
}

fn jobs(role: Role, train: &str) -> Vec<Before> {
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
        ladder: vec![rung("score", 1), rung(train, 2), rung(train, 4), rung(train, 8)],
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
    let mut script = Script(0);
    let source = Source::Strategy(&mut script, role);
    study.run(&mut Phase { source, space: &SPACE, trials: 10, deadlines: Default::default() }).unwrap();
    drop(study);
    let jobs = jobs.lock().unwrap();
    jobs.clone()
}

fn continued(trial: u32, budget: u32) -> Option<Continued> {
    Some(Continued { trial: TrialId(trial), budget })
}

#[test]
fn a_promotion_goes_on_from_the_rung_below() {
    let continues: Vec<_> = jobs(Role::Search, "train").into_iter().map(|job| job.0).collect();
    // A score trains nothing that could be gone on with, and a child is not its parent.
    assert_eq!(continues, [None, None, continued(1, 2), continued(2, 4), None, continued(4, 2)]);
}

#[test]
fn a_child_begins_with_the_weights_of_its_parent_where_the_rung_says_so() {
    let inherits = |role, train| jobs(role, train).into_iter().map(|job| job.1).collect::<Vec<_>>();
    let parent = Some(TrialId(1));
    // On the way up it is still the parent of the network: should the rung below be lost, training begins there again.
    assert_eq!(inherits(Role::Search, FROM_PARENT), [None, None, None, None, parent, parent]);
    assert_eq!(inherits(Role::Search, "train"), [None; 6]);
    assert_eq!(inherits(Role::Baseline("reference".into()), FROM_PARENT), [None; 6]);
}
