//! What trainings are expected to take, and what a budget can therefore pay: rungs, folds, and the size of networks.

use nascent_core::architecture::Architecture;
use nascent_core::chooser::sample;
use nascent_core::objective::{Bound, Limit};
use nascent_core::rng::Rng;
use nascent_core::{Space, draw};
use nascent_data::Task;

/// A few random networks of a space, always the same.
pub(crate) fn some(space: &dyn Space) -> Vec<Architecture> {
    let mut rng = Rng::new(0, 0);
    (0..32).filter_map(|_| sample(space, &mut rng).ok().and_then(|d| draw(space, &d).ok())).collect()
}

/// The multiply-accumulates of those networks, in ascending order.
fn typical_macs(space: &dyn Space) -> Vec<u64> {
    let mut macs: Vec<u64> = some(space).iter().map(|a| a.cost().macs).collect();
    macs.sort_unstable();
    macs
}

/// How many times as many epochs each rung has as the one below it (Li et al. 2020, arXiv:1810.05934, use 4; 3 is the usual
/// choice for short trainings).
pub(crate) const ETA: u32 = 3;
/// The fewest epochs that say something.
pub(crate) const LEAST_EPOCHS: u32 = 2;

/// The epochs of each rung, at most three, the whole training last. Less than a ninth of a training would end before its learning rate has
/// risen to its peak, and says little of what becomes of it.
pub(crate) fn rungs(epochs: u32) -> Vec<u32> {
    let (ninth, third) = (ETA.pow(2), ETA);
    let ninth = (epochs / ninth >= LEAST_EPOCHS).then(|| epochs.div_ceil(ninth));
    let third = (epochs / third >= LEAST_EPOCHS).then_some(epochs / third);
    ninth.into_iter().chain(third).chain([epochs]).collect()
}

/// What a trial costs in the mean, in whole trainings, where a share of 1/[`ETA`] is promoted from each rung and goes on
/// from what it had learned there.
pub(crate) fn mean_cost(rungs: &[u32]) -> f64 {
    let whole = rungs.last().copied().unwrap_or(1);
    let share = |rung: usize| f64::from(ETA).powi(-(rung as i32));
    let trials: f64 = (0..rungs.len()).map(share).sum();
    let before = [0].iter().chain(rungs);
    let added = rungs.iter().zip(before).map(|(epochs, before)| f64::from(epochs - before));
    let cost: f64 = added.enumerate().map(|(i, epochs)| share(i) * epochs / f64::from(whole)).sum();
    cost / trials
}

/// How fast a worker is taken to train: multiply-accumulates a second, and seconds a step whatever the network.
const SPEED: (f64, f64) = (2e10, 1e-3);

/// The seconds that a worker of that speed trains a network of so many multiply-accumulates on a batch.
pub(crate) fn step_seconds(macs: f64, batch: f64) -> f64 {
    // Forward and backward together cost about three forward passes.
    3.0 * macs * batch / SPEED.0 + SPEED.1
}

/// The part of the search's share of a budget that the whole training of one network may take: with more, a search of a few
/// networks is none.
const DEAREST: f64 = 4.0 / 7.0;

/// What decides how much a budget can pay.
pub(crate) struct Effort<'s> {
    /// The space.
    pub space: &'s dyn Space,
    /// The multiply-accumulates of some of its networks in ascending order, where a budget asks for them.
    pub typical: Vec<u64>,
    /// How many examples an epoch has: of no data of ours, none.
    pub examples: usize,
    /// The part of the budget that the search has.
    pub share: f64,
}

impl<'s> Effort<'s> {
    /// What the study's settings, data and space say.
    pub fn new(s: &crate::Settings, task: Option<&Task>, space: &'s dyn Space, share: f64) -> Self {
        let examples = task.map_or(0, Task::examples_of_an_epoch);
        // Only a budget asks what networks cost, and only for data of ours can that be told: of no examples, trainings take
        // no time.
        let is_priced = s.budget.is_some() && task.is_some();
        Self { space, typical: if is_priced { typical_macs(space) } else { Vec::new() }, examples, share }
    }

    /// The mean of [`Self::typical`].
    pub fn mean_macs(&self) -> f64 {
        self.typical.iter().map(|m| *m as f64).sum::<f64>() / self.typical.len().max(1) as f64
    }

    /// The seconds that one worker is expected to train a network of so many multiply-accumulates for its whole epochs, on
    /// one cut of the data.
    pub fn training_seconds(&self, s: &crate::Settings, macs: f64) -> f64 {
        let batch = s.batch_size.unwrap_or(64) as f64;
        let steps = (self.examples as f64 / batch).ceil();
        let full = self.examples as f64 / batch;
        // The last batch of an epoch has fewer examples, and is a step all the same.
        let epoch =
            full * (step_seconds(macs, batch) - step_seconds(0.0, batch)) + steps * step_seconds(0.0, batch);
        f64::from(s.epochs.unwrap_or(1)) * epoch / s.speed.unwrap_or(1.0)
    }

    /// The multiply-accumulates of the space's reference network.
    fn reference_macs(&self) -> Option<u64> {
        let decisions = self.space.reference()?;
        Some(draw(self.space, &decisions).ok()?.cost().macs)
    }

    /// The seconds that one training may take.
    fn dearest(&self, budget: crate::Budget) -> f64 {
        DEAREST * self.share * budget.0.as_secs_f64()
    }

    /// How many trainings of the reference network, or of a middling one, for as many epochs as `s` says, take no more than
    /// that.
    fn affordable_trainings(&self, s: &crate::Settings) -> f64 {
        let Some(budget) = s.budget else { return f64::INFINITY };
        let middling = self.typical.get(self.typical.len() / 2).copied().unwrap_or(0);
        let macs = self.reference_macs().unwrap_or(middling) as f64;
        self.dearest(budget) / self.training_seconds(s, macs)
    }

    /// How many epochs a whole training has where so many would be usual: fewer where a budget has no time for them, but at
    /// least a third.
    pub fn epochs(&self, s: &crate::Settings, usual: u32) -> u32 {
        let one = crate::Settings { epochs: Some(1), ..s.clone() };
        let fitting = self.affordable_trainings(&one).min(f64::from(usual)) as u32;
        fitting.max(usual.div_ceil(3)).max(1)
    }

    /// How many folds a training in the search may have.
    pub fn folds(&self, s: &crate::Settings) -> u32 {
        (self.affordable_trainings(s) as u32).max(1)
    }

    /// A limit on multiply-accumulates where a budget leaves no time for the larger networks of a space. The reference
    /// network, which is to be trained anyway, and a fifth of the space's networks always keep it.
    pub fn limit(&self, s: &crate::Settings) -> Option<Limit> {
        let typical = &self.typical;
        let (fifth, largest) = (*typical.get(typical.len() / 5)?, *typical.last()?);
        let least = fifth.max(self.reference_macs().unwrap_or(0));
        let none = self.training_seconds(s, 0.0);
        let one = self.training_seconds(s, 1.0) - none;
        let most = ((self.dearest(s.budget?) - none) / one).max(least as f64);
        // Two digits are enough for a guess.
        let digits = 10f64.powf(most.log10().floor() - 1.0);
        (most < largest as f64).then(|| Limit {
            metric: "macs".into(),
            bound: Bound::AtMost,
            value: (most / digits).ceil() * digits,
        })
    }

    /// How many trials the search can be expected to make: what is asked for, or what fits into its share of the time, where a
    /// trial costs so much of a whole training in the mean.
    pub fn trials(&self, s: &crate::Settings, workers: usize, cheap: f64) -> u64 {
        let Some(budget) = s.budget else { return s.trials.unwrap_or(30) };
        let folds = f64::from(s.folds.unwrap_or(1));
        let seconds = cheap * folds * self.training_seconds(s, self.mean_macs());
        let fitting = self.share * budget.0.as_secs_f64() * workers as f64 / seconds.max(1e-3);
        (fitting as u64).clamp(4, s.trials.unwrap_or(10_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rungs_have_a_third_or_a_ninth_of_the_epochs_and_at_least_two() {
        assert_eq!(rungs(100), [12, 33, 100]);
        assert_eq!(rungs(53), [6, 17, 53]);
        assert_eq!(rungs(10), [3, 10]);
        assert_eq!(rungs(5), [5]);
        assert_eq!(rungs(1), [1]);
    }

    #[test]
    fn a_trial_of_a_ladder_costs_the_mean_over_those_that_climb() {
        assert_eq!(mean_cost(&[10]), 1.0);
        // Nine trials of a ninth, three that add two ninths and one that adds six, for thirteen trials.
        assert!((mean_cost(&[1, 3, 9]) - 21.0 / 9.0 / 13.0).abs() < 1e-12);
    }

    #[test]
    fn the_reference_network_keeps_the_limit_of_a_budget() {
        let features = nascent_core::Features::Series { channels: 1, steps: 1460 };
        let signature = nascent_core::Signature { features, outputs: 10 };
        let space =
            nascent_spaces::SpaceFile::parse("space = \"conv1d\"").unwrap().build(&signature).unwrap();
        let s = crate::Settings {
            budget: Some("10m".parse().unwrap()),
            epochs: Some(100),
            batch_size: Some(16),
            ..Default::default()
        };
        let typical = typical_macs(&*space);
        let effort = Effort { space: &*space, typical, examples: 80, share: crate::budget::shares(false)[0] };
        let limit = effort.limit(&s).unwrap().value as u64;
        assert!(limit < effort.typical[31], "the largest networks are left out");
        assert!(limit >= effort.reference_macs().unwrap() && limit >= effort.typical[6]);
    }
}
