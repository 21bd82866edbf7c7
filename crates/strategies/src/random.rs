use crate::registry::Entry;
use crate::tried::Tried;
use nascent_core::{AskContext, Event, Next, Strategy, StrategyError};

/// Uniform random search without repetition: the yardstick of the field (Li & Talwalkar 2019, arXiv:1902.07638).
#[derive(Default)]
pub struct Random {
    tried: Tried,
}

pub(crate) static ENTRY: Entry = Entry {
    name: "random",
    summary: "uniform random networks, none twice",
    good_for: "a yardstick; very small budgets",
    paper: "arXiv:1902.07638",
    cost: "constant time; memory grows with the trials",
    has_children: false,
    parameters: &[],
    make: |_| Ok(Box::new(Random::default())),
};

impl Strategy for Random {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        self.tried.propose_fresh(cx)
    }

    fn observe(&mut self, event: &Event) {
        self.tried.observe(event);
    }
}
