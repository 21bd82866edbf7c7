use super::Results;
use crate::protocol::Budget;
use crate::statistics::{cliques, describe};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The result for programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// The version of this form.
    pub schema: u32,
    /// The protocol, or the table where it is none.
    pub protocol: String,
    /// What it does.
    pub title: String,
    /// How long a run lasts.
    pub budget: Budget,
    /// Runs of each strategy on each case.
    pub runs: u64,
    /// The seed.
    pub seed: u64,
    /// Simulated workers of a run.
    pub workers: usize,
    /// Whether rows of one computation counted as one query.
    pub distinct: bool,
    /// The command that gives the same numbers.
    pub command: String,
    /// What a reader must know besides.
    pub notes: Vec<String>,
    /// The best that can be had: one for each data set and metric.
    pub optima: Vec<Optimum>,
    /// Means over runs.
    pub rows: Vec<Row>,
    /// Strategies in pairs, at the checkpoints, by the headline metric.
    pub comparisons: Vec<Comparison>,
    /// Strategies by their mean rank at the end, over all runs and data sets.
    pub ranks: Vec<Rank>,
    /// Groups of strategies that the paired tests cannot tell apart at the end.
    pub indistinguishable: Vec<Vec<String>>,
}

/// The best that can be had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Optimum {
    /// The data set or device.
    pub dataset: String,
    /// The metric.
    pub metric: String,
    /// Its best value in the table.
    pub value: f64,
}

/// The mean of a metric over runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// The strategy, as written.
    pub strategy: String,
    /// The table.
    pub table: String,
    /// The data set or device.
    pub dataset: String,
    /// How much of the budget was used.
    pub at: f64,
    /// `queries` or `seconds`.
    pub unit: String,
    /// How many runs.
    pub runs: u64,
    /// The metric.
    pub metric: String,
    /// The mean.
    pub mean: f64,
    /// The standard deviation over runs.
    pub sd: f64,
    /// The 95 % interval of the mean.
    pub ci95: [f64; 2],
}

/// Two strategies on the same seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The data set or device.
    pub dataset: String,
    /// The metric.
    pub metric: String,
    /// How much of the budget was used.
    pub at: f64,
    /// One strategy.
    pub first: String,
    /// The other.
    pub second: String,
    /// By how much the first is better in the mean; negative where it is worse.
    pub advantage: f64,
    /// The 95 % interval of that.
    pub ci95: [f64; 2],
    /// How much worse the first may be than the second in the mean, and the second than the first: one-sided 95 % bounds,
    /// paired. One is not inferior to the other by a margin that its bound stays below.
    pub worse_by: [f64; 2],
    /// The p-value of the paired signed-rank test, corrected for all pairs (Holm).
    pub p: f64,
    /// The rank-biserial correlation, −1 to 1.
    pub effect: f64,
    /// `better`, `worse`, or `indistinguishable` where p is 0.05 or more.
    pub verdict: String,
}

/// A strategy's mean rank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rank {
    /// The strategy, as written.
    pub strategy: String,
    /// Its mean rank; 1 is the best.
    pub mean_rank: f64,
}

impl Results<'_> {
    /// Everything in a form for programs; `command` repeats it.
    #[must_use]
    pub fn summary(&self, command: &str) -> Summary {
        let bench = self.bench();
        let ranks = self.ranks();
        let order: Vec<usize> = ranks.iter().map(|(contender, _)| *contender).collect();
        let name = |contender: usize| bench.contenders[contender].name.clone();
        let groups = cliques(&order, &self.rank_pairs());
        Summary {
            schema: 1,
            protocol: bench.protocol.name.clone(),
            title: bench.protocol.title.clone(),
            budget: bench.protocol.budget,
            runs: bench.runs,
            seed: bench.seed,
            workers: bench.workers,
            distinct: bench.distinct,
            command: command.into(),
            notes: self.notes(),
            optima: self
                .reported
                .iter()
                .map(|r| Optimum {
                    dataset: r.score.dataset.clone(),
                    metric: r.score.metric.clone(),
                    value: r.score.optimum,
                })
                .collect(),
            rows: self.rows(),
            comparisons: self.comparisons(),
            ranks: ranks.iter().map(|(c, rank)| Rank { strategy: name(*c), mean_rank: *rank }).collect(),
            indistinguishable: groups.into_iter().map(|g| g.into_iter().map(name).collect()).collect(),
        }
    }

    /// Strategies by their mean rank, the best first.
    #[must_use]
    pub fn ranks(&self) -> Vec<(usize, f64)> {
        let mut ranks: Vec<(usize, f64)> = self.mean_ranks().into_iter().enumerate().collect();
        ranks.sort_by(|a, b| a.1.total_cmp(&b.1));
        ranks
    }

    fn rows(&self) -> Vec<Row> {
        let bench = self.bench();
        let mut rows = Vec::new();
        for reported in &self.reported {
            for (contender, who) in bench.contenders.iter().enumerate() {
                for &at in &bench.protocol.checkpoints {
                    let Some(described) = describe(&self.values(reported, contender, at)) else { continue };
                    rows.push(Row {
                        strategy: who.name.clone(),
                        table: reported.table.clone(),
                        dataset: reported.score.dataset.clone(),
                        at,
                        unit: bench.protocol.budget.unit().into(),
                        runs: described.runs,
                        metric: reported.score.metric.clone(),
                        mean: described.mean,
                        sd: described.sd,
                        ci95: described.ci95,
                    });
                }
            }
        }
        rows
    }

    fn comparisons(&self) -> Vec<Comparison> {
        let bench = self.bench();
        let mut found = Vec::new();
        for reported in self.headlines() {
            for &at in &bench.protocol.checkpoints {
                for pair in self.pairs(reported, at) {
                    found.push(Comparison {
                        dataset: reported.score.dataset.clone(),
                        metric: reported.score.metric.clone(),
                        at,
                        first: bench.contenders[pair.first].name.clone(),
                        second: bench.contenders[pair.second].name.clone(),
                        advantage: pair.advantage,
                        ci95: pair.ci95,
                        worse_by: pair.worse_by,
                        p: pair.p,
                        effect: pair.effect,
                        verdict: pair.verdict().into(),
                    });
                }
            }
        }
        found
    }
}
