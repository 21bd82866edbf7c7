use nascent_core::chooser::{mutate, sample};
use nascent_core::{AskContext, Decisions, Event, Next, Strategy, StrategyError, TrialId};
use std::collections::{HashMap, VecDeque};

/// A small regularised evolution (Real et al. 2019, arXiv:1802.01548), for crates below the real one: the best of a few
/// has a mutated child, the oldest dies. It proposes networks again, so the loop's memory of them is used.
pub struct Ageing {
    population: usize,
    proposed: HashMap<TrialId, Decisions>,
    living: VecDeque<(TrialId, Decisions, f64)>,
}

impl Ageing {
    /// With so many members alive at one time, at least 1.
    #[must_use]
    pub fn new(population: usize) -> Self {
        Self { population: population.max(1), proposed: HashMap::new(), living: VecDeque::new() }
    }
}

impl Strategy for Ageing {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        if self.living.len() == self.population {
            let drawn = (0..5).map(|_| cx.rng.below(self.population)).collect::<Vec<_>>();
            let best = drawn.iter().map(|&i| &self.living[i]).max_by(|a, b| a.2.total_cmp(&b.2));
            if let Some((parent, decisions, _)) = best
                && let Some(child) = mutate(cx.space, decisions, &mut cx.rng)?
            {
                return Ok(cx.propose(child, &[*parent]));
            }
        }
        let decisions = sample(cx.space, &mut cx.rng)?;
        Ok(cx.propose(decisions, &[]))
    }

    fn observe(&mut self, event: &Event) {
        match event {
            Event::Proposed { trial, proposal, .. } => {
                self.proposed.insert(*trial, proposal.decisions.clone());
            }
            Event::Finished { trial, outcome, .. } => {
                let Some(decisions) = self.proposed.remove(trial) else { return };
                let value = outcome.metrics.value("accuracy").unwrap_or(f64::NEG_INFINITY);
                self.living.push_back((*trial, decisions, value));
                if self.living.len() > self.population {
                    self.living.pop_front();
                }
            }
            _ => {}
        }
    }
}
