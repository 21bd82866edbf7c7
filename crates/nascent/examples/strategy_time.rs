//! Times strategies on NAS-Bench-201 in memory, on one thread: `cargo run --release -p nascent --example strategy_time`.
//!
//! Words choose strategies. Whole runs of 1,000 trials are timed; with `--observed N`, what proposals cost where N trials
//! were observed, on average over the last tenth of them. `--json` prints it for programs.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use nascent::bench::{Bench, BenchSettings, Contender, Store, contender, run};
use nascent::core::event::Event;
use nascent::core::{AskContext, Next, Objectives, Strategy, StrategyError};
use std::hint::black_box;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const TRIALS: u64 = 1_000;
const ACCURACY: &str = "c10_val_200";
const PARAMS: &str = "c10_params";

/// What is timed, each with the objectives that it is for.
const STRATEGIES: [(&str, &[&str]); 13] = [
    ("random", &[ACCURACY]),
    ("exhaustive", &[ACCURACY]),
    ("evolution", &[ACCURACY]),
    ("local-search", &[ACCURACY]),
    ("tpe", &[ACCURACY]),
    ("reinforce", &[ACCURACY]),
    ("reinforce:recurrent=1", &[ACCURACY]),
    ("ppo", &[ACCURACY]),
    ("nsga2", &[ACCURACY, PARAMS]),
    ("npenas", &[ACCURACY]),
    ("bananas", &[ACCURACY]),
    ("nao", &[ACCURACY]),
    ("seminas", &[ACCURACY]),
];

/// Those that take a while: timed only where they are asked for.
const SLOW: [&str; 3] = ["bananas", "nao", "seminas"];

type Answer<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Answer<()> {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let json = words.iter().position(|w| w == "--json").map(|at| words.remove(at)).is_some();
    let observed = match words.iter().position(|w| w == "--observed") {
        Some(at) => {
            words.remove(at);
            let number = words.get(at).ok_or("--observed needs a number of trials")?.parse::<u64>()?;
            words.remove(at);
            Some(number.max(10))
        }
        None => None,
    };
    for (name, objectives) in STRATEGIES {
        let is_wanted =
            if words.is_empty() { !SLOW.contains(&name) } else { words.iter().any(|w| w == name) };
        if !is_wanted {
            continue;
        }
        match observed {
            None => {
                let seconds = shortest(name, objectives)?;
                match json {
                    true => println!("{{\"strategy\": \"{name}\", \"seconds\": {seconds:e}}}"),
                    false => println!("{name}: {:.0} trials a second", TRIALS as f64 / seconds),
                }
            }
            Some(trials) => {
                let seconds = late(name, objectives, trials)?;
                match json {
                    true => println!("{{\"strategy\": \"{name}\", \"ask_seconds\": {seconds:e}}}"),
                    false => println!("{name}: {:.3} ms a proposal after {trials} trials", seconds * 1e3),
                }
            }
        }
    }
    Ok(())
}

fn bench(name: &str, objectives: &[&str], trials: u64) -> Answer<Bench> {
    let settings = BenchSettings {
        bench: "nasbench201".into(),
        strategies: vec![name.into()],
        objectives: objectives.iter().map(ToString::to_string).collect(),
        trials: Some(trials),
        ..BenchSettings::default()
    };
    Ok(settings.bench(&Store::new("tables"), &contender)?)
}

/// The seconds of the shortest of several runs.
fn shortest(name: &str, objectives: &[&str]) -> Answer<f64> {
    let bench = bench(name, objectives, TRIALS)?;
    let (case, who) = (&bench.protocol.cases[0], &bench.contenders[0]);
    let mut best = f64::INFINITY;
    let begun = Instant::now();
    for number in 0.. {
        let start = Instant::now();
        black_box(run(case, who, &bench.settings(), number, &|| false)?);
        best = best.min(start.elapsed().as_secs_f64());
        if number >= 2 && begun.elapsed().as_secs_f64() > 1.0 {
            break;
        }
    }
    Ok(best)
}

/// A strategy whose last proposals are timed, with what it learns between them.
struct Timed {
    strategy: Box<dyn Strategy>,
    from: u64,
    asked: u64,
    spent: Arc<Mutex<Duration>>,
}

impl Timed {
    fn timed<T>(&mut self, work: impl FnOnce(&mut dyn Strategy) -> T) -> T {
        let start = Instant::now();
        let answer = work(&mut *self.strategy);
        if self.asked > self.from {
            *self.spent.lock().unwrap_or_else(PoisonError::into_inner) += start.elapsed();
        }
        answer
    }
}

impl Strategy for Timed {
    fn begin(&mut self, objectives: &Objectives) {
        self.strategy.begin(objectives);
    }

    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        self.asked += 1;
        self.timed(|strategy| strategy.ask(cx))
    }

    fn observe(&mut self, event: &Event) {
        self.timed(|strategy| strategy.observe(event));
    }
}

/// The seconds of one of the last proposals of so many.
fn late(name: &str, objectives: &[&str], trials: u64) -> Answer<f64> {
    let bench = bench(name, objectives, trials)?;
    let (case, who) = (&bench.protocol.cases[0], &bench.contenders[0]);
    let (spent, from) = (Arc::new(Mutex::new(Duration::ZERO)), trials - trials / 10);
    let (inner, clock) = (Arc::clone(&who.make), Arc::clone(&spent));
    let timed = Contender {
        name: name.into(),
        make: Arc::new(move |occasion| {
            let (strategy, spent) = (inner(occasion)?, Arc::clone(&clock));
            Ok(Box::new(Timed { strategy, from, asked: 0, spent }))
        }),
    };
    black_box(run(case, &timed, &bench.settings(), 0, &|| false)?);
    let spent = spent.lock().unwrap_or_else(PoisonError::into_inner).as_secs_f64();
    Ok(spent / (trials - from) as f64)
}
