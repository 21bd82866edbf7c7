use crate::registry::Entry;
use nascent_core::chooser::{first, next};
use nascent_core::{AskContext, Decisions, Event, Next, Strategy, StrategyError};

/// Every network of the space once, in order, those that break a limit left out.
#[derive(Default)]
pub struct Exhaustive {
    last: Option<Decisions>,
}

pub(crate) static ENTRY: Entry = Entry {
    name: "exhaustive",
    summary: "every network once, in order",
    good_for: "spaces smaller than the number of trials",
    paper: "",
    cost: "constant time and memory",
    has_children: false,
    parameters: &[],
    make: |_| Ok(Box::new(Exhaustive::default())),
};

impl Strategy for Exhaustive {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        let mut member = match &self.last {
            Some(last) => next(cx.space, last)?,
            None => Some(first(cx.space)?),
        };
        while let Some(decisions) = member {
            if cx.is_feasible(&decisions)? {
                return Ok(cx.propose(decisions, &[]));
            }
            member = next(cx.space, &decisions)?;
        }
        Ok(Next::Done)
    }

    fn observe(&mut self, event: &Event) {
        if let Event::Proposed { proposal, .. } = event {
            self.last = Some(proposal.decisions.clone());
        }
    }
}
