//! What the loop itself costs: a free evaluator in a thread, regularised evolution, and two kinds of logs, beside the
//! same search written by hand, without a loop, a log or a thread.
//!
//! `cargo run --release -p nascent-runtime --example loop_overhead [-- --json]`; with `--memory N` instead, the memory of a
//! study of N random trials.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use nascent_core::chooser::{mutate, sample};
use nascent_core::event::{Created, FORMAT, Outcome, Role, Rung, Stamped};
use nascent_core::objective::Direction;
use nascent_core::rng::Rng;
use nascent_core::study::{Halt, Parts, Phase, Source};
use nascent_core::{
    AskContext, Candidate, Decisions, EvaluateError, Evaluator, Event, Identity, Job, Log, MemoryLog,
    Metrics, Next, Objectives, Progress, Strategy, StrategyError, Study,
};
use nascent_runtime::{SqliteLog, ThreadWorkers};
use nascent_testkit::{Ageing, Bits};
use serde_json::json;
use std::collections::VecDeque;
use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A lookup: the answer is a function of the decisions, as in a benchmark table.
struct Free;

impl Evaluator for Free {
    fn identity(&self) -> Identity {
        Identity::Decisions
    }

    fn evaluate(
        &mut self,
        job: &Job,
        _: Candidate<'_>,
        _: &mut (dyn Progress + Send),
    ) -> Result<Outcome, EvaluateError> {
        let metrics = Metrics::new().with("accuracy", look_up(&job.decisions));
        Ok(Outcome { metrics, best_step: None, cost: 1.0 })
    }
}

fn look_up(decisions: &Decisions) -> f64 {
    decisions.iter().map(|(_, answer)| f64::from(answer)).sum()
}

const POPULATION: usize = 100;
const SPACE: Bits = Bits { questions: 12, options: 4 };

/// Random networks, nothing remembered.
struct Uniform;

impl Strategy for Uniform {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        let decisions = sample(cx.space, &mut cx.rng)?;
        Ok(cx.propose(decisions, &[]))
    }

    fn observe(&mut self, _: &Event) {}
}

fn search(log: &mut dyn Log, trials: u64, strategy: &mut dyn Strategy) -> Result<Duration, Box<dyn Error>> {
    let objectives = Objectives::single("accuracy", Direction::Maximize);
    let created = Created {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").into(),
        study: "loop-overhead".into(),
        seed: 1,
        strategy: "ageing".into(),
        objectives: objectives.wanted.clone(),
        limits: Vec::new(),
        ladder: vec![Rung { estimator: "table".into(), budget: 1, cost: 1.0 }],
        questions: Vec::new(),
        settings: String::new(),
    };
    let start = Instant::now();
    let mut workers = ThreadWorkers::new(Arc::new(SPACE), 1, || Box::new(Free))?;
    let mut sink = |_: &Stamped| {};
    let halt = || Halt::No;
    let parts = Parts { space: &SPACE, objectives, log, workers: &mut workers, sink: &mut sink, halt: &halt };
    let mut study = Study::open(created, parts)?;
    let source = Source::Strategy(strategy, Role::Search);
    study.run(&mut Phase { source, space: &SPACE, trials, deadlines: Default::default() })?;
    assert_eq!(study.history().trials.len() as u64, trials);
    Ok(start.elapsed())
}

/// The same search by hand: ask, look up, let the oldest die. A network met before is looked up again.
fn by_hand(trials: u64) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    let mut living: VecDeque<(Decisions, f64)> = VecDeque::new();
    for n in 0..trials {
        let mut rng = Rng::new(1, n);
        let mut child = None;
        if living.len() == POPULATION {
            let drawn: Vec<usize> = (0..5).map(|_| rng.below(POPULATION)).collect();
            let best = drawn.into_iter().map(|i| &living[i]).max_by(|a, b| a.1.total_cmp(&b.1));
            if let Some((parent, _)) = best {
                child = mutate(&SPACE, parent, &mut rng)?;
            }
        }
        let decisions = match child {
            Some(decisions) => decisions,
            None => sample(&SPACE, &mut rng)?,
        };
        let value = look_up(&decisions);
        living.push_back((decisions, value));
        if living.len() > POPULATION {
            living.pop_front();
        }
    }
    assert!(black_box(&living).len() == POPULATION);
    Ok(start.elapsed())
}

/// One line about a time beside another.
fn say(what: &str, took: Duration, baseline: &str, beside: Duration) {
    let (seconds, baseline_seconds) = (took.as_secs_f64(), beside.as_secs_f64());
    if std::env::args().any(|a| a == "--json") {
        let line = json!({
            "what": what, "seconds": seconds, "baseline": baseline, "baseline_seconds": baseline_seconds,
        });
        println!("{line}");
    } else {
        println!("{what}: {seconds:.2} s ({baseline}: {baseline_seconds:.2} s)");
    }
}

/// The most memory that this process has used, in bytes; only Linux tells.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? << 10)
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut arguments = std::env::args().skip(1);
    if let Some("--memory") = arguments.next().as_deref() {
        let trials = arguments.next().map_or(Ok(1_000_000), |n| n.parse())?;
        let mut log = SqliteLog::create(&folder.path().join("study.db"))?;
        let took = search(&mut log, trials, &mut Uniform)?.as_secs_f64();
        let peak = peak_bytes().map_or("unknown".into(), |bytes| format!("{} MiB", bytes >> 20));
        println!("SQLite, {trials} trials: {took:.1} s, at most {peak}");
        return Ok(());
    }
    let mut log = SqliteLog::create(&folder.path().join("study.db"))?;
    let run = |log: &mut dyn Log, trials| search(log, trials, &mut Ageing::new(POPULATION));
    let (stored, kept) = (run(&mut log, 10_000)?, run(&mut MemoryLog::new(), 10_000)?);
    say("SQLite, 10,000 trials", stored, "the same in memory", kept);
    let (kept, bare) = (run(&mut MemoryLog::new(), 100_000)?, by_hand(100_000)?);
    say("memory, 100,000 trials", kept, "by hand", bare);
    Ok(())
}
