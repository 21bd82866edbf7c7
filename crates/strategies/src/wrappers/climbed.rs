//! What became of the networks on each rung.

use crate::fingerprint::{NumberMap, NumberSet, fingerprint};
use crate::nondominated::standings;
use crate::results::{Member, Results};
use nascent_core::event::Proposal;
use nascent_core::objective::Score;
use nascent_core::{Event, Objectives, TrialId};
use std::cmp::Ordering;

/// What happened to a trial, in the order in which it happened.
pub(super) enum News {
    Proposed {
        trial: TrialId,
        rung: usize,
        from: Option<TrialId>,
    },
    /// It gave a result, or none.
    Over {
        trial: TrialId,
        result: Option<Box<Member>>,
    },
}

/// Follows trials, and tells promotions from new networks.
#[derive(Default)]
pub(super) struct Climbed {
    results: Results,
    /// The fingerprint of each trial's network.
    networks: NumberMap<TrialId, u128>,
    promotions: NumberSet<TrialId>,
    /// How many trials are not over.
    running: usize,
}

impl Climbed {
    /// Takes in an event: what is new, and whether it is about a promotion.
    pub(super) fn observe(&mut self, event: &Event) -> (Option<News>, bool) {
        let Some(trial) = event.trial() else { return (None, false) };
        if let Event::Proposed { proposal, .. } = event {
            let network = fingerprint(&proposal.decisions);
            let from = self.promoted_from(proposal, network);
            self.networks.insert(trial, network);
            self.running += 1;
            self.results.observe(event);
            let news = News::Proposed { trial, rung: usize::from(proposal.rung), from };
            if from.is_some() {
                self.promotions.insert(trial);
            }
            return (Some(news), from.is_some());
        }
        let is_promotion = self.promotions.contains(&trial);
        let result = self.results.observe(event);
        let is_over = matches!(
            event,
            Event::Finished { .. } | Event::Stopped { .. } | Event::Failed { .. } | Event::Infeasible { .. }
        );
        self.running -= usize::from(is_over);
        (is_over.then_some(News::Over { trial, result: result.map(Box::new) }), is_promotion)
    }

    /// The trial of the same network that this one goes on from.
    pub(super) fn promoted_from(&self, proposal: &Proposal, network: u128) -> Option<TrialId> {
        let [parent] = proposal.parents[..] else { return None };
        (self.networks.get(&parent) == Some(&network)).then_some(parent)
    }

    pub(super) fn is_running(&self) -> bool {
        self.running > 0
    }
}

/// Results on one rung.
#[derive(Default)]
pub(super) struct Ranking {
    /// With one objective from best to worst; with several in the order in which they came.
    results: Vec<(Score, Member)>,
}

impl Ranking {
    pub(super) fn add(&mut self, member: Member, objectives: &Objectives) {
        let Some(score) = objectives.score(&member.metrics) else { return };
        let place = if score.values.len() == 1 {
            self.results.partition_point(|(other, _)| compare(other, &score) != Ordering::Greater)
        } else {
            self.results.len()
        };
        self.results.insert(place, (score, member));
    }

    pub(super) fn len(&self) -> usize {
        self.results.len()
    }

    /// The best so many, best first. With several objectives by Pareto front and the room on it, which takes time
    /// quadratic in the results of the rung.
    pub(super) fn best(&self, most: usize) -> Vec<&Member> {
        if most == 0 {
            return Vec::new();
        }
        if self.results.first().is_none_or(|(score, _)| score.values.len() == 1) {
            return self.results.iter().take(most).map(|(_, member)| member).collect();
        }
        let standings = standings(&self.results.iter().map(|(score, _)| score).collect::<Vec<_>>());
        let mut order: Vec<usize> = (0..standings.len()).collect();
        order.sort_by(|&a, &b| standings[a].compare(&standings[b]).then(a.cmp(&b)));
        order.into_iter().take(most).map(|i| &self.results[i].1).collect()
    }
}

fn compare(a: &Score, b: &Score) -> Ordering {
    a.violation.total_cmp(&b.violation).then_with(|| a.values[0].total_cmp(&b.values[0]))
}
