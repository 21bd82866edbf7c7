//! The page of a bench: strategies beside each other on the same problems and seeds.

mod curves;
mod ranks;
mod tables;

use crate::escape::html;
use crate::format::{count, plural};
use nascent_core::objective::Direction;
use std::fmt::Write;

/// Everything that the page of a bench tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// The protocol, or the table where it is none.
    pub protocol: String,
    /// What it does.
    pub title: String,
    /// The version of the program that writes the page.
    pub version: String,
    /// The strategies, as users write them.
    pub strategies: Vec<String>,
    /// Runs of each on each problem.
    pub runs: u64,
    /// `queries` or `seconds`.
    pub unit: String,
    /// How much of it a run had.
    pub budget: f64,
    /// What was measured on each data set; the headlines come first.
    pub panels: Vec<Panel>,
    /// Strategies, as indices, with their mean rank over all runs and headlines; the best first.
    pub ranks: Vec<(usize, f64)>,
    /// Groups of strategies that the tests cannot tell apart.
    pub groups: Vec<Vec<usize>>,
    /// What a reader must know besides, a sentence each.
    pub notes: Vec<String>,
    /// Tables used: name, rows, source, licence.
    pub sources: Vec<[String; 4]>,
    /// The commands that give the same numbers.
    pub commands: Vec<String>,
}

/// One number on one data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// The data set or device.
    pub dataset: String,
    /// The metric.
    pub metric: String,
    /// Which way it is better.
    pub direction: Direction,
    /// The best that can be had.
    pub optimum: f64,
    /// Whether strategies are ranked by it; then it has curves and pairs.
    pub is_headline: bool,
    /// For each strategy, the mean as the budget is used, and the 95 % interval: `(at, mean, low, high)`.
    pub curves: Vec<Vec<(f64, f64, f64, f64)>>,
    /// Where results are read.
    pub checkpoints: Vec<f64>,
    /// For each strategy and checkpoint: mean, standard deviation and interval.
    pub cells: Vec<Vec<Cell>>,
    /// Pairs of strategies at the end of the budget.
    pub pairs: Vec<PairRow>,
}

/// A mean over runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// The mean.
    pub mean: f64,
    /// The standard deviation over runs.
    pub sd: f64,
    /// The 95 % interval of the mean.
    pub ci95: [f64; 2],
}

/// Two strategies on the same seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct PairRow {
    /// One, as an index.
    pub first: usize,
    /// The other.
    pub second: usize,
    /// By how much the first is better in the mean.
    pub advantage: f64,
    /// The 95 % interval of that.
    pub ci95: [f64; 2],
    /// The corrected p-value.
    pub p: f64,
    /// The effect size, −1 to 1.
    pub effect: f64,
    /// `better`, `worse` or `indistinguishable`.
    pub verdict: String,
}

/// The page of a bench: one HTML file that needs nothing else, readable without scripts and on paper.
///
/// Pure: the same comparison gives the same page.
#[must_use]
pub fn comparison(of: &Comparison) -> String {
    let sections = [
        ("ranks", "Ranks", ranks::section(of)),
        ("curves", "As the budget is used", curves::section(of)),
        ("numbers", "The numbers", tables::numbers(of)),
        ("pairs", "In pairs", tables::pairs(of)),
        ("sources", "Tables and reproduction", tables::sources(of)),
    ];
    let mut out = head(of);
    out.push_str("<nav aria-label=\"Sections\">");
    for (id, title, _) in &sections {
        let _ = write!(out, "<a href=\"#{id}\">{title}</a>");
    }
    out.push_str("</nav>\n<main>\n");
    for (id, title, body) in &sections {
        let _ = write!(out, "<section id=\"{id}\"><h2>{title}</h2>\n{body}</section>\n");
    }
    let _ = write!(
        out,
        "</main>\n<footer>Written by Nascent {}.</footer>\n</body>\n</html>\n",
        html(&of.version)
    );
    out
}

fn head(of: &Comparison) -> String {
    let name = html(&of.protocol);
    let mut notes = String::new();
    for note in &of.notes {
        let _ = write!(notes, "<li>{}</li>", html(note));
    }
    if !notes.is_empty() {
        notes = format!("<ul class=\"notes\">{notes}</ul>");
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{name} – Nascent bench</title>\n<style>\n{}</style>\n</head>\n<body>\n\
         <header><h1>{name}</h1><p>{} · {} · <b>{} {}</b> a run · <b>{}</b> of each on each problem</p></header>\n{notes}",
        include_str!("../page/style.css"),
        html(&of.title),
        plural(of.strategies.len(), "strategy").replace("strategys", "strategies"),
        count(of.budget),
        html(&of.unit),
        plural(of.runs as usize, "run"),
    )
}

/// The colour of a strategy; there are seven.
fn series(strategy: usize) -> usize {
    strategy % 7
}

/// A number of a panel, in as many decimals as four digits give.
fn number(value: f64) -> String {
    let text = match value.abs() {
        v if !v.is_finite() => return "–".into(),
        v if v >= 10.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    };
    text.replace('-', "−")
}

/// A metric's name for people.
fn name(panel: &Panel) -> String {
    format!("{} on {}", panel.metric.replace('_', " "), panel.dataset)
}
