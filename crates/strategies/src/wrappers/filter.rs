use super::{Inside, Wrapper, check_ladder};
use crate::fingerprint::{NumberMap, fingerprint};
use crate::parameters::Parameter;
use crate::results::{Member, Results};
use nascent_core::event::Proposal;
use nascent_core::statistics::ranks;
use nascent_core::{AskContext, Event, Metrics, Next, Objectives, Strategy, StrategyError, TrialId};
use std::collections::VecDeque;

/// A cheap look before training: each network is tried on the lowest rung first, and goes on only where it belongs to
/// the best share of those looked at before it.
///
/// The lowest rung is judged by the first objective where it measures that, else by the mean rank over all that it measures,
/// of each of which more is better. To the strategy inside the ladder begins on the second rung, and a network that was rejected
/// has failed.
struct Filter {
    keep: usize,
    inside: Box<dyn Strategy>,
    climbs: bool,
    results: Results,
    /// What the strategy inside has not been told yet: what became of a look is known only in `ask`.
    news: VecDeque<Event>,
    networks: NumberMap<TrialId, u128>,
    /// What the lowest rung said of each network; of every number more is better.
    seen: Vec<Vec<f64>>,
    /// Networks that passed and wait for their training, the earliest first.
    passed: Vec<Member>,
    /// The look that a trial follows: the strategy inside knows both as the look.
    looks: NumberMap<TrialId, TrialId>,
    /// The trial that followed a look.
    followers: NumberMap<TrialId, TrialId>,
    running: usize,
}

pub(super) static WRAPPER: Wrapper = Wrapper {
    name: "filter",
    summary: "a look at each network on the cheapest rung, and no more for all but the best share",
    good_for: "ladders whose lowest rung costs next to nothing, such as a score without training",
    paper: "",
    cost: "time and memory grow with the trials, slowly",
    parameters: &[Parameter {
        name: "keep",
        meaning: "percentage of networks that go on",
        range: (1, 100),
        default: |_| 25,
        default_text: "25",
    }],
    climbs: false,
    not_inside: Some((
        &["filter", "hyperband", "median-stop", "curve-stop"],
        "it hides the lowest rung and speaks for its trials: put it inside instead",
    )),
    wrap: |values, Inside { strategy: inside, climbs, .. }| {
        Ok(Box::new(Filter {
            keep: values.value("keep") as usize,
            inside,
            climbs,
            results: Results::default(),
            news: VecDeque::new(),
            networks: NumberMap::default(),
            seen: Vec::new(),
            passed: Vec::new(),
            looks: NumberMap::default(),
            followers: NumberMap::default(),
            running: 0,
        }))
    },
};

impl Filter {
    /// Tells the strategy inside what happened, in its own terms.
    fn catch_up(&mut self, objectives: &Objectives, rungs: usize) {
        while let Some(event) = self.news.pop_front() {
            let result = self.results.observe(&event);
            match event {
                Event::Proposed { trial, seen, proposal, hash, costs } => {
                    let network = fingerprint(&proposal.decisions);
                    self.networks.insert(trial, network);
                    if let Some(look) = self.look_of(&proposal, network) {
                        self.passed.retain(|member| member.trial != look);
                        self.looks.insert(trial, look);
                        self.followers.insert(look, trial);
                        continue;
                    }
                    // A look begins where the strategy inside wanted to: on its lowest rung, or on the top one.
                    let wanted = if self.climbs { 0 } else { (rungs - 2) as u16 };
                    let rung = proposal.rung.checked_sub(1).unwrap_or(wanted);
                    let parents = proposal.parents.iter().map(|p| self.known_as(*p)).collect();
                    let proposal = Proposal { rung, parents, ..proposal };
                    self.inside.observe(&Event::Proposed { trial, seen, proposal, hash, costs });
                }
                Event::Finished { trial, .. } | Event::Stopped { trial, .. }
                    if result.as_ref().is_some_and(|member| member.rung == 0) =>
                {
                    let Some(member) = result else { continue };
                    if self.passes(&member, objectives) {
                        self.passed.push(member);
                    } else {
                        let reason = "it was rejected on the lowest rung".into();
                        self.inside.observe(&Event::Failed { trial, reason });
                    }
                }
                event => {
                    let known_as = |trial| self.looks.get(&trial).copied().unwrap_or(trial);
                    self.inside.observe(&renamed(event, known_as));
                }
            }
        }
    }

    /// The look that a proposal follows, if it is the training of a network that was looked at.
    fn look_of(&self, proposal: &Proposal, network: u128) -> Option<TrialId> {
        let [parent] = proposal.parents[..] else { return None };
        let is_follower =
            self.passed.iter().any(|m| m.trial == parent) && self.networks.get(&parent) == Some(&network);
        is_follower.then_some(parent)
    }

    fn known_as(&self, trial: TrialId) -> TrialId {
        self.looks.get(&trial).copied().unwrap_or(trial)
    }

    /// Whether a network is among the best share of those looked at so far, itself included.
    fn passes(&mut self, member: &Member, objectives: &Objectives) -> bool {
        let found = findings(&member.metrics, objectives);
        if found.is_empty() {
            return false;
        }
        self.seen.push(found);
        better_than_last(&self.seen) < (self.seen.len() * self.keep).div_ceil(100)
    }
}

/// The same event about the trial that the strategy inside knows.
fn renamed(event: Event, known_as: impl Fn(TrialId) -> TrialId) -> Event {
    match event {
        Event::Started { trial, attempt } => Event::Started { trial: known_as(trial), attempt },
        Event::Reported { trial, step, metrics } => Event::Reported { trial: known_as(trial), step, metrics },
        Event::Finished { trial, outcome, copied_from } => {
            Event::Finished { trial: known_as(trial), outcome, copied_from }
        }
        Event::Failed { trial, reason } => Event::Failed { trial: known_as(trial), reason },
        Event::Infeasible { trial, violations } => Event::Infeasible { trial: known_as(trial), violations },
        Event::Stopped { trial, seen } => Event::Stopped { trial: known_as(trial), seen },
        other => other,
    }
}

/// What the lowest rung says of a network: of every number more is better.
fn findings(metrics: &Metrics, objectives: &Objectives) -> Vec<f64> {
    match objectives.score(metrics) {
        Some(score) => score.values.first().map(|value| -value).into_iter().collect(),
        None => {
            let measured =
                metrics.iter().filter(|(name, _)| objectives.costs.iter().all(|c| c.name() != *name));
            measured.map(|(_, value)| value).filter(|value| value.is_finite()).collect()
        }
    }
}

/// How many networks have a better mean rank than the last.
fn better_than_last(seen: &[Vec<f64>]) -> usize {
    let mut sums = vec![0.0; seen.len()];
    let numbers = seen.iter().map(Vec::len).min().unwrap_or(0);
    for number in 0..numbers {
        let column: Vec<f64> = seen.iter().map(|found| found[number]).collect();
        sums.iter_mut().zip(ranks(&column)).for_each(|(sum, rank)| *sum += rank);
    }
    let last = sums.last().copied().unwrap_or(0.0);
    sums.iter().filter(|sum| **sum > last).count()
}

impl Strategy for Filter {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        let (whole, rungs) = (cx.ladder, cx.ladder.len());
        check_ladder(WRAPPER.name, rungs)?;
        self.catch_up(cx.objectives, rungs);
        if let Some(member) = self.passed.first() {
            let rung = if self.climbs { 1 } else { rungs - 1 };
            return Ok(cx.promote(rung, member.decisions.clone(), member.trial));
        }
        cx.ladder = &whole[1..];
        let next = self.inside.ask(cx);
        cx.ladder = whole;
        match next? {
            Next::Run(proposal) => {
                let network = fingerprint(&proposal.decisions);
                let known = |parent: &TrialId| self.networks.get(parent) == Some(&network);
                // What the strategy inside promotes has passed already.
                let rung =
                    if proposal.parents.iter().any(known) { usize::from(proposal.rung) + 1 } else { 0 };
                // In the log a parent is the trial that was trained.
                let trained = |parent: &TrialId| self.followers.get(parent).copied().unwrap_or(*parent);
                let parents: Vec<TrialId> = proposal.parents.iter().map(trained).collect();
                Ok(cx.propose_on(rung, proposal.decisions, &parents))
            }
            Next::Done if self.running > 0 => Ok(Next::Wait),
            next => Ok(next),
        }
    }

    fn begin(&mut self, objectives: &Objectives) {
        self.inside.begin(objectives);
    }

    fn observe(&mut self, event: &Event) {
        self.news.push_back(event.clone());
        match event {
            Event::Proposed { .. } => self.running += 1,
            Event::Finished { .. }
            | Event::Stopped { .. }
            | Event::Failed { .. }
            | Event::Infeasible { .. } => {
                self.running = self.running.saturating_sub(1);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_numbers_count_by_their_ranks() {
        // Ranks 1 3 2 and 3 1 2, then 4 and 4: the last is the best of all.
        let mut seen = vec![vec![0.1, 900.0], vec![0.3, 1.0], vec![0.2, 2.0], vec![0.4, 1e9]];
        assert_eq!(better_than_last(&seen), 0);
        // The first three are equal in the mean, and so none is better than another.
        seen.pop();
        assert_eq!(better_than_last(&seen), 0);
        seen.push(vec![0.15, 1.5]);
        assert_eq!(better_than_last(&seen), 3);
        assert_eq!(better_than_last(&seen[..1]), 0);
    }
}
