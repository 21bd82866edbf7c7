use super::curves::{Curves, Rule, Stopping};
use super::{Inside, Wrapper};
use crate::parameters::Parameter;
use nascent_core::TrialId;

/// Median stopping (Golovin et al. 2017, doi:10.1145/3097983.3098043): a trial whose best report so far is worse than the
/// median of what other trials had averaged by the same step is ended.
///
/// Trials are compared by the first objective, with the latest that ended; trials that were stopped themselves count
/// too, up to the step that they came to.
struct MedianStop {
    startup: usize,
    after: u32,
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
        let (startup, after) = (values.value("startup") as usize, values.value("after") as u32);
        Ok(Box::new(Stopping::new(MedianStop { startup, after }, inside)))
    },
};

impl Rule for MedianStop {
    fn ends(&self, curves: &Curves, trial: TrialId) -> Option<bool> {
        let curve = curves.running(trial)?;
        let step = curve.last()?;
        if step < self.after || curves.ended().count() < self.startup {
            return None;
        }
        let best = curves.values(curve, step).fold(f64::INFINITY, f64::min);
        let average = |other| {
            let (sum, count) = curves.values(other, step).fold((0.0, 0.0), |(s, n), v| (s + v, n + 1.0));
            (count > 0.0).then(|| sum / count)
        };
        // Those that came no further say nothing about this step.
        let others = curves.ended().filter(|other| other.last() >= Some(step));
        let mut averages: Vec<f64> = others.filter_map(average).collect();
        if averages.len() < self.startup {
            return None;
        }
        averages.sort_by(f64::total_cmp);
        let median = averages[averages.len() / 2];
        Some(best.is_finite() && best > median)
    }
}
