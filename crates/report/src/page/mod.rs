//! The page, one file a section.

mod cost;
mod curves;
mod data;
mod effects;
mod headline;
mod network;
mod pareto;
mod progress;
mod reproduce;
mod trials;

use crate::escape::html;
use crate::format::{is_share, words};
use crate::input::Report;
use nascent_core::event::{Reason, Role};
use nascent_core::objective::Objective;
use nascent_core::{Metrics, Trial, TrialId};
use std::fmt::Write;

/// A part of the page: a title, a sentence or two on what it shows, and its content.
pub(crate) struct Section {
    pub id: &'static str,
    pub title: &'static str,
    /// As HTML.
    pub lead: String,
    /// As HTML.
    pub body: String,
}

/// The study's page: one HTML file that needs nothing else, readable without scripts and on paper.
///
/// Pure: the same report gives the same page.
#[must_use]
pub fn page(report: &Report<'_>) -> String {
    let view = View::new(report);
    let sections: Vec<Section> = [
        Some(headline::section(&view)),
        network::section(&view),
        progress::section(&view),
        pareto::section(&view),
        curves::section(&view),
        data::section(&view),
        effects::section(&view),
        Some(trials::section(&view)),
        Some(cost::section(&view)),
        Some(reproduce::section(&view)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut out = head(report);
    out.push_str("<nav aria-label=\"Sections\">");
    for section in &sections {
        let _ = write!(out, "<a href=\"#{}\">{}</a>", section.id, section.title);
    }
    out.push_str("</nav>\n<main>\n");
    for Section { id, title, lead, body } in &sections {
        let _ = write!(
            out,
            "<section id=\"{id}\"><h2>{title}</h2>\n<p class=\"lead\">{lead}</p>\n{body}</section>\n"
        );
    }
    let _ = write!(
        out,
        "</main>\n<footer>Written by Nascent {} from the study’s event log.</footer>\n<script>{}</script>\n</body>\n</html>\n",
        html(report.version),
        include_str!("sort.js").trim()
    );
    out
}

fn head(report: &Report<'_>) -> String {
    let study = html(report.study);
    let task = format!(
        "{} on <b>{}</b> · space <b>{}</b>",
        html(&report.task.kind.replace('-', " ")),
        html(&report.task.name),
        html(&report.space.name)
    );
    let created = report.history.created.as_ref().map_or_else(String::new, |c| {
        format!(" · strategy <b>{}</b> · seed <b>{}</b>", html(&c.strategy), c.seed)
    });
    let status = match report.history.closed {
        Some(Reason::Finished) => "finished",
        Some(Reason::Infeasible) => "ended: no network met the limits",
        Some(Reason::NothingWorked) => "ended: no trial gave a network",
        None => "not finished: this page shows what is known so far",
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n\
         <title>{study} – Nascent</title>\n<style>\n{}</style>\n</head>\n<body>\n\
         <header><h1>{study}</h1><p>{task}{created} · <span class=\"status\">{status}</span></p></header>\n",
        include_str!("style.css")
    )
}

/// What several sections look at.
pub(crate) struct View<'r, 'a> {
    pub report: &'r Report<'a>,
    /// The first objective: it decides what the incumbent is.
    pub first: Objective,
    /// The trials that have a row in the table, by number.
    pub shown: Vec<&'a Trial>,
}

impl<'r, 'a> View<'r, 'a> {
    fn new(report: &'r Report<'a>) -> Self {
        let first = report.objectives.wanted.first().cloned().unwrap_or_else(|| Objective {
            name: report.task.metric.clone(),
            direction: report.task.direction,
        });
        let mut view = Self { report, first, shown: Vec::new() };
        view.shown = trials::chosen(&view);
        view
    }

    /// A trial's number, leading to its row where it has one.
    pub fn link(&self, trial: TrialId) -> String {
        match self.shown.binary_search_by_key(&trial, |t| t.id) {
            Ok(_) => format!("<a href=\"#t{trial}\">{trial}</a>"),
            Err(_) => trial.to_string(),
        }
    }

    /// Whether one value of the first objective is better than another.
    pub fn better(&self, a: f64, b: f64) -> bool {
        self.first.direction.is_better(a, b)
    }

    /// The first objective of a trial that gave a result, and whether it keeps all limits.
    pub fn value(&self, trial: &Trial) -> Option<(f64, bool)> {
        let score = trial.score(self.report.objectives)?;
        Some((trial.metrics().value(&self.first.name)?, score.violation == 0.0))
    }

    /// Everything known of the recommended network as its search trial measured it.
    pub fn winner(&self) -> Option<(&'a Trial, Metrics)> {
        let trial = self.report.history.trial(self.report.recommended?)?;
        Some((trial, trial.metrics()))
    }
}

/// A metric on an axis: what values are multiplied by, and the axis' name.
pub(crate) fn axis_of(metric: &str) -> (f64, String) {
    if is_share(metric) { (100.0, format!("{} (%)", words(metric))) } else { (1.0, words(metric)) }
}

/// What a trial was for, in words.
pub(crate) fn role(role: &Role) -> String {
    match role {
        Role::Search => "search".into(),
        Role::Baseline(name) => name.clone(),
        Role::Final { of, replica, data } => {
            let data = match data {
                nascent_core::event::Data::Train => "final",
                nascent_core::event::Data::All => "refit",
            };
            format!("{data} of {of}, seed {replica}")
        }
    }
}
