use super::unusable;
use crate::arguments::{Bench as Options, BenchAction};
use indicatif::{ProgressBar, ProgressStyle};
use nascent::bench::{
    BenchError, BenchSettings, Done, Results, Store, Summary, contender, explain_choices, import, protocol,
    write_results,
};
use nascent::runtime::clock;
use nascent::{Error, InputError};
use serde_json::json;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

pub fn bench(options: Options) -> Result<ExitCode, Error> {
    let store = Store::new(&options.tables);
    match &options.action {
        Some(BenchAction::Import { files, space }) => {
            import_all(&store, files, space.as_deref(), options.json)
        }
        Some(BenchAction::Tables) => tables(&store, options.json),
        None => compare(&store, &options),
    }
}

fn import_all(store: &Store, files: &[PathBuf], space: Option<&Path>, json: bool) -> Result<ExitCode, Error> {
    let description = match space {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| unusable(path, e))?;
            Some(import::TableFile::parse(&text).map_err(|e| unusable(path, e))?)
        }
        None => None,
    };
    let networks = store.find("nasbench201")?;
    let one = |file: &PathBuf| -> Result<(), Error> {
        let table = import::import(file, description.clone(), networks.as_ref())?;
        let path = store.path(&table.about().name);
        let bytes = table.write(&path)?;
        let (rows, columns) = (table.rows(), table.columns().len());
        if json {
            out!("{}", json!({"table": table.about(), "path": path, "rows": rows, "bytes": bytes}));
        } else {
            out!("{}: {rows} networks, {columns} columns, {bytes} bytes", path.display());
        }
        Ok(())
    };
    let (mut done, mut failed) = (0, None);
    for file in files {
        match one(file) {
            Ok(()) => done += 1,
            // The others are imported all the same.
            Err(error) => {
                if let Some(before) = failed.replace(error) {
                    eprintln!("error: {before}");
                }
            }
        }
    }
    match failed {
        Some(error) => {
            eprintln!("{done} of {} files were imported", files.len());
            Err(error)
        }
        None => Ok(ExitCode::SUCCESS),
    }
}

fn tables(store: &Store, json: bool) -> Result<ExitCode, Error> {
    let tables = store.list()?;
    if json {
        let tables: Vec<_> = tables
            .iter()
            .map(|t| json!({"table": t.about, "path": t.path, "rows": t.rows, "columns": t.columns, "bytes": t.bytes}))
            .collect();
        let protocols: Vec<_> = protocol::listed()
            .iter()
            .map(|p| json!({"name": p.name, "title": p.title, "tables": p.tables}))
            .collect();
        out!("{}", json!({ "tables": tables, "protocols": protocols }));
        return Ok(ExitCode::SUCCESS);
    }
    out!("tables");
    for table in &tables {
        let about = &table.about;
        let place = table.path.as_ref().map_or("part of the program".into(), |p| p.display().to_string());
        out!("  {:18} {}", about.name, about.title);
        out!("  {:18} {} rows, {} columns, {} bytes, {place}", "", table.rows, table.columns, table.bytes);
        out!("  {:18} from {}; licence: {}", "", about.source, about.licence);
        for note in &about.notes {
            out!("  {:18} {note}", "");
        }
    }
    let known = |name: &str| tables.iter().any(|t| t.about.name == name);
    for name in import::published().filter(|name| !known(name)) {
        out!("  {name:18} not imported: nascent bench import {name}.parquet");
    }
    out!("protocols");
    for protocol in protocol::listed() {
        out!("  {:18} {}", protocol.name, protocol.title);
        let missing: Vec<&str> = protocol.tables.iter().copied().filter(|t| !known(t)).collect();
        if !missing.is_empty() {
            out!("  {:18} needs {}", "", missing.join(", "));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A bench file, or a name, with the command line laid over it.
fn asked(options: &Options) -> Result<BenchSettings, Error> {
    let Some(what) = &options.what else {
        return Err(InputError::about(
            "bench",
            "name a protocol, a table or a bench.toml; `nascent bench tables` lists what there is",
        )
        .into());
    };
    let mut settings = match what.ends_with(".toml") {
        true => {
            let path = Path::new(what);
            let text = std::fs::read_to_string(path).map_err(|e| unusable(path, e))?;
            BenchSettings::parse(&text).map_err(|e| unusable(path, e))?
        }
        false => BenchSettings { bench: what.clone(), ..BenchSettings::default() },
    };
    let s = &mut settings;
    let lists = [
        (&mut s.strategies, &options.strategies),
        (&mut s.cases, &options.cases),
        (&mut s.objectives, &options.objectives),
        (&mut s.limits, &options.limits),
    ];
    for (list, given) in lists {
        if !given.is_empty() {
            list.clone_from(given);
        }
    }
    s.runs = options.runs.or(s.runs);
    // A length given here replaces one in the file, whichever unit that has.
    if options.trials.is_some() || options.budget.is_some() {
        (s.trials, s.budget_s) = (options.trials, options.budget.map(|b| b.0.as_secs_f64()));
    }
    s.seed = options.seed.or(s.seed);
    s.workers = options.workers.or(s.workers);
    s.distinct |= options.distinct;
    s.score = options.score.clone().or(s.score.take());
    s.seconds = options.seconds.clone().or(s.seconds.take());
    Ok(settings)
}

fn compare(store: &Store, options: &Options) -> Result<ExitCode, Error> {
    let settings = asked(options)?;
    let mut bench = settings.bench(store, &|text| contender(text))?;
    explain_choices(&mut bench);
    let folder = options.out.clone().unwrap_or_else(|| Path::new("bench").join(&bench.protocol.name));
    // Where no handler can be set, Ctrl-C ends the process, and the same command continues all the same.
    let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed));
    let mut live = Live::new(options.json);
    let mut builder = rayon::ThreadPoolBuilder::new();
    if let Some(threads) = options.threads {
        if threads == 0 {
            return Err(InputError::about("threads", "--threads 0 runs nothing: give at least 1").into());
        }
        builder = builder.num_threads(threads);
    }
    let pool = builder.build().map_err(|e| InputError::about("threads", e.to_string()))?;
    let stop = || INTERRUPTED.load(Ordering::Relaxed);
    let before_ms = clock::now_ms();
    let traces = pool.install(|| bench.run(&folder, &mut |done| live.hear(done), &stop));
    live.bar.finish_and_clear();
    let traces = match traces {
        Err(BenchError::Interrupted { done, all }) => {
            eprintln!("paused: {done} of {all} runs are in {}; the same command continues", folder.display());
            return Ok(ExitCode::from(130));
        }
        other => other?,
    };
    let took_s = clock::now_ms().saturating_sub(before_ms) as f64 / 1e3;
    let trials: u64 = traces.values().flatten().map(|t| t.trials).sum();
    let results = Results::new(&bench, traces);
    let summary = write_results(&results, &settings, &folder)?;
    match options.json {
        true => out!("{}", json!(summary)),
        false => {
            say(&summary, &folder);
            let here = trials * (live.fresh.0) / live.fresh.1.max(1);
            out!("took:    {took_s:.1} s for {here} trials");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The progress of a bench on a terminal; elsewhere nothing, for it takes seconds.
struct Live {
    bar: ProgressBar,
    /// Runs of this session, and all runs.
    fresh: (u64, u64),
}

impl Live {
    fn new(json: bool) -> Self {
        let bar = match !json && std::io::stderr().is_terminal() {
            true => ProgressBar::new(0),
            false => ProgressBar::hidden(),
        };
        let style =
            ProgressStyle::with_template("{bar:30} {pos}/{len} runs, {elapsed} so far, {eta} left: {msg}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self { bar, fresh: (0, 1) }
    }

    fn hear(&mut self, done: Done<'_>) {
        if self.bar.length() != Some(done.all) {
            self.bar.set_length(done.all);
            // Runs of an earlier session say nothing of this one's pace.
            self.bar.set_position(done.before);
            self.bar.reset_eta();
        }
        self.fresh = (done.runs - done.before, done.all);
        self.bar.set_position(done.runs);
        self.bar.set_message(format!("{} on {}", done.strategy, done.case));
    }
}

/// The result in words: means at the end, ranks, and what cannot be told apart.
fn say(summary: &Summary, folder: &Path) {
    out!("{}: {}", summary.protocol, summary.title);
    let amount = summary.budget.amount();
    let unit = summary.budget.unit();
    let wide = summary.ranks.iter().map(|r| r.strategy.chars().count()).max().unwrap_or(8).max(8);
    out!("after {amount} {unit}, {} runs each, 95 % intervals of the mean", summary.runs);
    let mut last = String::new();
    for row in summary.rows.iter().filter(|r| r.at == amount) {
        let about = format!("{} on {}", row.metric, row.dataset);
        if about != last {
            let optimum =
                summary.optima.iter().find(|o| (&o.dataset, &o.metric) == (&row.dataset, &row.metric));
            out!("\n{about} (the best there is: {:.4})", optimum.map_or(f64::NAN, |o| o.value));
            last = about;
        }
        let [low, high] = row.ci95;
        out!("  {:wide$}  {:9.4}  [{low:.4}, {high:.4}]  sd {:.4}", row.strategy, row.mean, row.sd);
    }
    if summary.ranks.len() > 1 {
        out!("\nmean ranks at the end");
        for rank in &summary.ranks {
            out!("  {:wide$}  {:.2}", rank.strategy, rank.mean_rank);
        }
        for group in &summary.indistinguishable {
            out!("  indistinguishable: {}", group.join(", "));
        }
    }
    for note in &summary.notes {
        out!("note: {note}");
    }
    out!("\nresults: {}/summary.json, runs.parquet, report.html", folder.display());
    out!("again:   {}", summary.command);
}
