use crate::arguments::{Run, Show};
use nascent::core::event::Role;
use nascent::core::objective::{Direction, Limit, LimitError};
use nascent::core::{State, Trial, TrialId, draw};
use nascent::{Error, InputError, Stored, diagram, load};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
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
    let chosen = chosen(&stored, options)?;
    if options.json {
        let trials: Vec<Value> = chosen.iter().map(|t| one(&stored, t)).collect();
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
    for trial in chosen {
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
    if !options.conditions.is_empty() || options.best.is_some() {
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(best) = &summary.best {
        out!("best: trial {}", best.trial);
        let members: Vec<String> = summary.pareto.iter().map(|m| m.trial.to_string()).collect();
        out!("Pareto set: trials {}", members.join(", "));
    }
    if let Some(front) = stored.front() {
        out!("\n{}", front.trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

/// The trials that are asked for: all, those of which conditions hold, or the best of them by a metric.
fn chosen<'s>(stored: &'s Stored, options: &Show) -> Result<Vec<&'s Trial>, Error> {
    let all = &stored.history.trials;
    let known = |name: &str| all.iter().any(|t| t.metrics().value(name).is_some());
    let names: BTreeSet<String> =
        all.iter().flat_map(|t| t.metrics().iter().map(|(n, _)| n.to_string()).collect::<Vec<_>>()).collect();
    let unknown = |key: &str, name: &str| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        InputError::about(key, format!("no trial has a metric {name:?}; there are: {}", names.join(", ")))
    };
    let mut limits: Vec<Limit> = Vec::new();
    for condition in &options.conditions {
        let limit: Limit =
            condition.parse().map_err(|e: LimitError| InputError::about("where", e.to_string()))?;
        if !known(&limit.metric) {
            return Err(unknown("where", &limit.metric).into());
        }
        limits.push(limit);
    }
    let holds = |t: &&Trial| {
        let metrics = t.metrics();
        limits.iter().all(|l| metrics.value(&l.metric).is_some_and(|value| l.violation(value) == 0.0))
    };
    let mut trials: Vec<&Trial> = all.iter().filter(holds).collect();
    if let Some(name) = &options.best {
        if !known(name) {
            return Err(unknown("best", name).into());
        }
        let task = stored.setup.task.as_ref();
        let costs = stored.setup.objectives.costs.iter().map(|c| (c.name().to_string(), c.direction()));
        let directions: Vec<(String, Direction)> =
            nascent::known_objectives(task).into_iter().chain(costs).collect();
        let direction = directions.iter().find(|(n, _)| n == name).map_or(Direction::Maximize, |(_, d)| *d);
        // Only what was searched for is chosen among: finals are the same networks again.
        let searched =
            trials.iter().filter(|t| t.proposal.role == Role::Search && t.state == State::Finished);
        let valued = searched.filter_map(|t| Some((t.metrics().value(name)?, *t)));
        let best = valued.reduce(|a, b| if direction.is_better(b.0, a.0) { b } else { a });
        trials = best.into_iter().map(|(_, t)| t).collect();
    }
    if trials.is_empty() {
        let conditions: Vec<String> = limits.iter().map(ToString::to_string).collect();
        return Err(InputError::about("where", format!("no trial keeps {}", conditions.join(" and "))).into());
    }
    Ok(trials)
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
    if let Some(op) = stored.left_to_burn(trial) {
        out!("trained by Burn: the engine has no step for {op}");
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
