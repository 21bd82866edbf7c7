use crate::nondominated::{Standing, standings};
use crate::parameters::{Parameter, ParameterError, check_ranges};
use crate::registry::Entry;
use crate::results::{Member, Results};
use crate::tried::Tried;
use crate::variation::{Child, breed};
use nascent_core::chooser::mutate;
use nascent_core::objective::Score;
use nascent_core::rng::Rng;
use nascent_core::{AskContext, Event, Next, Objectives, Strategy, StrategyError};
use smallvec::SmallVec;

/// NSGA-II (Deb et al. 2002, doi:10.1109/4235.996017): of parents and as many children, the best fronts survive, and of
/// the last front those with the most room around them.
///
/// Limits are kept by rules of feasibility: what keeps them is better than what does not, and a smaller violation is
/// better than a larger one. A generation is full when so many results are in, whichever came first, so that no worker
/// waits for the slowest trial.
pub struct Nsga2 {
    params: Nsga2Params,
    tried: Tried,
    results: Results,
    /// Results that belong to no generation yet; comparing needs the objectives, which only `ask` has.
    news: Vec<Member>,
    parents: Vec<Parent>,
    children: Vec<(Member, Score)>,
    proposed: u64,
}

struct Parent {
    member: Member,
    score: Score,
    standing: Standing,
}

/// The parameters of [`Nsga2`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nsga2Params {
    /// How many parents there are, and how many children make a generation, 2 to 10,000. The paper has 100.
    pub population: u64,
    /// How many of a hundred children have two parents, 0 to 100. The paper has 90.
    pub crossover: u64,
}

impl Nsga2Params {
    /// The strategy with these parameters.
    ///
    /// # Errors
    /// Where one is out of range.
    pub fn check(self) -> Result<Nsga2, ParameterError> {
        check_ranges(ENTRY.parameters, &[("population", self.population), ("crossover", self.crossover)])?;
        Ok(Nsga2 {
            params: self,
            tried: Tried::default(),
            results: Results::default(),
            news: Vec::new(),
            parents: Vec::new(),
            children: Vec::new(),
            proposed: 0,
        })
    }
}

pub(crate) static ENTRY: Entry = Entry {
    name: "nsga2",
    summary: "NSGA-II: the best Pareto fronts of parents and children survive, spread out",
    good_for: "several objectives, limits, and some hundred trials",
    paper: "doi:10.1109/4235.996017",
    cost: "time grows with the population; memory grows with the trials",
    has_children: true,
    parameters: &[
        Parameter {
            name: "population",
            meaning: "parents, and children in a generation",
            range: (2, 10_000),
            default: |trials| (trials / 8).clamp(4, 100),
            default_text: "an eighth of the trials, 4 to 100 (the paper: 100)",
        },
        Parameter {
            name: "crossover",
            meaning: "percentage of children that mix two parents",
            range: (0, 100),
            default: |_| 90,
            default_text: "90, as in the paper",
        },
    ],
    make: |values| {
        let params =
            Nsga2Params { population: values.value("population"), crossover: values.value("crossover") };
        Ok(Box::new(params.check()?))
    },
};

/// Tries to make a child that was not proposed before and keeps the limits.
const CHILDREN: usize = 50;

impl Nsga2 {
    fn catch_up(&mut self, objectives: &Objectives) {
        for member in std::mem::take(&mut self.news) {
            if let Some(score) = objectives.score(&member.metrics) {
                self.children.push((member, score));
            }
            if self.children.len() as u64 == self.params.population {
                self.survive();
            }
        }
    }

    /// Parents and children become the next parents.
    fn survive(&mut self) {
        let parents = self.parents.drain(..).map(|parent| (parent.member, parent.score));
        let all: Vec<(Member, Score)> = parents.chain(self.children.drain(..)).collect();
        let standings = standings(&all.iter().map(|(_, score)| score).collect::<Vec<_>>());
        let with_standing = |((member, score), standing)| Parent { member, score, standing };
        self.parents = all.into_iter().zip(standings).map(with_standing).collect();
        self.parents
            .sort_by(|a, b| a.standing.compare(&b.standing).then(a.member.trial.cmp(&b.member.trial)));
        self.parents.truncate(self.params.population as usize);
    }

    /// The better of two parents drawn at random.
    fn parent(&self, rng: &mut Rng) -> &Member {
        let (a, b) = (rng.below(self.parents.len()), rng.below(self.parents.len()));
        // They are sorted, the better first.
        &self.parents[a.min(b)].member
    }

    fn child(&self, cx: &mut AskContext<'_>) -> Result<Option<Child>, StrategyError> {
        for _ in 0..CHILDREN {
            let first = self.parent(&mut cx.rng);
            let mixed = (cx.rng.below(100) as u64) < self.params.crossover;
            let second = if mixed { self.parent(&mut cx.rng) } else { first };
            let rate = 1.0 / first.decisions.len().max(1) as f64;
            let mut child = breed(cx.space, [&first.decisions, &second.decisions], rate, &mut cx.rng)?;
            // Where the parents' neighbourhood is used up, one more step leaves it.
            if self.tried.contains(&child)
                && let Some(further) = mutate(cx.space, &child, &mut cx.rng)?
            {
                child = further;
            }
            if self.tried.is_open(cx, &child)? {
                let mut parents = SmallVec::from_slice(&[first.trial, second.trial]);
                parents.dedup();
                return Ok(Some((child, parents)));
            }
        }
        Ok(None)
    }
}

impl Strategy for Nsga2 {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        self.catch_up(cx.objectives);
        if self.proposed >= self.params.population
            && !self.parents.is_empty()
            && let Some((child, parents)) = self.child(cx)?
        {
            return Ok(cx.propose(child, &parents));
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
        self.news.extend(self.results.observe(event));
    }
}
