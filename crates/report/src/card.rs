//! The model card that is handed over beside the weights (Mitchell et al. 2019, arXiv:1810.03993).

use crate::escape::markdown as escaped;
use crate::format::{compact, count, digits, metric, plural, seconds, words};
use crate::input::Report;
use crate::verdict;
use nascent_core::State;
use nascent_core::event::{Data, Role};
use std::fmt::Write;

/// The card as Markdown; every figure comes from the report.
#[must_use]
pub fn markdown(report: &Report<'_>) -> String {
    let mut out = format!("# Model card: {}\n\n", escaped(report.study));
    network(&mut out, report);
    data(&mut out, report);
    results(&mut out, report);
    limits_kept(&mut out, report);
    gaps(&mut out, report);
    origin(&mut out, report);
    licence(&mut out, report);
    out
}

fn network(out: &mut String, report: &Report<'_>) {
    out.push_str("## The network\n\n");
    let Some(best) = report.best else {
        let _ = writeln!(out, "{}\n", verdict::overall(report));
        return;
    };
    let cost = best.cost();
    let _ = writeln!(
        out,
        "A network for {} with input {} and output {}: {} parameters, {} multiply-accumulates for one example, depth {}, \
         {}B of activations in float32. Its hash is `{}`.\n\n```text\n{}```\n",
        escaped(&report.task.kind.replace('-', " ")),
        best.input_shape(),
        best.output_shape(),
        count(cost.params as f64),
        compact(cost.macs as f64),
        cost.depth,
        compact(cost.activation_memory_bytes as f64),
        best.hash(),
        crate::diagram::text(best).replace("```", "'''")
    );
}

fn data(out: &mut String, report: &Report<'_>) {
    let task = &report.task;
    if task.train == 0 {
        let _ = writeln!(
            out,
            "## Data and intended use\n\nTrained and judged for *{}* by a program of the study's owner, which has the data \
             and the weights: the trials' folders are where it was told to leave them.\n",
            escaped(&task.name)
        );
        return;
    }
    let _ = writeln!(
        out,
        "## Data and intended use\n\nTrained for the task *{}* on {} training examples; {} validation examples chose the \
         network, {} test examples judged it. It is meant for inputs like these, preprocessed as `preprocessing.json` \
         says. On other inputs its quality is not known.\n",
        escaped(&task.name),
        count(task.train as f64),
        count(task.validation as f64),
        count(task.test as f64)
    );
    if !task.classes.is_empty() {
        let shown: Vec<String> = task.classes.iter().take(100).map(|c| escaped(c)).collect();
        let more = match task.classes.len() - shown.len() {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let _ = writeln!(out, "{}: {}{more}.\n", plural_classes(task.classes.len()), shown.join(", "));
    }
}

fn plural_classes(n: usize) -> String {
    if n == 1 { "1 class".into() } else { format!("{} classes", count(n as f64)) }
}

fn results(out: &mut String, report: &Report<'_>) {
    let name = &report.task.metric;
    let _ = writeln!(out, "## Results\n\n{}\n", escaped(&verdict::overall(report)));
    let validation =
        report.recommended.and_then(|t| report.history.trial(t)).and_then(|t| t.metrics().value(name));
    let _ = writeln!(out, "| network | parameters | {} |\n|---|--:|---|", escaped(&words(name)));
    let params = report.best.map_or("–".into(), |b| count(b.cost().params as f64));
    if let Some(value) = validation {
        let _ = writeln!(out, "| this one, validation in the search | {params} | {} |", metric(name, value));
    }
    if let Some(test) = &report.test {
        let _ = writeln!(out, "| **this one, test** | {params} | **{}** |", verdict::interval(name, test));
    }
    for baseline in report.baselines.iter().filter(|baseline| !report.is_own(baseline)) {
        let params = baseline.params.map_or("–".into(), |p| count(p as f64));
        let test = baseline.test.map_or("not tested".into(), |t| verdict::interval(name, &t));
        let _ = writeln!(out, "| {}, test | {params} | {test} |", escaped(&baseline.name));
    }
    out.push('\n');
    for (baseline, v) in report.verdicts() {
        let _ = writeln!(out, "- {}", escaped(&verdict::sentence(name, baseline, &v)));
    }
    if report.verdicts().next().is_some() {
        out.push_str(
            "\nIntervals are bootstraps over test examples and seeds; verdicts are paired bootstraps against each baseline, \
             corrected for their number (Holm).\n",
        );
    }
    out.push('\n');
}

/// The limits that the study was given, with what the network has of each.
fn limits_kept(out: &mut String, report: &Report<'_>) {
    out.push_str("## Limits kept\n\n");
    let limits = &report.objectives.limits;
    if limits.is_empty() {
        out.push_str("The study had no limits.\n\n");
        return;
    }
    let trial = report.recommended.and_then(|t| report.history.trial(t));
    out.push_str("| limit | this network | kept |\n|---|--:|---|\n");
    for limit in limits {
        let value =
            trial.and_then(|t| t.metrics().value(&limit.metric).or_else(|| t.costs.value(&limit.metric)));
        let (shown, kept) = match value {
            Some(value) => {
                (metric(&limit.metric, value), if limit.violation(value) > 0.0 { "no" } else { "yes" })
            }
            None => ("–".into(), "not known"),
        };
        let _ = writeln!(out, "| {} | {shown} | {kept} |", escaped(&limit.to_string()));
    }
    out.push('\n');
}

/// What is not known of the network, or speaks against its figures.
fn gaps(out: &mut String, report: &Report<'_>) {
    out.push_str("## Known gaps\n\n");
    let touches = report.history.touches();
    match touches {
        0 => out.push_str("- The test set was not opened: the validation figures are too favourable, the network was chosen by them.\n"),
        1 => out.push_str("- The test set was opened once, after the network and the baselines were fixed.\n"),
        n => {
            let _ = writeln!(out, "- The test set was opened {n} times: the test figures may be too favourable.");
        }
    }
    let seeds = report.recommended.map_or(0, |t| report.history.finals(t, Data::All).len());
    if seeds > 0 {
        let _ = writeln!(out, "- The test figures rest on {} of the training.", plural(seeds, "seed"));
    }
    for note in &report.notes {
        let _ = writeln!(out, "- {}", escaped(note));
    }
    out.push_str("- Nothing was examined about subgroups, shifted data or adversarial inputs.\n\n");
}

fn origin(out: &mut String, report: &Report<'_>) {
    out.push_str("## How it was found\n\n");
    let search: Vec<_> = report.history.of(&Role::Search).collect();
    let of = |state: State| search.iter().filter(|t| t.state == state).count();
    let about = if report.space.is_exact { "" } else { "about " };
    let _ = writeln!(
        out,
        "- Space *{}* with {about}{} networks; {}, of which {} finished, {} failed and {} broke a limit before training.",
        escaped(&report.space.name),
        escaped(&digits(&report.space.count)),
        plural(search.len(), "search trial"),
        of(State::Finished),
        of(State::Failed),
        of(State::Infeasible)
    );
    if let Some(created) = &report.history.created {
        let _ = writeln!(
            out,
            "- Strategy *{}*, seed {}, Nascent {}.",
            escaped(&created.strategy),
            created.seed,
            escaped(&created.program)
        );
    }
    let s = report.seconds;
    let _ = writeln!(
        out,
        "- It took {}: search {}, baselines {}, finals {}.",
        seconds(s.total()),
        seconds(s.search),
        seconds(s.baselines),
        seconds(s.finals)
    );
    if !report.commands.is_empty() {
        // A fence longer than any in the commands.
        let _ = writeln!(out, "\n````sh\n{}\n````", report.commands.join("\n").replace("````", "'''"));
    }
    out.push('\n');
}

/// What a licence of the network depends on; what the program cannot know is left to be filled in.
fn licence(out: &mut String, report: &Report<'_>) {
    let _ = writeln!(
        out,
        "## Licence\n\n| of | licence |\n|---|---|\n| the weights | *to be filled in by who hands them on* |\n| the training \
         data, *{}* | *to be filled in: Nascent does not know it* |\n| the program that made them, Nascent {} | MIT or \
         Apache-2.0 |\n\nThe weights come from the training data: the licence of these data, and not that of the program, \
         decides on what may be done with them.",
        escaped(&report.task.name),
        escaped(report.version)
    );
}
