use crate::elite::Elite;
use crate::fingerprint::{NumberSet, fingerprint};
use crate::parameters::{Parameter, ParameterError, check_ranges};
use crate::predictors::acquisition::Acquisition;
use crate::predictors::surrogate::{FEWEST, Surrogate};
use crate::registry::Entry;
use crate::results::{Member, Results};
use crate::tried::Tried;
use crate::variation::{Child, affordable, wander};
use nascent_core::chooser::{crossover, mutate, sample};
use nascent_core::objective::Score;
use nascent_core::{AskContext, Decisions, Event, Next, Strategy, StrategyError, TrialId};
use smallvec::SmallVec;

/// Predictor-guided evolution (Wei et al. 2020, arXiv:2003.12857): of many children of the best networks, the one that
/// a predictor expects most of is tried.
///
/// The predictor is a Gaussian process on the decisions with a kernel for any space, and what is expected is the
/// improvement on what was found, times the chance that the limits are kept; the paper trains a graph network instead,
/// which takes far longer for some hundred results. With several objectives each proposal weighs them anew, and with two
/// one in four is for the hypervolume.
pub struct Npenas {
    params: NpenasParams,
    tried: Tried,
    results: Results,
    /// Results that were not learnt from: to compare them needs the objectives, which only `ask` has.
    news: Vec<Member>,
    surrogate: Surrogate,
    /// With several objectives the results that none dominates.
    front: Vec<Score>,
    /// The best results, whose children are looked at.
    parents: Elite<(TrialId, Decisions)>,
    proposed: u64,
}

/// The parameters of [`Npenas`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NpenasParams {
    /// How many networks are random before the predictor is used, 5 to 10,000. The paper has 10.
    pub startup: u64,
    /// How many of the best have children, 1 to 1,000, and three times as many with several objectives. The paper has 10.
    pub parents: u64,
    /// How many children are looked at for one proposal, 1 to 10,000, and three times as many with several objectives. The
    /// paper has 100.
    pub children: u64,
    /// Whether the first network is the space's reference network, where it has one. In the paper it is not.
    pub reference: bool,
}

impl NpenasParams {
    /// The strategy with these parameters.
    ///
    /// # Errors
    /// Where one is out of range.
    pub fn check(self) -> Result<Npenas, ParameterError> {
        let values = [("startup", self.startup), ("parents", self.parents), ("children", self.children)];
        check_ranges(ENTRY.parameters, &values)?;
        Ok(Npenas {
            params: self,
            tried: Tried::default(),
            results: Results::default(),
            news: Vec::new(),
            surrogate: Surrogate::default(),
            front: vec![],
            parents: Elite::new(self.parents as usize),
            proposed: 0,
        })
    }
}

pub(crate) static ENTRY: Entry = Entry {
    name: "npenas",
    summary: "predictor-guided evolution: of many children of the best, the one that a Gaussian process expects most of",
    good_for: "expensive trials: tens to some thousands of them, several objectives and measured limits included",
    paper: "arXiv:2003.12857",
    cost: "milliseconds, growing with the trials up to some hundred of them; memory grows with the trials",
    has_children: true,
    parameters: &[
        Parameter {
            name: "startup",
            meaning: "random networks before the predictor is used",
            range: (5, 10_000),
            default: |trials| (trials / 4).clamp(5, 10),
            default_text: "a quarter of the trials, 5 to 10 (the paper: 10)",
        },
        Parameter {
            name: "parents",
            meaning: "how many of the best have children; three times as many with several objectives",
            range: (1, 1_000),
            default: |_| 20,
            default_text: "20 (the paper: 10)",
        },
        Parameter {
            name: "children",
            meaning: "how many children are looked at for one proposal; three times as many with several objectives",
            range: (1, 10_000),
            default: |_| 400,
            default_text: "400 (the paper: 100)",
        },
        Parameter {
            name: "reference",
            meaning: "1: the first network is the space's reference network",
            range: (0, 1),
            default: |_| 0,
            default_text: "0 (the paper: none)",
        },
    ],
    make: |values| {
        let params = NpenasParams {
            startup: values.value("startup"),
            parents: values.value("parents"),
            children: values.value("children"),
            reference: values.value("reference") == 1,
        };
        Ok(Box::new(params.check()?))
    },
};

/// With several objectives so many times as many have children, and so many times as many: a front is longer than a list of
/// the best.
const FRONT: u64 = 3;
/// With two objectives one of so many proposals is judged by the area that it is expected to add.
const AREA: usize = 4;
/// Of the children, those with the best means whose deviations are computed too.
const CLOSER: usize = 100;

impl Npenas {
    fn catch_up(&mut self, cx: &AskContext<'_>) -> Result<(), StrategyError> {
        self.parents.keep((several(cx) * self.params.parents) as usize);
        for member in self.news.drain(..) {
            let Some(score) = cx.objectives.score(&member.metrics) else { continue };
            let Member { trial, decisions, metrics, .. } = member;
            self.surrogate.learn(cx.space, cx.objectives, &decisions, &metrics, score.clone())?;
            extend_front(&mut self.front, &score);
            self.parents.add(score, (trial, decisions));
        }
        Ok(())
    }

    /// Children of the best, and some random networks, none tried before.
    fn children(&mut self, cx: &mut AskContext<'_>) -> Result<Vec<Child>, StrategyError> {
        let parents = self.parents.members();
        let count = affordable(several(cx) * self.params.children, parents);
        let mut seen = NumberSet::default();
        let mut children = Vec::with_capacity(count);
        for i in 0..count {
            let (_, (trial, parent)) = &parents[cx.rng.below(parents.len())];
            let mut ancestors = SmallVec::from_slice(&[*trial]);
            let child = match i % 20 {
                19 => {
                    ancestors.clear();
                    sample(cx.space, &mut cx.rng)?
                }
                3 | 7 | 11 | 15 => {
                    let (_, (other, mate)) = &parents[cx.rng.below(parents.len())];
                    ancestors.push(*other);
                    ancestors.dedup();
                    crossover(cx.space, [parent, mate], &mut cx.rng)?
                }
                _ => mutate(cx.space, parent, &mut cx.rng)?.unwrap_or_else(|| parent.clone()),
            };
            // Now and then several steps away.
            let child = wander(cx.space, child, FURTHER, &mut cx.rng)?;
            if !self.tried.contains(&child) && seen.insert(fingerprint(&child)) {
                children.push((child, ancestors));
            }
        }
        Ok(children)
    }

    /// The child that most is expected of; `None` where there is none.
    fn child(&mut self, cx: &mut AskContext<'_>) -> Result<Option<Child>, StrategyError> {
        let children = self.children(cx)?;
        self.surrogate.update(&self.results.running());
        let parents = self.parents.members().iter().map(|(score, _)| score);
        let scales = self.surrogate.scales();
        let acquisition = if cx.objectives.wanted.len() == 2 && cx.rng.below(AREA) == 0 {
            Acquisition::area(cx.objectives, self.front.iter(), scales)
        } else {
            Acquisition::new(cx.objectives, parents, scales, &mut cx.rng)
        };
        let rows = self.surrogate.rows();
        let mut prospects: Vec<_> = children
            .into_iter()
            .map(|child| {
                let prospect = self.surrogate.look(&rows, &child.0);
                let hope: Vec<_> = prospect.guesses.iter().map(|g| g.hopeful()).collect();
                (acquisition.worth(&hope), prospect, child)
            })
            .collect();
        prospects.sort_by(|a, b| b.0.total_cmp(&a.0));
        prospects.truncate(CLOSER);
        for (worth, prospect, _) in &mut prospects {
            self.surrogate.look_closer(prospect);
            *worth = acquisition.worth(&prospect.guesses);
        }
        prospects.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, _, child) in prospects {
            // Costs that follow from the graph are known exactly.
            if cx.is_feasible(&child.0)? {
                return Ok(Some(child));
            }
        }
        Ok(None)
    }
}

/// How many times as many have children, and how many times as many, as with one objective.
fn several(cx: &AskContext<'_>) -> u64 {
    if cx.objectives.wanted.len() > 1 { FRONT } else { 1 }
}

/// Adds a result to those that none dominates.
fn extend_front(front: &mut Vec<Score>, score: &Score) {
    if score.values.len() > 1 && !front.iter().any(|other| other == score || other.dominates(score)) {
        front.retain(|other| !score.dominates(other));
        front.push(score.clone());
    }
}

/// The chance of each further step away from a parent.
const FURTHER: f64 = 0.6;

impl Strategy for Npenas {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        self.catch_up(cx)?;
        if self.params.reference
            && let Some(first) = self.tried.propose_reference(cx)?
        {
            return Ok(first);
        }
        if self.proposed >= self.params.startup
            && self.surrogate.results() >= FEWEST
            && let Some((child, parents)) = self.child(cx)?
        {
            return Ok(cx.propose(child, &parents));
        }
        self.tried.propose_fresh(cx)
    }

    fn observe(&mut self, event: &Event) {
        self.tried.observe(event);
        self.proposed += u64::from(matches!(event, Event::Proposed { .. }));
        self.news.extend(self.results.observe(event));
    }
}
