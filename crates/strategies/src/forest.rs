use crate::guided::Guided;
use crate::parameters::{Parameter, ParameterError, check_ranges};
use crate::predictors::acquisition::Acquisition;
use crate::predictors::forest::Forests;
use crate::predictors::surrogate::FEWEST;
use crate::registry::Entry;
use crate::variation::Child;
use nascent_core::{AskContext, Event, Next, Strategy, StrategyError};

/// Model-based search with random forests, in the manner of SMAC (Hutter et al. 2011, doi:10.1007/978-3-642-25566-3_40).
pub struct Forest {
    params: ForestParams,
    guided: Guided,
    forests: Forests,
}

/// The parameters of [`Forest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForestParams {
    /// How many networks are random before the forest is used, 5 to 10,000.
    pub startup: u64,
    /// How many of the best have children, 1 to 1,000.
    pub parents: u64,
    /// How many children are looked at for one proposal, 1 to 10,000.
    pub children: u64,
    /// Of how many of the most promising one is drawn, 1 to 1,000.
    pub top: u64,
}

impl ForestParams {
    /// The strategy with these parameters.
    ///
    /// # Errors
    /// Where one is out of range.
    pub fn check(self) -> Result<Forest, ParameterError> {
        let values = [("startup", self.startup), ("parents", self.parents), ("children", self.children)];
        check_ranges(ENTRY.parameters, &values)?;
        Ok(Forest { params: self, guided: Guided::new(self.parents), forests: Forests::default() })
    }
}

pub(crate) static ENTRY: Entry = Entry {
    name: "forest",
    summary: "model-based search with random forests: of many children of the best, the one that most is expected of",
    good_for: "expensive trials; spaces with conditional questions",
    paper: "doi:10.1007/978-3-642-25566-3_40",
    cost: "milliseconds; memory grows with the trials",
    parameters: &[
        Parameter {
            name: "startup",
            meaning: "random networks before the forest is used",
            range: (5, 10_000),
            default: |trials| (trials / 4).clamp(5, 10),
            default_text: "a quarter of the trials, 5 to 10",
        },
        Parameter {
            name: "parents",
            meaning: "how many of the best have children",
            range: (1, 1_000),
            default: |_| 20,
            default_text: "20",
        },
        Parameter {
            name: "children",
            meaning: "how many children are looked at for one proposal",
            range: (1, 10_000),
            default: |_| 400,
            default_text: "400",
        },
        Parameter {
            name: "top",
            meaning: "0: expected improvement; else one of so many whose mean is best is drawn",
            range: (0, 1_000),
            default: |_| 0,
            default_text: "0",
        },
    ],
    make: |values| {
        let params = ForestParams {
            startup: values.value("startup"),
            parents: values.value("parents"),
            children: values.value("children"),
            top: values.value("top"),
        };
        Ok(Box::new(params.check()?))
    },
};

impl Forest {
    fn catch_up(&mut self, cx: &AskContext<'_>) -> Result<(), StrategyError> {
        for (member, score) in self.guided.news(cx.objectives) {
            self.forests.learn(cx.space, cx.objectives, &member.decisions, &member.metrics, &score)?;
        }
        Ok(())
    }

    fn child(&mut self, cx: &mut AskContext<'_>) -> Result<Option<Child>, StrategyError> {
        let children = self.guided.children(cx, self.params.children)?;
        self.forests.update();
        if self.params.top > 0 {
            let mean = |child: Child| (-self.forests.guesses(&child.0)[0].mean, child);
            let mut ranked: Vec<(f64, Child)> = children.into_iter().map(mean).collect();
            ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
            ranked.truncate(self.params.top as usize);
            cx.rng.shuffle(&mut ranked);
            return Ok(ranked.into_iter().next().map(|(_, child)| child));
        }
        let found = self.guided.parents.members().iter().map(|(score, _)| score);
        let acquisition = Acquisition::new(cx.objectives, found, self.forests.scales(), &mut cx.rng);
        Ok(Guided::best(cx, self.forests.value(&acquisition, children))?)
    }
}

impl Strategy for Forest {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        self.catch_up(cx)?;
        if self.guided.proposed >= self.params.startup
            && self.forests.results() >= FEWEST
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
