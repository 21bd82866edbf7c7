use super::{Section, View, axis_of};
use crate::chart::{Axis, Chart, Point, legend};
use crate::escape::html;
use crate::format::{metric, words};
use crate::front::{Front, format_of, place, references};
use nascent_core::Trial;
use nascent_core::objective::{Direction, Objective};
use std::fmt::Write;

/// Members of the set that are listed; all are drawn.
const MOST_LISTED: usize = 40;

pub(super) fn section(view: &View<'_, '_>) -> Option<Section> {
    let wanted = &view.report.objectives.wanted;
    let Front { trials, members: kept } = Front::new(view.report)?;
    let has_reference = references(view.report).next().is_some();
    let mut shown: Vec<(usize, &str, String)> = vec![
        (0, "", "Pareto set".into()),
        (6, "faint", "other trials".into()),
        (6, "limit", "limits".into()),
    ];
    if has_reference {
        shown.push((1, "", "networks that were known before".into()));
    }
    let mut body = legend(&shown);
    body.push_str("<div class=\"pair\">");
    for other in &wanted[1..] {
        body.push_str(&chart(view, other, &trials, &kept));
    }
    let members: Vec<&Trial> = kept.iter().map(|&i| trials[i]).collect();
    body.push_str(&table(view, members));
    body.push_str("</div>\n");
    Some(Section { id: "pareto", title: "Pareto set", lead: lead(view, kept.len()), body })
}

fn lead(view: &View<'_, '_>, members: usize) -> String {
    let report = view.report;
    let found = if members == 0 {
        "No trial keeps every limit, so the set is empty.".to_string()
    } else {
        format!(
            "The {members} on the line are the ones among which a choice is a matter of taste: whoever wants more of one \
             objective pays with another."
        )
    };
    format!(
        "Networks that no other one beats in every objective. {found} Recommended is {}.",
        html(&report.rule)
    )
}

fn chart(view: &View<'_, '_>, other: &Objective, trials: &[&Trial], kept: &[usize]) -> String {
    let (scale, label) = axis_of(&view.first.name);
    let (x_scale, x_label) = axis_of(&other.name);
    let at = |t: &Trial| place(&t.metrics(), &view.first, other);
    let places: Vec<Option<(f64, f64)>> = trials.iter().map(|t| at(t)).collect();
    let known: Vec<(&str, (f64, f64))> =
        references(view.report).filter_map(|(b, t)| Some((b.name.as_str(), at(t)?))).collect();
    let mut xs: Vec<f64> = places.iter().flatten().chain(known.iter().map(|(_, p)| p)).map(|p| p.0).collect();
    // A limit that is far from every trial is left out of the picture.
    let reach = xs.iter().fold(0.0, |most: f64, x| most.max(x.abs())) * 2.0;
    let limits = view.report.objectives.limits.iter().filter(|l| l.metric == other.name);
    xs.extend(limits.map(|l| l.value * x_scale).filter(|v| v.abs() <= reach));
    // As in the other charts: the worst trials would squeeze the rest together.
    let mut ys: Vec<f64> = places.iter().flatten().map(|p| p.1).collect();
    ys.sort_by(f64::total_cmp);
    let cut = if ys.len() >= 8 { ys.len() / 10 } else { 0 };
    let mut shown = match view.first.direction {
        Direction::Maximize => ys[cut..].to_vec(),
        Direction::Minimize => ys[..ys.len() - cut].to_vec(),
    };
    shown.extend(kept.iter().filter_map(|&i| places[i]).chain(known.iter().map(|(_, p)| *p)).map(|p| p.1));
    let (x, y) = (
        Axis::around(x_label.clone(), &xs, format_of(&xs)),
        Axis::around(label.clone(), &shown, format_of(&shown)),
    );
    let mut chart = Chart::new(540.0, 340.0, x, y);
    for limit in &view.report.objectives.limits {
        let text = limit.to_string();
        if limit.metric == other.name {
            chart.limit_x(limit.value * x_scale, &text);
        } else if limit.metric == view.first.name {
            chart.limit_y(limit.value * scale, &text);
        }
    }
    let point = |what: String, (x, y): (f64, f64)| {
        let (a, b) = (metric(&view.first.name, y / scale), metric(&other.name, x / x_scale));
        Point { x, y, hint: format!("{what}: {a}, {} {b}", words(&other.name)) }
    };
    let points = |on_front: bool| -> Vec<Point> {
        let those = (0..trials.len()).filter(|i| kept.contains(i) == on_front);
        those.filter_map(|i| Some(point(format!("trial {}", trials[i].id), places[i]?))).collect()
    };
    chart.points(6, "faint", &points(false));
    if view.report.objectives.wanted.len() == 2 {
        let mut line: Vec<(f64, f64)> = kept.iter().filter_map(|&i| places[i]).collect();
        // From where the other objective is best: what one gets by giving up more and more of it.
        line.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        if other.direction == Direction::Maximize {
            line.reverse();
        }
        chart.steps(0, "", &line);
    }
    chart.points(0, "", &points(true));
    let known: Vec<Point> = known.into_iter().map(|(name, place)| point(name.into(), place)).collect();
    chart.points(1, "", &known);
    let recommended = view.winner().map(|(t, _)| t.copied_from.unwrap_or(t.id));
    let recommended = trials.iter().position(|t| Some(t.id) == recommended);
    if let Some((x, y)) = recommended.and_then(|i| places[i]) {
        chart.mark(x, y, "recommended");
    }
    chart.svg(&format!("{label} against {x_label}"))
}

fn table(view: &View<'_, '_>, mut members: Vec<&Trial>) -> String {
    let wanted = &view.report.objectives.wanted;
    let value = |t: &Trial, o: &Objective| t.metrics().value(&o.name);
    members.sort_by(|a, b| {
        let key = |t: &Trial| value(t, &view.first).unwrap_or(f64::NAN);
        let ascending = key(a).total_cmp(&key(b));
        if view.first.direction == Direction::Maximize { ascending.reverse() } else { ascending }
    });
    let mut out = String::from(
        "<div><div class=\"scroll\"><table class=\"plain\"><thead><tr><th class=\"n\">trial</th>",
    );
    for o in wanted {
        let _ = write!(out, "<th class=\"n\">{}</th>", html(&words(&o.name)));
    }
    out.push_str("<th></th></tr></thead><tbody>");
    for trial in members.iter().take(MOST_LISTED) {
        let recommended = Some(trial.id) == view.report.recommended;
        let class = if recommended { " class=\"own\"" } else { "" };
        let _ = write!(out, "<tr{class}><td class=\"n\">{}</td>", view.link(trial.id));
        for o in wanted {
            let text = value(trial, o).map_or("–".into(), |v| metric(&o.name, v));
            let _ = write!(out, "<td class=\"n\">{text}</td>");
        }
        let _ = write!(out, "<td>{}</td></tr>", if recommended { "recommended" } else { "" });
    }
    out.push_str("</tbody></table></div>\n");
    if members.len() > MOST_LISTED {
        let _ = writeln!(
            out,
            "<p class=\"remark\">{} further members are drawn only.</p>",
            members.len() - MOST_LISTED
        );
    }
    out.push_str("</div>");
    out
}
