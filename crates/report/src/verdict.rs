//! What comparisons say, in words.

use crate::format::{count, difference, difference_range, metric, p_value, range};
use crate::input::{Baseline, Report};
use nascent_core::statistics::{Interval, Verdict, VerdictResult};

/// A mean and its interval, such as `98.89 % (95 % interval 98.30 % to 99.30 %)`.
pub(crate) fn interval(name: &str, i: &Interval) -> String {
    format!("{} (95 % interval {})", metric(name, i.mean), range(name, i.low, i.high))
}

/// The interval of a difference, with the p-value where that is what the verdict rests on.
pub(crate) fn spread(name: &str, v: &Verdict) -> String {
    let range = difference_range(name, v.ci95[0], v.ci95[1]);
    match v.result {
        VerdictResult::Equal => range,
        _ => format!("{range}, {}", p_value(v.p)),
    }
}

/// What the comparison with one baseline says, as a sentence.
pub(crate) fn sentence(name: &str, baseline: &Baseline, v: &Verdict) -> String {
    let who = &baseline.name;
    let gap = format!("{} (95 % interval {})", difference(name, v.difference), spread(name, v));
    match v.result {
        VerdictResult::Better => format!("Better than {who}: {gap}."),
        VerdictResult::Worse => format!("Worse than {who}: {gap}."),
        VerdictResult::Equal => {
            let margin = difference(name, v.margin);
            let margin = margin.trim_start_matches('+');
            format!("As good as {who}, within the margin of {margin}: {gap}.")
        }
        VerdictResult::Undecided => format!("These data cannot tell it from {who}: {gap}."),
    }
}

/// One word for a verdict.
pub(crate) fn word(result: VerdictResult) -> &'static str {
    match result {
        VerdictResult::Better => "better",
        VerdictResult::Equal => "equal",
        VerdictResult::Worse => "worse",
        VerdictResult::Undecided => "undecided",
    }
}

/// Whether the search paid off, in words, or why nothing says so.
pub(crate) fn overall(report: &Report<'_>) -> String {
    if report.best.is_none() {
        return "No network can be recommended yet.".into();
    }
    if report.task.train == 0 {
        return "The data are with a program of the study's owner: what is known is what it measured, by which networks were \
                chosen, and is therefore too favourable."
            .into();
    }
    if report.test.is_none() {
        return "The test set has not been opened yet: what is known so far comes from validation data, by which \
                networks were chosen, and is therefore too favourable."
            .into();
    }
    if let Some(baseline) = report.baselines.iter().find(|baseline| report.is_own(baseline)) {
        return format!(
            "The search did not pay off: no network of it was better on validation data than that of {}, which this is.",
            baseline.name
        );
    }
    let named = |result: VerdictResult| -> Vec<&str> {
        let has = |b: &&Baseline| b.verdict.is_some_and(|v| v.result == result);
        report.baselines.iter().filter(has).map(|b| b.name.as_str()).collect()
    };
    let (better, equal) = (named(VerdictResult::Better), named(VerdictResult::Equal));
    let (worse, undecided) = (named(VerdictResult::Worse), named(VerdictResult::Undecided));
    let mut text = if better.len() + equal.len() + worse.len() + undecided.len() == 0 {
        "No baseline was tested, so nothing here says whether the search paid off.".to_string()
    } else if !worse.is_empty() {
        format!("The search did not pay off: {} did better on the test set.", list(&worse))
    } else if !better.is_empty() && equal.is_empty() && undecided.is_empty() {
        format!("The search paid off: its network is better than {}.", list(&better))
    } else if !better.is_empty() {
        let rest: Vec<&str> = equal.into_iter().chain(undecided).collect();
        format!(
            "The search paid off against {}, but it is not shown to be better than {}.",
            list(&better),
            list(&rest)
        )
    } else if undecided.is_empty() {
        format!("The search found a network as good as {}, and not a better one.", list(&equal))
    } else {
        format!("These data cannot tell whether the search paid off against {}.", list(&undecided))
    };
    if let Some(smaller) = smaller(report) {
        text.push(' ');
        text.push_str(&smaller);
    }
    text
}

/// Whether the network is markedly smaller than a baseline that is not better, or larger than one that is not worse.
fn smaller(report: &Report<'_>) -> Option<String> {
    let own = report.best?.cost().params;
    let (name, params) = report
        .baselines
        .iter()
        .filter(|b| b.verdict.is_some_and(|v| v.result != VerdictResult::Worse))
        .find_map(|b| Some((&b.name, b.params.filter(|p| *p > 0)?)))?;
    let ratio = own as f64 / params as f64;
    let relation = match ratio {
        r if r <= 0.8 => "fewer",
        r if r >= 1.25 => "more",
        _ => return None,
    };
    let (own, params) = (count(own as f64), count(params as f64));
    Some(format!("It has {relation} parameters than {name}: {own} against {params}."))
}

fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_string(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}
