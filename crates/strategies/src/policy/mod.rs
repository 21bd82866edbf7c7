//! What strategies that learn a policy have in common.

pub(crate) mod network;

use crate::results::{Member, Results};
use crate::tried::Tried;
use nascent_core::objective::Score;
use nascent_core::{AskContext, Decisions, Event, Next, Objectives, StrategyError, TrialId};
use network::Policy;
use std::collections::VecDeque;

/// How good a result is among the latest, from -1 for the worst to 1 for the best.
///
/// The scale of accuracies differs from task to task, and a few networks that learn nothing would hide all differences
/// between the others.
#[derive(Default)]
pub(crate) struct Reward {
    latest: VecDeque<Score>,
    /// The moving average of rewards, and how many there were.
    baseline: f64,
    count: u32,
}

/// How many results a result is compared with.
const LATEST: usize = 100;
/// How much of the baseline stays when a reward comes in.
const STAYS: f64 = 0.9;

impl Reward {
    /// By how much a result's reward exceeds what results were worth before; `None` where it has no score.
    pub(crate) fn advantage(&mut self, member: &Member, objectives: &Objectives) -> Option<f64> {
        let score = objectives.score(&member.metrics)?;
        let beaten = self.latest.iter().filter(|other| score.dominates(other)).count() as f64;
        let beating = self.latest.iter().filter(|other| other.dominates(&score)).count() as f64;
        let reward = (beaten - beating) / self.latest.len().max(1) as f64;
        self.latest.push_back(score);
        if self.latest.len() > LATEST {
            self.latest.pop_front();
        }
        let advantage = reward - self.baseline;
        self.count += 1;
        // The average of all, until there are enough for a moving one.
        let stays = STAYS.min(1.0 - 1.0 / f64::from(self.count));
        self.baseline = stays * self.baseline + (1.0 - stays) * reward;
        Some(advantage)
    }
}

/// What happened, in order: the policy learns of it in `ask`, which has the space and the objectives.
pub(crate) enum News {
    Proposed(TrialId, Decisions),
    Result(Box<Member>),
}

/// Proposals and results of a policy.
#[derive(Default)]
pub(crate) struct Course {
    tried: Tried,
    results: Results,
    pub(crate) news: Vec<News>,
}

/// Draws before a policy that is nearly certain gives way to random networks.
const DRAWS: usize = 50;

impl Course {
    pub(crate) fn observe(&mut self, event: &Event) {
        self.tried.observe(event);
        if let Event::Proposed { trial, proposal, .. } = event {
            self.news.push(News::Proposed(*trial, proposal.decisions.clone()));
        }
        let result = self.results.observe(event);
        self.news.extend(result.map(|member| News::Result(Box::new(member))));
    }

    /// A network that was not tried, drawn from the policy, or at random where it draws the same ones again and again.
    pub(crate) fn propose(
        &self,
        policy: &mut Policy,
        cx: &mut AskContext<'_>,
    ) -> Result<Next, StrategyError> {
        for _ in 0..DRAWS {
            let decisions = policy.draw(cx.space, &mut cx.rng)?;
            if self.tried.is_open(cx, &decisions)? {
                return Ok(cx.propose(decisions, &[]));
            }
        }
        self.tried.propose_fresh(cx)
    }
}
