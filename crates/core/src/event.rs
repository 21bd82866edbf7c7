//! A study's history, line by line: the only thing that is stored.

use crate::architecture::ArchitectureHash;
use crate::chooser::SurveyedQuestion;
use crate::decisions::Decisions;
use crate::objective::{Limit, Metrics, Objective, Violation};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::fmt;

/// The number of a trial, counted from 0 in the order proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrialId(pub u32);

impl TrialId {
    /// As an index into [`crate::History::trials`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The name of its folder among those of a study's trials.
    #[must_use]
    pub fn folder(self) -> String {
        format!("{:04}", self.0)
    }
}

impl fmt::Display for TrialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The number of an event in its log, counted from 1; 0 is before all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

/// A step of the ladder: how a trial is estimated, and how dearly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rung {
    /// What estimates: `train`, `scores`, [`SHARED`], or the training of a supernet, [`SUPERNET`] and its method.
    pub estimator: String,
    /// How much: epochs, for `train`. At least 1.
    pub budget: u32,
    /// What one trial costs, in units that do not depend on the machine.
    pub cost: f64,
}

/// How the estimator begins that trains all networks of the space in one: the trial is that of a supernet, and its decisions
/// say how it is trained.
pub const SUPERNET: &str = "supernet:";

/// The estimator that judges a network by the weights it has in a supernet: that of a parent of the trial.
pub const SHARED: &str = "shared-weights";

/// The estimator that trains a network which begins with the weights of the network it comes from: those of a parent of the trial.
pub const FROM_PARENT: &str = "train-from-parent";

impl Rung {
    /// Whether a trial on it is that of a supernet.
    #[must_use]
    pub fn is_supernet(&self) -> bool {
        self.estimator.starts_with(SUPERNET)
    }
}

/// Which examples a network is trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Data {
    /// The training part; the validation part judges.
    Train,
    /// Training and validation parts together, for a network that is handed over or tested.
    All,
}

/// What a trial is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The search itself.
    Search,
    /// A search that only serves as a yardstick, by name.
    Baseline(String),
    /// A network trained again from scratch, to be judged or handed over.
    Final {
        /// The trial that found it.
        of: TrialId,
        /// The seed's number, from 1: 0 is the search's own.
        replica: u32,
        /// What it is trained on.
        data: Data,
    },
}

/// What to try.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// Which network.
    pub decisions: Decisions,
    /// The rung it is estimated on, an index into the ladder.
    pub rung: u16,
    /// How much of the rung's unit it gets: the rung's own budget unless the loop had reason to lower it.
    pub budget: u32,
    /// The trials it comes from.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub parents: SmallVec<[TrialId; 2]>,
    /// What it is for; set by the loop.
    pub role: Role,
}

/// What an evaluation found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The measured values, all finite.
    pub metrics: Metrics,
    /// The step at which they were measured, where training went on for longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_step: Option<u32>,
    /// What it cost, in the ladder's units.
    pub cost: f64,
}

/// How a study was set up: everything needed to read its log without the program that wrote it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Created {
    /// The version of the log's format, [`FORMAT`] when written by this program.
    pub format: u32,
    /// The program's version.
    pub program: String,
    /// The study's name.
    pub study: String,
    /// The study's seed.
    pub seed: u64,
    /// The strategy, all defaults filled in.
    pub strategy: String,
    /// What is optimised.
    pub objectives: Vec<Objective>,
    /// What must hold.
    #[serde(default)]
    pub limits: Vec<Limit>,
    /// How trials are estimated, cheap to dear.
    pub ladder: Vec<Rung>,
    /// The space's questions and labels, so that decisions can be read.
    pub questions: Vec<SurveyedQuestion>,
    /// Every setting as text, in the form of a study file.
    pub settings: String,
}

/// The version of the log's format.
pub const FORMAT: u32 = 1;

/// Why a study ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Everything asked for was done.
    Finished,
    /// No network that meets the limits was found.
    Infeasible,
    /// Trials ran, but none gave a network.
    NothingWorked,
}

/// One line of a study's history.
// Proposals are most of what there is: a box around each would only cost an allocation.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The study begins.
    Created(Box<Created>),
    /// Another process took the study up again.
    Resumed,
    /// A trial is to be made.
    Proposed {
        /// Its number.
        trial: TrialId,
        /// The last event the proposer had seen.
        seen: Seq,
        /// What to try.
        proposal: Proposal,
        /// The canonical graph's hash, where the graph was drawn.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hash: Option<ArchitectureHash>,
        /// What follows from the graph alone, where it was drawn.
        #[serde(default)]
        costs: Metrics,
    },
    /// A worker was given the trial.
    Started {
        /// The trial.
        trial: TrialId,
        /// Which try this is, from 1.
        attempt: u32,
    },
    /// An intermediate result.
    Reported {
        /// The trial.
        trial: TrialId,
        /// The epoch, from 1. A step reported twice counts once.
        step: u32,
        /// What was measured.
        metrics: Metrics,
    },
    /// The trial gave a result.
    Finished {
        /// The trial.
        trial: TrialId,
        /// What was found.
        outcome: Outcome,
        /// The earlier trial of the same network that this result was taken from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        copied_from: Option<TrialId>,
    },
    /// The trial gave no result.
    Failed {
        /// The trial.
        trial: TrialId,
        /// Why.
        reason: String,
    },
    /// The trial was not made: limits that need no training are broken.
    Infeasible {
        /// The trial.
        trial: TrialId,
        /// Which limits, and by what values.
        violations: Vec<Violation>,
    },
    /// The strategy ended the trial early; its last report is its result.
    Stopped {
        /// The trial.
        trial: TrialId,
        /// The last event the strategy had seen.
        seen: Seq,
    },
    /// Costs that were predicted when the trial was proposed have been measured since: these take their place.
    Measured {
        /// The trial.
        trial: TrialId,
        /// What was measured.
        metrics: Metrics,
        /// Why nothing was, where other networks could be measured: then the trial has failed after all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failed: Option<String>,
    },
    /// A finished network met the test set.
    Tested {
        /// The trial whose weights were tested.
        trial: TrialId,
        /// How many times this study had opened the test set, this time included.
        touch: u32,
        /// What was measured.
        metrics: Metrics,
        /// One score per test example, in the task's order: what intervals are computed from.
        scores: Vec<f32>,
    },
    /// A yardstick that is no network, and so no trial, met the test set.
    Compared {
        /// The yardstick's name.
        name: String,
        /// How many times this study had opened the test set, this time included.
        touch: u32,
        /// What was measured.
        metrics: Metrics,
        /// One score per test example, in the task's order.
        scores: Vec<f32>,
    },
    /// More was asked of the study.
    Extended {
        /// The new total of search trials.
        trials: u64,
    },
    /// The study ended.
    Closed {
        /// Why.
        reason: Reason,
    },
}

/// An event with its place and time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    /// Its number in the log.
    pub seq: Seq,
    /// Milliseconds since 1970 (UTC), or of simulated time.
    pub at_ms: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}
