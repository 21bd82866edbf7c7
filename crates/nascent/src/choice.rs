//! Who is best: the Pareto set, the recommended member, the finalists, and how often they are trained again.

use nascent_core::event::{Data, Proposal, Role};
use nascent_core::objective::{Direction, Objective, Score};
use nascent_core::pareto::Preference;
use nascent_core::{History, Objectives, Trial, TrialId, pareto};

/// The rule by which one member of the Pareto set is recommended, in words.
#[must_use]
pub fn rule(objectives: &Objectives, tolerance: f64) -> String {
    match &objectives.wanted[..] {
        [first] if tolerance > 0.0 => format!(
            "of the networks within one standard error ({tolerance:.4}) of the best {} that keep every limit, the one \
             with the lowest loss",
            first.name
        ),
        [] | [_] => "the best network that keeps every limit".into(),
        wanted => preferred(wanted, &objectives.preference, tolerance),
    }
}

/// The same of several objectives.
fn preferred(wanted: &[Objective], preference: &Preference, tolerance: f64) -> String {
    let each = |values: &[f64], sign: &dyn Fn(&Objective) -> (&'static str, f64)| {
        let one = |(o, value): (&Objective, &f64)| {
            let (word, factor) = sign(o);
            format!("{}{word}{}", o.name, factor * value)
        };
        wanted.iter().zip(values).map(one).collect::<Vec<_>>().join(", ")
    };
    match preference {
        Preference::Weights(weights) if weights.iter().all(|w| *w == 1.0) => {
            "the Pareto set's knee: the member that lies furthest below the plane through its ends".into()
        }
        Preference::Point(point) => {
            let sign = |o: &Objective| match o.direction {
                Direction::Maximize => (">=", -1.0),
                Direction::Minimize => ("<=", 1.0),
            };
            format!(
                "the Pareto set's member that comes nearest to, or furthest beyond, {}",
                each(point, &sign)
            )
        }
        Preference::Weights(weights) => {
            format!("the Pareto set's member with the best weighted sum, {}", each(weights, &|_| ("=", 1.0)))
        }
        Preference::First => {
            let names: Vec<&str> = wanted.iter().map(|o| o.name.as_str()).collect();
            format!(
                "of the Pareto set's members within {tolerance} of the best {}, the one best in {}",
                names[0],
                names[1..].join(", then ")
            )
        }
    }
}

/// A trial's loss, as bad as can be where it has none.
pub(crate) fn loss(trial: &Trial) -> f64 {
    trial.metrics().value("loss").unwrap_or(f64::INFINITY)
}

/// The finished trials of a role with their scores, those that keep every limit, by ascending loss: those of the highest
/// rung that any of them reached, for results of different rungs do not compare.
fn scored<'h>(history: &'h History, objectives: &Objectives, role: &Role) -> Vec<(&'h Trial, Score)> {
    // What a baseline has in common with the search is its own all the same.
    let is_again = |t: &Trial| {
        let first = t.copied_from.and_then(|first| history.trial(first));
        first.is_some_and(|first| first.proposal.role == *role)
    };
    let mut found: Vec<(&Trial, Score)> = history
        .trials
        .iter()
        .filter(|t| t.proposal.role == *role && !is_again(t))
        .filter_map(|t| Some((t, t.score(objectives)?)))
        .filter(|(_, score)| *role != Role::Search || score.violation == 0.0)
        .collect();
    let highest = found.iter().map(|(t, _)| t.proposal.rung).max();
    found.retain(|(t, _)| Some(t.proposal.rung) == highest);
    found.sort_by(|(a, _), (b, _)| loss(a).total_cmp(&loss(b)));
    found
}

/// The best value of a metric that is a share among the trials of the search that can win.
#[must_use]
pub fn best_share(history: &History, objectives: &Objectives, metric: &str) -> f64 {
    let all = scored(history, objectives, &Role::Search);
    all.iter().filter_map(|(t, _)| t.metrics().value(metric)).fold(0.0, f64::max)
}

/// The Pareto set of the search, in the order of trials.
#[must_use]
pub fn pareto_set<'h>(history: &'h History, objectives: &Objectives) -> Vec<&'h Trial> {
    let all = scored(history, objectives, &Role::Search);
    let scores: Vec<Score> = all.iter().map(|(_, s)| s.clone()).collect();
    let mut members: Vec<&Trial> = pareto::front(&scores).into_iter().map(|i| all[i].0).collect();
    members.sort_by_key(|t| t.id);
    members
}

/// The best trials of a role, the recommended one first, then by the same rule among the rest.
///
/// Where there is one objective, the loss is the second: small validation parts give many networks the same accuracy,
/// and the loss then says more.
#[must_use]
pub fn best(
    history: &History,
    objectives: &Objectives,
    role: &Role,
    n: usize,
    tolerance: f64,
) -> Vec<TrialId> {
    let mut rest = scored(history, objectives, role);
    let mut chosen = Vec::new();
    while chosen.len() < n && !rest.is_empty() {
        // A baseline may break the limits: it stands where it stands, and is ranked without them.
        let score = |(trial, score): &(&Trial, Score)| {
            let mut score = score.clone();
            if *role != Role::Search {
                score.violation = 0.0;
            }
            if score.values.len() == 1 {
                score.values.push(loss(trial));
            }
            score
        };
        let scores: Vec<Score> = rest.iter().map(score).collect();
        let Some(place) = pareto::recommend(&scores, tolerance, &objectives.preference) else { break };
        chosen.push(rest.remove(place).0.id);
    }
    chosen
}

/// The trainings of a trial's network with fresh seeds on a part of the data.
#[must_use]
pub fn trainings(of: &Trial, replicas: u32, data: Data, budget: u32) -> Vec<Proposal> {
    (1..=replicas)
        .map(|replica| Proposal {
            role: Role::Final { of: of.id, replica, data },
            budget,
            parents: [of.id].into_iter().collect(),
            ..of.proposal.clone()
        })
        .collect()
}

/// The finished retrainings of a trial on the training part, the longest of them.
fn longest(history: &History, of: TrialId) -> Vec<&Trial> {
    let mut finals = history.finals(of, Data::Train);
    let most = finals.iter().map(|t| t.proposal.budget).max();
    finals.retain(|t| Some(t.proposal.budget) == most);
    finals
}

/// For how many epochs a trial's network was retrained on the training part at most; 0 where it was not.
pub(crate) fn epochs_over_seeds(history: &History, of: TrialId) -> u32 {
    longest(history, of).first().map_or(0, |t| t.proposal.budget)
}

/// A metric of each finished retraining of a trial on the training part, the longest of them.
#[must_use]
pub fn over_seeds(history: &History, of: TrialId, metric: &str) -> Vec<f64> {
    longest(history, of).iter().filter_map(|t| t.metrics().value(metric)).collect()
}

/// The mean of a metric over the finished retrainings of a trial on the training part.
#[must_use]
pub fn mean_over_seeds(history: &History, of: TrialId, metric: &str) -> Option<f64> {
    let values = over_seeds(history, of, metric);
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// For how many epochs a trial's network served best, from its longest retrainings, or from its own training of `whole` epochs where
/// there are none; nothing where that is as many as it was trained for.
///
/// The mean of their curves says it. Where that ended as good as it ever was, there is no such epoch: the learning rate is
/// to come down to its end, for of few validation rows the best epoch says little. A beginning only says nothing of
/// the end. Where retrainings of more than `whole` epochs never were as good as its own training had been, its own epochs are
/// the ones. `is_as_good` gets the best mean, another one, and how many trainings they are of.
#[must_use]
pub fn best_epochs(
    history: &History,
    of: &Trial,
    metric: &str,
    whole: u32,
    direction: Direction,
    is_as_good: &dyn Fn(f64, f64, usize) -> bool,
) -> Option<u32> {
    let finals = longest(history, of.id);
    let trainings: Vec<&Trial> = if finals.is_empty() { vec![of] } else { finals };
    let epochs = trainings[0].proposal.budget;
    if epochs < whole {
        return None;
    }
    let at = |step: u32| -> Option<f64> {
        let values = trainings.iter().map(|t| t.reports.iter().find(|(s, _)| *s == step)?.1.value(metric));
        values.sum::<Option<f64>>().map(|sum| sum / trainings.len() as f64)
    };
    let curve: Vec<(u32, f64)> = (1..=epochs).filter_map(|step| Some((step, at(step)?))).collect();
    let best = curve.iter().copied().reduce(|a, b| if direction.is_better(b.1, a.1) { b } else { a });
    let ((step, best), (_, end)) = (best?, curve.last()?);
    let own = of.metrics().value(metric).filter(|_| epochs > whole);
    if own.is_some_and(|own| !is_as_good(own, best, 1)) {
        // Its learning rate came down sooner, and that was better.
        return Some(of.proposal.budget);
    }
    (!is_as_good(best, *end, trainings.len())).then_some(step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::Metrics;
    use nascent_core::event::{Event, Outcome, Seq, Stamped};

    /// A history of trainings of one network: the search's own first, then its finals, by their accuracies an epoch.
    fn history(trainings: &[&[f64]]) -> History {
        let mut history = History::default();
        let mut events = Vec::new();
        for (number, curve) in trainings.iter().enumerate() {
            let trial = TrialId(number as u32);
            let role = match number {
                0 => Role::Search,
                n => Role::Final { of: TrialId(0), replica: n as u32, data: Data::Train },
            };
            let proposal = Proposal {
                decisions: Default::default(),
                rung: 0,
                budget: curve.len() as u32,
                parents: Default::default(),
                role,
            };
            let accuracy = |value: f64| Metrics::new().with("accuracy", value);
            events.push(Event::Proposed { trial, seen: Seq(0), proposal, hash: None, costs: Metrics::new() });
            events.push(Event::Started { trial, attempt: 1 });
            let mut best = 0;
            for (epoch, value) in curve.iter().enumerate() {
                best = if *value > curve[best] { epoch } else { best };
                events.push(Event::Reported { trial, step: epoch as u32 + 1, metrics: accuracy(*value) });
            }
            let outcome =
                Outcome { metrics: accuracy(curve[best]), best_step: Some(best as u32 + 1), cost: 1.0 };
            events.push(Event::Finished { trial, outcome, copied_from: None });
        }
        for (event, seq) in events.into_iter().zip(1..) {
            history.apply(&Stamped { seq: Seq(seq), at_ms: 0, event }).unwrap();
        }
        history
    }

    fn epochs(trainings: &[&[f64]]) -> Option<u32> {
        let history = history(trainings);
        let whole = trainings[0].len() as u32;
        let near = |best: f64, end: f64, _: usize| best - end < 0.05;
        best_epochs(&history, &history.trials[0], "accuracy", whole, Direction::Maximize, &near)
    }

    #[test]
    fn the_first_epochs_say_nothing_of_the_best() {
        let mut history = history(&[&[0.5, 0.9, 0.7]]);
        history.trials[0].proposal.budget = 3;
        let never = |_: f64, _: f64, _: usize| false;
        let first = &history.trials[0];
        assert_eq!(best_epochs(&history, first, "accuracy", 9, Direction::Maximize, &never), None);
    }

    #[test]
    fn there_is_a_best_epoch_where_a_network_got_worse_in_the_end() {
        assert_eq!(epochs(&[&[0.5, 0.9, 0.88]]), None);
        assert_eq!(epochs(&[&[0.5, 0.9, 0.7]]), Some(2));
        // Retrainings say more than the search's own training, and their mean decides.
        assert_eq!(epochs(&[&[0.5, 0.9, 0.1], &[0.5, 0.9, 0.9], &[0.1, 0.6, 0.9], &[0.1, 0.9, 0.6]]), None);
        assert_eq!(
            epochs(&[&[0.1, 0.5, 0.9], &[0.1, 0.9, 0.8], &[0.1, 0.9, 0.7], &[0.1, 0.9, 0.8]]),
            Some(2)
        );
    }

    #[test]
    fn trainings_that_were_longer_than_the_searchs_tell_whether_that_was_good() {
        // It went on for as long as it got better, or its learning rate had come down sooner in the search.
        assert_eq!(epochs(&[&[0.5, 0.6, 0.7], &[0.5, 0.6, 0.65, 0.70, 0.72, 0.75]]), None);
        assert_eq!(epochs(&[&[0.5, 0.6, 0.7], &[0.5, 0.6, 0.65, 0.66, 0.5, 0.4]]), Some(4));
        assert_eq!(epochs(&[&[0.5, 0.6, 0.9], &[0.5, 0.6, 0.65, 0.66, 0.5, 0.4]]), Some(3));
        // Of trainings of several lengths the longest count.
        let both = history(&[&[0.5], &[0.9], &[0.6, 0.7]]);
        assert_eq!(
            (over_seeds(&both, TrialId(0), "accuracy"), epochs_over_seeds(&both, TrialId(0))),
            (vec![0.7], 2)
        );
    }

    #[test]
    fn only_the_highest_rung_that_was_reached_can_win() {
        let mut history = history(&[&[0.9], &[0.8], &[0.7]]);
        for (trial, rung) in history.trials.iter_mut().zip([0, 1, 1]) {
            trial.proposal.role = Role::Search;
            trial.proposal.rung = rung;
        }
        let objectives = Objectives::single("accuracy", Direction::Maximize);
        let ids = best(&history, &objectives, &Role::Search, 5, 0.0);
        assert_eq!(ids, [TrialId(1), TrialId(2)]);
        assert_eq!(best_share(&history, &objectives, "accuracy"), 0.8);
    }
}
