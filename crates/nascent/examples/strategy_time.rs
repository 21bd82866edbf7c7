//! Times whole runs of strategies on NAS-Bench-201 in memory, on one thread:
//! `cargo run --release -p nascent --example strategy_time`; words choose strategies, and `--json` prints it for programs.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use nascent::bench::{BenchSettings, Store, contender, run};
use std::hint::black_box;
use std::time::Instant;

const TRIALS: u64 = 1_000;
const ACCURACY: &str = "c10_val_200";
const PARAMS: &str = "c10_params";

/// What is timed, each with the objectives that it is for.
const STRATEGIES: [(&str, &[&str]); 8] = [
    ("random", &[ACCURACY]),
    ("evolution", &[ACCURACY]),
    ("local-search", &[ACCURACY]),
    ("tpe", &[ACCURACY]),
    ("reinforce", &[ACCURACY]),
    ("ppo", &[ACCURACY]),
    ("nsga2", &[ACCURACY, PARAMS]),
    ("npenas", &[ACCURACY]),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (json, words): (Vec<_>, Vec<_>) = words.iter().partition(|w| *w == "--json");
    for (name, objectives) in STRATEGIES {
        if !words.is_empty() && !words.iter().any(|w| *w == name) {
            continue;
        }
        let settings = BenchSettings {
            bench: "nasbench201".into(),
            strategies: vec![name.into()],
            objectives: objectives.iter().map(ToString::to_string).collect(),
            trials: Some(TRIALS),
            ..BenchSettings::default()
        };
        let bench = settings.bench(&Store::new("tables"), &contender)?;
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
        if !json.is_empty() {
            println!("{{\"strategy\": \"{name}\", \"seconds\": {best:e}}}");
        } else {
            println!("{name}: {:.0} trials a second", TRIALS as f64 / best);
        }
    }
    Ok(())
}
