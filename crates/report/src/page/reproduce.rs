use super::{Section, View};
use crate::escape::html;
use crate::format::plural;
use std::fmt::Write;

pub(super) fn section(view: &View<'_, '_>) -> Section {
    let report = view.report;
    let mut body = String::new();
    if !report.commands.is_empty() {
        let lines: Vec<String> = report.commands.iter().map(|c| html(c)).collect();
        let _ = writeln!(body, "<pre>{}</pre>", lines.join("\n"));
    }
    let mut facts: Vec<(&str, String)> = Vec::new();
    if let Some(created) = &report.history.created {
        facts.push(("seed", created.seed.to_string()));
        facts.push(("strategy", created.strategy.clone()));
        facts.push(("program that made the study", format!("Nascent {}", created.program)));
        let rung = |r: &nascent_core::event::Rung| format!("{} with a budget of {}", r.estimator, r.budget);
        facts.push(("ladder", created.ladder.iter().map(rung).collect::<Vec<_>>().join(", then ")));
        let objectives = created.objectives.iter().map(|o| format!("{} ({})", o.name, direction(o)));
        facts.push(("objectives", objectives.collect::<Vec<_>>().join(", ")));
        if !created.limits.is_empty() {
            let limits: Vec<String> = created.limits.iter().map(ToString::to_string).collect();
            facts.push(("limits", limits.join(", ")));
        }
    }
    facts.push(("program that wrote this page", format!("Nascent {}", report.version)));
    let touches = report.history.touches();
    facts.push((
        "test set",
        if touches == 0 {
            "not opened".into()
        } else {
            format!("opened {}", plural(touches as usize, "time"))
        },
    ));
    if let Some(best) = report.best {
        facts.push(("hash of the best network", best.hash().to_string()));
    }
    body.push_str("<table class=\"facts\"><tbody>");
    for (name, value) in facts {
        let _ = write!(body, "<tr><th scope=\"row\">{name}</th><td>{}</td></tr>", html(&value));
    }
    body.push_str("</tbody></table>\n");
    if let Some(created) = report.history.created.as_ref().filter(|c| !c.settings.trim().is_empty()) {
        let settings = html(created.settings.trim_end());
        let _ = writeln!(
            body,
            "<details><summary>Every setting of the study</summary><pre>{settings}</pre></details>"
        );
    }
    let lead = "The same seed, program and machine give the same trainings to the last bit; with one worker and a budget in \
                trials the whole study comes out the same."
        .to_string();
    Section { id: "reproduce", title: "How to reproduce", lead, body }
}

fn direction(objective: &nascent_core::objective::Objective) -> &'static str {
    match objective.direction {
        nascent_core::objective::Direction::Maximize => "more is better",
        nascent_core::objective::Direction::Minimize => "less is better",
    }
}
