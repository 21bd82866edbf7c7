use crate::guided::Guided;
use crate::parameters::{Parameter, ParameterError, check_ranges};
use crate::predictors::acquisition::Acquisition;
use crate::predictors::graph_kernel::GraphProcesses;
use crate::predictors::surrogate::FEWEST;
use crate::registry::Entry;
use crate::variation::Child;
use nascent_core::{AskContext, Event, Next, Strategy, StrategyError};

/// Model-based search with random forests, in the manner of SMAC (Hutter et al. 2011, doi:10.1007/978-3-642-25566-3_40).
pub struct Gp {
    params: GpParams,
    guided: Guided,
    graphs: GraphProcesses,
}

/// The parameters of [`Gp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpParams {
    /// How many networks are random before the forest is used, 5 to 10,000.
    pub startup: u64,
    /// How many of the best have children, 1 to 1,000.
    pub parents: u64,
    /// How many children are looked at for one proposal, 1 to 10,000.
    pub children: u64,
}

impl GpParams {
    /// The strategy with these parameters.
    ///
    /// # Errors
    /// Where one is out of range.
    pub fn check(self) -> Result<Gp, ParameterError> {
        let values = [("startup", self.startup), ("parents", self.parents), ("children", self.children)];
        check_ranges(ENTRY.parameters, &values)?;
        Ok(Gp { params: self, guided: Guided::new(self.parents), graphs: GraphProcesses::default() })
    }
}

pub(crate) static ENTRY: Entry = Entry {
    name: "gp",
    summary: "model-based search with random graphs: of many children of the best, the one that most is expected of",
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
            default: |_| 100,
            default_text: "100",
        },
    ],
    make: |values| {
        let params = GpParams {
            startup: values.value("startup"),
            parents: values.value("parents"),
            children: values.value("children"),
        };
        Ok(Box::new(params.check()?))
    },
};

impl Gp {
    fn catch_up(&mut self, cx: &AskContext<'_>) -> Result<(), StrategyError> {
        for (member, score) in self.guided.news(cx.objectives) {
            self.graphs.learn(cx.space, cx.objectives, &member.decisions, &member.metrics, &score)?;
        }
        Ok(())
    }

    fn child(&mut self, cx: &mut AskContext<'_>) -> Result<Option<Child>, StrategyError> {
        let children = self.guided.children(cx, self.params.children)?;
        self.graphs.update();
        let found = self.guided.parents.members().iter().map(|(score, _)| score);
        let acquisition = Acquisition::new(cx.objectives, found, self.graphs.scales(), &mut cx.rng);
        Ok(Guided::best(cx, self.graphs.value(cx.space, &acquisition, children)?)?)
    }
}

impl Strategy for Gp {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        self.catch_up(cx)?;
        if self.guided.proposed >= self.params.startup
            && self.graphs.results() >= FEWEST
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
