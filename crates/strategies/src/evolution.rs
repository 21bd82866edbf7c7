use crate::nondominated::standings;
use crate::parameters::{Parameter, ParameterError};
use crate::registry::Entry;
use crate::results::{Member, Results};
use crate::tried::Tried;
use crate::variation::Child;
use nascent_core::chooser::{crossover, mutate};
use nascent_core::objective::Score;
use nascent_core::rng::Rng;
use nascent_core::{AskContext, Event, Next, Objectives, Strategy, StrategyError};
use smallvec::SmallVec;
use std::collections::VecDeque;

/// Regularised evolution (Real et al. 2019, arXiv:1802.01548): the best of a few random members of the population has
/// a mutated child, and the oldest member dies.
pub struct Evolution {
    params: EvolutionParams,
    tried: Tried,
    results: Results,
    population: VecDeque<Living>,
    proposed: u64,
}

/// A member of the population.
struct Living {
    member: Member,
    /// Its worth, once it was looked at: comparing needs the objectives, which only `ask` has.
    score: Option<Score>,
    is_scored: bool,
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
    /// How many of a hundred children have two parents, 0 to 100. In the paper none.
    pub crossover: u64,
    /// Whether several objectives are weighed by Pareto front and crowding rather than by the first that dominates.
    pub pareto: bool,
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
        if self.crossover > 100 {
            let reason = "must be at most 100 percent".into();
            return Err(ParameterError { name: "crossover", value: self.crossover, reason });
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
    has_children: true,
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
        Parameter {
            name: "crossover",
            meaning: "percentage of children that mix two parents before they are mutated",
            range: (0, 100),
            default: |_| 0,
            default_text: "0, as in the paper",
        },
        Parameter {
            name: "pareto",
            meaning: "1: of several objectives, parents are those of the sample's Pareto front with the most room",
            range: (0, 1),
            default: |_| 0,
            default_text: "0",
        },
    ],
    make: |values| {
        let params = EvolutionParams {
            population: values.value("population"),
            sample: values.value("sample"),
            reference: values.value("reference") == 1,
            crossover: values.value("crossover"),
            pareto: values.value("pareto") == 1,
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
    /// Gives newcomers their scores.
    fn catch_up(&mut self, objectives: &Objectives) {
        for living in self.population.iter_mut().rev().take_while(|l| !l.is_scored) {
            living.score = objectives.score(&living.member.metrics);
            living.is_scored = true;
        }
    }

    /// The best of a random sample of the population, distinct members; among equals the first drawn.
    fn parent(&self, rng: &mut Rng) -> Option<&Member> {
        let mut order: Vec<u32> = (0..self.population.len() as u32).collect();
        let drawn = (self.params.sample as usize).min(order.len());
        for i in 0..drawn {
            let other = i + rng.below(order.len() - i);
            order.swap(i, other);
        }
        let scored: SmallVec<[(&Score, &Member); 25]> = order[..drawn]
            .iter()
            .map(|&i| &self.population[i as usize])
            .filter_map(|living| Some((living.score.as_ref()?, &living.member)))
            .collect();
        if self.params.pareto {
            let scores: SmallVec<[&Score; 25]> = scored.iter().map(|(score, _)| *score).collect();
            let best = standings(&scores).into_iter().enumerate().min_by(|a, b| a.1.compare(&b.1));
            return best.map(|(i, _)| scored[i].1);
        }
        let best = scored.into_iter().reduce(|best, next| if next.0.dominates(best.0) { next } else { best });
        best.map(|(_, member)| member)
    }

    /// One child, which may have been tried before; `None` where there is no parent, or nothing to change.
    fn conceive(&self, cx: &mut AskContext<'_>) -> Result<Option<Child>, StrategyError> {
        let Some(parent) = self.parent(&mut cx.rng) else { return Ok(None) };
        let mut parents = SmallVec::from_slice(&[parent.trial]);
        // No draw where there is nothing to decide.
        if self.params.crossover > 0
            && (cx.rng.below(100) as u64) < self.params.crossover
            && let Some(other) = self.parent(&mut cx.rng)
            && other.trial != parent.trial
        {
            let mixed = crossover(cx.space, [&parent.decisions, &other.decisions], &mut cx.rng)?;
            parents.push(other.trial);
            return Ok(mutate(cx.space, &mixed, &mut cx.rng)?.map(|child| (child, parents)));
        }
        Ok(mutate(cx.space, &parent.decisions, &mut cx.rng)?.map(|child| (child, parents)))
    }

    fn child(&self, cx: &mut AskContext<'_>) -> Result<Option<Child>, StrategyError> {
        for _ in 0..CHILDREN {
            let Some((mut child, parents)) = self.conceive(cx)? else { return Ok(None) };
            // Where the neighbourhood is used up, a second step leaves it.
            if !self.tried.is_open(cx, &child)?
                && let Some(further) = mutate(cx.space, &child, &mut cx.rng)?
            {
                child = further;
            }
            if self.tried.is_open(cx, &child)? {
                return Ok(Some((child, parents)));
            }
        }
        Ok(None)
    }
}

impl Strategy for Evolution {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        self.catch_up(cx.objectives);
        if self.proposed >= self.params.population
            && let Some((child, parents)) = self.child(cx)?
        {
            return Ok(cx.propose(child, &parents));
        }
        if self.params.reference
            && let Some(first) = self.tried.propose_reference(cx)?
        {
            return Ok(first);
        }
        self.tried.propose_fresh(cx)
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
            self.population.push_back(Living { member, score: None, is_scored: false });
            if self.population.len() as u64 > self.params.population {
                self.population.pop_front();
            }
        }
    }
}
