use super::{Section, View, axis_of};
use crate::chart::{Axis, Chart, Format, legend};
use crate::escape::html;
use crate::format::{plural, words};
use nascent_core::event::{Data, Role};
use nascent_core::{Trial, TrialId};
use std::fmt::Write;

/// Finalists that are drawn.
const MOST: usize = 6;

/// A finalist's trainings.
struct Finalist<'a> {
    of: TrialId,
    trials: Vec<&'a Trial>,
}

pub(super) fn section(view: &View<'_, '_>) -> Option<Section> {
    let mut finalists = finalists(view);
    if finalists.is_empty() {
        return None;
    }
    finalists.sort_by_key(|f| (Some(f.of) != view.report.recommended, f.of));
    let left_out = finalists.len().saturating_sub(MOST);
    finalists.truncate(MOST);
    let metrics = curves(view, &finalists);
    let replicas: Vec<u32> = {
        let mut all: Vec<u32> = finalists.iter().flat_map(|f| f.trials.iter().map(|t| replica(t))).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let names: Vec<(usize, &str, String)> =
        replicas.iter().map(|r| (series(*r), "", format!("seed {r}"))).collect();
    let mut body = legend(&names);
    for finalist in &finalists {
        let recommended = if Some(finalist.of) == view.report.recommended { ", recommended" } else { "" };
        let _ = write!(body, "<h3>Network of trial {}{recommended}</h3><div class=\"pair\">", finalist.of);
        for name in &metrics {
            body.push_str(&chart(finalist, &finalists, name, &view.report.task.metric));
        }
        body.push_str("</div>\n");
    }
    if left_out > 0 {
        let _ = writeln!(body, "<p class=\"remark\">{} more not drawn.</p>", plural(left_out, "finalist"));
    }
    let lead = "The finalists trained again from scratch on the training part, each with several seeds; a line is one \
                training. Lines of one network that lie far apart say that luck with the seed matters as much as the \
                network. A validation curve that falls while the training loss still sinks shows overfitting."
        .to_string();
    Some(Section { id: "curves", title: "Training of the finalists", lead, body })
}

fn finalists<'a>(view: &View<'_, 'a>) -> Vec<Finalist<'a>> {
    let mut out: Vec<Finalist<'a>> = Vec::new();
    for trial in view.report.history.trials.iter().filter(|t| t.reports.len() > 1) {
        if let Role::Final { of, data: Data::Train, .. } = trial.proposal.role {
            match out.iter_mut().find(|f| f.of == of) {
                Some(finalist) => finalist.trials.push(trial),
                None => out.push(Finalist { of, trials: vec![trial] }),
            }
        }
    }
    out
}

fn replica(trial: &Trial) -> u32 {
    match trial.proposal.role {
        Role::Final { replica, .. } => replica,
        _ => 0,
    }
}

fn series(replica: u32) -> usize {
    (replica.saturating_sub(1) % 7) as usize
}

/// The validation metric and the training loss, as far as they were reported.
fn curves(view: &View<'_, '_>, finalists: &[Finalist<'_>]) -> Vec<String> {
    let mut found: Vec<&str> = Vec::new();
    let reports = finalists.iter().flat_map(|f| &f.trials).flat_map(|t| &t.reports);
    for name in reports.flat_map(|(_, metrics)| metrics.iter().map(|(name, _)| name)) {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    let is_train_loss = |n: &&&str| n.contains("train") && n.contains("loss");
    let metric = found.iter().find(|n| **n == view.report.task.metric);
    metric.into_iter().chain(found.iter().find(is_train_loss)).map(ToString::to_string).collect()
}

fn points(trial: &Trial, name: &str, scale: f64) -> Vec<(f64, f64)> {
    trial.reports.iter().filter_map(|(step, m)| Some((f64::from(*step), m.value(name)? * scale))).collect()
}

fn chart(finalist: &Finalist<'_>, all: &[Finalist<'_>], name: &str, metric: &str) -> String {
    let (scale, label) = axis_of(name);
    let label = if name == metric { format!("validation {label}") } else { html(&words(name)) };
    // One range for all finalists, so that they can be compared; the first epochs would squeeze the rest.
    let curves: Vec<Vec<(f64, f64)>> =
        all.iter().flat_map(|f| &f.trials).map(|t| points(t, name, scale)).collect();
    let end = curves.iter().flatten().map(|p| p.0).fold(1.0, f64::max);
    let skip = |c: &Vec<(f64, f64)>| if c.len() >= 8 { c.len() / 8 } else { 0 };
    let shown: Vec<f64> = curves.iter().flat_map(|c| c[skip(c)..].iter().map(|p| p.1)).collect();
    let low = shown.iter().copied().fold(f64::INFINITY, f64::min);
    let high = shown.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let space = (high - low) * 0.06;
    let ceiling = if scale == 100.0 { 100.0 } else { f64::INFINITY };
    let floor = if low >= 0.0 { 0.0 } else { f64::NEG_INFINITY };
    let y = Axis::linear(label.clone(), (low - space).max(floor), (high + space).min(ceiling), Format::Plain);
    let mut chart = Chart::new(540.0, 240.0, Axis::linear("epoch", 1.0, end.max(2.0), Format::Compact), y);
    for trial in &finalist.trials {
        chart.line(series(replica(trial)), "", &points(trial, name, scale));
    }
    chart.svg(&format!("{label} against epochs"))
}
