//! What came of proposals, in the order in which it came.

use crate::fingerprint::NumberMap;
use nascent_core::{Decisions, Event, Metrics, TrialId};

/// A network with a result.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) trial: TrialId,
    /// The rung it was estimated on.
    pub(crate) rung: u16,
    pub(crate) decisions: Decisions,
    pub(crate) metrics: Metrics,
}

/// Proposals that wait for their results.
#[derive(Default)]
pub(crate) struct Results {
    pending: NumberMap<TrialId, Member>,
}

impl Results {
    /// Takes in an event; the answer is a member whose result this event brings.
    pub(crate) fn observe(&mut self, event: &Event) -> Option<Member> {
        match event {
            Event::Proposed { trial, proposal, costs, .. } => {
                let (decisions, metrics) = (proposal.decisions.clone(), costs.clone());
                self.pending
                    .insert(*trial, Member { trial: *trial, rung: proposal.rung, decisions, metrics });
                None
            }
            Event::Reported { trial, metrics, .. } => {
                // The last report is the result of a trial that is stopped.
                if let Some(member) = self.pending.get_mut(trial) {
                    merge(&mut member.metrics, metrics);
                }
                None
            }
            Event::Finished { trial, outcome, .. } => {
                let mut member = self.pending.remove(trial)?;
                merge(&mut member.metrics, &outcome.metrics);
                Some(member)
            }
            Event::Stopped { trial, .. } => self.pending.remove(trial),
            Event::Failed { trial, .. } | Event::Infeasible { trial, .. } => {
                self.pending.remove(trial);
                None
            }
            _ => None,
        }
    }

    /// The networks whose results are awaited, in the order proposed.
    pub(crate) fn running(&self) -> Vec<&Decisions> {
        let mut running: Vec<&Member> = self.pending.values().collect();
        running.sort_by_key(|member| member.trial);
        running.into_iter().map(|member| &member.decisions).collect()
    }

    pub(crate) fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }
}

fn merge(into: &mut Metrics, from: &Metrics) {
    for (name, value) in from.iter() {
        into.set(name.to_string(), value);
    }
}
