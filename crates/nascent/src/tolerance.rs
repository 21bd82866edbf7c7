//! Which results can be told apart: standard errors, margins, and how many cuts of the data it takes.

use crate::choice::{best_epochs, best_share};
use crate::setup::Setup;
use nascent_core::objective::Direction;
use nascent_core::{History, Objectives, Trial};
use nascent_data::{Metric, Task};

/// The standard error of a share of `n` examples.
///
/// Two examples of either kind are added, or a perfect score would have no error (Agresti & Coull 1998,
/// doi:10.1080/00031305.1998.10480550).
fn standard_error(share: f64, n: f64) -> f64 {
    let share = (share * n + 2.0) / (n + 4.0);
    (share * (1.0 - share) / (n + 4.0)).sqrt()
}

/// How many cuts it takes to judge a network by this many rows: of few rows, the best of many networks is the luckiest.
pub(crate) fn folds(task: &Task) -> u32 {
    const JUDGED: usize = 500;
    if !task.split.has_folds() {
        return 1;
    }
    JUDGED.div_ceil(task.split.validation.len().max(1)).min(5) as u32
}

/// Half a point of a share, a hundredth of the target's standard deviation, or a fiftieth of a bit a byte.
pub(crate) fn margin(task: &Task) -> f64 {
    match task.preprocessing.scale {
        _ if task.metric == Metric::BitsPerByte => 0.02,
        Some(scale) if task.metric.direction() == Direction::Minimize => 0.01 * scale.deviation,
        _ => 0.005,
    }
}

impl Setup {
    /// Whether trainings that ended with this mean of the metric were as good in the end as at their best: within two
    /// standard errors of a share, for the best of many epochs is a lucky one, or 3 % of an error.
    fn is_as_good(&self, best: f64, end: f64, trainings: usize) -> bool {
        let tolerance = if self.is_share() {
            2.0 * standard_error(best, (self.facts.validation * trainings) as f64)
        } else {
            // Bits of a text are judged by thousands of tokens.
            let is_text = self.facts.metric == Metric::BitsPerByte.name();
            if is_text { 0.005 * best.abs() } else { 0.03 * best.abs() }
        };
        let lost = if self.facts.direction == Direction::Maximize { best - end } else { end - best };
        lost <= tolerance
    }

    /// For how many epochs a trial's network is handed over, where fewer than all served it best.
    #[must_use]
    pub fn best_epochs(&self, history: &History, of: &Trial) -> Option<u32> {
        let is_as_good = |best: f64, end: f64, trainings: usize| self.is_as_good(best, end, trainings);
        best_epochs(history, of, &self.facts.metric, self.epochs(), self.facts.direction, &is_as_good)
    }

    /// Whether networks are judged by a share of the task's examples.
    fn is_share(&self) -> bool {
        self.task.as_ref().is_some_and(|task| task.metric.is_share())
    }

    /// How far behind the best a network may be in the first objective and still be taken for its other qualities.
    ///
    /// Nothing where that objective is not the task's metric. With several objectives it is the margin. With one that is
    /// a share of examples, it is the standard error of the best share: the luckiest of many networks is not the best of
    /// them (Breiman et al. 1984, the one-standard-error rule, ISBN 978-0-412-04841-8). Among those the loss decides.
    #[must_use]
    pub fn tolerance(&self, history: &History) -> f64 {
        self.tolerance_of(&self.objectives, history)
    }

    /// The same where these are the objectives.
    pub(crate) fn tolerance_of(&self, objectives: &Objectives, history: &History) -> f64 {
        let metric = &self.facts.metric;
        match &objectives.wanted[..] {
            [only] if only.name == *metric && self.is_share() => {
                let best = best_share(history, objectives, metric);
                standard_error(best, self.facts.validation as f64 * f64::from(self.folds()))
            }
            [first, _, ..] if first.name == *metric => self.margin(),
            _ => 0.0,
        }
    }
}
