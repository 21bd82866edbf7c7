use crate::fingerprint::NumberMap;
use nascent_core::{AskContext, Event, Metrics, Next, Objectives, Strategy, StrategyError, TrialId};
use std::collections::VecDeque;

/// When a running trial is to be ended, going by its reports and those of others.
pub(super) trait Rule: Send {
    /// Whether this one is; `None` where too little is known.
    fn ends(&self, curves: &Curves, trial: TrialId) -> Option<bool>;
}

/// A strategy whose trials a rule may end.
pub(super) struct Stopping<R> {
    rule: R,
    inside: Box<dyn Strategy>,
    curves: Curves,
}

impl<R: Rule> Stopping<R> {
    pub(super) fn new(rule: R, inside: Box<dyn Strategy>) -> Self {
        Self { rule, inside, curves: Curves::default() }
    }
}

impl<R: Rule> Strategy for Stopping<R> {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        if self.curves.objectives.is_none() {
            self.curves.objectives = Some(cx.objectives.clone());
        }
        self.inside.ask(cx)
    }

    fn begin(&mut self, objectives: &Objectives) {
        self.curves.objectives = Some(objectives.clone());
        self.inside.begin(objectives);
    }

    fn learns_from_rungs(&self) -> bool {
        self.inside.learns_from_rungs()
    }

    fn observe(&mut self, event: &Event) {
        self.curves.observe(event);
        self.inside.observe(event);
    }

    fn should_stop(&self, trial: TrialId) -> bool {
        self.rule.ends(&self.curves, trial).unwrap_or(false) || self.inside.should_stop(trial)
    }
}

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
    fn observe(&mut self, event: &Event) {
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
    pub(super) fn values<'c>(
        &'c self,
        curve: &'c Curve,
        step: u32,
    ) -> impl DoubleEndedIterator<Item = f64> + 'c {
        let until = curve.reports.partition_point(|(s, _)| *s <= step);
        let worth =
            |(_, metrics): &(u32, Metrics)| self.objectives.as_ref()?.score(metrics)?.values.first().copied();
        curve.reports[..until].iter().filter_map(worth)
    }

    /// The latest of them.
    pub(super) fn value(&self, curve: &Curve, step: u32) -> Option<f64> {
        self.values(curve, step).next_back()
    }
}
