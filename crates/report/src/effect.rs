//! How strongly each decision goes together with the result, within one study.

use crate::input::Report;
use nascent_core::Trial;
use nascent_core::event::Role;
use nascent_core::question::Topic;
use std::collections::BTreeMap;

/// One option of a question, and how trials that took it did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OptionMean {
    pub label: String,
    pub count: usize,
    pub mean: f64,
    /// Half of the 95 % interval of the mean (Student's t); `None` for a single trial.
    pub half: Option<f64>,
}

/// A question and what its answers went together with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Effect {
    pub path: String,
    pub topic: Topic,
    /// The share of variance between the options, corrected for their number (ε², Kelley 1935,
    /// doi:10.1073/pnas.21.9.554), 0 to 1; `None` where there are too few trials to say.
    pub importance: Option<f64>,
    pub options: Vec<OptionMean>,
}

/// The search trials that are compared: measured themselves, on the rung that has most of them.
pub(crate) fn compared<'a>(report: &Report<'a>, metric: &str) -> Vec<(&'a Trial, f64)> {
    let all: Vec<(&Trial, f64)> = report
        .history
        .of(&Role::Search)
        .filter(|t| t.copied_from.is_none() && t.outcome.is_some())
        .filter_map(|t| Some((t, t.metrics().value(metric)?)))
        .collect();
    let mut rungs: BTreeMap<(u16, u32), usize> = BTreeMap::new();
    for (trial, _) in &all {
        *rungs.entry((trial.proposal.rung, trial.proposal.budget)).or_default() += 1;
    }
    let most = rungs.into_iter().max_by_key(|(rung, count)| (*count, *rung)).map(|(rung, _)| rung);
    all.into_iter().filter(|(t, _)| Some((t.proposal.rung, t.proposal.budget)) == most).collect()
}

/// The effect of every question with at least two options among these trials, the strongest first.
pub(crate) fn effects(report: &Report<'_>, trials: &[(&Trial, f64)]) -> Vec<Effect> {
    let mut order: Vec<(&str, Topic)> = Vec::new();
    let mut groups: BTreeMap<&str, BTreeMap<&str, Vec<f64>>> = BTreeMap::new();
    for (trial, value) in trials {
        for answer in report.answers.get(trial.id.index()).into_iter().flatten() {
            let options = groups.entry(&answer.path).or_insert_with(|| {
                order.push((&answer.path, answer.topic));
                BTreeMap::new()
            });
            options.entry(&answer.label).or_default().push(*value);
        }
    }
    let mut effects: Vec<Effect> = order
        .into_iter()
        .filter_map(|(path, topic)| {
            let groups = groups.get(path).filter(|g| g.len() > 1)?;
            let importance = importance(groups.values());
            let mut options: Vec<OptionMean> = groups.iter().map(|(l, v)| option(l, v)).collect();
            let place = option_order(report, path);
            options.sort_by_key(|o| place.iter().position(|l| *l == o.label).unwrap_or(usize::MAX));
            Some(Effect { path: path.to_string(), topic, importance, options })
        })
        .collect();
    let key = |e: &Effect| e.importance.unwrap_or(-1.0);
    effects.sort_by(|a, b| key(b).total_cmp(&key(a)));
    effects
}

fn option_order<'r>(report: &'r Report<'_>, path: &str) -> &'r [String] {
    let questions = report.history.created.iter().flat_map(|c| &c.questions);
    questions.into_iter().find(|q| q.path == path).map_or(&[], |q| &q.options)
}

fn option(label: &str, values: &[f64]) -> OptionMean {
    let count = values.len();
    let mean = values.iter().sum::<f64>() / count as f64;
    let half = (count > 1).then(|| {
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1) as f64;
        student(count - 1) * (variance / count as f64).sqrt()
    });
    OptionMean { label: label.to_string(), count, mean, half }
}

fn importance<'v>(groups: impl Iterator<Item = &'v Vec<f64>> + Clone) -> Option<f64> {
    let all: Vec<f64> = groups.clone().flatten().copied().collect();
    let (n, k) = (all.len(), groups.clone().count());
    let squares = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|v| (v - mean).powi(2)).sum::<f64>()
    };
    let total = squares(&all);
    // Fewer than two trials to an option are not worth a number.
    if n < 2 * k || total <= 0.0 {
        return None;
    }
    let within: f64 = groups.map(|g| squares(g)).sum();
    Some((1.0 - (within / (n - k) as f64) / (total / (n - 1) as f64)).max(0.0))
}

/// The 97.5 % quantile of Student's t distribution, to three digits.
fn student(freedom: usize) -> f64 {
    const SMALL: [f64; 10] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
    let n = freedom.max(1) as f64;
    SMALL.get(freedom.saturating_sub(1)).copied().unwrap_or(1.96 + 2.37 / n + 2.8 / (n * n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn importance_is_one_for_a_decision_that_decides_all_and_about_none_for_noise() {
        let decides = [vec![1.0, 1.0, 1.0], vec![2.0, 2.0, 2.0]];
        assert_eq!(importance(decides.iter()), Some(1.0));
        let noise = [vec![1.0, 2.0, 3.0], vec![1.0, 2.0, 3.0]];
        assert_eq!(importance(noise.iter()), Some(0.0));
        assert_eq!(importance([vec![1.0], vec![2.0]].iter()), None);
        assert_eq!(importance([vec![1.0, 1.0], vec![1.0, 1.0]].iter()), None);
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (freedom, expected) in [(1, 12.706), (10, 2.228), (11, 2.201), (30, 2.042), (120, 1.980)] {
            assert!((student(freedom) - expected).abs() < 3e-3, "{freedom}");
        }
        let o = option("a", &[1.0, 3.0]);
        assert!((o.mean - 2.0).abs() < 1e-12 && (o.half.unwrap() - 12.706).abs() < 1e-9);
    }
}
