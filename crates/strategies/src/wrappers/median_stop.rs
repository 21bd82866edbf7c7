use super::curves::Curves;
use super::{Inside, Wrapper};
use crate::parameters::Parameter;
use nascent_core::{AskContext, Event, Next, Objectives, Strategy, StrategyError, TrialId};

/// Median stopping (Golovin et al. 2017, doi:10.1145/3097983.3098043): a trial whose best report so far is worse than the
/// median of what other trials had averaged by the same step is ended.
///
/// Trials are compared by the first objective, with the latest that ended; trials that were stopped themselves count
/// too, up to the step that they came to.
struct MedianStop {
    startup: usize,
    after: u32,
    inside: Box<dyn Strategy>,
    curves: Curves,
}

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
            curves: Curves::default(),
        }))
    },
};

impl MedianStop {
    fn is_behind(&self, trial: TrialId) -> Option<bool> {
        let curve = self.curves.running(trial)?;
        let step = curve.last()?;
        if step < self.after || self.curves.ended().count() < self.startup {
            return None;
        }
        let best = self.curves.values(curve, step).fold(f64::INFINITY, f64::min);
        let average = |other| {
            let (sum, count) = self.curves.values(other, step).fold((0.0, 0.0), |(s, n), v| (s + v, n + 1.0));
            (count > 0.0).then(|| sum / count)
        };
        // Those that came no further say nothing about this step.
        let others = self.curves.ended().filter(|other| other.last() >= Some(step));
        let mut averages: Vec<f64> = others.filter_map(average).collect();
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
        self.curves.ask(cx);
        self.inside.ask(cx)
    }

    fn begin(&mut self, objectives: &Objectives) {
        self.curves.begin(objectives);
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
        self.is_behind(trial).unwrap_or(false) || self.inside.should_stop(trial)
    }
}
