//! The log of a small study as version 1 wrote it, kept for ever: every later version reads it.

use nascent_core::chooser::survey;
use nascent_core::event::{Created, Data, FORMAT, Proposal, Reason, Role, Rung, Seq, Stamped};
use nascent_core::objective::{Direction, cost_metrics};
use nascent_core::study::{End, Halt, Parts, Phase, Source};
use nascent_core::{
    AskContext, Event, History, Inline, Log, Metrics, Next, Objectives, State, Strategy, StrategyError,
    Study, TrialId, draw,
};
use nascent_runtime::SqliteLog;
use nascent_testkit::fault::MortalWorkers;
use nascent_testkit::{Ageing, PROBED, Probe};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs/v1.db")
}

#[test]
fn logs_of_version_1_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    fs::copy(kept(), &path).unwrap();
    for log in [SqliteLog::read(&path).unwrap(), SqliteLog::open(&path).unwrap()] {
        facts(&log.after(Seq(0)).unwrap());
    }
}

/// What the log says, whatever program reads it.
fn facts(events: &[Stamped]) {
    let history = History::fold(events).unwrap();
    let created = history.created.as_ref().unwrap();
    assert_eq!((created.format, created.seed, &*created.strategy), (1, 1, "ageing"));
    assert_eq!(created.limits, ["params<=40".parse().unwrap()]);
    assert_eq!(created.settings, "task = \"digits\"\nseed = 1\n");
    assert!(created.questions.iter().map(|q| &*q.path).eq(["bit[0]", "bit[1]", "bit[2]"]));
    assert_eq!((events.len(), history.trials.len()), (73, 25));
    let count = |state| history.trials.iter().filter(|t| t.state == state).count();
    let (finished, failed) = (count(State::Finished), count(State::Failed));
    assert_eq!((finished, failed, count(State::Infeasible), count(State::Stopped)), (11, 4, 9, 1));
    let trial = |number| history.trial(TrialId(number)).unwrap();
    assert_eq!(trial(9).attempts, 2);
    assert_eq!(trial(9).reports.len(), 2);
    assert_eq!(trial(9).duration_ms(), Some(2_000));
    assert_eq!(trial(9).metrics().value("accuracy"), Some(0.875));
    assert_eq!(trial(9).metrics().value("params"), Some(23.0));
    assert_eq!(trial(9).hash.unwrap().to_string(), "30bce4dfaf64399771aeaf0edb480a3d");
    assert_eq!(trial(11).copied_from, Some(TrialId(9)));
    assert_eq!(trial(1).violations[0].value, 44.0);
    assert!(trial(4).reason.as_deref().unwrap().contains("it was stopped early"));
    assert_eq!(trial(17).proposal.parents[..], [TrialId(16)]);
    assert_eq!(trial(23).proposal.role, Role::Baseline("tuned-reference".into()));
    assert_eq!(history.finals(TrialId(0), Data::All)[0].id, TrialId(24));
    assert_eq!(history.tests[0].scores, [1.0, 1.0, 0.0, 1.0]);
    assert_eq!(
        history.sessions,
        [(1_795_000_000_000, 1_795_000_016_000), (1_795_000_017_000, 1_795_000_047_000)]
    );
    assert_eq!((history.extended, &history.closed), (Some(14), &Some(Reason::Finished)));
    // Its decisions still name members of the space they were made for.
    for trial in &history.trials {
        let hash = draw(&PROBED, &trial.proposal.decisions).unwrap().hash();
        assert_eq!(Some(hash), trial.hash, "trial {} is another network now", trial.id);
    }
}

/// [`Ageing`], except that trial 3 is stopped at its first report.
struct Stops(Ageing);

impl Strategy for Stops {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        self.0.ask(cx)
    }
    fn observe(&mut self, event: &Event) {
        self.0.observe(event);
    }
    fn should_stop(&self, trial: TrialId) -> bool {
        trial == TrialId(3)
    }
}

/// A second passes at each look at the clock.
fn clock() -> u64 {
    static SECONDS: AtomicU64 = AtomicU64::new(1_795_000_000);
    SECONDS.fetch_add(1, Ordering::Relaxed) * 1_000
}

fn created() -> Created {
    Created {
        format: FORMAT,
        program: "0.1.0".into(),
        study: "version-1".into(),
        seed: 1,
        strategy: "ageing".into(),
        objectives: Objectives::single("accuracy", Direction::Maximize).wanted,
        limits: vec!["params<=40".parse().unwrap()],
        ladder: vec![Rung { estimator: "train".into(), budget: 2, cost: 2.0 }],
        questions: survey(&PROBED).unwrap(),
        settings: "task = \"digits\"\nseed = 1\n".into(),
    }
}

/// Works on the study until so many messages were heard.
fn session(log: &mut dyn Log, messages: usize) -> Option<()> {
    let mut workers = MortalWorkers::new(Inline::new(&PROBED, Probe, clock), messages);
    let (mut sink, halt) = (|_: &Stamped| {}, || Halt::No);
    let created = created();
    let (wanted, limits) = (created.objectives.clone(), created.limits.clone());
    let objectives = Objectives { wanted, limits, costs: cost_metrics(), preference: Default::default() };
    let workers = &mut workers;
    let parts = Parts { space: &PROBED, objectives, log, workers, sink: &mut sink, halt: &halt };
    let mut study = Study::open(created, parts).unwrap();
    let mut strategy = Stops(Ageing::new(4));
    let source = Source::Strategy(&mut strategy, Role::Search);
    let end =
        study.run(&mut Phase { source, space: &PROBED, trials: 14, deadlines: Default::default() }).ok()?;
    assert_eq!(end, End::Complete);
    let again =
        |role| Proposal { role, parents: Default::default(), ..study.history().trials[0].proposal.clone() };
    let list = [
        again(Role::Baseline("tuned-reference".into())),
        again(Role::Final { of: TrialId(0), replica: 1, data: Data::All }),
    ];
    let first_final = TrialId(study.history().trials.len() as u32 + 1);
    let source = Source::List(&list);
    study.run(&mut Phase { source, space: &PROBED, trials: 0, deadlines: Default::default() }).ok()?;
    let metrics = Metrics::new().with("accuracy", 0.75);
    study
        .note(Event::Tested { trial: first_final, touch: 1, metrics, scores: vec![1.0, 1.0, 0.0, 1.0] })
        .ok()?;
    study.note(Event::Extended { trials: 14 }).ok()?;
    study.note(Event::Closed { reason: Reason::Finished }).ok()
}

/// Writes the log. To be run once for each version of the format, under that version's name; never again.
#[test]
#[ignore = "writes a file that is kept for ever"]
fn write() {
    let path = kept();
    assert_eq!(FORMAT, 1, "this is the log of format 1");
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("study.db");
    let mut log = SqliteLog::create(&made).unwrap();
    assert_eq!(session(&mut log, 7), None, "the first session is lost in the middle");
    session(&mut log, usize::MAX).unwrap();
    for event in log.after(Seq(0)).unwrap() {
        eprintln!("{}", serde_json::to_string(&event).unwrap());
    }
    drop(log);
    assert!(!path.exists(), "{} is kept for ever", path.display());
    fs::copy(made, path).unwrap();
}
