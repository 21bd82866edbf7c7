use crate::registry::Entry;
use crate::tried::Tried;
use nascent_core::{AskContext, Event, Next, Strategy, StrategyError};

/// TEMPLATE_NAME: say here in one sentence how it chooses, and name the paper with its arXiv id or DOI.
#[derive(Default)]
pub struct TemplateName {
    tried: Tried,
}

pub(crate) static ENTRY: Entry = Entry {
    name: "TEMPLATE_NAME",
    summary: "uniform random networks, until it is written",
    good_for: "nothing yet",
    paper: "",
    cost: "constant time; memory grows with the trials",
    has_children: false,
    parameters: &[],
    make: |_| Ok(Box::new(TemplateName::default())),
};

impl Strategy for TemplateName {
    // The same events and a fresh `cx.rng` must give the same answer, so fields that are changed here can only be
    // caches. `evolution.rs` shows how to keep results (`Results`), how to compare them
    // (`cx.objectives.score`), and how to have parameters.
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        self.tried.propose_fresh(cx)
    }

    // Events come late, out of order among trials, and for some trials never.
    fn observe(&mut self, event: &Event) {
        self.tried.observe(event);
    }
}
