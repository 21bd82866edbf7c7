//! Scores of networks that were not trained: each says, from a pass or two, which of some networks is likely the better.
//!
//! [`ALL`] lists them. A [`Probe`] is one network with what scores look at, passes shared between them;
//! [`Score::of`] asks for a number. Of every score more is better, and no score is anything but a finite number: where one
//! is not defined for a network it is [`LEAST`]. [`ensemble`] combines several over a sample of networks.
//!
//! Many scores order networks no better than their size does, so [`params`](ALL) and `macs` are scores too.

mod ensemble;
mod epe;
mod fisher;
mod grad_norm;
mod grasp;
mod heads;
mod jacov;
mod l2_norm;
mod nwot;
mod plain;
mod probe;
mod size;
mod snip;
mod swap;
mod synaptic_diversity;
mod synflow;
mod zen;
mod zico;

pub use ensemble::{ENSEMBLE, ensemble};
pub use probe::{Batches, Probe};

use nascent_core::did_you_mean;
use nascent_data::DataError;

/// The number of a network for which a score is not defined, such as one whose answers do not depend on its input: below
/// every other.
pub const LEAST: f64 = -1e8;

/// What a score looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// The graph, and fresh weights.
    Graph,
    /// Inputs that are noise, or ones.
    Noise,
    /// Inputs of real examples.
    Inputs,
    /// Real examples and their answers.
    Answers,
}

impl Needs {
    /// As a reader sees it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Graph => "the graph",
            Self::Noise => "noise",
            Self::Inputs => "inputs",
            Self::Answers => "examples",
        }
    }
}

/// A score as it is listed.
#[derive(Debug)]
pub struct Score {
    /// The name users type.
    pub name: &'static str,
    /// What it measures, in one line.
    pub summary: &'static str,
    /// What its numbers are.
    pub scale: &'static str,
    /// Where it is from.
    pub paper: &'static str,
    /// What it looks at.
    pub needs: Needs,
    /// Whether the network's inputs must be numbers that can be changed a little, rather than codes of categories or tokens.
    pub needs_numbers: bool,
    /// Whether the task must be one of classes.
    pub needs_classes: bool,
    pub(crate) measure: fn(&Probe<'_>) -> f64,
}

/// All scores, in the order in which they are shown.
pub static ALL: &[&Score] = &[
    &size::PARAMS,
    &size::MACS,
    &size::INNER_PARAMS,
    &synflow::SCORE,
    &nwot::SCORE,
    &jacov::SCORE,
    &zico::SCORE,
    &grad_norm::SCORE,
    &snip::SCORE,
    &fisher::SCORE,
    &zen::SCORE,
    &swap::SCORE,
    &epe::SCORE,
    &l2_norm::SCORE,
    &plain::SCORE,
    &grasp::SCORE,
    &heads::IMPORTANCE,
    &heads::CONFIDENCE,
    &synaptic_diversity::SCORE,
];

/// Why a score cannot be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// There is no such score.
    #[error("there is no score {name:?}{nearest}; there are: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The nearest name, as a question.
        nearest: String,
        /// What there is.
        known: String,
    },
    /// The score is not defined for such data.
    #[error("score {name:?} is not defined here: {why}; these are: {others}")]
    Undefined {
        /// The score.
        name: &'static str,
        /// What is in the way.
        why: &'static str,
        /// The scores that are defined.
        others: String,
    },
    /// There are too few examples.
    #[error("scores look at two batches of at least {least} examples, and there are {found} to learn from")]
    Batch {
        /// The fewest examples of a batch.
        least: usize,
        /// How many there are in all.
        found: usize,
    },
    /// Examples could not be read.
    #[error(transparent)]
    Data(#[from] DataError),
}

impl Score {
    /// The score of this name.
    ///
    /// # Errors
    /// Where there is none.
    pub fn named(name: &str) -> Result<&'static Self, ScoreError> {
        ALL.iter().copied().find(|score| score.name == name).ok_or_else(|| {
            let names = || ALL.iter().map(|score| score.name);
            let known = names().collect::<Vec<_>>().join(", ");
            ScoreError::Unknown { name: name.into(), nearest: did_you_mean(name, names()), known }
        })
    }

    /// Whether it is nothing but a network's size, which every other score is shown beside.
    #[must_use]
    pub fn is_size(&self) -> bool {
        ["params", "macs"].contains(&self.name)
    }

    /// Why the score is not defined for networks that look codes up, or do not answer with a class.
    #[must_use]
    pub fn obstacle(&self, has_codes: bool, has_classes: bool) -> Option<&'static str> {
        if self.needs_numbers && has_codes {
            return Some("it changes inputs a little, and here they are codes of categories or tokens");
        }
        (self.needs_classes && !has_classes).then_some("it compares classes, and here values are answered")
    }

    /// That the score is defined for such networks and tasks.
    ///
    /// # Errors
    /// Where it is not; the error names the scores that are.
    pub fn check(&self, has_codes: bool, has_classes: bool) -> Result<(), ScoreError> {
        let Some(why) = self.obstacle(has_codes, has_classes) else { return Ok(()) };
        let defined = ALL.iter().filter(|other| other.obstacle(has_codes, has_classes).is_none());
        let others = defined.map(|other| other.name).collect::<Vec<_>>().join(", ");
        Err(ScoreError::Undefined { name: self.name, why, others })
    }

    /// The network's score: a finite number, more being better.
    ///
    /// # Errors
    /// Where the score is not defined for such data.
    pub fn of(&self, probe: &Probe<'_>) -> Result<f64, ScoreError> {
        self.check(Probe::has_codes(probe.graph), probe.has_classes())?;
        if !self.is_size() && !probe.has_flow() {
            return Ok(LEAST);
        }
        let found = (self.measure)(probe);
        Ok(if found.is_finite() { found.max(LEAST) } else { LEAST })
    }
}
