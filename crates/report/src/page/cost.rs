use super::{Section, View};
use crate::escape::html;
use crate::format::{count, plural, seconds};
use nascent_core::event::Role;
use nascent_core::{State, Trial};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Different reasons for failure that are listed.
const MOST_REASONS: usize = 12;

pub(super) fn section(view: &View<'_, '_>) -> Section {
    let report = view.report;
    let total = report.seconds.total();
    let mut body = bar(view);
    body.push_str(
        "<div class=\"scroll\"><table class=\"plain\"><thead><tr><th>phase</th><th class=\"n\">time</th><th class=\"n\">share</th>\
         <th class=\"n\">finished</th><th class=\"n\">stopped early</th><th class=\"n\">failed</th><th class=\"n\">infeasible</th>\
         <th class=\"n\">duplicates</th><th class=\"n\">mean of a trial</th></tr></thead><tbody>",
    );
    for (name, time, phase) in phases(view) {
        row(
            &mut body,
            name,
            time,
            total,
            &view.report.history.trials.iter().filter(|t| phase(t)).collect::<Vec<_>>(),
        );
    }
    row(&mut body, "all", total, total, &report.history.trials.iter().collect::<Vec<_>>());
    body.push_str("</tbody></table></div>\n");
    body.push_str(&failures(view));
    let duplicates = report.duplicates;
    let mut lead = format!(
        "Where {} went. A duplicate is a proposal whose network had been trained already; its result was copied.",
        seconds(total)
    );
    let _ = match duplicates.count {
        0 => write!(lead, " There were none."),
        n => write!(
            lead,
            " There {} {}, which saved about {}.",
            if n == 1 { "was" } else { "were" },
            count(n as f64),
            seconds(duplicates.saved_seconds)
        ),
    };
    Section { id: "cost", title: "Cost", lead, body }
}

type Phase = (&'static str, f64, fn(&Trial) -> bool);

fn phases(view: &View<'_, '_>) -> [Phase; 3] {
    let s = view.report.seconds;
    [
        ("search", s.search, |t| t.proposal.role == Role::Search),
        ("baselines", s.baselines, |t| matches!(t.proposal.role, Role::Baseline(_))),
        ("finals and tests", s.finals, |t| matches!(t.proposal.role, Role::Final { .. })),
    ]
}

/// One bar, divided by phase.
fn bar(view: &View<'_, '_>) -> String {
    let total = view.report.seconds.total();
    if total <= 0.0 {
        return String::new();
    }
    let mut out = String::from(
        "<svg class=\"bar\" viewBox=\"0 0 1000 34\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
    );
    let mut names = Vec::new();
    let mut at = 0.0;
    for (s, (name, time, _)) in phases(view).into_iter().enumerate().filter(|(_, p)| p.1 > 0.0) {
        let width = 1000.0 * time / total;
        let _ = write!(
            out,
            "<rect class=\"fill s{s}\" x=\"{at:.1}\" y=\"0\" width=\"{:.1}\" height=\"34\"/>",
            (width - 3.0).max(1.0)
        );
        at += width;
        names.push((s, "solid", format!("{name}, {}", seconds(time))));
    }
    format!("{}{out}</svg>\n", crate::chart::legend(&names))
}

fn row(out: &mut String, name: &str, time: f64, total: f64, trials: &[&Trial]) {
    let of = |state: State| trials.iter().filter(|t| t.state == state && t.copied_from.is_none()).count();
    let ran: Vec<u64> =
        trials.iter().filter(|t| t.copied_from.is_none()).filter_map(|t| t.duration_ms()).collect();
    let mean = match ran.len() {
        0 => "–".to_string(),
        n => seconds(ran.iter().sum::<u64>() as f64 / 1000.0 / n as f64),
    };
    let share = if total > 0.0 { format!("{:.0} %", 100.0 * time / total) } else { "–".into() };
    let class = if name == "all" { " class=\"total\"" } else { "" };
    let _ = write!(
        out,
        "<tr{class}><th scope=\"row\">{name}</th><td class=\"n\">{}</td><td class=\"n\">{share}</td>",
        seconds(time)
    );
    let copied = trials.iter().filter(|t| t.copied_from.is_some()).count();
    let [finished, stopped] = [State::Finished, State::Stopped].map(of);
    for n in [finished, stopped, of(State::Failed), of(State::Infeasible), copied] {
        let _ = write!(out, "<td class=\"n\">{}</td>", count(n as f64));
    }
    let _ = write!(out, "<td class=\"n\">{mean}</td></tr>");
}

fn failures(view: &View<'_, '_>) -> String {
    let mut reasons: BTreeMap<&str, Vec<&Trial>> = BTreeMap::new();
    for trial in &view.report.history.trials {
        if let Some(reason) = trial.reason.as_deref().filter(|_| trial.state == State::Failed) {
            reasons.entry(reason).or_default().push(trial);
        }
    }
    if reasons.is_empty() {
        return String::new();
    }
    let mut reasons: Vec<(&str, Vec<&Trial>)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, trials)| (std::cmp::Reverse(trials.len()), trials[0].id));
    let mut out = String::from("<h3>Why trials failed</h3><ul class=\"reasons\">");
    for (reason, trials) in reasons.iter().take(MOST_REASONS) {
        let _ = write!(
            out,
            "<li>{} <span class=\"dim\">({}, first in trial {})</span></li>",
            html(reason),
            plural(trials.len(), "trial"),
            trials[0].id
        );
    }
    out.push_str("</ul>\n");
    if reasons.len() > MOST_REASONS {
        let _ = writeln!(out, "<p class=\"remark\">{} more reasons.</p>", reasons.len() - MOST_REASONS);
    }
    out
}
