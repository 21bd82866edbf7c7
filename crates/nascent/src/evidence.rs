//! What was tested, and what the differences are worth.

use crate::baselines::{MORE_DROPOUT, TREES, is_reference};
use crate::choice;
use crate::setup::Setup;
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

/// The networks one of which is handed over: the best `n` of the search, and behind them the references that were tried
/// beside it and the best with more dropout, where they keep the limits and were trained as far.
///
/// Of several objectives no network is the best, and only those of the search are in their Pareto set.
pub(crate) fn candidates(setup: &Setup, history: &History, aim: &Objectives, n: usize) -> Vec<TrialId> {
    let tolerance = setup.tolerance_of(aim, history);
    let mut all = choice::best(history, aim, &Role::Search, n, tolerance);
    let Some(rung) = all.first().and_then(|id| Some(history.trial(*id)?.proposal.rung)) else { return all };
    if aim.wanted.len() > 1 {
        return all;
    }
    // On devices only networks of the search are measured.
    let is_known = |trial: &Trial| trial.measured || aim.limits.iter().all(|l| !l.metric.contains('@'));
    let can_win = |id: &TrialId| {
        history.trial(*id).is_some_and(|trial| {
            trial.proposal.rung == rung
                && trial.copied_from.is_none_or(|first| !all.contains(&first))
                && is_known(trial)
                && trial.score(aim).is_some_and(|score| score.violation == 0.0)
        })
    };
    let best = |(name, n)| choice::best(history, aim, &Role::Baseline(name), n, tolerance);
    let references = network_baselines(setup).into_iter().filter(|name| is_reference(name));
    // One was trained for as long as the search's, and one for longer.
    let names = references.map(|name| (name, 1)).chain([(MORE_DROPOUT.to_string(), 2)]);
    let rivals: Vec<TrialId> = names.flat_map(best).filter(can_win).collect();
    all.extend(rivals);
    all
}

/// A winner: of the candidates, the one with the best mean validation over fresh seeds; of the best of the search and the
/// references, where there was no time for that, the one that was best when they were tried.
fn winner_of(setup: &Setup, history: &History, aim: &Objectives) -> Option<TrialId> {
    let mut candidates = candidates(setup, history, aim, setup.file.settings.finalists);
    if aim.wanted.len() > 1 {
        return candidates.first().copied();
    }
    let sign = if setup.facts.direction == Direction::Maximize { -1.0 } else { 1.0 };
    let seeds = |id: TrialId| choice::epochs_over_seeds(history, id);
    // Those with more dropout were trained once, for as long as they are to be judged by.
    let once = |id: TrialId| {
        let trial = history.trial(id)?;
        let is_once = trial.proposal.role == Role::Baseline(MORE_DROPOUT.into());
        (is_once && trial.proposal.budget > seeds(id)).then_some(trial)
    };
    let over_seeds = |id: TrialId| {
        let mean = |metric: &str| match once(id) {
            Some(trial) => trial.metrics().value(metric),
            None => choice::mean_over_seeds(history, id, metric),
        };
        let loss = mean("loss").unwrap_or(f64::INFINITY);
        let mut values = [sign * mean(&setup.facts.metric)?, loss];
        let trial = history.trial(id).filter(|_| seeds(id) > setup.epochs());
        let own = trial.and_then(|trial| {
            Some([sign * trial.metrics().value(&setup.facts.metric)?, choice::loss(trial)])
        });
        // What was no good for as long as that can be trained for as long as in the search.
        if let Some(own) = own.filter(|own| own[0] < values[0]) {
            values = own;
        }
        Some(Score { violation: 0.0, values: values.into_iter().collect() })
    };
    // Where some were trained for longer than others, those are the ones that were chosen from them.
    let epochs = |id: &TrialId| once(*id).map_or(seeds(*id), |trial| trial.proposal.budget);
    let longest = candidates.iter().map(epochs).max().unwrap_or(0);
    let mut scores: Vec<Option<Score>> =
        candidates.iter().map(|id| over_seeds(*id).filter(|_| epochs(id) == longest)).collect();
    let is_first_training = longest <= setup.epochs() && candidates.iter().all(|id| seeds(*id) == 0);
    if is_first_training || scores.iter().all(Option::is_none) {
        let is_search = |id: TrialId| history.trial(id).is_some_and(|t| t.proposal.role == Role::Search);
        let mut is_first = true;
        candidates.retain(|id| !is_search(*id) || std::mem::take(&mut is_first));
        let own = |id: TrialId| {
            let trial = history.trial(id)?;
            let mut score = trial.score(aim)?;
            score.values.push(choice::loss(trial));
            Some(score)
        };
        scores = candidates.iter().map(|id| own(*id)).collect();
    }
    let (judged, scores): (Vec<TrialId>, Vec<Score>) =
        candidates.iter().zip(scores).filter_map(|(id, score)| Some((*id, score?))).unzip();
    // The rule that chose the finalists, now over seeds.
    pareto::recommend(&scores, setup.tolerance_of(aim, history), &Preference::First)
        .map(|i| judged[i])
        .or_else(|| candidates.first().copied())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StudyFile;
    use nascent_core::Metrics;
    use nascent_core::event::{Event, Outcome, Proposal, Seq, Stamped};

    /// A study of digits with these settings besides, and its history: trials by their role, rung and accuracy.
    fn study(more: &str, trials: &[(Role, u16, f64)]) -> (Setup, History) {
        let text = format!("task = \"digits\"\nfinalists = 2\n{more}");
        let setup = Setup::new(StudyFile::parse("study.toml", &text).unwrap()).unwrap();
        let mut history = History::default();
        let mut seq = 0;
        let mut push = |event| {
            seq += 1;
            history.apply(&Stamped { seq: Seq(seq), at_ms: 0, event }).unwrap();
        };
        for ((role, rung, accuracy), number) in trials.iter().zip(0..) {
            let trial = TrialId(number);
            let proposal = Proposal {
                decisions: Default::default(),
                rung: *rung,
                budget: 1,
                parents: Default::default(),
                role: role.clone(),
            };
            let costs = Metrics::new().with("params", 100.0 * f64::from(number));
            push(Event::Proposed { trial, seen: Seq(0), proposal, hash: None, costs });
            push(Event::Started { trial, attempt: 1 });
            let metrics = Metrics::new().with("accuracy", *accuracy).with("loss", 1.0 - accuracy);
            let outcome = Outcome { metrics, best_step: None, cost: 1.0 };
            push(Event::Finished { trial, outcome, copied_from: None });
        }
        (setup, history)
    }

    fn baseline(name: &str) -> Role {
        Role::Baseline(name.into())
    }

    /// Who may win, and who does.
    fn won((setup, history): (Setup, History)) -> (Vec<u32>, Option<u32>) {
        let all = candidates(&setup, &history, &setup.largest(), 2);
        (all.iter().map(|id| id.0).collect(), winner(&setup, &history).map(|id| id.0))
    }

    #[test]
    fn a_reference_that_is_better_on_validation_data_wins() {
        let reference = || baseline("tuned-reference");
        let trials = |accuracy| {
            [
                (Role::Search, 0, 0.90),
                (Role::Search, 0, 0.80),
                (reference(), 0, accuracy),
                (reference(), 0, 0.5),
            ]
        };
        assert_eq!(won(study("", &trials(0.97))), (vec![0, 1, 2], Some(2)));
        assert_eq!(won(study("", &trials(0.70))), (vec![0, 1, 2], Some(0)));
        // Fresh seeds say more.
        let seeds = |found: f64, reference: f64| {
            let of =
                |of, accuracy| (Role::Final { of: TrialId(of), replica: 1, data: Data::Train }, 0, accuracy);
            let mut all = trials(0.97).to_vec();
            all.extend([of(0, found), of(1, 0.7), of(2, reference)]);
            all
        };
        assert_eq!(won(study("", &seeds(0.96, 0.90))).1, Some(0));
        assert_eq!(won(study("", &seeds(0.90, 0.96))).1, Some(2));
    }

    #[test]
    fn the_best_network_with_more_dropout_wins_where_it_is_better() {
        let trials = |accuracy| {
            [(Role::Search, 0, 0.90), (Role::Search, 0, 0.80), (baseline(MORE_DROPOUT), 0, accuracy)]
        };
        assert_eq!(won(study("", &trials(0.95))), (vec![0, 1, 2], Some(2)));
        assert_eq!(won(study("", &trials(0.85))).1, Some(0));
        // Fresh seeds say more, and a finalist without them is none.
        let of = |of, accuracy| (Role::Final { of: TrialId(of), replica: 1, data: Data::Train }, 0, accuracy);
        let with = |more: &[(Role, u16, f64)]| [&trials(0.95), more].concat();
        assert_eq!(won(study("", &with(&[of(0, 0.93), of(1, 0.7), of(2, 0.91)]))).1, Some(0));
        assert_eq!(won(study("", &with(&[of(0, 0.93), of(1, 0.7), of(2, 0.94)]))).1, Some(2));
    }

    #[test]
    fn a_reference_must_keep_limits_and_be_trained_as_far() {
        let with = |role: Role, rung| [(Role::Search, 1, 0.90), (Role::Search, 1, 0.80), (role, rung, 0.99)];
        let found = (vec![0, 1], Some(0));
        assert_eq!(won(study("", &with(baseline("tuned-reference"), 0))), found);
        let limit = "limits = [\"params<=150\"]";
        assert_eq!(won(study(limit, &with(baseline("tuned-reference"), 1))), found);
        let random = "baselines = [\"random\"]";
        assert_eq!(won(study(random, &with(baseline("random"), 1))), found);
        let two = "objectives = [\"accuracy\", \"params\"]";
        let (all, _) = won(study(two, &with(baseline("tuned-reference"), 1)));
        assert!(!all.contains(&2), "{all:?}");
    }
}
