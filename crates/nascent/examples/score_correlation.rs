//! How well scores without training order the cells of NAS-Bench-201 in their published skeleton: Spearman's correlation with
//! test accuracy, and with the same score as published. `cargo xtask bench scores`, with imported tables in `tables`; words:
//! where images of 32×32 lie, how many cells are scored, and on how many threads.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use nascent::bench::{Store, Table};
use nascent::core::Decisions;
use nascent::core::chooser::{replay, sample};
use nascent::core::rng::Rng;
use nascent::core::statistics::spearman;
use nascent::train::scores::{ALL, Batches, ENSEMBLE, ensemble};
use std::collections::HashSet;

const ACCURACY: [&str; 3] = ["c10_test_200", "c100_test_200", "in16_test_200"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).filter(|w| w != "--json").collect();
    let [data, samples, threads] = &words[..] else {
        return Err("say where images lie, how many cells, and threads".into());
    };
    let task = nascent::data::load(data.as_ref(), &nascent::data::Options::default())?;
    let store = Store::new("tables");
    let table = store.table("nasbench201")?.join(&store.table("nb201_zerocost")?)?;
    let cells = cells(&table, samples.parse()?)?;
    let column = |name: &str| -> Option<Vec<f64>> {
        let values = &table.column(name).ok()?.values;
        Some(cells.iter().map(|(row, _)| values[*row]).collect())
    };
    let accuracy: Vec<Vec<f64>> = ACCURACY.iter().filter_map(|name| column(name)).collect();
    // As published: branches that lead nowhere count too, which are pruned where networks are trained here.
    let graph = |(_, cell): &(usize, Decisions)| (replay(&**table.space(), cell)?.draw)();
    let graphs = cells.iter().map(graph).collect::<Result<Vec<_>, _>>()?;
    let batches = Batches::draw(&task.train(), 0)?;
    let hear = |done: usize, all: usize| {
        if done.is_multiple_of(100) {
            eprintln!("{done} of {all}");
        }
    };
    let graphs: Vec<_> = graphs.iter().collect();
    let all = nascent::score_networks(&graphs, ALL, &batches, (0, threads.parse()?), &hear)?;
    let of = |i: usize| all.iter().map(|(values, _)| values[i]).collect::<Vec<f64>>();
    let mut columns: Vec<Vec<f64>> = (0..ALL.len()).map(of).collect();
    let together = ENSEMBLE.iter().filter_map(|score| ALL.iter().position(|s| s.name == score.name));
    columns.push(ensemble(&together.map(of).collect::<Vec<_>>()));
    for (i, ours) in columns.iter().enumerate() {
        let name = ALL.get(i).map_or("ensemble", |s| s.name);
        let theirs = match name {
            "macs" => "c10_flops".into(),
            "epe" => "c10_epe_nas".into(),
            name => format!("c10_{name}"),
        };
        let with: Vec<Option<f64>> = accuracy.iter().map(|a| spearman(ours, a)).collect();
        let same = column(&theirs).and_then(|theirs| spearman(ours, &theirs));
        let seconds = all.iter().filter_map(|(_, t)| t.get(i)).map(|t| t.as_secs_f64()).sum::<f64>();
        let line = serde_json::json!({"score": name, "accuracy": with, "published": same,
            "seconds": seconds / cells.len() as f64});
        println!("{line}");
    }
    Ok(())
}

/// Different rows of the table for which all published scores are known, with their decisions.
fn cells(table: &Table, samples: usize) -> Result<Vec<(usize, Decisions)>, Box<dyn std::error::Error>> {
    let known = &table.column("c10_nwot")?.values;
    let most = known.iter().filter(|value| !value.is_nan()).count();
    let (mut rng, mut seen, mut cells) = (Rng::new(0, 0), HashSet::new(), Vec::new());
    while cells.len() < samples.min(most) {
        let decisions = sample(&**table.space(), &mut rng)?;
        let row = table.row(&decisions).ok_or("a cell is not in the table")? as usize;
        if !known[row].is_nan() && seen.insert(row) {
            cells.push((row, decisions));
        }
    }
    Ok(cells)
}
