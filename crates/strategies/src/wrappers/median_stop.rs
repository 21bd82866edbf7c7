use super::{Inside, Wrapper};
use crate::fingerprint::NumberMap;
use crate::parameters::Parameter;
use nascent_core::{AskContext, Event, Metrics, Next, Objectives, Strategy, StrategyError, TrialId};
use std::collections::VecDeque;

/// Median stopping (Golovin et al. 2017, doi:10.1145/3097983.3098043): a trial whose best report so far is worse than the
/// median of what other trials had averaged by the same step is ended.
///
/// Trials are compared by the first objective, with the latest that ended; trials that were stopped themselves count
/// too, up to the step that they came to.
struct MedianStop {
    startup: usize,
    after: u32,
    inside: Box<dyn Strategy>,
    objectives: Option<Objectives>,
    running: NumberMap<TrialId, Curve>,
    ended: VecDeque<Curve>,
}

/// A trial's reports, in the order of steps.
type Curve = Vec<(u32, Metrics)>;

/// How many trials that ended are compared with.
const REMEMBERED: usize = 200;

pub(super) static WRAPPER: Wrapper = Wrapper {
    name: "median-stop",
    summary: "ends trials whose reports are worse than the median of others at the same step",
    good_for: "trials that report often and whose early reports tell",
    paper: "doi:10.1145/3097983.3098043",
    cost: "time grows with a trial's reports, at each of them; memory stays bounded",
    parameters: &[
        Parameter {
            name: "startup",
            meaning: "trials that end in their own time before any is stopped",
            range: (1, 10_000),
            default: |_| 5,
            default_text: "5",
        },
        Parameter {
            name: "after",
            meaning: "steps that a trial is given in any case",
            range: (1, 1_000_000),
            default: |_| 1,
            default_text: "1",
        },
    ],
    climbs: false,
    not_inside: Some((&["median-stop"], "one is enough")),
    wrap: |values, Inside { strategy: inside, .. }| {
        Ok(Box::new(MedianStop {
            startup: values.value("startup") as usize,
            after: values.value("after") as u32,
            inside,
            objectives: None,
            running: NumberMap::default(),
            ended: VecDeque::new(),
        }))
    },
};

impl MedianStop {
    /// The first objective's values at each step up to `step`, to be minimised.
    fn values<'c>(objectives: &'c Objectives, curve: &'c Curve, step: u32) -> impl Iterator<Item = f64> + 'c {
        let until = curve.iter().take_while(move |(s, _)| *s <= step);
        until.filter_map(|(_, metrics)| objectives.score(metrics)?.values.first().copied())
    }

    fn is_behind(&self, trial: TrialId) -> Option<bool> {
        let objectives = self.objectives.as_ref()?;
        let curve = self.running.get(&trial)?;
        let step = curve.last()?.0;
        if step < self.after || self.ended.len() < self.startup {
            return None;
        }
        let best = Self::values(objectives, curve, step).fold(f64::INFINITY, f64::min);
        let mut averages: Vec<f64> = self
            .ended
            .iter()
            .filter_map(|other| {
                // Those that came no further say nothing about this step.
                other.last().filter(|(last, _)| *last >= step)?;
                let (sum, count) =
                    Self::values(objectives, other, step).fold((0.0, 0.0), |(s, n), v| (s + v, n + 1.0));
                (count > 0.0).then(|| sum / count)
            })
            .collect();
        if averages.len() < self.startup {
            return None;
        }
        averages.sort_by(f64::total_cmp);
        let median = averages[averages.len() / 2];
        Some(best.is_finite() && best > median)
    }
}

impl Strategy for MedianStop {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        if self.objectives.is_none() {
            self.objectives = Some(cx.objectives.clone());
        }
        self.inside.ask(cx)
    }

    fn begin(&mut self, objectives: &Objectives) {
        self.objectives = Some(objectives.clone());
        self.inside.begin(objectives);
    }

    fn learns_from_rungs(&self) -> bool {
        self.inside.learns_from_rungs()
    }

    fn observe(&mut self, event: &Event) {
        match event {
            Event::Proposed { trial, .. } => {
                self.running.insert(*trial, Curve::new());
            }
            Event::Reported { trial, step, metrics } => {
                if let Some(curve) = self.running.get_mut(trial)
                    && let Err(place) = curve.binary_search_by_key(step, |(s, _)| *s)
                {
                    curve.insert(place, (*step, metrics.clone()));
                }
            }
            Event::Finished { trial, .. } | Event::Stopped { trial, .. } => {
                // A copied result has no reports.
                if let Some(curve) = self.running.remove(trial).filter(|curve| !curve.is_empty()) {
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
        self.inside.observe(event);
    }

    fn should_stop(&self, trial: TrialId) -> bool {
        self.is_behind(trial).unwrap_or(false) || self.inside.should_stop(trial)
    }
}
