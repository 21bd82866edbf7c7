use crate::fingerprint::NumberMap;
use nascent_core::{AskContext, Event, Metrics, Objectives, TrialId};
use std::collections::VecDeque;

/// A trial's reports, in the order of steps.
pub(super) struct Curve {
    reports: Vec<(u32, Metrics)>,
    /// How many steps it is to have.
    pub(super) budget: u32,
}

/// The reports of trials that run, and of the latest that ended.
#[derive(Default)]
pub(super) struct Curves {
    objectives: Option<Objectives>,
    running: NumberMap<TrialId, Curve>,
    ended: VecDeque<Curve>,
}

/// How many trials that ended are remembered.
const REMEMBERED: usize = 200;

impl Curve {
    /// The step of the latest report.
    pub(super) fn last(&self) -> Option<u32> {
        self.reports.last().map(|(step, _)| *step)
    }
}

impl Curves {
    /// Learns what trials are compared by.
    pub(super) fn begin(&mut self, objectives: &Objectives) {
        self.objectives = Some(objectives.clone());
    }

    /// The same, where a strategy was not told before its first proposal.
    pub(super) fn ask(&mut self, cx: &AskContext<'_>) {
        if self.objectives.is_none() {
            self.begin(cx.objectives);
        }
    }

    pub(super) fn observe(&mut self, event: &Event) {
        match event {
            Event::Proposed { trial, proposal, .. } => {
                let curve = Curve { reports: Vec::new(), budget: proposal.budget };
                self.running.insert(*trial, curve);
            }
            Event::Reported { trial, step, metrics } => {
                if let Some(curve) = self.running.get_mut(trial)
                    && let Err(place) = curve.reports.binary_search_by_key(step, |(s, _)| *s)
                {
                    curve.reports.insert(place, (*step, metrics.clone()));
                }
            }
            Event::Finished { trial, .. } | Event::Stopped { trial, .. } => {
                // A copied result has no reports.
                if let Some(curve) = self.running.remove(trial).filter(|curve| !curve.reports.is_empty()) {
                    self.ended.push_back(curve);
                    if self.ended.len() > REMEMBERED {
                        self.ended.pop_front();
                    }
                }
            }
            Event::Failed { trial, .. } | Event::Infeasible { trial, .. } => {
                self.running.remove(trial);
            }
            _ => {}
        }
    }

    pub(super) fn running(&self, trial: TrialId) -> Option<&Curve> {
        self.running.get(&trial)
    }

    pub(super) fn ended(&self) -> impl Iterator<Item = &Curve> {
        self.ended.iter()
    }

    /// The first objective's values at each step up to `step`, to be minimised.
    pub(super) fn values<'c>(&'c self, curve: &'c Curve, step: u32) -> impl Iterator<Item = f64> + 'c {
        let until = curve.reports.iter().take_while(move |(s, _)| *s <= step);
        until.filter_map(|(_, metrics)| self.objectives.as_ref()?.score(metrics)?.values.first().copied())
    }

    /// The latest of them.
    pub(super) fn value(&self, curve: &Curve, step: u32) -> Option<f64> {
        self.values(curve, step).last()
    }
}
