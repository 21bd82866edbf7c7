use crate::parameters::{Parameter, ParameterError};
use crate::registry::Entry;
use crate::results::{Member, Results};
use crate::tried::Tried;
use nascent_core::chooser::mutate;
use nascent_core::{AskContext, Decisions, Event, Next, Strategy, StrategyError, TrialId};
use std::collections::VecDeque;

/// Regularised evolution (Real et al. 2019, arXiv:1802.01548): the best of a few random members of the population has
/// a mutated child, and the oldest member dies.
pub struct Evolution {
    params: EvolutionParams,
    tried: Tried,
    results: Results,
    population: VecDeque<Member>,
    proposed: u64,
}

/// The parameters of [`Evolution`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvolutionParams {
    /// How many members live at one time, 2 to 10,000. The paper has 100.
    pub population: u64,
    /// How many of them compete to be a parent, 1 to the population. The paper has 25.
    pub sample: u64,
    /// Whether the space's reference network is the first member, where it has one. In the paper it is not.
    pub reference: bool,
}

impl EvolutionParams {
    /// The strategy with these parameters.
    ///
    /// # Errors
    /// Where the sample is larger than the population.
    pub fn check(self) -> Result<Evolution, ParameterError> {
        if self.population < 2 {
            let reason = "must be at least 2".into();
            return Err(ParameterError { name: "population", value: self.population, reason });
        }
        if self.sample == 0 || self.sample > self.population {
            let reason = format!("must be at least 1 and at most the population, {}", self.population);
            return Err(ParameterError { name: "sample", value: self.sample, reason });
        }
        Ok(Evolution {
            params: self,
            tried: Tried::default(),
            results: Results::default(),
            population: VecDeque::new(),
            proposed: 0,
        })
    }
}

pub(crate) static ENTRY: Entry = Entry {
    name: "evolution",
    summary: "regularised evolution: the best of a sample has a mutated child, the oldest dies",
    good_for: "almost any space and budget from some twenty trials on",
    paper: "arXiv:1802.01548",
    cost: "constant time; memory grows with the trials",
    parameters: &[
        Parameter {
            name: "population",
            meaning: "members alive at one time",
            range: (2, 10_000),
            default: population,
            default_text: "a quarter of the trials, 4 to 100 (the paper: 100)",
        },
        Parameter {
            name: "sample",
            meaning: "members that compete to be a parent",
            range: (1, 10_000),
            default: |trials| population(trials).div_ceil(2).clamp(2, 25),
            default_text: "half of the default population, 2 to 25 (the paper: 25)",
        },
        Parameter {
            name: "reference",
            meaning: "1: the first member is the space's reference network",
            range: (0, 1),
            default: |_| 0,
            default_text: "0, as in the paper",
        },
    ],
    make: |values| {
        let reference = values.value("reference") == 1;
        let params = EvolutionParams {
            population: values.value("population"),
            sample: values.value("sample"),
            reference,
        };
        Ok(Box::new(params.check()?))
    },
};

fn population(trials: u64) -> u64 {
    (trials / 4).clamp(4, 100)
}

/// Tries to make a child that was not proposed before and keeps the limits.
const CHILDREN: usize = 50;

impl Evolution {
    /// The best of a random sample of the population, distinct members; among equals the first drawn.
    fn parent(&self, cx: &mut AskContext<'_>) -> Option<&Member> {
        let mut order: Vec<usize> = (0..self.population.len()).collect();
        let drawn = (self.params.sample as usize).min(order.len());
        for i in 0..drawn {
            let other = i + cx.rng.below(order.len() - i);
            order.swap(i, other);
        }
        let scored = order[..drawn]
            .iter()
            .map(|&i| &self.population[i])
            .filter_map(|member| Some((cx.objectives.score(&member.metrics)?, member)));
        scored
            .reduce(|best, next| if next.0.dominates(&best.0) { next } else { best })
            .map(|(_, member)| member)
    }

    fn child(&self, cx: &mut AskContext<'_>) -> Result<Option<(Decisions, TrialId)>, StrategyError> {
        for _ in 0..CHILDREN {
            let Some(parent) = self.parent(cx) else { return Ok(None) };
            let Some(mut child) = mutate(cx.space, &parent.decisions, &mut cx.rng)? else { return Ok(None) };
            // Where the neighbourhood is used up, a second step leaves it.
            if !self.tried.is_open(cx, &child)?
                && let Some(further) = mutate(cx.space, &child, &mut cx.rng)?
            {
                child = further;
            }
            if self.tried.is_open(cx, &child)? {
                return Ok(Some((child, parent.trial)));
            }
        }
        Ok(None)
    }
}

impl Strategy for Evolution {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        if self.proposed >= self.params.population
            && let Some((child, parent)) = self.child(cx)?
        {
            return Ok(cx.propose(child, &[parent]));
        }
        if self.params.reference
            && self.proposed == 0
            && let Some(reference) = cx.space.reference()
            && self.tried.is_open(cx, &reference)?
        {
            return Ok(cx.propose(reference, &[]));
        }
        Ok(match self.tried.fresh(cx)? {
            Some(decisions) => cx.propose(decisions, &[]),
            None => Next::Done,
        })
    }

    fn observe(&mut self, event: &Event) {
        self.tried.observe(event);
        match event {
            Event::Proposed { .. } => self.proposed += 1,
            // A network that broke a limit never joined.
            Event::Infeasible { .. } => self.proposed = self.proposed.saturating_sub(1),
            _ => {}
        }
        if let Some(member) = self.results.observe(event) {
            self.population.push_back(member);
            if self.population.len() as u64 > self.params.population {
                self.population.pop_front();
            }
        }
    }
}
