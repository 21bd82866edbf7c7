use crate::arguments::{Run, Show};
use nascent::core::{TrialId, draw};
use nascent::{Error, InputError, Stored, diagram, load};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::ExitCode;

fn one(stored: &Stored, trial: &nascent::core::Trial) -> Value {
    let decisions: BTreeMap<String, String> =
        stored.answers(trial).into_iter().map(|a| (a.path, a.label)).collect();
    json!({
        "trial": trial.id, "hash": trial.hash, "state": trial.state, "role": trial.proposal.role,
        "rung": trial.proposal.rung, "objectives": trial.metrics(), "parents": trial.proposal.parents,
        "decisions": decisions, "copied_from": trial.copied_from, "reason": trial.reason,
        "seconds": trial.duration_ms().map(|ms| ms as f64 / 1e3), "reports": trial.reports,
    })
}

pub fn show(options: &Show) -> Result<ExitCode, Error> {
    let stored = load(&options.run)?;
    if let Some(number) = options.trial {
        return show_trial(&stored, number, options.json);
    }
    if options.json {
        let trials: Vec<Value> = stored.history.trials.iter().map(|t| one(&stored, t)).collect();
        out!("{}", json!({ "trials": trials }));
        return Ok(ExitCode::SUCCESS);
    }
    let summary = stored.summary();
    out!(
        "{} is {}: {} with {} on {}",
        summary.study,
        summary.status,
        summary.strategy,
        summary.space.name,
        summary.task.name
    );
    out!("{:>5}  {:10}  {:12}  {:>10}  {:>9}  what", "trial", "role", "state", summary.task.metric, "params");
    for trial in &stored.history.trials {
        let metrics = trial.metrics();
        let number =
            |name: &str, digits| metrics.value(name).map_or(String::new(), |v| format!("{v:.digits$}"));
        let role = match &trial.proposal.role {
            nascent::core::event::Role::Search => "search".to_string(),
            nascent::core::event::Role::Baseline(name) => name.clone(),
            nascent::core::event::Role::Final { of, .. } => format!("final of {of}"),
        };
        let state = format!("{:?}", trial.state).to_lowercase();
        let mark = if summary.best.as_ref().is_some_and(|b| b.trial == trial.id.0) { "best" } else { "" };
        let why = trial.reason.as_deref().unwrap_or(mark);
        out!(
            "{:>5}  {role:10.10}  {state:12}  {:>10}  {:>9}  {why}",
            trial.id.0,
            number(&summary.task.metric, 4),
            number("params", 0)
        );
    }
    if let Some(best) = &summary.best {
        out!("best: trial {}", best.trial);
        let members: Vec<String> = summary.pareto.iter().map(|m| m.trial.to_string()).collect();
        out!("Pareto set: trials {}", members.join(", "));
    }
    Ok(ExitCode::SUCCESS)
}

fn show_trial(stored: &Stored, number: u32, json: bool) -> Result<ExitCode, Error> {
    let last = stored.history.trials.len();
    let trial = stored.history.trial(TrialId(number)).ok_or_else(|| {
        InputError::about(
            "trial",
            format!("there is no trial {number}: the study has trials 0 to {}", last.saturating_sub(1)),
        )
    })?;
    if json {
        out!("{}", one(stored, trial));
        return Ok(ExitCode::SUCCESS);
    }
    out!("trial {number}: {:?}", trial.state);
    if !trial.proposal.parents.is_empty() {
        let parents: Vec<String> = trial.proposal.parents.iter().map(ToString::to_string).collect();
        out!("parents: {}", parents.join(", "));
    }
    for answer in stored.answers(trial) {
        out!("  {:28} {}", answer.path, answer.label);
    }
    for (name, value) in trial.metrics().iter() {
        out!("  {name:28} {value}");
    }
    for (step, metrics) in &trial.reports {
        let values: Vec<String> = metrics.iter().map(|(n, v)| format!("{n} {v:.4}")).collect();
        out!("  epoch {step:>3}: {}", values.join(", "));
    }
    if let Some(reason) = &trial.reason {
        out!("failed: {reason}");
    }
    if let Ok(graph) = draw(&*stored.setup.space, &trial.proposal.decisions) {
        out!("\n{}", diagram::text(&graph));
    }
    Ok(ExitCode::SUCCESS)
}

pub fn report(options: &Run) -> Result<ExitCode, Error> {
    let stored = load(&options.run)?;
    nascent::write_report(&stored)?;
    let path = stored.folder.report_html();
    if options.json {
        out!("{}", json!({ "report": path }));
    } else {
        out!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}
