use crate::together::Trust;
use nascent_core::statistics::{Interval, Verdict, VerdictResult};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The result of a study for programs: `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// The version of this format, 1.
    pub schema: u32,
    /// The study's name.
    pub study: String,
    /// `running`, `finished`, `infeasible` or `nothing-worked`.
    pub status: String,
    /// The study's seed.
    pub seed: u64,
    /// The strategy, every parameter written out.
    pub strategy: String,
    /// How many times the test set was opened.
    pub test_touches: u32,
    /// The task.
    pub task: TaskSummary,
    /// The space.
    pub space: SpaceSummary,
    /// What was wanted.
    pub objectives: Vec<ObjectiveSummary>,
    /// What became of the search's trials.
    pub trials: TrialCounts,
    /// The winner, or the recommended network so far.
    pub best: Option<Best>,
    /// The best network of each size, from the smallest on, where sizes were asked for; that of the largest is the best of all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<SizeSummary>,
    /// The Pareto set of the search.
    pub pareto: Vec<ParetoMember>,
    /// The yardsticks.
    pub baselines: Vec<BaselineSummary>,
    /// Seconds of each phase.
    pub cost: CostSummary,
    /// How far shared weights can be trusted, where networks were judged by them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
    /// What a reader must know besides.
    pub notes: Vec<String>,
}

/// A task in the summary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskSummary {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Its metric.
    pub metric: String,
    /// Training examples.
    pub train: usize,
    /// Validation examples.
    pub validation: usize,
    /// Test examples.
    pub test: usize,
}

/// A space in the summary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpaceSummary {
    /// Its name.
    pub name: String,
    /// Its members; may exceed 2^64, so it is text.
    pub count: String,
    /// `exact` or `estimate`.
    pub count_is: String,
}

/// An objective in the summary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ObjectiveSummary {
    /// The metric.
    pub name: String,
    /// `maximize`, `minimize`, or `limit` for a metric that is only limited.
    pub direction: String,
    /// The bound, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
}

/// What became of the search's trials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrialCounts {
    /// Trained, or looked at without training.
    pub finished: usize,
    /// Those of them that were only looked at, by scores.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub scored: usize,
    /// Those of them that were only judged by the weights of a supernet, which is one more.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub shared: usize,
    /// Gave no result.
    pub failed: usize,
    /// Broke a limit before training.
    pub infeasible: usize,
    /// Equal to an earlier one, so not trained.
    pub duplicate: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The best network in the summary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Best {
    /// The trial that found it.
    pub trial: u32,
    /// Its canonical hash.
    pub hash: String,
    /// Its decisions, by place.
    pub decisions: BTreeMap<String, String>,
    /// Trainable parameters.
    pub params: u64,
    /// Multiply-accumulates for one example.
    pub macs: u64,
    /// What validation gave in the search.
    pub validation: BTreeMap<String, f64>,
    /// What the test gave.
    pub test: Option<TestSummary>,
}

/// The best network of a size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SizeSummary {
    /// Its parameters, at most.
    pub size: u64,
    /// The network; none where no trial gave one.
    pub best: Option<Best>,
}

/// A test in the summary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TestSummary {
    /// The metric.
    pub metric: String,
    /// Its mean over seeds.
    pub mean: f64,
    /// The 95 % interval over test examples and seeds.
    pub ci95: [f64; 2],
    /// One value a seed.
    pub values: Vec<f64>,
}

/// A member of the Pareto set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ParetoMember {
    /// The trial.
    pub trial: u32,
    /// Its objectives.
    pub objectives: BTreeMap<String, f64>,
}

/// A yardstick in the summary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BaselineSummary {
    /// Its name.
    pub name: String,
    /// The trial of its best network; that of the best of all where nothing found was better on validation data.
    pub trial: Option<u32>,
    /// Trainable parameters of its best network.
    pub params: Option<u64>,
    /// What the test gave.
    pub test: Option<TestSummary>,
    /// The winner against it.
    pub verdict: Option<VerdictSummary>,
}

/// A verdict in the summary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VerdictSummary {
    /// `better`, `equal`, `worse` or `undecided`.
    pub result: String,
    /// The corrected p-value.
    pub p: f64,
    /// Differences up to this count as none.
    pub margin: f64,
}

/// Seconds of each phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CostSummary {
    /// The search.
    pub search_s: f64,
    /// The baselines.
    pub baseline_s: f64,
    /// Retraining, refitting and testing.
    pub final_s: f64,
}

impl TestSummary {
    pub(crate) fn new(metric: &str, interval: &Interval, values: Vec<f64>) -> Self {
        Self { metric: metric.into(), mean: interval.mean, ci95: [interval.low, interval.high], values }
    }
}

impl VerdictSummary {
    pub(crate) fn new(verdict: &Verdict) -> Self {
        let result = match verdict.result {
            VerdictResult::Better => "better",
            VerdictResult::Equal => "equal",
            VerdictResult::Worse => "worse",
            VerdictResult::Undecided => "undecided",
        };
        Self { result: result.into(), p: verdict.p, margin: verdict.margin }
    }
}
