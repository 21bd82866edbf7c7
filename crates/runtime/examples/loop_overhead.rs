//! What the loop itself costs: a free evaluator in a thread, regularised evolution, and two kinds of logs.
//!
//! `cargo run --release -p nascent-runtime --example loop_overhead`
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use nascent_core::event::{Created, FORMAT, Outcome, Role, Rung, Stamped};
use nascent_core::objective::Direction;
use nascent_core::study::{Halt, Parts, Phase, Source};
use nascent_core::{
    Candidate, EvaluateError, Evaluator, Identity, Job, Log, MemoryLog, Metrics, Objectives, Progress, Study,
};
use nascent_runtime::{SqliteLog, ThreadWorkers};
use nascent_testkit::{Ageing, Bits};
use std::error::Error;
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
        let sum: u32 = job.decisions.iter().map(|(_, answer)| u32::from(answer)).sum();
        Ok(Outcome { metrics: Metrics::new().with("accuracy", f64::from(sum)), best_step: None, cost: 1.0 })
    }
}

const SPACE: Bits = Bits { questions: 12, options: 4 };

fn search(log: &mut dyn Log, trials: u64) -> Result<Duration, Box<dyn Error>> {
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
    let mut strategy = Ageing::new(100);
    let source = Source::Strategy(&mut strategy, Role::Search);
    study.run(&mut Phase { source, space: &SPACE, trials, until_ms: None })?;
    assert_eq!(study.history().trials.len() as u64, trials);
    Ok(start.elapsed())
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut log = SqliteLog::create(&folder.path().join("study.db"))?;
    println!("SQLite, 10,000 trials: {:.2} s", search(&mut log, 10_000)?.as_secs_f64());
    println!("memory, 100,000 trials: {:.2} s", search(&mut MemoryLog::new(), 100_000)?.as_secs_f64());
    Ok(())
}
