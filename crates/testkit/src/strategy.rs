use nascent_core::event::{Created, FORMAT, Outcome, Role, Rung, Seq, Stamped};
use nascent_core::objective::Direction;
use nascent_core::rng::Rng;
use nascent_core::study::{End, Halt, Parts, Phase, Source};
use nascent_core::{
    AskContext, Candidate, EvaluateError, Evaluator, Event, History, Identity, Inline, Job, LogError,
    Metrics, Next, Objectives, Progress, Space, State, Strategy, Study, draw,
};
use nascent_core::{Log, MemoryLog, Message, WorkerError, Workers};
use std::collections::HashSet;
use std::time::Duration;

/// An evaluator without randomness: the fewer parameters, the better; every seventh network fails.
struct Fewer;

impl Evaluator for Fewer {
    fn identity(&self) -> Identity {
        Identity::Architecture
    }

    fn evaluate(
        &mut self,
        job: &Job,
        candidate: Candidate<'_>,
        progress: &mut (dyn Progress + Send),
    ) -> Result<Outcome, EvaluateError> {
        let graph = (candidate.draw)().map_err(|e| EvaluateError(e.to_string()))?.canonical();
        let params = graph.cost().params as f64;
        if graph.hash().0 % 7 == 3 {
            return Err(EvaluateError("this one always fails".into()));
        }
        for step in 1..=job.budget {
            progress.report(step, Metrics::new().with("accuracy", 1.0 / (params + f64::from(step))));
        }
        let metrics = Metrics::new().with("accuracy", 1.0 / (params + 1.0));
        Ok(Outcome { metrics, best_step: Some(job.budget), cost: f64::from(job.budget) })
    }
}

fn created() -> Created {
    Created {
        format: FORMAT,
        program: "test".into(),
        study: "contract".into(),
        seed: 7,
        strategy: "the one under test".into(),
        objectives: objectives().wanted,
        limits: Vec::new(),
        ladder: vec![Rung { estimator: "train".into(), budget: 2, cost: 2.0 }],
        questions: Vec::new(),
        settings: String::new(),
    }
}

fn objectives() -> Objectives {
    Objectives::single("accuracy", Direction::Maximize)
}

/// A log that loses power after so many events.
struct Mortal {
    log: MemoryLog,
    left: usize,
}

impl Log for Mortal {
    fn append(&mut self, at_ms: u64, events: &[Event]) -> Result<Seq, LogError> {
        if events.len() > self.left {
            let (place, reason) = ("memory".into(), "killed here on purpose".into());
            return Err(LogError::Storage { place, reason });
        }
        self.left -= events.len();
        self.log.append(at_ms, events)
    }

    fn after(&self, seq: Seq) -> Result<Vec<Stamped>, LogError> {
        self.log.after(seq)
    }
}

/// Several workers that finish in an order of their own: the last started first.
struct Crossing<W>(W, usize, Vec<Message>);

impl<W: Workers> Workers for Crossing<W> {
    fn capacity(&self) -> usize {
        self.1
    }
    fn identity(&self) -> Identity {
        self.0.identity()
    }
    fn start(&mut self, job: Job) -> Result<(), WorkerError> {
        self.0.start(job)
    }
    fn next(&mut self, wait: Duration) -> Result<Option<Message>, WorkerError> {
        while let Some(message) = self.0.next(wait)? {
            self.2.push(message);
        }
        // By trial from the latest, each trial's messages in their order.
        let latest = self.2.iter().map(Message::trial).max();
        let place = self.2.iter().position(|m| Some(m.trial()) == latest);
        Ok(place.map(|p| self.2.remove(p)))
    }
    fn stop(&mut self, trial: nascent_core::TrialId) -> Result<(), WorkerError> {
        self.2.retain(|m| m.trial() != trial);
        self.0.stop(trial)
    }
    fn now_ms(&self) -> u64 {
        self.0.now_ms()
    }
}

fn run(
    space: &dyn Space,
    strategy: &mut dyn Strategy,
    log: &mut dyn Log,
    workers: usize,
    trials: u64,
) -> Result<End, nascent_core::study::StudyError> {
    let mut crossing = Crossing(Inline::new(space, Fewer, || 0), workers, Vec::new());
    let mut sink = |_: &Stamped| {};
    let mut study = Study::open(
        created(),
        Parts {
            space,
            objectives: objectives(),
            log,
            workers: &mut crossing,
            sink: &mut sink,
            halt: &|| Halt::No,
        },
    )?;
    study.run(&mut Phase { source: Source::Strategy(strategy, Role::Search), space, trials, until_ms: None })
}

/// A log's events without what an interruption adds: sessions, lost attempts, times.
fn without_interruptions(events: &[Stamped]) -> Vec<Event> {
    let mut kept: Vec<Event> = Vec::new();
    for stamped in events {
        match &stamped.event {
            Event::Resumed => {}
            Event::Started { trial, .. } => {
                let again = kept.iter().any(|e| matches!(e, Event::Started { trial: t, .. } if t == trial));
                if !again {
                    kept.push(Event::Started { trial: *trial, attempt: 1 });
                }
            }
            // Events are numbered anew, so what a proposer had seen is compared by its place among the kept.
            Event::Proposed { trial, proposal, hash, costs, .. } => kept.push(Event::Proposed {
                trial: *trial,
                seen: Seq(kept.len() as u64),
                proposal: proposal.clone(),
                hash: *hash,
                costs: costs.clone(),
            }),
            event => kept.push(event.clone()),
        }
    }
    kept
}

/// Checks that a study killed after any event, and taken up again, ends with the same log.
///
/// # Panics
/// Where it does not.
pub fn resumes_everywhere(space: &dyn Space, make: &dyn Fn() -> Box<dyn Strategy>, trials: u64) {
    let mut whole = MemoryLog::new();
    run(space, &mut *make(), &mut whole, 1, trials).unwrap();
    let expected = without_interruptions(whole.events());
    for killed_after in 1..whole.events().len() {
        let mut mortal = Mortal { log: MemoryLog::new(), left: killed_after };
        run(space, &mut *make(), &mut mortal, 1, trials).expect_err("the log should have failed");
        let mut log = mortal.log;
        run(space, &mut *make(), &mut log, 1, trials).unwrap();
        let resumed = without_interruptions(log.events());
        assert_eq!(resumed, expected, "killed after event {killed_after}, the log came out differently");
    }
}

/// Checks that every proposal of a log is what a fresh strategy answers to the events its proposer had seen.
///
/// # Panics
/// Where one is not.
pub fn recomputes(space: &dyn Space, make: &dyn Fn() -> Box<dyn Strategy>, events: &[Stamped]) {
    let created = created();
    let objectives = objectives();
    for stamped in events {
        let Event::Proposed { trial, seen, proposal, .. } = &stamped.event else { continue };
        let mut strategy = make();
        for earlier in events.iter().filter(|e| e.seq <= *seen && e.event.trial().is_some()) {
            strategy.observe(&earlier.event);
        }
        let ask = |strategy: &mut dyn Strategy| {
            let rng = Rng::new(created.seed, u64::from(trial.0));
            let (ladder, objectives) = (&created.ladder[..], &objectives);
            strategy.ask(&mut AskContext { space, ladder, objectives, trial: *trial, rng }).unwrap()
        };
        let first = ask(&mut *strategy);
        assert_eq!(first, Next::Run(proposal.clone()), "trial {trial} cannot be recomputed");
        assert_eq!(ask(&mut *strategy), first, "asked twice, the strategy answers differently");
    }
}

/// Checks what every strategy promises, on small spaces of several kinds.
///
/// # Panics
/// Where the strategy breaks a promise.
pub fn strategy_contract(make: &dyn Fn() -> Box<dyn Strategy>) {
    let bits = crate::Bits { questions: 4, options: 3 };
    resumes_everywhere(&bits, make, 25);
    resumes_everywhere(&crate::Tree, make, 25);
    for workers in [1, 4] {
        let mut log = MemoryLog::new();
        run(&crate::Tree, &mut *make(), &mut log, workers, 30).unwrap();
        recomputes(&crate::Tree, make, log.events());
    }
    exhausts(make);
    let one = crate::Bits { questions: 1, options: 1 };
    let mut log = MemoryLog::new();
    assert_eq!(
        run(&one, &mut *make(), &mut log, 1, 10).unwrap(),
        End::Exhausted,
        "a space of one network ends"
    );
    let long = crate::Bits { questions: 10_000, options: 4 };
    assert_eq!(run(&long, &mut *make(), &mut MemoryLog::new(), 2, 3).unwrap(), End::Complete);
    limited(make);
}

/// Every network of a small space is proposed once, then the strategy is done.
fn exhausts(make: &dyn Fn() -> Box<dyn Strategy>) {
    for workers in [1, 3] {
        let mut log = MemoryLog::new();
        let end = run(&crate::Tree, &mut *make(), &mut log, workers, 1_000).unwrap();
        assert_eq!(end, End::Exhausted);
        let history = History::fold(log.events()).unwrap();
        let distinct: HashSet<_> = history.trials.iter().map(|t| &t.proposal.decisions).collect();
        assert_eq!(distinct.len(), history.trials.len(), "a network was proposed twice");
        assert_eq!(distinct.len(), 1 + 3 + 9 + 27, "the strategy left networks out");
        assert!(history.trials.iter().any(|t| t.state == State::Failed), "the test should see failures");
    }
}

/// With a limit that half of the networks break, what is proposed keeps it.
fn limited(make: &dyn Fn() -> Box<dyn Strategy>) {
    let space = crate::Bits { questions: 4, options: 3 };
    let mut objectives = objectives();
    objectives.limits.push("params<=40".parse().unwrap());
    let mut strategy = make();
    let ladder = created().ladder;
    for trial in 0..10 {
        let trial = nascent_core::TrialId(trial);
        let rng = Rng::new(3, u64::from(trial.0));
        let mut cx = AskContext { space: &space, ladder: &ladder, objectives: &objectives, trial, rng };
        let Next::Run(proposal) = strategy.ask(&mut cx).unwrap() else { panic!("nothing was proposed") };
        let params = draw(&space, &proposal.decisions).unwrap().cost().params;
        assert!(params <= 40, "a network of {params} parameters was proposed against a limit of 40");
        let event = Event::Proposed { trial, seen: Seq(0), proposal, hash: None, costs: Metrics::new() };
        strategy.observe(&event);
        strategy.observe(&Event::Failed { trial, reason: "on purpose".into() });
    }
}
