use super::{Section, View};
use crate::effect::{Effect, compared, effects};
use crate::escape::html;
use crate::format::{metric, plural, words};
use nascent_core::question::Topic;
use std::fmt::Write;

/// Questions that are shown open; the others can be unfolded.
const OPEN: usize = 8;
/// Options of one question that are shown.
const MOST_OPTIONS: usize = 16;

pub(super) fn section(view: &View<'_, '_>) -> Option<Section> {
    let report = view.report;
    // The task's own metric where trials have it: what the objectives are made of may be a size.
    let of_task = compared(report, &report.task.metric);
    let name = if of_task.is_empty() { &view.first.name } else { &report.task.metric };
    let trials = if of_task.is_empty() { compared(report, name) } else { of_task };
    let effects = effects(report, &trials);
    if effects.is_empty() {
        return None;
    }
    let ends = effects.iter().flat_map(|e| &e.options);
    let (low, high) =
        ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), o| (l.min(o.mean), h.max(o.mean)));
    // Wide intervals are cut: the means decide on the scale.
    let space = ((high - low) * 0.35).max(1e-9);
    let scale = (low - space, high + space);
    let mut body = String::new();
    for (title, topic) in [("The network", Topic::Architecture), ("Its training", Topic::Training)] {
        let of_topic: Vec<&Effect> = effects.iter().filter(|e| e.topic == topic).collect();
        if of_topic.is_empty() {
            continue;
        }
        let _ = write!(body, "<h3>{title}</h3><div class=\"effects\">");
        of_topic.iter().take(OPEN).for_each(|e| draw(&mut body, e, name, scale));
        body.push_str("</div>");
        if of_topic.len() > OPEN {
            let more = plural(of_topic.len() - OPEN, "weaker decision");
            let _ = write!(body, "<details><summary>{more}</summary><div class=\"effects\">");
            of_topic.iter().skip(OPEN).for_each(|e| draw(&mut body, e, name, scale));
            body.push_str("</div></details>");
        }
        body.push('\n');
    }
    let lead = format!(
        "The mean validation {} of the search trials that took each option, with its 95 % interval, over {}. The \
         percentage is the share of the variance between trials that goes with the decision (ε², a one-way analysis \
         corrected for the number of options). This is a correlation within this study, whose trials a strategy chose, not \
         a cause: read a decision as important only where the intervals of its options hardly overlap.",
        html(&words(name)),
        plural(trials.len(), "trial")
    );
    Some(Section { id: "effects", title: "Effect of each decision", lead, body })
}

fn draw(out: &mut String, effect: &Effect, name: &str, (low, high): (f64, f64)) {
    let importance = match effect.importance {
        Some(share) => format!("{:.0} %", share * 100.0),
        None => "too few trials".into(),
    };
    let _ = write!(
        out,
        "<table class=\"effect\"><caption><span>{}</span><b>{importance}</b></caption><tbody>",
        html(&effect.path)
    );
    let at = |v: f64| 4.0 + 152.0 * ((v - low) / (high - low)).clamp(0.0, 1.0);
    for option in effect.options.iter().take(MOST_OPTIONS) {
        let half = option.half.unwrap_or(0.0);
        let (from, to) = (at(option.mean - half), at(option.mean + half));
        let said = match option.half {
            Some(half) => format!("{} ± {}", metric(name, option.mean), metric(name, half)),
            None => format!("{}, a single trial", metric(name, option.mean)),
        };
        let _ = write!(
            out,
            "<tr><th scope=\"row\">{}</th><td class=\"n dim\">{}</td><td><svg width=\"160\" height=\"16\" \
             viewBox=\"0 0 160 16\" role=\"img\" aria-label=\"{said}\"><title>{said}</title><path class=\"grid\" d=\"M4 8H156\"/>\
             <path class=\"ln s0 faint\" d=\"M{from:.1} 8H{to:.1}\"/><g class=\"pt s0\"><circle cx=\"{:.1}\" cy=\"8\" r=\"3.5\"/></g></svg></td>\
             <td class=\"n\">{}</td></tr>",
            html(&option.label),
            option.count,
            at(option.mean),
            metric(name, option.mean)
        );
    }
    out.push_str("</tbody></table>");
    if effect.options.len() > MOST_OPTIONS {
        let more = plural(effect.options.len() - MOST_OPTIONS, "more option");
        let _ = write!(out, "<p class=\"remark\">{more} of {}.</p>", html(&effect.path));
    }
}
