//! What strategies that a predictor guides have in common.

use crate::elite::Elite;
use crate::fingerprint::{NumberSet, fingerprint};
use crate::results::{Member, Results};
use crate::tried::Tried;
use crate::variation::{Child, affordable, wander};
use nascent_core::chooser::{crossover, mutate, sample};
use nascent_core::objective::Score;
use nascent_core::{AskContext, Decisions, Event, Objectives, SpaceError, TrialId};
use smallvec::SmallVec;

/// What was tried, what came of it, and children of the best.
pub(crate) struct Guided {
    pub(crate) tried: Tried,
    pub(crate) results: Results,
    /// Results that were not learnt from: to compare them needs the objectives, which only `ask` has.
    news: Vec<Member>,
    /// The best results, whose children are looked at.
    pub(crate) parents: Elite<(TrialId, Decisions)>,
    pub(crate) proposed: u64,
}

/// The chance of each further step away from a parent.
const FURTHER: f64 = 0.6;

impl Guided {
    pub(crate) fn new(parents: u64) -> Self {
        Self {
            tried: Tried::default(),
            results: Results::default(),
            news: Vec::new(),
            parents: Elite::new(parents as usize),
            proposed: 0,
        }
    }

    pub(crate) fn observe(&mut self, event: &Event) {
        self.tried.observe(event);
        self.proposed += u64::from(matches!(event, Event::Proposed { .. }));
        self.news.extend(self.results.observe(event));
    }

    /// What came in since the last call and has every objective.
    pub(crate) fn news(&mut self, objectives: &Objectives) -> Vec<(Member, Score)> {
        let scored = |member: Member| objectives.score(&member.metrics).map(|score| (member, score));
        let news: Vec<_> = self.news.drain(..).filter_map(scored).collect();
        for (member, score) in &news {
            self.parents.add(score.clone(), (member.trial, member.decisions.clone()));
        }
        news
    }

    /// So many children of the best and some random networks, or fewer; none was tried before. There must be results.
    pub(crate) fn children(
        &mut self,
        cx: &mut AskContext<'_>,
        wanted: u64,
    ) -> Result<Vec<Child>, SpaceError> {
        let parents = self.parents.members();
        let count = affordable(wanted, parents);
        let mut seen = NumberSet::default();
        let mut children = Vec::with_capacity(count);
        for i in 0..count {
            let (_, (trial, parent)) = &parents[cx.rng.below(parents.len())];
            let mut ancestors = SmallVec::from_slice(&[*trial]);
            let child = match i % 20 {
                19 => {
                    ancestors.clear();
                    sample(cx.space, &mut cx.rng)?
                }
                3 | 7 | 11 | 15 => {
                    let (_, (other, mate)) = &parents[cx.rng.below(parents.len())];
                    ancestors.push(*other);
                    ancestors.dedup();
                    crossover(cx.space, [parent, mate], &mut cx.rng)?
                }
                _ => mutate(cx.space, parent, &mut cx.rng)?.unwrap_or_else(|| parent.clone()),
            };
            // Now and then several steps away.
            let child = wander(cx.space, child, FURTHER, &mut cx.rng)?;
            if !self.tried.contains(&child) && seen.insert(fingerprint(&child)) {
                children.push((child, ancestors));
            }
        }
        Ok(children)
    }

    /// The child that is worth most and keeps the limits that are known without a trial.
    pub(crate) fn best(
        cx: &AskContext<'_>,
        mut valued: Vec<(f64, Child)>,
    ) -> Result<Option<Child>, SpaceError> {
        valued.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, child) in valued {
            if cx.is_feasible(&child.0)? {
                return Ok(Some(child));
            }
        }
        Ok(None)
    }
}
