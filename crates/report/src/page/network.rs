use super::{Section, View};
use crate::diagram;
use crate::escape::html;
use crate::format::{compact, count};
use nascent_core::chooser::Answer;
use nascent_core::question::Topic;
use std::fmt::Write;

pub(super) fn section(view: &View<'_, '_>) -> Option<Section> {
    let report = view.report;
    let best = report.best?;
    let cost = best.cost();
    let lead = format!(
        "The network with its data flowing downwards, from {} to {}. A box is a layer with the norm and activation that \
         belong to it; the number in it counts its parameters; the shape of a value (channels × height × width) stands \
         where it changes. Lines at the side skip layers. All in all {} parameters and {} multiply-accumulates for one \
         example.",
        best.input_shape(),
        best.output_shape(),
        count(cost.params as f64),
        compact(cost.macs as f64)
    );
    let mut body = format!("<div class=\"network\"><figure>{}</figure>", diagram::svg(best));
    let answers = report.recommended.and_then(|t| report.answers.get(t.index()));
    if let Some(answers) = answers.filter(|a| !a.is_empty()) {
        body.push_str("<div class=\"decisions\">");
        list(&mut body, "Decisions about the network", answers, Topic::Architecture);
        list(&mut body, "Decisions about training", answers, Topic::Training);
        body.push_str("</div>");
    }
    body.push_str("</div>\n");
    Some(Section { id: "network", title: "The best network", lead, body })
}

fn list(out: &mut String, title: &str, answers: &[Answer], topic: Topic) {
    let mut answers = answers.iter().filter(|a| a.topic == topic).peekable();
    if answers.peek().is_none() {
        return;
    }
    let _ = write!(out, "<table><caption>{title}</caption><tbody>");
    for answer in answers {
        let (path, label) = (html(&answer.path), html(&answer.label));
        let _ = write!(out, "<tr><th scope=\"row\">{path}</th><td>{label}</td></tr>");
    }
    out.push_str("</tbody></table>");
}
