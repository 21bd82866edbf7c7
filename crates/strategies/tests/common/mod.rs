//! A search without a study around it: fast, and any function of the answers can be what is searched.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its part, and may panic")]

use nascent_core::event::{Outcome, Rung, Seq};
use nascent_core::objective::Direction;
use nascent_core::rng::{Rng, mix};
use nascent_core::{AskContext, Decisions, Event, Metrics, Next, Objectives, Space, Strategy, TrialId};
use nascent_strategies::Spec;
use std::collections::VecDeque;

/// What is searched, and how.
pub struct Task<'t> {
    pub space: &'t dyn Space,
    pub objectives: Objectives,
    pub ladder: Vec<Rung>,
    /// The values of a network on a rung; the random numbers are the trial's own.
    pub measure: &'t dyn Fn(&Decisions, usize, &mut Rng) -> Metrics,
    pub trials: u32,
    /// How many trials run at one time.
    pub workers: usize,
}

pub fn rung(budget: u32) -> Rung {
    Rung { estimator: "train".into(), budget, cost: f64::from(budget) }
}

impl<'t> Task<'t> {
    /// A task with one rung and one objective, `accuracy`, to be maximised.
    pub fn new(
        space: &'t dyn Space,
        measure: &'t dyn Fn(&Decisions, usize, &mut Rng) -> Metrics,
        trials: u32,
    ) -> Self {
        let objectives = Objectives::single("accuracy", Direction::Maximize);
        Self { space, objectives, ladder: vec![rung(1)], measure, trials, workers: 1 }
    }

    /// What was tried and found, in the order in which results came in.
    pub fn run(&self, strategy: &mut dyn Strategy, seed: u64) -> Vec<(Decisions, usize, Metrics)> {
        let mut found = Vec::new();
        let mut running: VecDeque<(TrialId, Decisions, usize)> = VecDeque::new();
        let mut trial = 0;
        loop {
            while running.len() < self.workers && trial < self.trials {
                let id = TrialId(trial);
                let (space, objectives, ladder) = (self.space, &self.objectives, &self.ladder[..]);
                let rng = Rng::new(seed, u64::from(trial));
                let mut cx = AskContext { space, ladder, objectives, trial: id, rng };
                let Next::Run(proposal) = strategy.ask(&mut cx).unwrap() else { break };
                running.push_back((id, proposal.decisions.clone(), usize::from(proposal.rung)));
                let costs = Metrics::new();
                strategy.observe(&Event::Proposed { trial: id, seen: Seq(0), proposal, hash: None, costs });
                trial += 1;
            }
            let Some((trial, decisions, rung)) = running.pop_front() else { return found };
            let mut rng = Rng::new(mix(&[seed, 1]), u64::from(trial.0));
            let metrics = (self.measure)(&decisions, rung, &mut rng);
            let outcome = Outcome { metrics: metrics.clone(), best_step: None, cost: 1.0 };
            strategy.observe(&Event::Finished { trial, outcome, copied_from: None });
            found.push((decisions, rung, metrics));
        }
    }

    /// The best accuracy after all trials, one of each of so many seeds.
    pub fn best(&self, strategy: &str, seeds: u64) -> Vec<f64> {
        let spec = Spec::parse(strategy).unwrap();
        let accuracy = |(_, _, m): &(Decisions, usize, Metrics)| m.value("accuracy").unwrap();
        (0..seeds)
            .map(|seed| {
                let found = self.run(&mut *spec.make(u64::from(self.trials)).unwrap(), seed);
                found.iter().map(accuracy).fold(f64::NEG_INFINITY, f64::max)
            })
            .collect()
    }
}

/// The answers, as numbers.
pub fn answers(decisions: &Decisions) -> Vec<usize> {
    decisions.iter().map(|(_, answer)| usize::from(answer)).collect()
}

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The standard error of the mean.
pub fn standard_error(values: &[f64]) -> f64 {
    let (mean, n) = (mean(values), values.len() as f64);
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt()
}
