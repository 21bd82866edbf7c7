use crate::registry::Entry;
use crate::results::{Member, Results};
use crate::tried::Tried;
use nascent_core::chooser::{mutate_at, steps};
use nascent_core::rng::Rng;
use nascent_core::{AskContext, Event, Next, Strategy, StrategyError, TrialId};
use std::collections::HashSet;

/// Local search with first improvement (White et al. 2020, arXiv:2005.02960): neighbours of the best network in random
/// order, moving as soon as one is better; a random restart where none is.
#[derive(Default)]
pub struct LocalSearch {
    tried: Tried,
    results: Results,
    /// Results not yet compared with the centre; comparing needs the objectives, which only `ask` has.
    news: Vec<Member>,
    centre: Option<Member>,
    /// Trials proposed when every neighbour of the centre had been tried.
    restarts: HashSet<TrialId>,
}

pub(crate) static ENTRY: Entry = Entry {
    name: "local-search",
    summary: "neighbours of the best network, moving at the first improvement; random restarts",
    good_for: "small spaces with little noise",
    paper: "arXiv:2005.02960",
    cost: "time grows with the number of neighbours; memory grows with the trials",
    parameters: &[],
    make: |_| Ok(Box::new(LocalSearch::default())),
};

impl LocalSearch {
    /// Moves the centre through what is new.
    fn catch_up(&mut self, cx: &AskContext<'_>) {
        for member in self.news.drain(..) {
            let Some(score) = cx.objectives.score(&member.metrics) else { continue };
            let centre = self.centre.as_ref().and_then(|c| cx.objectives.score(&c.metrics));
            // A restart: the search goes on from there, better or not.
            if self.restarts.remove(&member.trial) || centre.is_none_or(|c| score.dominates(&c)) {
                self.centre = Some(member);
            }
        }
    }
}

impl Strategy for LocalSearch {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        self.catch_up(cx);
        if let Some(centre) = &self.centre {
            let mut around = steps(cx.space, &centre.decisions)?;
            cx.rng.shuffle(&mut around);
            for (place, answer) in around {
                // What a step opens is answered in the centre's own way, so that each step leads to one neighbour.
                let mut rng = Rng::new(0, u64::from(centre.trial.0));
                let neighbour = mutate_at(cx.space, &centre.decisions, place, answer, &mut rng)?;
                if self.tried.is_open(cx, &neighbour)? {
                    return Ok(cx.propose(neighbour, &[centre.trial]));
                }
            }
            if self.results.is_pending() {
                return Ok(Next::Wait);
            }
        }
        Ok(match self.tried.fresh(cx)? {
            Some(decisions) => cx.propose(decisions, &[]),
            None => Next::Done,
        })
    }

    fn observe(&mut self, event: &Event) {
        self.tried.observe(event);
        if let Event::Proposed { trial, proposal, .. } = event
            && proposal.parents.is_empty()
            && (self.centre.is_some() || !self.news.is_empty())
        {
            self.restarts.insert(*trial);
        }
        if let Some(member) = self.results.observe(event) {
            self.news.push(member);
        }
    }
}
