use super::{Section, View, axis_of};
use crate::chart::{Axis, Chart, Format, Point, legend};
use crate::escape::html;
use crate::format::{metric, plural, seconds, words};
use nascent_core::event::Role;
use nascent_core::objective::Direction;
use nascent_core::{History, Trial};
use std::fmt::Write;

/// One result: after how many trials and seconds of its phase, and what it was.
struct Result {
    trials: f64,
    seconds: f64,
    value: f64,
    keeps_limits: bool,
    hint: String,
}

/// The search or one baseline.
struct Series {
    name: String,
    results: Vec<Result>,
}

pub(super) fn section(view: &View<'_, '_>) -> Option<Section> {
    let report = view.report;
    let mut roles = vec![("search".to_string(), Role::Search)];
    roles.extend(report.baselines.iter().map(|b| (b.name.clone(), Role::Baseline(b.name.clone()))));
    let series: Vec<Series> = roles
        .into_iter()
        .map(|(name, role)| Series { name, results: results(view, &role) })
        .filter(|s| !s.results.is_empty())
        .collect();
    if series.is_empty() {
        return None;
    }
    let range = interesting(view, &series)?;
    let mut names: Vec<(usize, &str, String)> = Vec::new();
    for (s, one) in series.iter().enumerate() {
        names.push((s % 7, "", format!("best so far, {}", one.name)));
    }
    let mut body = legend(&names);
    body.push_str("<div class=\"pair\">");
    let (by_trials, outside) = chart(view, &series, range, "trials", Format::Compact, |r| r.trials);
    let (by_seconds, _) =
        chart(view, &series, range, "time since the phase began", Format::Seconds, |r| r.seconds);
    let _ = writeln!(body, "{by_trials}{by_seconds}</div>");
    let mut remarks = Vec::new();
    if outside > 0 {
        remarks.push(format!(
            "{} beyond the range of the vertical axis, drawn as arrowheads on its edge.",
            if outside == 1 { "1 trial lies".into() } else { format!("{} lie", plural(outside, "trial")) }
        ));
    }
    if series.iter().any(|s| s.results.iter().any(|r| !r.keeps_limits)) {
        remarks.push("Hollow points break a limit and are never the best.".into());
    }
    if !remarks.is_empty() {
        let _ = writeln!(body, "<p class=\"remark\">{}</p>", remarks.join(" "));
    }
    Some(Section { id: "progress", title: "Progress", lead: lead(view, &series), body })
}

fn lead(view: &View<'_, '_>, series: &[Series]) -> String {
    let name = &view.first.name;
    let mut text = format!(
        "A point is the {} of one trial{}; a line is the best found so far{}. A line that has long been level says that \
         more trials of this kind would hardly help.",
        html(&words(name)),
        if view.report.task.metric == *name { " on the validation part" } else { "" },
        if series.len() > 1 { ", for the search and for each baseline with as many trials" } else { "" },
    );
    for one in series {
        let steps = incumbents(view, one);
        if let Some(last) = steps.last() {
            let _ = write!(
                text,
                " The best of {} ({}) came after {} and {}.",
                html(&one.name),
                metric(name, last.value),
                plural(last.trials as usize, "trial"),
                seconds(last.seconds)
            );
        }
    }
    text
}

fn results(view: &View<'_, '_>, role: &Role) -> Vec<Result> {
    let history = view.report.history;
    let mut trials: Vec<&Trial> = history.of(role).filter(|t| t.ended_ms.is_some()).collect();
    trials.sort_by_key(|t| (t.ended_ms, t.id));
    let begin = history.of(role).map(|t| t.proposed_ms).min().unwrap_or(0);
    let begin = worked(history, begin);
    let mut over = 0;
    let mut out = Vec::new();
    for trial in trials {
        over += usize::from(trial.state != nascent_core::State::Infeasible);
        let Some((value, keeps_limits)) = view.value(trial) else { continue };
        let ended = worked(history, trial.ended_ms.unwrap_or(0));
        let hint = format!("trial {}: {}", trial.id, metric(&view.first.name, value));
        let seconds = (ended - begin).max(0.0);
        out.push(Result { trials: over as f64, seconds, value, keeps_limits, hint });
    }
    out
}

/// Seconds of work on the study up to a moment, pauses left out.
fn worked(history: &History, at_ms: u64) -> f64 {
    let before = |(from, to): &(u64, u64)| at_ms.clamp(*from, (*to).max(*from)) - from;
    history.sessions.iter().map(before).sum::<u64>() as f64 / 1000.0
}

/// The results that were the best when they came.
fn incumbents<'s>(view: &View<'_, '_>, series: &'s Series) -> Vec<&'s Result> {
    let mut best: Option<f64> = None;
    let mut out = Vec::new();
    for result in series.results.iter().filter(|r| r.keeps_limits) {
        if best.is_none_or(|b| view.better(result.value, b)) {
            best = Some(result.value);
            out.push(result);
        }
    }
    out
}

/// The range of values worth looking at: all incumbents but the first ones, and the better three quarters of trials.
fn interesting(view: &View<'_, '_>, series: &[Series]) -> Option<(f64, f64)> {
    let mut values: Vec<f64> = series.iter().flat_map(|s| s.results.iter().map(|r| r.value)).collect();
    values.sort_by(f64::total_cmp);
    let (least, most) = (*values.first()?, *values.last()?);
    if values.len() < 8 {
        return Some((least, most));
    }
    let quarter = values.len() / 4;
    let finals = series.iter().filter_map(|s| incumbents(view, s).last().map(|r| r.value));
    Some(match view.first.direction {
        Direction::Maximize => (finals.fold(values[quarter], f64::min), most),
        Direction::Minimize => (least, finals.fold(values[values.len() - 1 - quarter], f64::max)),
    })
}

fn chart(
    view: &View<'_, '_>,
    series: &[Series],
    (low, high): (f64, f64),
    name: &str,
    format: Format,
    x: impl Fn(&Result) -> f64,
) -> (String, usize) {
    let (scale, label) = axis_of(&view.first.name);
    let end = series.iter().flat_map(|s| s.results.iter().map(&x)).fold(0.0, f64::max);
    let space = ((high - low) * 0.08).max(1e-6);
    let (low, high) = ((low - space) * scale, (high + space) * scale);
    let ceiling = if scale == 100.0 { 100.0 } else { f64::INFINITY };
    let y_format = if high.abs() >= 1e4 { Format::Compact } else { Format::Plain };
    let y = Axis::linear(label.clone(), low, high.min(ceiling).max(low), y_format);
    let mut chart = Chart::new(540.0, 320.0, Axis::linear(name, 0.0, end * 1.02, format), y);
    for (s, one) in series.iter().enumerate() {
        let point =
            |r: &Result| Point { x: x(r), y: r.value * scale, hint: format!("{}, {}", one.name, r.hint) };
        let of = |keeps: bool| -> Vec<Point> {
            one.results.iter().filter(|r| r.keeps_limits == keeps).map(point).collect()
        };
        chart.points(s % 7, "faint", &of(true));
        chart.points(s % 7, "faint hollow", &of(false));
    }
    for (s, one) in series.iter().enumerate() {
        let best = incumbents(view, one);
        let mut steps: Vec<(f64, f64)> = best.iter().map(|r| (x(r), r.value * scale)).collect();
        if let (Some(last), Some(&(_, value))) = (one.results.last(), steps.last()) {
            steps.push((x(last), value));
        }
        chart.steps(s % 7, "", &steps);
    }
    (chart.svg(&format!("{label} against {name}")), chart.outside())
}
