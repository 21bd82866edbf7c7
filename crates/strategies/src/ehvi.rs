use crate::guided::Guided;
use crate::parameters::{Parameter, ParameterError, check_ranges};
use crate::predictors::acquisition::Acquisition;
use crate::predictors::surrogate::{FEWEST, Surrogate};
use crate::registry::Entry;
use crate::variation::Child;
use nascent_core::objective::Score;
use nascent_core::{AskContext, Event, Next, Strategy, StrategyError};

/// Expected hypervolume improvement (Emmerich et al. 2006, doi:10.1109/TEVC.2005.859463): of many children of the
/// Pareto front, the one that is expected to add most to the area that the front dominates.
///
/// Each objective has a Gaussian process of its own, as in `npenas`; areas are between the normal quantiles of ranks, so
/// that no objective's unit counts. With one objective that is the expected improvement; with three and more, that of a
/// weighted Chebyshev distance.
pub struct Ehvi {
    params: EhviParams,
    guided: Guided,
    surrogate: Surrogate,
    /// Results that no other dominates.
    front: Vec<Score>,
}

/// The parameters of [`Ehvi`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EhviParams {
    /// How many networks are random before the predictor is used, 5 to 10,000.
    pub startup: u64,
    /// How many of the best have children, 1 to 1,000.
    pub parents: u64,
    /// How many children are looked at for one proposal, 1 to 10,000.
    pub children: u64,
}

impl EhviParams {
    /// The strategy with these parameters.
    ///
    /// # Errors
    /// Where one is out of range.
    pub fn check(self) -> Result<Ehvi, ParameterError> {
        let values = [("startup", self.startup), ("parents", self.parents), ("children", self.children)];
        check_ranges(ENTRY.parameters, &values)?;
        let (guided, surrogate) = (Guided::new(self.parents), Surrogate::default());
        Ok(Ehvi { params: self, guided, surrogate, front: Vec::new() })
    }
}

pub(crate) static ENTRY: Entry = Entry {
    name: "ehvi",
    summary: "expected hypervolume improvement: of many children of the Pareto front, the one that is expected to add most to it",
    good_for: "two objectives and expensive trials, tens to some thousands of them",
    paper: "doi:10.1109/TEVC.2005.859463",
    cost: "milliseconds, growing with the trials up to some hundred of them; memory grows with the trials",
    parameters: &[
        Parameter {
            name: "startup",
            meaning: "random networks before the predictor is used",
            range: (5, 10_000),
            default: |trials| (trials / 4).clamp(5, 10),
            default_text: "a quarter of the trials, 5 to 10",
        },
        Parameter {
            name: "parents",
            meaning: "how many of the best have children",
            range: (1, 1_000),
            default: |_| 40,
            default_text: "40",
        },
        Parameter {
            name: "children",
            meaning: "how many children are looked at for one proposal",
            range: (1, 10_000),
            default: |_| 400,
            default_text: "400",
        },
    ],
    make: |values| {
        let params = EhviParams {
            startup: values.value("startup"),
            parents: values.value("parents"),
            children: values.value("children"),
        };
        Ok(Box::new(params.check()?))
    },
};

impl Ehvi {
    fn catch_up(&mut self, cx: &AskContext<'_>) -> Result<(), StrategyError> {
        for (member, score) in self.guided.news(cx.objectives) {
            if !self.front.iter().any(|other| other == &score || other.dominates(&score)) {
                self.front.retain(|other| !score.dominates(other));
                self.front.push(score.clone());
            }
            self.surrogate.learn(cx.space, cx.objectives, &member.decisions, &member.metrics, score)?;
        }
        Ok(())
    }

    /// The child that is expected to add most; `None` where there is none.
    fn child(&mut self, cx: &mut AskContext<'_>) -> Result<Option<Child>, StrategyError> {
        let children = self.guided.children(cx, self.params.children)?;
        self.surrogate.update(&self.guided.results.running());
        let acquisition =
            Acquisition::area(cx.objectives, self.front.iter(), self.surrogate.scales(), &mut cx.rng);
        Ok(Guided::best(cx, self.surrogate.value(&acquisition, children))?)
    }
}

impl Strategy for Ehvi {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        self.catch_up(cx)?;
        if self.guided.proposed >= self.params.startup
            && self.surrogate.results() >= FEWEST
            && let Some((child, parents)) = self.child(cx)?
        {
            return Ok(cx.propose(child, &parents));
        }
        self.guided.tried.propose_fresh(cx)
    }

    fn observe(&mut self, event: &Event) {
        self.guided.observe(event);
    }
}
