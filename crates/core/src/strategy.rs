use crate::architecture::Architecture;
use crate::chooser::replay;
use crate::decisions::Decisions;
use crate::event::{Event, Proposal, Role, Rung, TrialId};
use crate::objective::Objectives;
use crate::rng::Rng;
use crate::space::{Space, SpaceError};
use smallvec::SmallVec;

/// Proposes what to try next from what has happened so far.
///
/// A strategy is a deterministic fold over a study's events: [`Strategy::observe`] is its only mutation of
/// consequence, and `ask` with the same events and a fresh stream of the same trial gives the same answer; what
/// `ask` keeps can only be a cache. It sees the events of its own trials (those with role [`Role::Search`],
/// from its point of view) and nothing else.
pub trait Strategy: Send {
    /// What to try next.
    ///
    /// # Errors
    /// Where the strategy cannot do what is asked, such as enumerate a space without end.
    fn ask(&mut self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError>;

    /// Is told what is wanted, before anything else, where a study runs it.
    ///
    /// For strategies that must compare results between two asks; the same is in every [`AskContext`].
    fn begin(&mut self, _objectives: &Objectives) {}

    /// Whether it learns from results of several rungs.
    ///
    /// Where something around it promotes its networks to higher rungs, it is told of these trials only if it does.
    fn learns_from_rungs(&self) -> bool {
        false
    }

    /// Learns of an event. Events may come late, in any order among trials, and never for some trials.
    fn observe(&mut self, event: &Event);

    /// Whether a running trial is not worth finishing; asked after each of its reports.
    fn should_stop(&self, _trial: TrialId) -> bool {
        false
    }
}

/// A strategy's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Try this.
    Run(Proposal),
    /// Nothing until another result is in.
    Wait,
    /// Nothing more, ever: the space is exhausted.
    Done,
}

/// Why a strategy gave no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StrategyError {
    /// The space could not be asked.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// The strategy cannot be used here.
    #[error("{0}")]
    Unsuitable(String),
}

/// What a strategy may look at when it is asked.
pub struct AskContext<'a> {
    /// The space it searches.
    pub space: &'a dyn Space,
    /// The rungs a trial can be estimated on, cheap to dear. Never empty.
    pub ladder: &'a [Rung],
    /// What is wanted.
    pub objectives: &'a Objectives,
    /// The number the proposal will get.
    pub trial: TrialId,
    /// A fresh stream of this trial's own.
    pub rng: Rng,
}

impl AskContext<'_> {
    /// Whether a network keeps every limit that can be checked without training it.
    ///
    /// Draws the network only where such a limit is set; one on a measured metric, such as a latency, is none.
    ///
    /// # Errors
    /// Where `decisions` are not a member of the space.
    pub fn is_feasible(&self, decisions: &Decisions) -> Result<bool, SpaceError> {
        let costs = &self.objectives.costs;
        if !self.objectives.limits.iter().any(|limit| costs.iter().any(|cost| cost.name() == limit.metric)) {
            return Ok(true);
        }
        let costs = self.objectives.measure_limited(&draw(self.space, decisions)?);
        Ok(self.objectives.violations(&costs).next().is_none())
    }

    /// A proposal to try this network on the top rung.
    #[must_use]
    pub fn propose(&self, decisions: Decisions, parents: &[TrialId]) -> Next {
        self.propose_on(self.ladder.len().saturating_sub(1), decisions, parents)
    }

    /// A proposal to try this network on a rung.
    #[must_use]
    pub fn propose_on(&self, rung: usize, decisions: Decisions, parents: &[TrialId]) -> Next {
        Next::Run(Proposal {
            decisions,
            rung: rung as u16,
            budget: self.ladder.get(rung).map_or(1, |r| r.budget),
            parents: SmallVec::from_slice(parents),
            role: Role::Search,
        })
    }

    /// A proposal to go on with the network of trial `from` on a higher rung.
    ///
    /// A trial whose only parent is of the same network on a lower rung continues it: [`crate::Job::continues`].
    #[must_use]
    pub fn promote(&self, rung: usize, decisions: Decisions, from: TrialId) -> Next {
        self.propose_on(rung, decisions, &[from])
    }
}

/// The canonical graph of a member of a space.
///
/// # Errors
/// Where `decisions` are not a member of the space.
pub fn draw(space: &dyn Space, decisions: &Decisions) -> Result<Architecture, SpaceError> {
    Ok((replay(space, decisions)?.draw)()?.canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::Direction;
    use crate::space::{Candidate, Chooser};

    /// A space whose networks cannot be drawn.
    struct Undrawable;

    impl Space for Undrawable {
        fn name(&self) -> &str {
            "undrawable"
        }

        fn build<'s>(&'s self, _: &mut dyn Chooser) -> Result<Candidate<'s>, SpaceError> {
            let draw = || Err(SpaceError::Parameter("there is no such network".into()));
            Ok(Candidate { settings: Default::default(), draw: Box::new(draw) })
        }
    }

    #[test]
    fn a_network_is_drawn_only_for_limits_that_follow_from_it() {
        let feasible = |limit: &str| {
            let mut objectives = Objectives::single("accuracy", Direction::Maximize);
            objectives.limits.push(limit.parse().unwrap());
            let (space, ladder, rng) = (&Undrawable, &[][..], Rng::new(0, 0));
            let cx = AskContext { space, ladder, objectives: &objectives, trial: TrialId(0), rng };
            cx.is_feasible(&Decisions::new())
        };
        assert_eq!(feasible("latency_ms<=3"), Ok(true));
        assert!(feasible("params<=3").is_err());
    }
}
