use super::{Section, View, role};
use crate::escape::html;
use crate::format::{compact, count, difference, digits, metric, plural, range, seconds, words};
use crate::input::{Baseline, Report};
use crate::verdict;
use nascent_core::State;
use nascent_core::event::Role;
use nascent_core::statistics::Interval;
use std::fmt::Write;

pub(super) fn section(view: &View<'_, '_>) -> Section {
    let report = view.report;
    let mut body = String::from("<div class=\"tiles\">");
    tiles(view).into_iter().for_each(|t| body.push_str(&t));
    body.push_str("</div>\n");
    body.push_str(&comparison(report));
    body.push_str(&sizes(report));
    if !report.notes.is_empty() {
        body.push_str("<ul class=\"notes\">");
        report.notes.iter().for_each(|note| {
            let _ = write!(body, "<li>{}</li>", html(note));
        });
        body.push_str("</ul>\n");
    }
    Section { id: "result", title: "Result", lead: lead(view), body }
}

fn lead(view: &View<'_, '_>) -> String {
    let report = view.report;
    let Some(trial) = report.recommended.filter(|_| report.best.is_some()) else {
        return html(&nothing_yet(report));
    };
    let name = &report.task.metric;
    let mut text = match &report.test {
        Some(test) => format!(
            "The network of trial {trial} reaches a test {} of <b>{}</b> (95 % interval {}).",
            html(&words(name)),
            metric(name, test.mean),
            range(name, test.low, test.high)
        ),
        None => {
            let validation = view.winner().and_then(|(_, m)| m.value(name));
            let value = validation.map_or("–".into(), |v| metric(name, v));
            format!(
                "The best network so far, of trial {trial}, has a validation {} of <b>{value}</b>.",
                html(&words(name))
            )
        }
    };
    let _ = write!(text, " <b>{}</b>", html(&verdict::overall(report)));
    text
}

/// Why there is no network to recommend.
fn nothing_yet(report: &Report<'_>) -> String {
    let trials = &report.history.trials;
    let of = |s: State| trials.iter().filter(|t| t.state == s).count();
    let (failed, infeasible) = (of(State::Failed), of(State::Infeasible));
    if trials.is_empty() {
        "No trial was made yet, so there is no network to show.".into()
    } else if trials.iter().all(|t| matches!(t.state, State::Failed | State::Infeasible)) {
        format!(
            "There is no network: {} failed and {} broke a limit. The reasons stand under Cost.",
            plural(failed, "trial"),
            infeasible
        )
    } else {
        "No trial has given a network that keeps the limits, so there is none to recommend yet.".into()
    }
}

fn tile(label: &str, value: &str, detail: &str) -> String {
    format!("<div class=\"tile\"><span>{label}</span><b>{value}</b><small>{detail}</small></div>")
}

fn tiles(view: &View<'_, '_>) -> Vec<String> {
    let report = view.report;
    let name = &report.task.metric;
    let mut tiles = Vec::new();
    if let Some(test) = &report.test {
        let range = format!("95 % interval {}", range(name, test.low, test.high));
        tiles.push(tile(&format!("test {}", html(&words(name))), &metric(name, test.mean), &range));
    }
    if let Some((trial, metrics)) = view.winner()
        && let Some(value) = metrics.value(name)
    {
        let label = format!("validation {}", html(&words(name)));
        let whose = format!("of trial {}, {}", trial.id, html(&role(&trial.proposal.role)));
        tiles.push(tile(&label, &metric(name, value), &whose));
    }
    if let Some(best) = report.best {
        let cost = best.cost();
        tiles.push(tile("parameters", &count(cost.params as f64), &format!("depth {}", cost.depth)));
        let memory = format!("{}B of activations", compact(cost.activation_memory_bytes as f64));
        tiles.push(tile("multiply-accumulates", &compact(cost.macs as f64), &memory));
    }
    let search = || report.history.of(&Role::Search);
    let finished = search().filter(|t| matches!(t.state, State::Finished | State::Stopped)).count();
    let made = format!("of {} made", count(search().count() as f64));
    tiles.push(tile("search trials with a result", &count(finished as f64), &made));
    let about = if report.space.is_exact { "" } else { "about " };
    tiles.push(tile("networks in the space", &format!("{about}{}", html(&digits(&report.space.count))), ""));
    tiles.push(tile("time", &seconds(report.seconds.total()), "search, baselines and finals"));
    let task = &report.task;
    if task.train == 0 {
        return tiles;
    }
    let parts = format!(
        "train {} · validation {} · test {}",
        count(task.train as f64),
        count(task.validation as f64),
        count(task.test as f64)
    );
    let all = count((task.train + task.validation + task.test) as f64);
    tiles.push(tile("examples", &all, &parts));
    tiles
}

/// The network beside its baselines, with their intervals drawn on one scale.
fn comparison(report: &Report<'_>) -> String {
    let Some(own) = &report.test else { return String::new() };
    let name = &report.task.metric;
    let tested = || report.baselines.iter().filter_map(|b| Some((b, b.test?)));
    let bounds = std::iter::once(*own).chain(tested().map(|(_, i)| i));
    let (low, high) =
        bounds.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), i| (l.min(i.low), h.max(i.high)));
    let scale = (low, if high > low { high } else { low + 1e-9 });
    let mut out = format!(
        "<div class=\"scroll\"><table class=\"compare\"><thead><tr><th>network</th><th class=\"n\">parameters</th>\
         <th class=\"n\">test {}</th><th>95 % interval</th><th class=\"n\">the search’s lead</th><th>verdict</th></tr></thead><tbody>",
        html(&words(name))
    );
    let params = report.best.map(|b| b.cost().params);
    let whose = report.baselines.iter().find(|baseline| report.is_own(baseline));
    let who = whose.map_or("found by the search", |baseline| &baseline.name);
    row(&mut out, who, params, name, own, scale, None, true);
    for (baseline, test) in tested().filter(|(baseline, _)| !report.is_own(baseline)) {
        row(&mut out, &baseline.name, baseline.params, name, &test, scale, Some(baseline), false);
    }
    out.push_str("</tbody></table></div>\n");
    for (baseline, verdict) in report.verdicts() {
        let _ =
            writeln!(out, "<p class=\"verdict\">{}</p>", html(&verdict::sentence(name, baseline, &verdict)));
    }
    for baseline in report.baselines.iter().filter(|b| b.test.is_none()) {
        let _ = writeln!(out, "<p class=\"verdict\">{} was not tested.</p>", html(&baseline.name));
    }
    out
}

/// The best network of each size.
fn sizes(report: &Report<'_>) -> String {
    let Some(first) = report.sizes.first() else { return String::new() };
    let name = &report.task.metric;
    let all = || report.sizes.iter().filter_map(|size| size.test);
    let scale = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), i| (l.min(i.low), h.max(i.high)));
    let scale = (scale.0, scale.1.max(scale.0 + 1e-9));
    let mut out = format!(
        "<div class=\"scroll\"><table class=\"compare\"><thead><tr><th class=\"n\">parameters, at most</th><th>network</th>\
         <th class=\"n\">parameters</th><th class=\"n\">test {}</th><th>95 % interval</th></tr></thead><tbody>",
        html(&words(name))
    );
    for size in &report.sizes {
        let trial = size.trial.map_or("none was found".into(), |trial| format!("trial {trial}"));
        let params = size.params.map_or("–".into(), |p| count(p as f64));
        let (value, drawn) = match &size.test {
            Some(test) => (metric(name, test.mean), whiskers(name, test, scale, true)),
            None => ("–".into(), String::new()),
        };
        let _ = write!(
            out,
            "<tr><th class=\"n\" scope=\"row\">{}</th><td>{trial}</td><td class=\"n\">{params}</td><td class=\"n\">{value}</td>\
             <td>{drawn}</td></tr>",
            count(size.most as f64)
        );
    }
    let _ = writeln!(
        out,
        "</tbody></table></div>\n<p class=\"verdict\">One search, a network for each size, from {} parameters on.</p>",
        count(first.most as f64)
    );
    out
}

#[expect(clippy::too_many_arguments, reason = "one for each column")]
fn row(
    out: &mut String,
    who: &str,
    params: Option<u64>,
    name: &str,
    test: &Interval,
    scale: (f64, f64),
    baseline: Option<&Baseline>,
    own: bool,
) {
    let judged = baseline.and_then(|b| b.verdict);
    let lead = judged.map_or(String::new(), |v| {
        format!("{}<small>{}</small>", difference(name, v.difference), html(&verdict::spread(name, &v)))
    });
    let word = judged.map_or(String::new(), |v| {
        let word = verdict::word(v.result);
        format!("<span class=\"v {word}\">{word}</span>")
    });
    let params = params.map_or("–".into(), |p| count(p as f64));
    let class = if own { " class=\"own\"" } else { "" };
    let _ = write!(
        out,
        "<tr{class}><th scope=\"row\">{}</th><td class=\"n\">{params}</td><td class=\"n\">{}</td><td>{}</td>\
         <td class=\"n\">{lead}</td><td>{word}</td></tr>",
        html(who),
        metric(name, test.mean),
        whiskers(name, test, scale, own)
    );
}

fn whiskers(name: &str, i: &Interval, (low, high): (f64, f64), own: bool) -> String {
    let at = |v: f64| 8.0 + 184.0 * ((v - low) / (high - low)).clamp(0.0, 1.0);
    let series = usize::from(!own);
    format!(
        "<svg class=\"whiskers\" width=\"200\" height=\"20\" viewBox=\"0 0 200 20\" role=\"img\" aria-label=\"{}\">\
         <path class=\"grid\" d=\"M8 10H192\"/><path class=\"ln s{series}\" d=\"M{:.1} 10H{:.1}M{:.1} 6v8M{:.1} 6v8\"/>\
         <g class=\"pt s{series}\"><circle cx=\"{:.1}\" cy=\"10\" r=\"4\"/></g></svg>",
        range(name, i.low, i.high),
        at(i.low),
        at(i.high),
        at(i.low),
        at(i.high),
        at(i.mean)
    )
}
