use super::{Section, View, role};
use crate::escape::html;
use crate::format::{count, metric, plural, seconds, words};
use nascent_core::chooser::Answer;
use nascent_core::event::Role;
use nascent_core::question::Topic;
use nascent_core::{Metrics, State, Trial};
use std::fmt::Write;

/// Rows of the table: beyond that a page becomes slow, and nobody reads it.
const MOST_ROWS: usize = 1_000;
/// Failures that are shown in any case.
const MOST_FAILURES: usize = 100;
/// Characters of the abbreviated decisions.
const ABBREVIATED: usize = 34;

pub(super) fn section(view: &View<'_, '_>) -> Section {
    let all = &view.report.history.trials;
    let shown = &view.shown;
    let columns = columns(view);
    let mut body = String::new();
    if all.is_empty() {
        body.push_str("<p>None yet.</p>\n");
    } else {
        body.push_str("<div class=\"scroll tall\"><table class=\"sortable\" id=\"table\"><thead><tr>");
        header(&mut body, &columns);
        body.push_str("</tr></thead><tbody>\n");
        shown.iter().for_each(|t| row(&mut body, view, &columns, t));
        body.push_str("</tbody></table></div>\n");
    }
    let mut lead =
        "Everything that was tried, in the order proposed; a click on a column’s head sorts by it. Unfold a \
                    row’s decisions to read them in full."
            .to_string();
    if shown.len() < all.len() {
        let _ = write!(
            lead,
            " <b>{} of {} stand here</b>: all finals, the first failures and the best others. {} were left out; \
             <code>nascent show RUN --json</code> has them all.",
            count(shown.len() as f64),
            plural(all.len(), "trial"),
            count((all.len() - shown.len()) as f64)
        );
    }
    Section { id: "trials", title: "Every trial", lead, body }
}

/// The trials that are shown, by number.
pub(super) fn chosen<'a>(view: &View<'_, 'a>) -> Vec<&'a Trial> {
    let all = &view.report.history.trials;
    if all.len() <= MOST_ROWS {
        return all.iter().collect();
    }
    let is_final = |t: &Trial| matches!(t.proposal.role, Role::Final { .. });
    let (mut shown, rest): (Vec<&Trial>, Vec<&Trial>) = all.iter().partition(|t| is_final(t));
    shown.truncate(MOST_ROWS / 2);
    let (failed, mut rest): (Vec<&Trial>, Vec<&Trial>) =
        rest.into_iter().partition(|t| t.state == State::Failed);
    shown.extend(failed.into_iter().take(MOST_FAILURES));
    let key = |t: &Trial| view.value(t).map(|(value, keeps)| (keeps, value));
    // Those that keep the limits first, the best of them first; those without a result last.
    rest.sort_by_cached_key(|t| {
        let key = key(t);
        let value = key.map_or(f64::NAN, |k| k.1);
        let toward = if view.better(1.0, 0.0) { -value } else { value };
        (key.is_none(), key.is_none_or(|k| !k.0), total_order(toward))
    });
    shown.extend(rest.into_iter().take(MOST_ROWS - shown.len()));
    shown.sort_by_key(|t| t.id);
    shown
}

/// A whole number that orders like the value.
fn total_order(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// The metrics that get a column: objectives, the task's own metric, and what networks cost.
fn columns(view: &View<'_, '_>) -> Vec<String> {
    let wanted = view.report.objectives.wanted.iter().map(|o| o.name.clone());
    let limited = view.report.objectives.limits.iter().map(|l| l.metric.clone());
    let usual = [view.report.task.metric.clone(), "params".into(), "macs".into()];
    let mut out: Vec<String> = Vec::new();
    for name in wanted.chain(usual).chain(limited) {
        if !out.contains(&name) {
            out.push(name);
        }
    }
    out
}

fn header(out: &mut String, columns: &[String]) {
    let mut head = |name: &str, numeric: bool| {
        let class = if numeric { " class=\"n\"" } else { "" };
        let _ = write!(out, "<th{class} scope=\"col\">{}</th>", html(name));
    };
    head("trial", true);
    head("role", false);
    head("state", false);
    columns.iter().for_each(|c| head(&words(c), true));
    head("epochs", true);
    head("seconds", true);
    head("parents", false);
    head("decisions", false);
    head("remark", false);
}

fn row(out: &mut String, view: &View<'_, '_>, columns: &[String], trial: &Trial) {
    let metrics = trial.metrics();
    let recommended = Some(trial.id) == view.report.recommended;
    let class = if recommended { " class=\"own\"" } else { "" };
    let _ = write!(
        out,
        "<tr id=\"t{0}\"{class}><td class=\"n\">{0}</td><td>{1}</td><td class=\"{2}\">{2}</td>",
        trial.id,
        html(&role(&trial.proposal.role)),
        state(trial.state)
    );
    columns.iter().for_each(|name| number(out, metric_of(&metrics, name)));
    let epochs = trial.reports.last().map(|(step, _)| *step);
    number(out, epochs.map(|e| (f64::from(e), e.to_string())));
    let taken = trial.duration_ms().filter(|_| trial.copied_from.is_none());
    number(out, taken.map(|ms| (ms as f64 / 1000.0, seconds(ms as f64 / 1000.0))));
    let parents: Vec<String> = trial.proposal.parents.iter().map(|p| view.link(*p)).collect();
    let answers = view.report.answers.get(trial.id.index());
    let _ = writeln!(
        out,
        "<td>{}</td><td>{}</td><td class=\"remark\">{}</td></tr>",
        parents.join(" "),
        answers.map_or(String::new(), |a| decisions(a)),
        html(&remark(trial, recommended))
    );
}

fn metric_of(metrics: &Metrics, name: &str) -> Option<(f64, String)> {
    metrics.value(name).map(|v| (v, metric(name, v)))
}

/// A cell with a number, and the exact value to sort by.
fn number(out: &mut String, value: Option<(f64, String)>) {
    let _ = match value {
        Some((value, text)) => write!(out, "<td class=\"n\" data-v=\"{value}\">{text}</td>"),
        None => write!(out, "<td class=\"n\"></td>"),
    };
}

fn state(state: State) -> &'static str {
    match state {
        State::Proposed => "proposed",
        State::Running => "running",
        State::Finished => "finished",
        State::Failed => "failed",
        State::Infeasible => "infeasible",
        State::Stopped => "stopped",
    }
}

fn decisions(answers: &[Answer]) -> String {
    if answers.is_empty() {
        return String::new();
    }
    let labels = answers
        .iter()
        .filter(|a| a.topic == Topic::Architecture)
        .chain(answers.iter().filter(|a| a.topic == Topic::Training));
    let all: Vec<&str> = labels.map(|a| a.label.as_str()).collect();
    let mut short: String = all.join(" ");
    if short.chars().count() > ABBREVIATED {
        short = short.chars().take(ABBREVIATED - 1).chain(['…']).collect();
    }
    let full: Vec<String> = answers.iter().map(|a| format!("{} = {}", a.path, a.label)).collect();
    format!("<details><summary>{}</summary>{}</details>", html(&short), html(&full.join(", ")))
}

fn remark(trial: &Trial, recommended: bool) -> String {
    let mut parts = Vec::new();
    if recommended {
        parts.push("recommended".to_string());
    }
    if let Some(original) = trial.copied_from {
        parts.push(format!("same network as trial {original}, not run again"));
    }
    if let Some(reason) = &trial.reason {
        parts.push(reason.clone());
    }
    for violation in &trial.violations {
        let value = metric(&violation.limit.metric, violation.value);
        parts.push(format!("{} is broken: {value}", violation.limit));
    }
    if trial.attempts > 1 {
        parts.push(format!("attempt {}", trial.attempts));
    }
    parts.join("; ")
}
