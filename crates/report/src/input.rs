use nascent_core::architecture::Architecture;
use nascent_core::chooser::Answer;
use nascent_core::objective::Direction;
use nascent_core::statistics::{Interval, Verdict};
use nascent_core::{History, Objectives, TrialId};

/// Everything that a page or a card tells about a study: what is written comes from here and from nowhere else.
#[derive(Clone)]
pub struct Report<'a> {
    /// The study's name.
    pub study: &'a str,
    /// The version of the program that writes the report.
    pub version: &'a str,
    /// The task.
    pub task: TaskFacts,
    /// The search space.
    pub space: SpaceFacts,
    /// What happened.
    pub history: &'a History,
    /// What was wanted.
    pub objectives: &'a Objectives,
    /// How far below the best first objective a recommended member of the Pareto set may be.
    pub tolerance: f64,
    /// The trial whose network is recommended, once there is one.
    pub recommended: Option<TrialId>,
    /// That network, canonical.
    pub best: Option<&'a Architecture>,
    /// The decisions of each trial spelled out, by trial number; shorter or empty where they are not known.
    pub answers: &'a [Vec<Answer>],
    /// How the recommended network did on the test set, once it was tested.
    pub test: Option<Interval>,
    /// The yardsticks.
    pub baselines: Vec<Baseline>,
    /// Seconds that each phase took, pauses left out.
    pub seconds: Seconds,
    /// Trials that were not run because an equal one had been.
    pub duplicates: Duplicates,
    /// Shell commands that repeat the study and use its results, in order.
    pub commands: Vec<String>,
    /// What a reader must know besides, a sentence each, such as `the budget lowered seeds to 2`.
    pub notes: Vec<String>,
}

/// What was learned, and from how much.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskFacts {
    /// The task's name.
    pub name: String,
    /// Its kind, such as `image-classification`.
    pub kind: String,
    /// The metric by which networks are judged.
    pub metric: String,
    /// Which way that metric is better.
    pub direction: Direction,
    /// Training examples.
    pub train: usize,
    /// Validation examples.
    pub validation: usize,
    /// Test examples.
    pub test: usize,
    /// The classes' names, empty for a task without classes.
    pub classes: Vec<String>,
}

/// Where was searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpaceFacts {
    /// The space's name.
    pub name: String,
    /// How many members it has, in digits: it may exceed 2^64.
    pub count: String,
    /// Whether the count is exact, else an estimate.
    pub is_exact: bool,
}

/// A yardstick for the network that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// Its name, as in its trials' role.
    pub name: String,
    /// Its best trial, once there is one.
    pub trial: Option<TrialId>,
    /// The parameters of its best network.
    pub params: Option<u64>,
    /// How that network did on the test set, once it was tested.
    pub test: Option<Interval>,
    /// The winner against it, once both were tested.
    pub verdict: Option<Verdict>,
}

/// Seconds that each phase of a study took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seconds {
    /// The search.
    pub search: f64,
    /// All baselines.
    pub baselines: f64,
    /// Training the finalists again, refitting and testing.
    pub finals: f64,
}

impl Seconds {
    /// All phases together.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.search + self.baselines + self.finals
    }
}

/// Trials whose result was known from an equal one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Duplicates {
    /// How many.
    pub count: usize,
    /// Seconds that running them would have taken, an estimate.
    pub saved_seconds: f64,
}
