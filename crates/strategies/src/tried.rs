//! What has been proposed already, and how to find something that has not.

use crate::fingerprint::{NumberSet, fingerprint};
use nascent_core::chooser::{Enumerate, sample};
use nascent_core::{AskContext, Decisions, Event, Next, SpaceError, StrategyError};

/// The networks proposed so far.
#[derive(Default)]
pub(crate) struct Tried(NumberSet<u128>);

/// Random draws before a space is walked through instead.
const DRAWS: usize = 200;
/// Members walked through before a space counts as inexhaustible.
const WALK: usize = 100_000;

impl Tried {
    pub(crate) fn observe(&mut self, event: &Event) {
        if let Event::Proposed { proposal, .. } = event {
            self.0.insert(fingerprint(&proposal.decisions));
        }
    }

    /// As [`Tried::observe`], of what is proposed on this rung or a higher one.
    pub(crate) fn observe_from(&mut self, event: &Event, rung: u16) {
        if matches!(event, Event::Proposed { proposal, .. } if proposal.rung >= rung) {
            self.observe(event);
        }
    }

    /// Whether this was proposed before.
    pub(crate) fn contains(&self, decisions: &Decisions) -> bool {
        self.0.contains(&fingerprint(decisions))
    }

    /// Whether this was not proposed before and keeps the limits.
    pub(crate) fn is_open(&self, cx: &AskContext<'_>, decisions: &Decisions) -> Result<bool, SpaceError> {
        Ok(!self.contains(decisions) && cx.is_feasible(decisions)?)
    }

    /// Proposes the space's reference network as the first of all, and then what else it knows to do well; `None` where there is no open
    /// one, or other networks were proposed.
    pub(crate) fn propose_reference(&self, cx: &AskContext<'_>) -> Result<Option<Next>, StrategyError> {
        let known: Vec<Decisions> = cx.space.reference().into_iter().chain(cx.space.known()).collect();
        if known.iter().filter(|known| self.contains(known)).count() < self.0.len() {
            return Ok(None);
        }
        for decisions in known {
            if self.is_open(cx, &decisions)? {
                return Ok(Some(cx.propose(decisions, &[])));
            }
        }
        Ok(None)
    }

    /// Proposes a random member that was not proposed before and keeps the limits, or is done where there is none.
    pub(crate) fn propose_fresh(&self, cx: &mut AskContext<'_>) -> Result<Next, StrategyError> {
        Ok(match self.fresh(cx)? {
            Some(decisions) => cx.propose(decisions, &[]),
            None => Next::Done,
        })
    }

    /// A random member that was not proposed before and keeps the limits; `None` where the space has no more.
    ///
    /// In a space too large to walk through, where neither random draws nor the walk find such a member, it is the
    /// last draw.
    pub(crate) fn fresh(&self, cx: &mut AskContext<'_>) -> Result<Option<Decisions>, SpaceError> {
        let mut last = None;
        for _ in 0..DRAWS {
            let decisions = sample(cx.space, &mut cx.rng)?;
            if self.is_open(cx, &decisions)? {
                return Ok(Some(decisions));
            }
            last = Some(decisions);
        }
        let mut walked = 0;
        for member in Enumerate::new(cx.space).take(WALK) {
            let member = member?;
            walked += 1;
            if self.is_open(cx, &member)? {
                return Ok(Some(member));
            }
        }
        Ok(last.filter(|_| walked == WALK))
    }
}
