use super::{Section, View, axis_of};
use crate::chart::{Axis, Chart, Format, Point, legend};
use crate::escape::html;
use crate::format::{metric, words};
use nascent_core::Trial;
use nascent_core::event::Role;
use nascent_core::objective::{Direction, Objective, Score};
use nascent_core::pareto::front;
use std::fmt::Write;

/// Members of the set that are listed; all are drawn.
const MOST_LISTED: usize = 40;

pub(super) fn section(view: &View<'_, '_>) -> Option<Section> {
    let report = view.report;
    let wanted = &report.objectives.wanted;
    if wanted.len() < 2 {
        return None;
    }
    let (trials, scores): (Vec<&Trial>, Vec<Score>) = report
        .history
        .of(&Role::Search)
        .filter(|t| t.copied_from.is_none())
        .filter_map(|t| Some((t, t.score(report.objectives)?)))
        .unzip();
    let kept: Vec<usize> = front(&scores).into_iter().filter(|&i| scores[i].violation == 0.0).collect();
    if trials.is_empty() {
        return None;
    }
    let mut body = legend(&[
        (0, "", "Pareto set".into()),
        (6, "faint", "other trials".into()),
        (6, "limit", "limits".into()),
    ]);
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
    let at = |t: &Trial| {
        let m = t.metrics();
        Some((m.value(&other.name)? * x_scale, m.value(&view.first.name)? * scale))
    };
    let places: Vec<Option<(f64, f64)>> = trials.iter().map(|t| at(t)).collect();
    let mut xs: Vec<f64> = places.iter().flatten().map(|p| p.0).collect();
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
    shown.extend(kept.iter().filter_map(|&i| places[i]).map(|p| p.1));
    let format = |values: &[f64]| {
        if values.iter().any(|v| v.abs() >= 1e4) { Format::Compact } else { Format::Plain }
    };
    let (x, y) = (
        Axis::around(x_label.clone(), &xs, format(&xs)),
        Axis::around(label.clone(), &shown, format(&shown)),
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
    let points = |on_front: bool| -> Vec<Point> {
        (0..trials.len())
            .filter(|i| kept.contains(i) == on_front)
            .filter_map(|i| {
                let (x, y) = places[i]?;
                let value = |o: &Objective, v: f64, s: f64| metric(&o.name, v / s);
                let (a, b) = (value(&view.first, y, scale), value(other, x, x_scale));
                Some(Point { x, y, hint: format!("trial {}: {a}, {} {b}", trials[i].id, words(&other.name)) })
            })
            .collect()
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
