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
    /// The data, where they are known.
    pub data: Option<DataFacts>,
    /// The search space.
    pub space: SpaceFacts,
    /// What happened.
    pub history: &'a History,
    /// What was wanted.
    pub objectives: &'a Objectives,
    /// The rule by which a member of the Pareto set is recommended, in words.
    pub rule: String,
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
    /// The best network of each size, where sizes were asked for.
    pub sizes: Vec<OfSize>,
    /// Seconds that each phase took, pauses left out.
    pub seconds: Seconds,
    /// Trials that were not run because an equal one had been.
    pub duplicates: Duplicates,
    /// Shell commands that repeat the study and use its results, in order.
    pub commands: Vec<String>,
    /// What a reader must know besides, a sentence each, such as `the budget lowered seeds to 2`.
    pub notes: Vec<String>,
}

/// The best network of a size.
#[derive(Clone, Debug, PartialEq)]
pub struct OfSize {
    /// Its parameters, at most.
    pub most: u64,
    /// The trial that found it; none where no trial gave one.
    pub trial: Option<TrialId>,
    /// Its parameters.
    pub params: Option<u64>,
    /// How it did on the test set, once it was tested.
    pub test: Option<Interval>,
}

/// What the data are, what was done with them, and how the final network does on the test part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DataFacts {
    /// Where the data lie.
    pub places: Vec<String>,
    /// What is answered.
    pub target: String,
    /// What a network sees, in words.
    pub inputs: String,
    /// How the rows were cut into parts, in words.
    pub split: String,
    /// Rows for training, validation and testing.
    pub rows: [usize; 3],
    /// The same for each class, by name.
    pub classes: Vec<(String, [usize; 3])>,
    /// What becomes of each column of a table.
    pub columns: Vec<ColumnFacts>,
    /// What was inferred.
    pub notes: Vec<String>,
    /// What looks wrong.
    pub warnings: Vec<String>,
    /// The final network on the test part, once it was tested.
    pub tested: Option<Tested>,
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// What becomes of it.
    pub treatment: String,
    /// Cells without a value.
    pub missing: usize,
    /// Different values.
    pub different: usize,
}

/// Answers of the final network to the test part.
#[derive(Clone, Debug, PartialEq)]
pub enum Tested {
    /// Classes.
    Classes(ClassesTested),
    /// Values.
    Values(ValuesTested),
}

/// Answered classes.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassesTested {
    /// The classes' names.
    pub names: Vec<String>,
    /// How often each true class (row) was answered with each class (column).
    pub confusion: Vec<Vec<usize>>,
    /// The most confident errors, the worst first.
    pub errors: Vec<Mistake>,
}

/// An example that was answered wrongly.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    /// The example's row among all rows of the data, from 0.
    pub row: usize,
    /// Its class.
    pub truth: String,
    /// The answer.
    pub said: String,
    /// The answer's probability.
    pub probability: f64,
    /// The example as a `data:` address, where it is a picture.
    pub picture: Option<String>,
}

/// Answered values.
#[derive(Clone, Debug, PartialEq)]
pub struct ValuesTested {
    /// True value and answer of each test example, in the target's unit.
    pub points: Vec<(f64, f64)>,
}

impl Report<'_> {
    /// The baselines that the network is compared with, and their verdicts: not the one whose network it is.
    pub(crate) fn verdicts(&self) -> impl Iterator<Item = (&Baseline, Verdict)> {
        let others = self.baselines.iter().filter(|baseline| !self.is_own(baseline));
        others.filter_map(|baseline| Some((baseline, baseline.verdict?)))
    }

    /// Whether the network is that of a baseline.
    pub(crate) fn is_own(&self, baseline: &Baseline) -> bool {
        baseline.trial.is_some() && baseline.trial == self.recommended
    }
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
    /// Training examples; 0 where the data are a program's of the user's.
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
