//! What was tested, and what the differences are worth.

use crate::choice;
use crate::setup::{Setup, TREES};
use nascent_core::event::{Data, Role};
use nascent_core::objective::{Direction, Score};
use nascent_core::pareto::{self, Preference};
use nascent_core::statistics::{Interval, Verdict, difference, holm, interval, verdict};
use nascent_core::{History, Objectives, Trial, TrialId};
use nascent_data::Metric;

/// The winner and the baselines with everything that the test set says of them.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The winner, once it is fixed, else the recommended trial so far.
    pub winner: Option<TrialId>,
    /// The winner's test.
    pub test: Option<Tested>,
    /// The baselines.
    pub baselines: Vec<BaselineEvidence>,
    /// The winner of each size, where there are several.
    pub sizes: Vec<SizeEvidence>,
}

/// The best network of a size.
#[derive(Clone, Debug)]
pub struct SizeEvidence {
    /// Its parameters, at most.
    pub most: u64,
    /// The trial that found it.
    pub trial: Option<TrialId>,
    /// Its test.
    pub test: Option<Tested>,
}

/// A network's meeting with the test set, over seeds.
#[derive(Clone, Debug)]
pub struct Tested {
    /// Mean and interval.
    pub interval: Interval,
    /// One value a seed.
    pub values: Vec<f64>,
}

/// One baseline.
#[derive(Clone, Debug)]
pub struct BaselineEvidence {
    /// Its name.
    pub name: String,
    /// Its best trial.
    pub trial: Option<TrialId>,
    /// Its test.
    pub test: Option<Tested>,
    /// The winner against it.
    pub verdict: Option<Verdict>,
}

/// The latest test scores of a trial's refits, one row a seed.
pub(crate) fn rows(history: &History, of: TrialId) -> Vec<Vec<f32>> {
    let refits = history.finals(of, Data::All);
    let latest = |t: &&Trial| {
        history.tests.iter().rev().find(|x| x.trial == t.id).map(|x| (x.touch, x.scores.clone()))
    };
    let found: Vec<_> = refits.iter().filter_map(latest).collect();
    let touch = found.iter().map(|(t, _)| *t).max();
    found.into_iter().filter(|(t, _)| Some(*t) == touch).map(|(_, s)| s).collect()
}

fn tested(rows: &[Vec<f32>], metric: Metric, seed: u64) -> Option<Tested> {
    let mean = |row: &Vec<f32>| row.iter().map(|s| f64::from(*s)).sum::<f64>() / row.len().max(1) as f64;
    let values = rows.iter().map(|row| metric.value(mean(row))).collect();
    Some(Tested { interval: interval(rows, &|mean| metric.value(mean), seed)?, values })
}

/// The names of the baselines that a study has.
pub(crate) fn baseline_names(setup: &Setup) -> Vec<String> {
    setup.file.settings.baselines.iter().filter(|b| *b != "none").cloned().collect()
}

/// The names of those that are networks, and so have trials.
pub(crate) fn network_baselines(setup: &Setup) -> Vec<String> {
    baseline_names(setup).into_iter().filter(|name| name != TREES).collect()
}

/// The latest test scores of a yardstick that is no network, as one row.
fn compared(history: &History, name: &str) -> Vec<Vec<f32>> {
    let latest = history.comparisons.iter().rev().find(|c| c.name == name && c.touch == history.touches());
    latest.map(|c| c.scores.clone()).into_iter().collect()
}

/// The winner, that of the largest size where there are several.
pub(crate) fn winner(setup: &Setup, history: &History) -> Option<TrialId> {
    winner_of(setup, history, &setup.largest())
}

/// A winner: of the finalists, the one with the best mean validation over fresh seeds.
fn winner_of(setup: &Setup, history: &History, aim: &Objectives) -> Option<TrialId> {
    let n = setup.file.settings.finalists;
    let tolerance = setup.tolerance_of(aim, history);
    let finalists = choice::best(history, aim, &Role::Search, n, tolerance);
    if aim.wanted.len() > 1 {
        return finalists.first().copied();
    }
    let sign = if setup.facts.direction == Direction::Maximize { -1.0 } else { 1.0 };
    let score = |id: &TrialId| {
        let value = choice::mean_over_seeds(history, *id, &setup.facts.metric)?;
        let loss = choice::mean_over_seeds(history, *id, "loss").unwrap_or(f64::INFINITY);
        Some(Score { violation: 0.0, values: [sign * value, loss].into_iter().collect() })
    };
    let (judged, scores): (Vec<TrialId>, Vec<Score>) =
        finalists.iter().filter_map(|id| Some((*id, score(id)?))).unzip();
    // The rule that chose the finalists, now over seeds.
    pareto::recommend(&scores, tolerance, &Preference::First)
        .map(|i| judged[i])
        .or_else(|| finalists.first().copied())
}

impl Evidence {
    /// What a study's history says.
    #[must_use]
    pub fn new(setup: &Setup, history: &History) -> Self {
        let winners: Vec<Option<TrialId>> =
            setup.aims().iter().map(|aim| winner_of(setup, history, aim)).collect();
        // That of the largest size, where there are several.
        let winner = winners.last().copied().flatten();
        let seed = setup.file.settings.seed;
        let metric = setup.task.as_ref().map(|task| task.metric);
        let sizes = setup.file.settings.sizes.iter().zip(winners).map(|(size, trial)| {
            let test = trial.zip(metric).and_then(|(id, metric)| tested(&rows(history, id), metric, seed));
            SizeEvidence { most: size.0, trial, test }
        });
        let sizes: Vec<SizeEvidence> = sizes.collect();
        let Some(metric) = metric else {
            // Nothing is tested where the data are a program's of the user's.
            return Self { winner, sizes, ..Self::default() };
        };
        let winner_rows = winner.map(|id| rows(history, id)).unwrap_or_default();
        let aim = setup.largest();
        let tolerance = setup.tolerance_of(&aim, history);
        let mut baselines = Vec::new();
        let mut differences = Vec::new();
        for name in baseline_names(setup) {
            let role = Role::Baseline(name.clone());
            let trial = choice::best(history, &aim, &role, 1, tolerance).first().copied();
            let baseline_rows = match trial {
                Some(id) => rows(history, id),
                None => compared(history, &name),
            };
            differences.push(difference(&winner_rows, &baseline_rows, &|mean| metric.value(mean), seed));
            baselines.push(BaselineEvidence {
                name,
                trial,
                test: tested(&baseline_rows, metric, seed),
                verdict: None,
            });
        }
        let p: Vec<f64> = differences.iter().flatten().map(|d| d.p).collect();
        let mut corrected = holm(&p).into_iter();
        for (baseline, difference) in baselines.iter_mut().zip(&differences) {
            baseline.verdict = difference
                .as_ref()
                .and_then(|d| Some(verdict(d, metric.direction(), corrected.next()?, setup.margin())));
        }
        Self { winner, test: tested(&winner_rows, metric, seed), baselines, sizes }
    }
}
