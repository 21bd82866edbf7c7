//! Studies side by side: is the network of one better than that of another?

use crate::evidence;
use crate::stored::Stored;
use crate::summary::{Summary, VerdictSummary};
use nascent_core::statistics::{Difference, difference, holm, verdict};
use nascent_data::{Scale, Targets, Task};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Studies side by side, for programs: what `compare --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// What each study found, in the order given.
    pub studies: Vec<Summary>,
    /// Each study against each later one, where both were tested on the same examples.
    pub pairs: Vec<Pair>,
    /// Why a pair is missing.
    pub notes: Vec<String>,
}

/// Two studies on the same test examples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pair {
    /// The run folder of one study.
    pub first: String,
    /// That of the other.
    pub second: String,
    /// The metric of the test.
    pub metric: String,
    /// The first mean minus the second.
    pub difference: f64,
    /// Its 95 % interval, over test examples and seeds.
    pub ci95: [f64; 2],
    /// What that says of the first network; p is corrected for all pairs (Holm).
    pub verdict: VerdictSummary,
}

/// Compares the final networks of studies by the paired bootstrap that also judges a winner against its baselines.
///
/// Differences up to the larger of both studies' margins count as none.
#[must_use]
pub fn compare(studies: &[Stored]) -> Comparison {
    let rows: Vec<Vec<Vec<f32>>> = studies.iter().map(tested).collect();
    let name = |i: usize| studies[i].folder.path().display().to_string();
    let untested = (0..studies.len()).filter(|&i| rows[i].is_empty());
    let mut notes: Vec<String> = untested
        .map(|i| match studies[i].setup.task {
            Some(_) => format!("{0} has no tested network: `nascent resume {0}` goes on", name(i)),
            None => {
                format!("{} has no test part: an evaluator of your own keeps its data to itself", name(i))
            }
        })
        .collect();
    let mut found: Vec<(usize, usize, Difference)> = Vec::new();
    for i in 0..studies.len() {
        for j in (i + 1..studies.len()).filter(|&j| !rows[i].is_empty() && !rows[j].is_empty()) {
            // What was tested has data.
            let (Some(a), Some(b)) = (&studies[i].setup.task, &studies[j].setup.task) else { continue };
            if let Some(why) = apart(a, b) {
                notes.push(format!("{} and {} do not compare: {why}", name(i), name(j)));
                continue;
            }
            let (value, seed) = (|mean| a.metric.value(mean), studies[i].setup.file.settings.seed);
            found.extend(difference(&rows[i], &rows[j], &value, seed).map(|d| (i, j, d)));
        }
    }
    let corrected = holm(&found.iter().map(|(_, _, d)| d.p).collect::<Vec<_>>());
    let pair = |((i, j, d), p): (&(usize, usize, Difference), f64)| {
        let (a, b) = (&studies[*i].setup, &studies[*j].setup);
        Pair {
            first: name(*i),
            second: name(*j),
            metric: a.facts.metric.clone(),
            difference: d.mean,
            ci95: d.ci95,
            verdict: VerdictSummary::new(&verdict(d, a.facts.direction, p, a.margin().max(b.margin()))),
        }
    };
    let pairs = found.iter().zip(corrected).map(pair).collect();
    Comparison { studies: studies.iter().map(Stored::summary).collect(), pairs, notes }
}

/// The test scores of a study's final networks, one row a seed; none before they are tested.
fn tested(study: &Stored) -> Vec<Vec<f32>> {
    let winner = evidence::winner(&study.setup, &study.history);
    winner.map(|id| evidence::rows(&study.history, id)).unwrap_or_default()
}

/// Why two tests say nothing about each other.
fn apart(a: &Task, b: &Task) -> Option<String> {
    if a.metric != b.metric {
        return Some(format!("one is judged by {}, the other by {}", a.metric.name(), b.metric.name()));
    }
    let (n, m) = (a.split.test.len(), b.split.test.len());
    if n != m {
        return Some(format!("one was tested on {n} examples of {}, the other on {m} of {}", a.name, b.name));
    }
    let same = a.split.test == b.split.test && same_answers(a, b);
    (!same).then(|| {
        format!(
            "they were tested on different examples ({}, {}): give both studies the same data, split and split_seed",
            a.name, b.name
        )
    })
}

/// Is the same right for every test example?
///
/// Values were standardised by the training rows of each study, which may differ, so they are told apart by more than
/// what that rounds away.
fn same_answers(a: &Task, b: &Task) -> bool {
    match (&a.test().targets, &b.test().targets) {
        (Targets::Classes { labels, .. }, Targets::Classes { labels: others, .. }) => {
            a.classes() == b.classes() && labels == others
        }
        (Targets::Tokens { labels, .. }, Targets::Tokens { labels: others, .. }) => {
            a.preprocessing.inputs == b.preprocessing.inputs && labels == others
        }
        (Targets::Values { values, scale }, Targets::Values { values: others, scale: other_scale }) => {
            let unit = |v: &f32, s: &Scale| f64::from(*v) * s.deviation + s.mean;
            let near = |(v, w)| {
                let (v, w): (f64, f64) = (unit(v, scale), unit(w, other_scale));
                (v - w).abs() <= 1e-5 * (v.abs() + scale.deviation)
            };
            values.len() == others.len() && values.iter().zip(others).all(near)
        }
        _ => false,
    }
}
