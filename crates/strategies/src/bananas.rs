use crate::elite::Elite;
use crate::fingerprint::{NumberSet, fingerprint};
use crate::parameters::{Parameter, ParameterError, check_ranges};
use crate::predictors::ensemble::Ensemble;
use crate::predictors::surrogate::FEWEST;
use crate::registry::Entry;
use crate::results::{Member, Results};
use crate::tried::Tried;
use crate::variation::{affordable, wander};
use nascent_core::chooser::mutate;
use nascent_core::{AskContext, Decisions, Event, Next, Strategy, StrategyError, TrialId};

/// BANANAS (White et al. 2021, arXiv:1910.11858): an ensemble of networks guesses what mutations of the best are worth,
/// and independent Thompson sampling chooses among them.
///
/// The networks see the decisions, one-hot, which every space has; the paper's encoding of the paths through a cell
/// supposes that a space is one cell.
pub struct Bananas {
    params: BananasParams,
    tried: Tried,
    results: Results,
    /// Results that were not learnt from: to compare them needs the objectives, which only `ask` has.
    news: Vec<Member>,
    ensemble: Ensemble,
    parents: Elite<(TrialId, Decisions)>,
    proposed: u64,
}

/// The parameters of [`Bananas`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BananasParams {
    /// How many networks are random before the ensemble is used, 5 to 10,000. The paper has 10.
    pub startup: u64,
    /// How many of the best are mutated, 1 to 1,000. The paper has 10.
    pub parents: u64,
    /// How many mutations are looked at for one proposal, 1 to 10,000. The paper has 100.
    pub candidates: u64,
}

impl BananasParams {
    /// The strategy with these parameters.
    ///
    /// # Errors
    /// Where one is out of range.
    pub fn check(self) -> Result<Bananas, ParameterError> {
        let values = [("startup", self.startup), ("parents", self.parents), ("candidates", self.candidates)];
        check_ranges(ENTRY.parameters, &values)?;
        Ok(Bananas {
            params: self,
            tried: Tried::default(),
            results: Results::default(),
            news: Vec::new(),
            ensemble: Ensemble::default(),
            parents: Elite::new(self.parents as usize),
            proposed: 0,
        })
    }
}

pub(crate) static ENTRY: Entry = Entry {
    name: "bananas",
    summary: "an ensemble of networks and Thompson sampling choose among mutations of the best",
    good_for: "expensive trials, some hundred of them; a yardstick for npenas",
    paper: "arXiv:1910.11858",
    cost: "tens of milliseconds, on average; memory grows with the trials",
    has_children: true,
    parameters: &[
        Parameter {
            name: "startup",
            meaning: "random networks before the ensemble is used",
            range: (5, 10_000),
            default: |trials| (trials / 4).clamp(5, 10),
            default_text: "a quarter of the trials, 5 to 10 (the paper: 10)",
        },
        Parameter {
            name: "parents",
            meaning: "how many of the best are mutated",
            range: (1, 1_000),
            default: |_| 10,
            default_text: "10, as in the paper",
        },
        Parameter {
            name: "candidates",
            meaning: "how many mutations are looked at for one proposal",
            range: (1, 10_000),
            default: |_| 100,
            default_text: "100, as in the paper",
        },
    ],
    make: |values| {
        let params = BananasParams {
            startup: values.value("startup"),
            parents: values.value("parents"),
            candidates: values.value("candidates"),
        };
        Ok(Box::new(params.check()?))
    },
};

/// The chance of each further step away from a parent.
const FURTHER: f64 = 0.3;

impl Bananas {
    fn catch_up(&mut self, cx: &AskContext<'_>) -> Result<(), StrategyError> {
        for member in self.news.drain(..) {
            let Some(score) = cx.objectives.score(&member.metrics) else { continue };
            self.ensemble.learn(cx.space, &member.decisions, score.clone())?;
            self.parents.add(score, (member.trial, member.decisions));
        }
        Ok(())
    }

    /// The mutation whose guess, drawn from what the ensemble says, is best; `None` where there is none.
    fn mutation(&mut self, cx: &mut AskContext<'_>) -> Result<Option<(Decisions, TrialId)>, StrategyError> {
        self.ensemble.update();
        let parents = self.parents.members();
        let count = affordable(self.params.candidates, parents);
        let mut seen = NumberSet::default();
        let mut drawn: Vec<(f64, Decisions, TrialId)> = Vec::with_capacity(count);
        for _ in 0..count {
            let (_, (trial, parent)) = &parents[cx.rng.below(parents.len())];
            let Some(child) = mutate(cx.space, parent, &mut cx.rng)? else { return Ok(None) };
            let child = wander(cx.space, child, FURTHER, &mut cx.rng)?;
            if !self.tried.contains(&child) && seen.insert(fingerprint(&child)) {
                let guess = self.ensemble.guess(&child);
                drawn.push((guess.mean + guess.deviation * cx.rng.normal(), child, *trial));
            }
        }
        drawn.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (_, child, parent) in drawn {
            if cx.is_feasible(&child)? {
                return Ok(Some((child, parent)));
            }
        }
        Ok(None)
    }
}

impl Strategy for Bananas {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        self.catch_up(cx)?;
        if self.proposed >= self.params.startup
            && self.ensemble.results() >= FEWEST
            && let Some((child, parent)) = self.mutation(cx)?
        {
            return Ok(cx.propose(child, &[parent]));
        }
        self.tried.propose_fresh(cx)
    }

    fn observe(&mut self, event: &Event) {
        self.tried.observe(event);
        self.proposed += u64::from(matches!(event, Event::Proposed { .. }));
        self.news.extend(self.results.observe(event));
    }
}
