//! What is printed while a study runs.

use indicatif::{ProgressBar, ProgressStyle};
use nascent::core::chooser::Count;
use nascent::core::event::{Event, Role, Stamped};
use nascent::core::{History, Metrics, State, TrialId};
use nascent::{Progress, Setup};
use std::io::IsTerminal;

/// Prints events: a live line on a terminal, a plain line a trial elsewhere, or JSON.
pub struct Live {
    json: bool,
    history: History,
    bar: Option<ProgressBar>,
    best: Option<(TrialId, f64)>,
    measured: bool,
}

/// The most warnings and notes about the data that are printed.
const MOST_WARNINGS: usize = 8;

/// What a study's task is, and what was found in its data.
pub fn about_task(setup: &Setup) -> Vec<String> {
    let facts = &setup.facts;
    let mut lines = vec![match &setup.file.evaluator {
        Some(outside) => format!("task      {}: trained by {}", facts.name, outside.command),
        None => format!(
            "task      {}: {} training, {} validation, {} test examples",
            facts.name, facts.train, facts.validation, facts.test
        ),
    }];
    if let Some(found) = setup.task.as_ref().map(|task| task.findings()) {
        let warnings = found.warnings.iter().take(MOST_WARNINGS);
        lines.extend(warnings.map(|warning| format!("warning   {warning}")));
        lines.extend(found.notes.iter().take(MOST_WARNINGS).map(|note| format!("data      {note}")));
        if found.warnings.len().max(found.notes.len()) > MOST_WARNINGS {
            lines.push("data      there is more: nascent inspect tells all".into());
        }
    }
    lines
}

impl Live {
    pub fn new(json: bool) -> Self {
        Self { json, history: History::default(), bar: None, best: None, measured: false }
    }

    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Takes in the events before this session, so that trials are known.
    pub fn recall(&mut self, history: History) {
        self.history = history;
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None if !self.json => out!("{line}"),
            None => {}
        }
    }

    pub fn hear(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::Plan { setup, folder, worker_bytes, limit_bytes } => {
                let s = &setup.file.settings;
                let count = match &setup.count {
                    Count::Exact(n) => n.to_string(),
                    Count::Estimate { mean, .. } => format!("about {mean:.2e}"),
                };
                self.say(&format!("study     {} (seed {})", folder.display(), s.seed));
                about_task(setup).iter().for_each(|line| self.say(line));
                self.say(&format!(
                    "space     {}: {count} networks with their training settings",
                    setup.space.name()
                ));
                self.say(&format!("strategy  {}", s.strategy));
                let limit = limit_bytes.map_or("no limit".into(), |b| format!("limit {} MiB", b >> 20));
                self.say(&format!(
                    "workers   {} processes of about {} MiB each ({limit})",
                    s.workers.unwrap_or(1),
                    worker_bytes >> 20
                ));
            }
            Progress::Phase(name, trials) => {
                if let Some(bar) = self.bar.take() {
                    bar.finish_and_clear();
                }
                let known = trials < 1_000_000;
                self.say(&if known {
                    format!("{name}: {trials} trials")
                } else {
                    format!("{name}: until the time is up")
                });
                if !self.json && std::io::stdout().is_terminal() {
                    let bar = if known { ProgressBar::new(trials) } else { ProgressBar::new_spinner() };
                    let style =
                        ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed} (left {eta}) {msg}");
                    self.bar = Some(style.map(|s| bar.clone().with_style(s)).unwrap_or(bar));
                }
            }
            Progress::Note(note) => self.say(&format!("note: {note}")),
            Progress::Event(stamped, setup) => self.event(stamped, setup),
        }
    }

    fn event(&mut self, stamped: &Stamped, setup: &Setup) {
        if self.json {
            out!("{}", serde_json::json!(stamped));
        }
        if self.history.apply(stamped).is_err() {
            return;
        }
        let Some(trial) = stamped.event.trial().and_then(|id| self.history.trial(id)) else { return };
        if let (Event::Reported { step, metrics, .. }, Some(bar)) = (&stamped.event, &self.bar) {
            let value = metrics.value(&setup.facts.metric).map_or(String::new(), |v| format!(" {v:.4}"));
            let best = self.best.map_or(String::new(), |(id, v)| format!(" · best {v:.4} (trial {id})"));
            bar.set_message(format!("trial {} epoch {step}{value}{best}", trial.id));
        }
        if !trial.state.is_over() || matches!(stamped.event, Event::Tested { .. } | Event::Measured { .. }) {
            return;
        }
        let (id, state, metrics) = (trial.id, trial.state, trial.metrics());
        let value = metrics.value(&setup.facts.metric).filter(|_| state == State::Finished);
        let seconds = trial.duration_ms().map_or(String::new(), |ms| format!(" {:.1} s", ms as f64 / 1e3));
        let params = metrics.value("params").map_or(String::new(), |p| format!(" {p:.0} parameters"));
        let what = match (state, trial.copied_from, &trial.reason) {
            (_, Some(first), _) => format!("same network as trial {first}"),
            (State::Finished, ..) => {
                let scored =
                    || if setup.is_look(&trial.proposal) { scores(&metrics) } else { "trained".into() };
                value.map_or_else(scored, |v| format!("{} {v:.4}", &setup.facts.metric))
            }
            (State::Failed, _, Some(reason)) => format!("failed: {reason}"),
            (State::Infeasible, ..) => "breaks a limit".into(),
            _ => "stopped".into(),
        };
        let is_search = trial.proposal.role == Role::Search;
        let is_first = trial.copied_from.is_none() && !self.measured && trial.duration_ms().is_some();
        let took = trial.duration_ms().unwrap_or(0) as f64 / 1e3;
        let direction = setup.facts.direction;
        if is_search && value.is_some_and(|v| self.best.is_none_or(|(_, b)| direction.is_better(v, b))) {
            self.best = value.map(|v| (id, v));
        }
        let best = self.best.map_or(String::new(), |(best, v)| format!(" · best {v:.4} (trial {best})"));
        match &self.bar {
            Some(bar) => bar.inc(1),
            None => self.say(&format!("trial {id}: {what}{params}{seconds}{best}")),
        }
        if is_first && let Some(trials) = setup.file.settings.trials {
            self.measured = true;
            let workers = setup.file.settings.workers.unwrap_or(1) as f64;
            self.say(&format!(
                "measured: {took:.1} s a trial, so about {:.0} s for the search",
                took * trials as f64 / workers
            ));
        }
    }

    pub fn done(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// What a look without training found.
fn scores(metrics: &Metrics) -> String {
    let costs = nascent::core::objective::cost_metrics();
    let scores = metrics.iter().filter(|(name, _)| costs.iter().all(|cost| cost.name() != *name));
    scores.map(|(name, value)| format!("{name} {value:.1}")).collect::<Vec<_>>().join(", ")
}
