use crate::fault::{Crossing, Mortal, SharedLog};
use crate::log::without_interruptions;
use nascent_core::event::{Created, FORMAT, Outcome, Role, Rung, Seq, Stamped};
use nascent_core::objective::{Direction, cost_metrics};
use nascent_core::rng::Rng;
use nascent_core::study::{End, Halt, Parts, Phase, Source};
use nascent_core::{
    AskContext, Candidate, EvaluateError, Evaluator, Event, History, Identity, Inline, Job, Log, MemoryLog,
    Metrics, Next, Objectives, Progress, Space, State, Strategy, Study, TrialId, draw,
};
use std::collections::{HashMap, HashSet};

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

/// A ladder of so many rungs, each twice as dear as the one below, the top one with a budget of at least 2.
fn ladder(rungs: u32) -> Vec<Rung> {
    let budget = |rung: u32| if rungs == 1 { 2 } else { 1 << rung };
    (0..rungs)
        .map(|rung| Rung { estimator: "train".into(), budget: budget(rung), cost: f64::from(budget(rung)) })
        .collect()
}

fn created(rungs: u32) -> Created {
    Created {
        format: FORMAT,
        program: "test".into(),
        study: "contract".into(),
        seed: 7,
        strategy: "the one under test".into(),
        objectives: objectives().wanted,
        limits: Vec::new(),
        ladder: ladder(rungs),
        questions: Vec::new(),
        settings: String::new(),
    }
}

fn objectives() -> Objectives {
    Objectives::single("accuracy", Direction::Maximize)
}

fn run(
    space: &dyn Space,
    strategy: &mut dyn Strategy,
    log: &mut dyn Log,
    workers: usize,
    trials: u64,
    rungs: u32,
) -> Result<End, nascent_core::study::StudyError> {
    let mut crossing = Crossing::new(Inline::new(space, Fewer, || 0), workers);
    let mut sink = |_: &Stamped| {};
    let mut study = Study::open(
        created(rungs),
        Parts {
            space,
            objectives: objectives(),
            log,
            workers: &mut crossing,
            sink: &mut sink,
            halt: &|| Halt::No,
        },
    )?;
    study.run(&mut Phase {
        source: Source::Strategy(strategy, Role::Search),
        space,
        trials,
        deadlines: Default::default(),
    })
}

/// Checks that a study killed after any event, and taken up again, ends with the same log.
///
/// # Panics
/// Where it does not.
pub fn resumes_everywhere(space: &dyn Space, make: &dyn Fn() -> Box<dyn Strategy>, trials: u64) {
    resumes_everywhere_on(space, make, trials, 1);
}

fn resumes_everywhere_on(space: &dyn Space, make: &dyn Fn() -> Box<dyn Strategy>, trials: u64, rungs: u32) {
    let mut logs: HashMap<usize, SharedLog> = HashMap::new();
    let mut open = |number| Box::new(logs.entry(number).or_default().clone()) as Box<dyn Log>;
    resumes(space, make, trials, rungs, &mut open);
}

/// [`resumes_everywhere`] in logs of another kind: `open` opens the log of a number, which is empty at first and then
/// as it was left.
///
/// # Panics
/// Where a log ends differently.
pub fn resumes_everywhere_in(
    space: &dyn Space,
    make: &dyn Fn() -> Box<dyn Strategy>,
    trials: u64,
    open: &mut dyn FnMut(usize) -> Box<dyn Log>,
) {
    resumes(space, make, trials, 1, open);
}

fn resumes(
    space: &dyn Space,
    make: &dyn Fn() -> Box<dyn Strategy>,
    trials: u64,
    rungs: u32,
    open: &mut dyn FnMut(usize) -> Box<dyn Log>,
) {
    let events = {
        let mut whole = open(0);
        run(space, &mut *make(), &mut *whole, 1, trials, rungs).unwrap();
        whole.after(Seq(0)).unwrap()
    };
    let expected = without_interruptions(&events);
    for killed_after in 1..events.len() {
        let mut log = open(killed_after);
        let mut mortal = Mortal::new(&mut *log, killed_after);
        run(space, &mut *make(), &mut mortal, 1, trials, rungs).expect_err("the log should have failed");
        drop(log);
        // Killed again soon after it was taken up: all but the very last come to their end only then.
        let mut log = open(killed_after);
        let _ = run(space, &mut *make(), &mut Mortal::new(&mut *log, 2), 1, trials, rungs);
        drop(log);
        let mut log = open(killed_after);
        run(space, &mut *make(), &mut *log, 1, trials, rungs).unwrap();
        let resumed = without_interruptions(&log.after(Seq(0)).unwrap());
        assert_eq!(resumed, expected, "killed after event {killed_after}, the log came out differently");
    }
}

/// Checks that every proposal of a search is what a fresh strategy answers to the events its proposer had seen.
///
/// # Panics
/// Where one is not, or the log does not begin with how the study was set up.
pub fn recomputes(space: &dyn Space, make: &dyn Fn() -> Box<dyn Strategy>, events: &[Stamped]) {
    let history = History::fold(events).unwrap();
    let created = history.created.as_ref().unwrap();
    let (wanted, limits) = (created.objectives.clone(), created.limits.clone());
    let objectives = Objectives { wanted, limits, costs: cost_metrics(), preference: Default::default() };
    let searched = |trial| history.trial(trial).is_some_and(|t| t.proposal.role == Role::Search);
    let its_own =
        |event: &Event| event.trial().is_some_and(searched) && !matches!(event, Event::Tested { .. });
    for stamped in events.iter().filter(|e| its_own(&e.event)) {
        let Event::Proposed { trial, seen, proposal, .. } = &stamped.event else { continue };
        let mut strategy = make();
        for earlier in events.iter().filter(|e| e.seq <= *seen && its_own(&e.event)) {
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
        run(&crate::Tree, &mut *make(), &mut log, workers, 30, 1).unwrap();
        recomputes(&crate::Tree, make, log.events());
    }
    exhausts(make);
    let one = crate::Bits { questions: 1, options: 1 };
    let mut log = MemoryLog::new();
    assert_eq!(
        run(&one, &mut *make(), &mut log, 1, 10, 1).unwrap(),
        End::Exhausted,
        "a space of one network ends"
    );
    let long = crate::Bits { questions: 10_000, options: 4 };
    assert_eq!(run(&long, &mut *make(), &mut MemoryLog::new(), 2, 8, 1).unwrap(), End::Complete);
    limited(make);
    unanswered(make, 1);
    scattered(make, 1);
}

/// As [`strategy_contract`], for one that climbs a ladder of several rungs.
///
/// # Panics
/// Where the strategy breaks a promise.
pub fn ladder_contract(make: &dyn Fn() -> Box<dyn Strategy>) {
    let bits = crate::Bits { questions: 4, options: 3 };
    resumes_everywhere_on(&bits, make, 30, 3);
    resumes_everywhere_on(&crate::Tree, make, 30, 2);
    for (workers, rungs) in [(1, 3), (4, 3), (3, 2)] {
        let mut log = MemoryLog::new();
        run(&crate::Tree, &mut *make(), &mut log, workers, 60, rungs).unwrap();
        recomputes(&crate::Tree, make, log.events());
        let mut log = MemoryLog::new();
        assert_eq!(run(&crate::Tree, &mut *make(), &mut log, workers, 5_000, rungs).unwrap(), End::Exhausted);
        climbs(&History::fold(log.events()).unwrap(), rungs);
    }
    unanswered(make, 3);
    scattered(make, 3);
    let one = run(&bits, &mut *make(), &mut MemoryLog::new(), 1, 5, 1);
    let error = one.expect_err("there is nothing to climb").to_string();
    assert!(error.contains("at least 2 rungs"), "{error}");
}

/// Every network of the tree was begun once, none ran twice on a rung, the higher rungs had fewer, and the top had some.
fn climbs(history: &History, rungs: u32) {
    let mut on: Vec<HashSet<_>> = vec![HashSet::new(); rungs as usize];
    for trial in &history.trials {
        let rung = usize::from(trial.proposal.rung);
        let is_new = on[rung].insert(&trial.proposal.decisions);
        assert!(is_new, "trial {} tries a network a second time on rung {rung}", trial.id);
        let budget = ladder(rungs)[rung].budget;
        assert_eq!(trial.proposal.budget, budget, "trial {} has another budget than its rung", trial.id);
    }
    let all: HashSet<_> = on.iter().flatten().collect();
    assert_eq!(all.len(), 1 + 3 + 9 + 27, "networks were left out");
    assert!(
        on.last().is_some_and(|top| !top.is_empty() && top.len() < 40),
        "the top rung had {:?}",
        on.last()
    );
}

/// Asked again and again before any result is in, a strategy proposes different networks, or waits.
fn unanswered(make: &dyn Fn() -> Box<dyn Strategy>, rungs: u32) {
    let space = crate::Bits { questions: 6, options: 3 };
    let (objectives, ladder) = (objectives(), ladder(rungs));
    let mut strategy = make();
    let mut distinct = HashSet::new();
    for trial in (0..60).map(TrialId) {
        let rng = Rng::new(5, u64::from(trial.0));
        let mut cx = AskContext { space: &space, ladder: &ladder, objectives: &objectives, trial, rng };
        match strategy.ask(&mut cx).unwrap() {
            Next::Run(proposal) => {
                assert!(distinct.insert(proposal.decisions.clone()), "a network was proposed twice");
                let (seen, costs) = (Seq(0), Metrics::new());
                strategy.observe(&Event::Proposed { trial, seen, proposal, hash: None, costs });
                strategy.observe(&Event::Started { trial, attempt: 1 });
            }
            Next::Wait => assert!(!distinct.is_empty(), "the strategy waits although nothing runs"),
            Next::Done => panic!("the strategy is done after {} of 729 networks", distinct.len()),
        }
    }
}

/// Results come in any order, late, as failures, as stops, and for some trials never.
fn scattered(make: &dyn Fn() -> Box<dyn Strategy>, rungs: u32) {
    let space = crate::Bits { questions: 6, options: 3 };
    let (objectives, ladder) = (objectives(), ladder(rungs));
    let mut strategy = make();
    let mut chance = Rng::new(11, 0);
    let mut running: Vec<TrialId> = Vec::new();
    let mut trial = TrialId(0);
    for _ in 0..400 {
        let rng = Rng::new(6, u64::from(trial.0));
        let mut cx = AskContext { space: &space, ladder: &ladder, objectives: &objectives, trial, rng };
        let next = if running.len() < 6 { strategy.ask(&mut cx).unwrap() } else { Next::Wait };
        if let Next::Run(proposal) = next {
            let (seen, costs) = (Seq(0), Metrics::new());
            strategy.observe(&Event::Proposed { trial, seen, proposal, hash: None, costs });
            running.push(trial);
            trial.0 += 1;
            continue;
        }
        assert!(!running.is_empty(), "the strategy waits although nothing runs");
        let over = running.swap_remove(chance.below(running.len()));
        let metrics = Metrics::new().with("accuracy", chance.unit());
        let last = match chance.below(8) {
            0 => Event::Failed { trial: over, reason: "on purpose".into() },
            // It was lost: nothing more is heard of it, not even that it failed.
            1 => Event::Started { trial: over, attempt: 2 },
            2 => {
                strategy.observe(&Event::Reported { trial: over, step: 1, metrics });
                Event::Stopped { trial: over, seen: Seq(0) }
            }
            _ => {
                let outcome = Outcome { metrics, best_step: None, cost: 1.0 };
                Event::Finished { trial: over, outcome, copied_from: None }
            }
        };
        strategy.observe(&last);
        // A strategy that waits for a lost trial is right to.
        if running.is_empty() {
            break;
        }
    }
    assert!(trial.0 >= 6, "the strategy proposed only {} networks", trial.0);
}

/// Every network of a small space is proposed once, then the strategy is done.
fn exhausts(make: &dyn Fn() -> Box<dyn Strategy>) {
    for workers in [1, 3] {
        let mut log = MemoryLog::new();
        let end = run(&crate::Tree, &mut *make(), &mut log, workers, 1_000, 1).unwrap();
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
    let ladder = ladder(1);
    for trial in 0..10 {
        let trial = TrialId(trial);
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
