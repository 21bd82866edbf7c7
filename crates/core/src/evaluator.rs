use crate::decisions::Decisions;
use crate::event::{Data, Outcome, Proposal, Role, Rung, TrialId};
use crate::objective::Metrics;
use crate::rng::mix;
use crate::space::Candidate;
use serde::{Deserialize, Serialize};

/// One trial as a worker gets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The trial.
    pub trial: TrialId,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// Which network.
    pub decisions: Decisions,
    /// How it is estimated.
    pub rung: Rung,
    /// How much of the rung's unit it gets.
    pub budget: u32,
    /// The budget for which the learning-rate schedule is made.
    pub horizon: u32,
    /// What the trial is for.
    pub role: Role,
    /// What decides every random number of this trial.
    pub seed: u64,
    /// The trial of the same network on a lower rung of the same estimator that this one goes on from.
    ///
    /// Its weights are what this trial begins with, where they are still there. The seed and the horizon are the same,
    /// so a trial that begins anew instead comes to the same result, at a higher cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<Continued>,
    /// The trial whose weights the network begins with: of the supernet, where the rung is judged by such, or of another network
    /// that this one comes from, where the rung trains from those.
    ///
    /// The whole job: where the weights of a supernet are gone, they are trained again and come to the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inherits: Option<Box<Job>>,
}

/// An earlier trial whose work is gone on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continued {
    /// The trial.
    pub trial: TrialId,
    /// How much of the budget it has spent already.
    pub budget: u32,
}

impl Job {
    /// What the network is trained on.
    #[must_use]
    pub fn data(&self) -> Data {
        match self.role {
            Role::Final { data, .. } => data,
            _ => Data::Train,
        }
    }

    /// The job for a proposal. Training seeds come from the study's seed, the network and the replica, never
    /// from the trial's number, so that the same network trained again gives the same result.
    #[must_use]
    pub fn new(
        trial: TrialId,
        attempt: u32,
        proposal: &Proposal,
        ladder: &[Rung],
        network: u128,
        seed: u64,
    ) -> Self {
        let replica = match proposal.role {
            Role::Final { replica, .. } => replica,
            _ => 0,
        };
        let rung = ladder.get(usize::from(proposal.rung)).cloned();
        let top = ladder.last().map_or(1, |r| r.budget);
        let lowered = rung.as_ref().is_some_and(|r| proposal.budget < r.budget);
        Self {
            trial,
            attempt,
            decisions: proposal.decisions.clone(),
            // A budget below its rung's is a schedule of its own; a low rung is the start of the top one's.
            horizon: if lowered { proposal.budget } else { top },
            rung: rung.unwrap_or(Rung { estimator: "train".into(), budget: proposal.budget, cost: 1.0 }),
            budget: proposal.budget,
            role: proposal.role.clone(),
            seed: mix(&[seed, network as u64, (network >> 64) as u64, u64::from(replica)]),
            continues: None,
            inherits: None,
        }
    }
}

/// Estimates how good an architecture is.
pub trait Evaluator: Send {
    /// What makes two jobs the same; the loop never runs the same job twice.
    fn identity(&self) -> Identity {
        Identity::Architecture
    }

    /// Estimates one candidate.
    ///
    /// # Errors
    /// Whatever kept the evaluation from giving a result; it costs this trial alone.
    fn evaluate(
        &mut self,
        job: &Job,
        candidate: Candidate<'_>,
        progress: &mut (dyn Progress + Send),
    ) -> Result<Outcome, EvaluateError>;
}

/// What makes two jobs the same, besides their budget, data and replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The canonical graph and the training settings.
    Architecture,
    /// The decisions; the graph is then never drawn for this purpose (a benchmark table's row).
    Decisions,
}

/// Hears of an evaluation while it runs.
pub trait Progress {
    /// Passes on an intermediate result; the answer says whether to go on.
    fn report(&mut self, step: u32, metrics: Metrics) -> Control;

    /// Says that the work goes on although nothing was measured yet; the answer says whether to go on.
    ///
    /// To be called from the work itself, between batches, where reports may be minutes apart: a worker that says
    /// nothing for too long counts as hung.
    fn alive(&mut self) -> Control {
        Control::Continue
    }
}

/// Whether an evaluation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    Continue,
    /// Nobody waits for the result any more.
    Stop,
}

/// Why an evaluation gave no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EvaluateError(pub String);
