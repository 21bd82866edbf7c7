//! The networks that no other one beats in every objective, and a picture of them for terminals.

use crate::chart::{Axis, Format};
use crate::page::axis_of;
use crate::{Baseline, Report};
use nascent_core::Trial;
use nascent_core::event::Role;
use nascent_core::objective::{Metrics, Objective, Score};
use nascent_core::pareto::front;
use std::fmt::Write;

/// The trials of a search, and which of them are in the Pareto set.
pub(crate) struct Front<'a> {
    /// Trials with a result, equal ones once.
    pub trials: Vec<&'a Trial>,
    /// Places of those that keep every limit and that no other one beats in every objective.
    pub members: Vec<usize>,
}

impl<'a> Front<'a> {
    /// That of a study with several objectives and a result.
    pub fn new(report: &Report<'a>) -> Option<Self> {
        if report.objectives.wanted.len() < 2 {
            return None;
        }
        let (trials, scores): (Vec<&Trial>, Vec<Score>) = report
            .history
            .of(&Role::Search)
            .filter(|t| t.copied_from.is_none())
            .filter_map(|t| Some((t, t.score(report.objectives)?)))
            .unzip();
        let members = front(&scores).into_iter().filter(|&i| scores[i].violation == 0.0).collect();
        (!trials.is_empty()).then_some(Self { trials, members })
    }
}

/// Where a result lies on a picture of two objectives, the first one upwards.
pub(crate) fn place(metrics: &Metrics, first: &Objective, other: &Objective) -> Option<(f64, f64)> {
    let at = |o: &Objective| Some(metrics.value(&o.name)? * axis_of(&o.name).0);
    Some((at(other)?, at(first)?))
}

/// The best networks of baselines that have the objectives: what a search is to be better than.
pub(crate) fn references<'r>(report: &'r Report<'_>) -> impl Iterator<Item = (&'r Baseline, &'r Trial)> {
    report.baselines.iter().filter_map(|b| Some((b, report.history.trial(b.trial?)?)))
}

/// How numbers that are compared are written beside an axis.
pub(crate) fn format_of(values: &[f64]) -> Format {
    if values.iter().any(|v| v.abs() >= 1e4) { Format::Compact } else { Format::Plain }
}

/// Columns and lines of a picture between its axes.
const SIZE: (usize, usize) = (60, 14);
/// What stands for a network; what comes later lies on top.
const OTHER: char = '·';
const MEMBER: char = 'o';
const REFERENCE: char = '×';
const RECOMMENDED: char = '@';

/// Networks by their first two objectives as lines of text for a terminal, the first upwards; `None` where a study has one
/// objective, or no result yet.
///
/// Ends with a line break.
#[must_use]
pub fn text(report: &Report<'_>) -> Option<String> {
    let set = Front::new(report)?;
    let [first, other, ..] = &report.objectives.wanted[..] else { return None };
    let at = |t: &Trial| place(&t.metrics(), first, other);
    let mut marks: Vec<(f64, f64, char)> = Vec::new();
    let mut mark = |at: Option<(f64, f64)>, mark: char| marks.extend(at.map(|(x, y)| (x, y, mark)));
    set.trials.iter().for_each(|t| mark(at(t), OTHER));
    set.members.iter().for_each(|&i| mark(at(set.trials[i]), MEMBER));
    let mut names: Vec<&str> = Vec::new();
    for (baseline, trial) in references(report) {
        if let Some(place) = at(trial) {
            mark(Some(place), REFERENCE);
            names.push(&baseline.name);
        }
    }
    let recommended = report.recommended.and_then(|id| report.history.trial(id));
    mark(recommended.and_then(at), RECOMMENDED);
    let axis = |name: String, values: Vec<f64>| {
        let format = format_of(&values);
        Axis::around(name, &values, format)
    };
    let x = axis(axis_of(&other.name).1, marks.iter().map(|m| m.0).collect());
    let y = axis(axis_of(&first.name).1, marks.iter().map(|m| m.1).collect());
    let mut out = picture(&x, &y, &marks);
    let _ = write!(out, "{MEMBER} Pareto set  {OTHER} others");
    if recommended.is_some() {
        let _ = write!(out, "  {RECOMMENDED} recommended");
    }
    if !names.is_empty() {
        let _ = write!(out, "  {REFERENCE} {}", names.join(", "));
    }
    out.push('\n');
    Some(out)
}

/// Marks between axes with their names and round values.
fn picture(x: &Axis, y: &Axis, marks: &[(f64, f64, char)]) -> String {
    let (columns, lines) = SIZE;
    let column = |value: f64| (x.place(value) * (columns - 1) as f64).round() as usize;
    let line = |value: f64| ((1.0 - y.place(value)) * (lines - 1) as f64).round() as usize;
    let mut field = vec![vec![' '; columns]; lines];
    for &(at, up, mark) in marks {
        field[line(up)][column(at)] = mark;
    }
    let mut beside: Vec<Option<String>> = vec![None; lines];
    for (value, label) in y.ticks() {
        beside[line(value)].get_or_insert(label);
    }
    let wide = beside.iter().flatten().map(|label| label.chars().count()).max().unwrap_or(0);
    let mut out = format!("{}\n", y.name);
    for (label, row) in beside.iter().zip(&field) {
        let (label, edge) = label.as_ref().map_or(("", '│'), |label| (label.as_str(), '┤'));
        let row: String = row.iter().collect();
        let _ = writeln!(out, "{label:>wide$} {edge}{}", row.trim_end());
    }
    let mut edge = vec!['─'; columns];
    // Labels stand under the middle of their place, and not on each other.
    let mut below: Vec<char> = Vec::new();
    for (value, label) in x.ticks() {
        let begin = (wide + 2 + column(value)).saturating_sub(label.chars().count() / 2);
        if begin > below.len() || below.is_empty() {
            edge[column(value)] = '┬';
            below.resize(begin, ' ');
            below.extend(label.chars());
        }
    }
    let (edge, below): (String, String) = (edge.into_iter().collect(), below.into_iter().collect());
    let _ = writeln!(out, "{:>wide$} └{edge}\n{below}", "");
    let _ = writeln!(out, "{:>width$}", x.name, width = wide + 2 + columns);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_lie_where_the_axes_say() {
        let x = Axis::linear("params", 0.0, 100.0, Format::Plain);
        let y = Axis::linear("accuracy (%)", 90.0, 100.0, Format::Plain);
        let text = picture(&x, &y, &[(0.0, 90.0, 'a'), (100.0, 100.0, 'b'), (100.0, 100.0, 'c')]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "accuracy (%)");
        assert_eq!(lines[1], format!("100 ┤{}c", " ".repeat(59)));
        assert_eq!(lines[14], " 90 ┤a");
        assert!(lines[15].starts_with("    └┬"), "{text}");
        assert!(lines[16].starts_with("     0") && lines[16].ends_with("100"), "{text}");
        assert!(lines[17].ends_with("params"), "{text}");
    }
}
