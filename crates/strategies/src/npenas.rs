use crate::guided::Guided;
use crate::parameters::{Parameter, ParameterError, check_ranges};
use crate::predictors::acquisition::Acquisition;
use crate::predictors::surrogate::{FEWEST, Surrogate};
use crate::registry::Entry;
use crate::variation::Child;
use nascent_core::{AskContext, Event, Next, Strategy, StrategyError};

/// Predictor-guided evolution (Wei et al. 2020, arXiv:2003.12857): of many children of the best networks, the one that
/// a predictor expects most of is tried.
///
/// The predictor is a Gaussian process on the decisions with a kernel for any space, and what is expected is the
/// improvement on what was found, times the chance that the limits are kept; the paper trains a graph network instead,
/// which takes far longer for some hundred results. With several objectives each proposal weighs them anew.
pub struct Npenas {
    params: NpenasParams,
    guided: Guided,
    surrogate: Surrogate,
}

/// The parameters of [`Npenas`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NpenasParams {
    /// How many networks are random before the predictor is used, 5 to 10,000. The paper has 10.
    pub startup: u64,
    /// How many of the best have children, 1 to 1,000. The paper has 10.
    pub parents: u64,
    /// How many children are looked at for one proposal, 1 to 10,000. The paper has 100.
    pub children: u64,
}

impl NpenasParams {
    /// The strategy with these parameters.
    ///
    /// # Errors
    /// Where one is out of range.
    pub fn check(self) -> Result<Npenas, ParameterError> {
        let values = [("startup", self.startup), ("parents", self.parents), ("children", self.children)];
        check_ranges(ENTRY.parameters, &values)?;
        let (guided, surrogate) = (Guided::new(self.parents), Surrogate::default());
        Ok(Npenas { params: self, guided, surrogate })
    }
}

pub(crate) static ENTRY: Entry = Entry {
    name: "npenas",
    summary: "predictor-guided evolution: of many children of the best, the one that a Gaussian process expects most of",
    good_for: "expensive trials: tens to some thousands of them, several objectives and measured limits included",
    paper: "arXiv:2003.12857",
    cost: "milliseconds, growing with the trials up to some hundred of them; memory grows with the trials",
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
            meaning: "how many of the best have children",
            range: (1, 1_000),
            default: |_| 20,
            default_text: "20 (the paper: 10)",
        },
        Parameter {
            name: "children",
            meaning: "how many children are looked at for one proposal",
            range: (1, 10_000),
            default: |_| 400,
            default_text: "400 (the paper: 100)",
        },
    ],
    make: |values| {
        let params = NpenasParams {
            startup: values.value("startup"),
            parents: values.value("parents"),
            children: values.value("children"),
        };
        Ok(Box::new(params.check()?))
    },
};

impl Npenas {
    fn catch_up(&mut self, cx: &AskContext<'_>) -> Result<(), StrategyError> {
        for (member, score) in self.guided.news(cx.objectives) {
            self.surrogate.learn(cx.space, cx.objectives, &member.decisions, &member.metrics, score)?;
        }
        Ok(())
    }

    /// The child that most is expected of; `None` where there is none.
    fn child(&mut self, cx: &mut AskContext<'_>) -> Result<Option<Child>, StrategyError> {
        let children = self.guided.children(cx, self.params.children)?;
        self.surrogate.update(&self.guided.results.running());
        let found = self.guided.parents.members().iter().map(|(score, _)| score);
        let acquisition = Acquisition::new(cx.objectives, found, self.surrogate.scales(), &mut cx.rng);
        Ok(Guided::best(cx, self.surrogate.value(&acquisition, children))?)
    }
}

impl Strategy for Npenas {
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
