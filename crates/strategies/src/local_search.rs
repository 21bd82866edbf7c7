use crate::parameters::{Parameter, ParameterError};
use crate::registry::Entry;
use crate::results::{Member, Results};
use crate::tried::Tried;
use nascent_core::chooser::{mutate_at, steps};
use nascent_core::objective::Score;
use nascent_core::rng::Rng;
use nascent_core::{AskContext, Decisions, Event, Next, Strategy, StrategyError, TrialId};

/// Local search (White et al. 2020, arXiv:2005.02960; den Ottelander et al. 2020, arXiv:2004.08996): neighbours of the
/// best network in random order, moving as soon as one is better or when all have been tried; a random restart where
/// none is better.
///
/// A network is never tried twice, so neighbours known from an earlier climb are passed over.
pub struct LocalSearch {
    params: LocalSearchParams,
    tried: Tried,
    results: Results,
    /// Results since the last restart; those from `scored` on have not been looked at, because comparing needs the
    /// objectives, which only `ask` has.
    climb: Vec<Member>,
    scored: usize,
    /// The best of the climb, an index, and its score.
    best: Option<(usize, Score)>,
    /// The first trial of the climb, and the network whose neighbours were proposed last.
    since: TrialId,
    centre: Option<TrialId>,
}

/// The parameters of [`LocalSearch`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalSearchParams {
    /// Whether all neighbours are tried before moving to the best of them.
    pub best: bool,
}

impl LocalSearchParams {
    /// The strategy with these parameters.
    ///
    /// # Errors
    /// None: all go together.
    pub fn check(self) -> Result<LocalSearch, ParameterError> {
        Ok(LocalSearch {
            params: self,
            tried: Tried::default(),
            results: Results::default(),
            climb: Vec::new(),
            scored: 0,
            best: None,
            since: TrialId(0),
            centre: None,
        })
    }
}

pub(crate) static ENTRY: Entry = Entry {
    name: "local-search",
    summary: "neighbours of the best network, moving to a better one; random restarts",
    good_for: "small spaces with little noise",
    paper: "arXiv:2005.02960",
    cost: "time grows with the number of neighbours; memory grows with the trials",
    has_children: true,
    parameters: &[Parameter {
        name: "best",
        meaning: "1: try all neighbours, then move to the best; 0: move at the first improvement",
        range: (0, 1),
        default: |_| 0,
        default_text: "0 (the papers compare both)",
    }],
    make: |values| Ok(Box::new(LocalSearchParams { best: values.value("best") == 1 }.check()?)),
};

impl LocalSearch {
    /// Looks at what is new.
    fn catch_up(&mut self, cx: &AskContext<'_>) {
        for (index, member) in self.climb.iter().enumerate().skip(self.scored) {
            let Some(score) = cx.objectives.score(&member.metrics) else { continue };
            if self.best.as_ref().is_none_or(|(_, best)| score.dominates(best)) {
                self.best = Some((index, score));
            }
        }
        self.scored = self.climb.len();
    }

    /// The network whose neighbours are tried.
    fn centre(&self) -> Option<&Member> {
        let best = self.best.as_ref().map(|(index, _)| &self.climb[*index]);
        match self.centre {
            Some(centre) if self.params.best => self.climb.iter().find(|m| m.trial == centre).or(best),
            _ => best,
        }
    }

    /// A neighbour that has not been tried.
    fn neighbour(
        &self,
        cx: &mut AskContext<'_>,
        centre: &Member,
    ) -> Result<Option<Decisions>, StrategyError> {
        let mut around = steps(cx.space, &centre.decisions)?;
        cx.rng.shuffle(&mut around);
        for (place, answer) in around {
            // What a step opens is answered in the centre's own way, so that each step leads to one neighbour.
            let mut rng = Rng::new(0, u64::from(centre.trial.0));
            let neighbour = mutate_at(cx.space, &centre.decisions, place, answer, &mut rng)?;
            if self.tried.is_open(cx, &neighbour)? {
                return Ok(Some(neighbour));
            }
        }
        Ok(None)
    }
}

impl Strategy for LocalSearch {
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        self.catch_up(cx);
        if let Some(centre) = self.centre() {
            if let Some(neighbour) = self.neighbour(cx, centre)? {
                return Ok(cx.propose(neighbour, &[centre.trial]));
            }
            if self.results.is_pending() {
                return Ok(Next::Wait);
            }
            let best = self.best.as_ref().map(|(index, _)| &self.climb[*index]);
            if let Some(best) = best.filter(|b| b.trial != centre.trial)
                && let Some(neighbour) = self.neighbour(cx, best)?
            {
                return Ok(cx.propose(neighbour, &[best.trial]));
            }
        }
        self.tried.propose_fresh(cx)
    }

    fn observe(&mut self, event: &Event) {
        self.tried.observe(event);
        if let Event::Proposed { trial, proposal, .. } = event {
            let centre = proposal.parents.first().copied();
            if centre.is_none() && self.centre.is_some() {
                // Every neighbour had been tried: a new climb.
                self.climb.clear();
                self.scored = 0;
                self.best = None;
                self.since = *trial;
            }
            self.centre = centre;
        }
        if let Some(member) = self.results.observe(event)
            && member.trial >= self.since
        {
            self.climb.push(member);
        }
    }
}
