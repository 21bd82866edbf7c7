//! How a search by boosted trees with zero-cost scores would do, were the scores free: `boosted_search RUNS QUERIES TABLES`.
//!
//! All networks of NAS-Bench-201 are guessed; those whose guess and deviation together are highest are tried next.
#![allow(clippy::print_stdout)]

use nascent::bench::Store;
use nascent::core::rng::Rng;
use nascent::strategies::predictors::{Encoded, Encoding, Quantiles, encode, predictors};

type Failure = Box<dyn std::error::Error>;

const SCORES: [&str; 6] = ["freerea_logsynflow", "freerea_naswot", "zen", "nwot", "jacov", "synflow"];
const STARTUP: usize = 10;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [runs, queries, tables] = &words[..] else { return Err("say RUNS QUERIES TABLES".into()) };
    let (runs, queries) = (runs.parse::<u64>()?, queries.parse::<usize>()?);
    let store = Store::new(tables);
    let table = store.table("nasbench201")?.join(&store.table("nb201_zerocost")?)?;
    let members = table.members()?;
    for data in ["c10", "c100", "in16"] {
        let target = &table.column(&format!("{data}_val_200"))?.values;
        let columns = SCORES
            .iter()
            .map(|score| table.column(&format!("{data}_{score}")))
            .collect::<Result<Vec<_>, _>>()?;
        let scores: Vec<Vec<f64>> =
            (0..members.len()).map(|i| columns.iter().map(|c| c.values[i]).collect()).collect();
        let refs: Vec<_> = members.iter().collect();
        let all = encode(&**table.space(), &refs, Encoding::Answers, &scores)?;
        let found: Vec<Vec<f64>> = (0..runs).map(|run| search(&all, target, queries, run)).collect();
        let regret = |after: usize| {
            let best = target.iter().copied().fold(f64::MIN, f64::max);
            found.iter().map(|curve| best - curve[after.min(queries) - 1]).sum::<f64>() / runs as f64
        };
        println!("{data}: regret after 50, 80, 100: {:.3} {:.3} {:.3}", regret(50), regret(80), regret(100));
    }
    Ok(())
}

/// The best value after each query.
fn search(all: &[Encoded], target: &[f64], queries: usize, run: u64) -> Vec<f64> {
    let mut rng = Rng::new(run, 9);
    let (mut seen, mut is_seen): (Vec<usize>, Vec<bool>) = (Vec::new(), vec![false; all.len()]);
    let (mut next, mut fitted): (Vec<usize>, usize) = (Vec::new(), 0);
    while seen.len() < queries {
        let step = seen.len();
        if step >= STARTUP && (fitted == 0 || step >= fitted + (fitted / 6).clamp(2, 60)) {
            fitted = step;
            let scale = Quantiles::new(seen.iter().map(|&i| target[i]));
            let values: Vec<f64> = seen.iter().map(|&i| scale.score(target[i])).collect();
            let Some(entry) = predictors().iter().find(|entry| entry.name == "boosted") else { break };
            let mut predictor = (entry.make)();
            predictor.fit(&seen.iter().map(|&i| &all[i]).collect::<Vec<_>>(), &values, run);
            let hope = |i: usize| {
                let guess = predictor.guess(&all[i]);
                (guess.mean + guess.deviation, i)
            };
            let mut hopes: Vec<(f64, usize)> = (0..all.len()).filter(|&i| !is_seen[i]).map(hope).collect();
            rng.shuffle(&mut hopes);
            hopes.sort_by(|a, b| a.0.total_cmp(&b.0));
            next = hopes.into_iter().map(|(_, i)| i).collect();
        }
        let i = next.pop().unwrap_or_else(|| rng.below(all.len()));
        if !std::mem::replace(&mut is_seen[i], true) {
            seen.push(i);
        }
    }
    let mut best = f64::MIN;
    seen.iter()
        .map(|&i| {
            best = best.max(target[i]);
            best
        })
        .collect()
}
