//! A worker that fails on request, and a supervisor to be killed: what the tests of worker processes run.
//!
//! - `faulty_worker` is a worker. Its setup names what goes wrong: `{"faults": {"3": "abort"}, "start": "exit"}`.
//! - `faulty_worker supervise FOLDER TRIALS WORKERS MS` runs a study in that folder, or takes it up again; each trial
//!   takes so many milliseconds.
#![allow(clippy::disallowed_methods)]

use nascent_core::event::{Created, FORMAT, Outcome, Role, Rung, Stamped};
use nascent_core::objective::Direction;
use nascent_core::study::{Halt, Parts, Phase, Source};
use nascent_core::{Candidate, EvaluateError, Evaluator, Job, Metrics, Objectives, Progress, Study};
use nascent_runtime::{Equipment, ProcessSettings, ProcessWorkers, SqliteLog, serve};
use nascent_testkit::{Ageing, PROBED, Probe};
use serde_json::{Value, json};
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some("supervise") = arguments.first().map(String::as_str) {
        let [_, folder, trials, workers, ms] = &arguments[..] else {
            return Err("supervise takes FOLDER TRIALS WORKERS MS".into());
        };
        supervise(Path::new(folder), trials.parse()?, workers.parse()?, ms.parse()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Ok(path) = std::env::var("FAULTY_PIDS") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
        // In one piece: several workers write this file.
        file.write_all(format!("{}\n", std::process::id()).as_bytes())?;
    }
    Ok(serve(std::io::stdin(), std::io::stdout(), make))
}

fn make(setup: Value) -> Result<Equipment, String> {
    match setup["start"].as_str() {
        None => {}
        Some("exit") => std::process::exit(7),
        Some("refuse") => return Err("the data are missing".into()),
        Some("nonsense") => print("ready to go!\n"),
        Some("protocol") => print("{\"hello\": {\"protocol\": 2, \"pid\": 1}}\n"),
        Some(_) => forever(),
    }
    let ms = setup["ms"].as_u64().unwrap_or(0);
    Ok((Arc::new(PROBED), Box::new(Faulty { faults: setup["faults"].clone(), ms })))
}

/// [`Probe`], except for the trials that have a fault, and slower.
struct Faulty {
    faults: Value,
    ms: u64,
}

impl Evaluator for Faulty {
    fn evaluate(
        &mut self,
        job: &Job,
        candidate: Candidate<'_>,
        progress: &mut (dyn Progress + Send),
    ) -> Result<Outcome, EvaluateError> {
        std::thread::sleep(Duration::from_millis(self.ms));
        let metrics = || Metrics::new().with("accuracy", f64::NAN);
        match self.faults[job.trial.0.to_string()].as_str() {
            None => {}
            Some("abort") => {
                let _ = writeln!(std::io::stderr(), "about to abort");
                std::process::abort()
            }
            Some("exit") => std::process::exit(0),
            Some("panic") => panic!("an index was out of bounds"),
            Some("nan") => {
                progress.report(1, metrics());
                return Ok(Outcome { metrics: metrics(), best_step: None, cost: 1.0 });
            }
            Some("gorge") => gorge(),
            Some("nonsense") => print("epoch 1, loss 0.3\n"),
            Some("foreign") => print("{\"alive\": {\"trial\": 12345}}\n"),
            Some("long") => print(&"x".repeat(17 << 20)),
            // Alive, although nothing is reported for a long time.
            Some("patient") => (0..40).for_each(|_| {
                std::thread::sleep(Duration::from_millis(100));
                progress.alive();
            }),
            Some(_) => forever(),
        }
        Probe.evaluate(job, candidate, progress)
    }
}

fn forever() {
    loop {
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// Uses more and more memory, 4 MiB at a time.
fn gorge() {
    let mut eaten: Vec<Vec<u8>> = Vec::new();
    loop {
        eaten.push(vec![1; 4 << 20]);
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn print(text: &str) {
    let mut output = std::io::stdout();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}

fn supervise(folder: &Path, trials: u64, workers: usize, ms: u64) -> Result<(), Box<dyn Error>> {
    let path = folder.join("study.db");
    let mut log = if path.exists() { SqliteLog::open(&path)? } else { SqliteLog::create(&path)? };
    let mut settings = ProcessSettings::new(std::env::current_exe()?, json!({ "ms": ms }), folder);
    settings.workers = workers;
    let mut workers = ProcessWorkers::new(settings)?;
    let objectives = Objectives::single("accuracy", Direction::Maximize);
    let created = Created {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").into(),
        study: "supervised".into(),
        seed: 5,
        strategy: "ageing".into(),
        objectives: objectives.wanted.clone(),
        limits: Vec::new(),
        ladder: vec![Rung { estimator: "train".into(), budget: 2, cost: 2.0 }],
        questions: Vec::new(),
        settings: String::new(),
    };
    let mut sink = |_: &Stamped| {};
    let (log, workers, halt) = (&mut log, &mut workers, &|| Halt::No);
    let parts = Parts { space: &PROBED, objectives, log, workers, sink: &mut sink, halt };
    let mut strategy = Ageing::new(6);
    let source = Source::Strategy(&mut strategy, Role::Search);
    Study::open(created, parts)?.run(&mut Phase {
        source,
        space: &PROBED,
        trials,
        deadlines: Default::default(),
    })?;
    Ok(())
}
