use super::unusable;
use crate::arguments::{Resume, Search};
use crate::live::{Live, about_task};
use nascent::core::study::Halt;
use nascent::spaces::SpaceFile;
use nascent::{Error, InputError, Settings, Setup, Start, StudyFile, Summary};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How often the user pressed Ctrl-C.
static INTERRUPTS: AtomicUsize = AtomicUsize::new(0);

fn halt() -> Halt {
    match INTERRUPTS.load(Ordering::Relaxed) {
        0 => Halt::No,
        1 => Halt::AfterRunning,
        _ => Halt::Now,
    }
}

/// A study file with what was given on the command line laid over it.
fn asked(options: &Search) -> Result<StudyFile, Error> {
    let mut file = if options.task.ends_with(".toml") {
        let path = Path::new(&options.task);
        let text = std::fs::read_to_string(path).map_err(|e| unusable(path, e))?;
        StudyFile::parse(&options.task, &text)?
    } else {
        StudyFile::from(Settings { task: options.task.clone(), ..Settings::default() })
    };
    if let Some(space) = &options.space {
        file.space = Some(space_file(space)?);
    }
    let s = &mut file.settings;
    s.strategy = options.strategy.clone().unwrap_or_else(|| s.strategy.clone());
    s.estimator = options.estimator.unwrap_or(s.estimator);
    s.supernet = options.supernet.or(s.supernet);
    s.supernet_epochs = options.supernet_epochs.or(s.supernet_epochs);
    s.stop_when = options.stop_when.or(s.stop_when);
    s.inherit |= options.inherit;
    if options.warm_start.is_some() {
        s.warm_start = options.warm_start.clone();
        s.earlier.clear();
    }
    if !options.objectives.is_empty() {
        s.objectives = options.objectives.clone();
    }
    s.prefer = options.prefer.clone().or_else(|| s.prefer.take());
    for limit in &options.limits {
        let limit = limit
            .parse()
            .map_err(|e: nascent::core::objective::LimitError| InputError::about("limits", e.to_string()))?;
        s.limits.push(limit);
    }
    if !options.sizes.is_empty() {
        s.sizes.clone_from(&options.sizes);
    }
    s.trials = options.trials.or(s.trials);
    s.budget = options.budget.or(s.budget);
    s.epochs = options.epochs.or(s.epochs);
    s.final_epochs = options.final_epochs.or(s.final_epochs);
    s.folds = options.folds.or(s.folds);
    s.batch_size = options.batch_size.or(s.batch_size);
    s.workers = options.workers.or(s.workers);
    s.memory_per_trial = options.memory_per_trial.or(s.memory_per_trial);
    s.seed = options.seed.unwrap_or(s.seed);
    if !options.baselines.is_empty() {
        s.baselines = options.baselines.clone();
    }
    s.device_files.extend(options.device_files.iter().cloned());
    options.data.lay_over(&mut file.data);
    Ok(file)
}

/// A space by its name, or from a file.
pub fn space_file(text: &str) -> Result<SpaceFile, Error> {
    let path = Path::new(text);
    let (name, text) = if text.ends_with(".toml") || path.is_file() {
        (text.to_string(), std::fs::read_to_string(path).map_err(|e| unusable(path, e))?)
    } else {
        ("--space".into(), format!("space = {text:?}"))
    };
    SpaceFile::parse(&text).map_err(|e| {
        let place = e.span.clone().map(|span| (name, text.clone(), span));
        Box::new(InputError { message: e.to_string(), key: None, place }).into()
    })
}

pub fn search(options: Search) -> Result<ExitCode, Error> {
    let file = asked(&options)?;
    if options.dry_run {
        let setup = Setup::new(file)?;
        setup.check_memory()?;
        // What is printed is a study file all the same.
        for line in about_task(&setup) {
            out!("# {}", line.replace('\n', " "));
        }
        out!("{}", setup.file.to_toml());
        return Ok(ExitCode::SUCCESS);
    }
    go(Start::New { file: Box::new(file), out: options.out }, Live::new(options.json))
}

pub fn resume(options: Resume) -> Result<ExitCode, Error> {
    let mut live = Live::new(options.json);
    live.recall(nascent::load(&options.run)?.history);
    let Resume { run, trials, budget, .. } = options;
    go(Start::Resume { path: run, trials, budget }, live)
}

fn go(start: Start, mut live: Live) -> Result<ExitCode, Error> {
    let program = std::env::current_exe().map_err(|e| unusable(Path::new("nascent"), e))?;
    // Where no handler can be set, Ctrl-C ends the process, and the log resumes all the same.
    let _ = ctrlc::set_handler(|| {
        INTERRUPTS.fetch_add(1, Ordering::Relaxed);
    });
    let json = live.is_json();
    let finish = nascent::run(start, &program, &halt, &mut |progress| live.hear(progress));
    live.done();
    let finish = finish?;
    let folder = finish.folder.display();
    if finish.is_interrupted {
        eprintln!("paused; continue with: nascent resume {folder}");
        return Ok(ExitCode::from(130));
    }
    if !json {
        ten_lines(&finish.summary);
        out!("\nnext:\n  nascent show {folder}");
        match nascent::ask(&finish.summary.task.kind, &folder.to_string()) {
            Some(command) => out!("  {command}"),
            None => out!("  less {folder}/best/architecture.json"),
        }
        out!("  open {folder}/report.html");
    }
    Ok(ExitCode::SUCCESS)
}

/// The result in words.
fn ten_lines(s: &Summary) {
    out!("\n{} is {}", s.study, s.status);
    if let Some(best) = &s.best {
        out!(
            "best      trial {}: {} parameters, {} multiply-accumulates",
            best.trial,
            best.params,
            best.macs
        );
        let validation = best.validation.get(&s.task.metric).filter(|_| best.test.is_none());
        if let Some(value) = validation {
            out!("validation {} {value:.4}", s.task.metric);
        }
        if let Some(test) = &best.test {
            let [low, high] = test.ci95;
            out!("test      {} {:.4} (95 % interval {low:.4} to {high:.4})", test.metric, test.mean);
        }
    }
    for size in &s.sizes {
        let Some(best) = &size.best else {
            out!("size      {}: no network was found", size.size);
            continue;
        };
        let test = best.test.as_ref().map(|t| format!(", test {} {:.4}", t.metric, t.mean));
        let test = test.unwrap_or_default();
        out!("size      {}: trial {}, {} parameters{test}", size.size, best.trial, best.params);
    }
    for baseline in &s.baselines {
        let Some(test) = &baseline.test else { continue };
        let size = baseline.params.map_or(String::new(), |p| format!(" with {p} parameters"));
        out!("against   {}{size}: {} {:.4}", baseline.name, test.metric, test.mean);
        let Some(verdict) = &baseline.verdict else { continue };
        // Of a share, points are what people say.
        let is_share = test.metric.ends_with("accuracy");
        let margin = if is_share {
            format!("{:.3} points", verdict.margin * 100.0).replace(".500", ".5")
        } else {
            format!("{:.4}", verdict.margin)
        };
        out!(
            "          {}",
            match verdict.result.as_str() {
                _ if baseline.trial.is_some() && baseline.trial == s.best.as_ref().map(|best| best.trial) =>
                    "the search found nothing better on validation data: this is the best network".into(),
                "better" =>
                    format!("the search paid off: the found network is better (p = {:.3})", verdict.p),
                "worse" =>
                    format!("the search did not pay off: the found network is worse (p = {:.3})", verdict.p),
                "equal" => format!(
                    "both are equal within {margin}: what the search can have gained is size or speed"
                ),
                _ => format!("these data cannot tell them apart (p = {:.3}, margin {margin})", verdict.p),
            }
        );
    }
    let t = &s.trials;
    out!(
        "trials    {}{} trained, {} failed, {} broke a limit, {} saved as duplicates",
        match (t.scored, t.shared) {
            (0, 0) => String::new(),
            (0, shared) => format!("{shared} judged by shared weights, "),
            (scored, _) => format!("{scored} scored, "),
        },
        t.finished - t.scored - t.shared,
        t.failed,
        t.infeasible,
        t.duplicate
    );
    if s.pareto.len() > 1 {
        out!("pareto    {} members", s.pareto.len());
    }
    out!(
        "cost      search {:.1} s, baselines {:.1} s, finals {:.1} s",
        s.cost.search_s,
        s.cost.baseline_s,
        s.cost.final_s
    );
    for note in &s.notes {
        out!("note      {note}");
    }
}
