//! Benches: the strategies by name on tables, and the page about them.

use crate::error::{Error, InputError};
use nascent_bench::protocol::Case;
use nascent_bench::statistics::describe;
use nascent_report::{Cell, Comparison as Page, PairRow, Panel, comparison};
use nascent_runtime::write_atomically;
use nascent_strategies::{Rule, Situation, Spec};
use std::path::Path;
use std::sync::Arc;

pub use nascent_bench::*;

impl From<BenchError> for Error {
    fn from(error: BenchError) -> Self {
        match error {
            BenchError::Run { source, .. } => Self::Study(source),
            BenchError::File { path, reason } => Self::File { path, reason },
            other => Self::Input(Box::new(InputError { message: other.to_string(), key: None, place: None })),
        }
    }
}

/// The strategy that a user writes, to take part in a bench.
///
/// # Errors
/// Where there is no such strategy or parameter.
pub fn contender(text: &str) -> Result<Contender, BenchError> {
    let spec = Spec::parse(text).map_err(|e| BenchError::Input(e.to_string()))?;
    let make = move |occasion: &Occasion<'_>| {
        let (space, objectives, trials) = (occasion.space, occasion.objectives, occasion.trials);
        let (spec, _) = spec.chosen(&Situation { space, objectives, trials, trained: false });
        spec.make(trials).map_err(|e| e.to_string())
    };
    Ok(Contender { name: text.into(), make: Arc::new(make) })
}

/// What `auto` stands for in a bench: for each contender with it and each case, the strategy and the rule.
fn choices(bench: &Bench) -> Vec<(&Contender, &Case, String, &'static Rule)> {
    let mut choices = Vec::new();
    for contender in &bench.contenders {
        let Ok(spec) = Spec::parse(&contender.name) else { continue };
        for case in &bench.protocol.cases {
            let trials = case.expected_trials(bench.protocol.budget, bench.workers);
            let (space, objectives) = (&**case.table.space(), &case.objectives);
            if let (spec, Some(rule)) = spec.chosen(&Situation { space, objectives, trials, trained: false })
            {
                choices.push((contender, &**case, spec.resolved(trials).to_string(), rule));
            }
        }
    }
    choices
}

/// Adds to a bench's notes what `auto` stands for in it, and why.
pub fn explain_choices(bench: &mut Bench) {
    let mut notes: Vec<String> = Vec::new();
    for (contender, _, spec, rule) in choices(bench) {
        let note = format!("{} is {spec} here ({}: {})", contender.name, rule.when, rule.because);
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    bench.protocol.notes.extend(notes);
}

/// The settings with everything filled in, `auto` included where it is one strategy for all cases.
fn resolved(settings: &BenchSettings, bench: &Bench) -> BenchSettings {
    let mut settings = settings.resolved(bench);
    let choices = choices(bench);
    for strategy in &mut settings.strategies {
        let mut specs: Vec<&String> =
            choices.iter().filter(|(c, ..)| c.name == *strategy).map(|(_, _, spec, _)| spec).collect();
        specs.dedup();
        if let [only] = specs[..] {
            strategy.clone_from(only);
        }
    }
    settings
}

/// Writes the results of a bench into its folder: `summary.json`, `runs.parquet`, `report.html` and `bench.toml`.
///
/// # Errors
/// Where they cannot be written.
pub fn write_results(
    results: &Results<'_>,
    settings: &BenchSettings,
    folder: &Path,
) -> Result<Summary, Error> {
    let command = settings.command(results.bench());
    let summary = results.write(folder, &command)?;
    let page = comparison(&page_of(results, &summary));
    let files = [("report.html", page), ("bench.toml", resolved(settings, results.bench()).to_toml())];
    for (name, text) in files {
        let path = folder.join(name);
        write_atomically(&path, text.as_bytes())
            .map_err(|e| Error::File { path: path.clone(), reason: e.to_string() })?;
    }
    Ok(summary)
}

/// Points of a curve besides the checkpoints.
const POINTS: u32 = 60;

/// What the page tells.
fn page_of(results: &Results<'_>, summary: &Summary) -> Page {
    let bench = results.bench();
    let headline = results.reported.first().map(|r| r.score.metric.clone()).unwrap_or_default();
    let index = |name: &String| bench.contenders.iter().position(|c| c.name == *name).unwrap_or(0);
    Page {
        protocol: summary.protocol.clone(),
        title: summary.title.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
        strategies: bench.contenders.iter().map(|c| c.name.clone()).collect(),
        runs: bench.runs,
        unit: bench.protocol.budget.unit().into(),
        budget: bench.protocol.budget.amount(),
        panels: results.reported.iter().map(|r| panel(results, r, r.score.metric == headline)).collect(),
        ranks: summary.ranks.iter().map(|r| (index(&r.strategy), r.mean_rank)).collect(),
        groups: summary.indistinguishable.iter().map(|g| g.iter().map(index).collect()).collect(),
        notes: summary.notes.clone(),
        sources: sources(bench),
        commands: vec![summary.command.clone()],
    }
}

fn panel(results: &Results<'_>, reported: &Reported, is_headline: bool) -> Panel {
    let bench = results.bench();
    let budget = bench.protocol.budget.amount();
    let everyone = 0..bench.contenders.len();
    let cell = |contender: usize, at: f64| {
        let d = describe(&results.values(reported, contender, at))?;
        Some(Cell { mean: d.mean, sd: d.sd, ci95: d.ci95 })
    };
    let curve = |contender: usize| {
        let point = |step: u32| {
            // Queries are whole.
            let at = (budget * f64::from(step) / f64::from(POINTS)).ceil();
            cell(contender, at).map(|c| (at, c.mean, c.ci95[0], c.ci95[1]))
        };
        (1..=POINTS).filter_map(point).collect()
    };
    let pairs = if is_headline { results.pairs(reported, budget) } else { Vec::new() };
    Panel {
        dataset: reported.score.dataset.clone(),
        metric: reported.score.metric.clone(),
        direction: reported.score.direction,
        optimum: reported.score.optimum,
        is_headline,
        curves: if is_headline { everyone.clone().map(curve).collect() } else { Vec::new() },
        checkpoints: bench.protocol.checkpoints.clone(),
        cells: everyone
            .map(|c| bench.protocol.checkpoints.iter().filter_map(|&at| cell(c, at)).collect())
            .collect(),
        pairs: pairs
            .into_iter()
            .map(|p| PairRow {
                verdict: p.verdict().into(),
                first: p.first,
                second: p.second,
                advantage: p.advantage,
                ci95: p.ci95,
                p: p.p,
                effect: p.effect,
            })
            .collect(),
    }
}

/// The tables used, each once: name, rows, source, licence.
fn sources(bench: &Bench) -> Vec<[String; 4]> {
    let mut sources: Vec<[String; 4]> = Vec::new();
    for case in &bench.protocol.cases {
        for about in case.table.sources() {
            let rows = case.table.rows().to_string();
            let row = [about.name.clone(), rows, about.source.clone(), about.licence.clone()];
            if !sources.contains(&row) {
                sources.push(row);
            }
        }
    }
    sources
}
