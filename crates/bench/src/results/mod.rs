//! What a bench found, ready to be written, drawn and printed.

mod parquet;
mod summary;

pub use summary::{Comparison, Optimum, Rank, Row, Summary};

use crate::error::BenchError;
use crate::protocol::{Budget, Score};
use crate::run::{Bench, Trace, Traces};
use crate::statistics::{Pair, compare_all, ranks};
use nascent_core::objective::Direction;
use std::path::Path;

/// A number that is reported: what it is about, and its value in every run of every strategy.
pub struct Reported {
    /// Its name, direction and optimum; of several cases of one data set, the optimum of their mean.
    pub score: Score,
    /// The name of the table.
    pub table: String,
    /// The cases it is the mean of, and its place among each one's scores.
    parts: Vec<(usize, usize)>,
}

/// All runs of a bench, and what is reported of them.
pub struct Results<'b> {
    bench: &'b Bench,
    traces: Traces,
    /// What is reported, the headline first.
    pub reported: Vec<Reported>,
}

impl<'b> Results<'b> {
    /// The results of these runs.
    #[must_use]
    pub fn new(bench: &'b Bench, traces: Traces) -> Self {
        let mut reported: Vec<Reported> = Vec::new();
        for (case, what) in bench.protocol.cases.iter().enumerate() {
            for (place, score) in what.judge.scores().into_iter().enumerate() {
                let same = |r: &&mut Reported| {
                    (&r.score.dataset, &r.score.metric) == (&score.dataset, &score.metric)
                };
                match reported.iter_mut().find(same) {
                    Some(known) => known.parts.push((case, place)),
                    None => reported.push(Reported {
                        score: score.clone(),
                        table: what.table.full_name(),
                        parts: vec![(case, place)],
                    }),
                }
            }
        }
        for known in &mut reported {
            let optima = known
                .parts
                .iter()
                .map(|&(case, place)| bench.protocol.cases[case].judge.scores()[place].optimum);
            known.score.optimum = optima.sum::<f64>() / known.parts.len() as f64;
        }
        Self { bench, traces, reported }
    }

    /// The bench.
    #[must_use]
    pub fn bench(&self) -> &Bench {
        self.bench
    }

    /// The runs of a strategy on a case.
    #[must_use]
    pub fn traces(&self, contender: usize, case: usize) -> &[Trace] {
        self.traces.get(&(contender, case)).map_or(&[], Vec::as_slice)
    }

    /// The value of what is reported in every run of a strategy, when so much of the budget was used.
    #[must_use]
    pub fn values(&self, reported: &Reported, contender: usize, at: f64) -> Vec<f64> {
        let value = |run: usize| {
            let part = |&(case, place): &(usize, usize)| {
                let found = self.traces(contender, case).get(run).and_then(|t| t.value(at, place));
                found.unwrap_or_else(|| self.bench.protocol.cases[case].judge.scores()[place].nothing)
            };
            reported.parts.iter().map(part).sum::<f64>() / reported.parts.len() as f64
        };
        (0..self.bench.runs as usize).map(value).collect()
    }

    /// As [`Results::values`], for all strategies.
    #[must_use]
    pub fn all_values(&self, reported: &Reported, at: f64) -> Vec<Vec<f64>> {
        (0..self.bench.contenders.len()).map(|contender| self.values(reported, contender, at)).collect()
    }

    /// Every pair of strategies by what is reported.
    #[must_use]
    pub fn pairs(&self, reported: &Reported, at: f64) -> Vec<Pair> {
        compare_all(&self.all_values(reported, at), reported.score.direction)
    }

    /// The numbers by which strategies are ranked: the first metric, on each data set.
    pub fn headlines(&self) -> impl Iterator<Item = &Reported> {
        let first = self.reported.first().map(|r| r.score.metric.clone()).unwrap_or_default();
        self.reported.iter().filter(move |r| r.score.metric == first)
    }

    /// The mean rank of each strategy over all runs and data sets at the end of the budget.
    #[must_use]
    pub fn mean_ranks(&self) -> Vec<f64> {
        let at = self.bench.protocol.budget.amount();
        let contenders = self.bench.contenders.len();
        let (mut sums, mut blocks) = (vec![0.0; contenders], 0.0);
        for reported in self.headlines() {
            let values = self.all_values(reported, at);
            for run in 0..self.bench.runs as usize {
                let here: Vec<f64> = values.iter().map(|v| v[run]).collect();
                sums.iter_mut().zip(ranks(&here, reported.score.direction)).for_each(|(sum, r)| *sum += r);
                blocks += 1.0;
            }
        }
        sums.iter().map(|sum| sum / blocks).collect()
    }

    /// Every pair of strategies by their ranks over all runs and data sets at the end.
    #[must_use]
    pub fn rank_pairs(&self) -> Vec<Pair> {
        let at = self.bench.protocol.budget.amount();
        let mut values = vec![Vec::new(); self.bench.contenders.len()];
        for reported in self.headlines() {
            for (contender, all) in values.iter_mut().enumerate() {
                // One direction for all, so that data sets can be put together.
                let sign = if reported.score.direction == Direction::Maximize { -1.0 } else { 1.0 };
                all.extend(self.values(reported, contender, at).iter().map(|v| sign * v));
            }
        }
        compare_all(&values, Direction::Minimize)
    }

    /// What a reader must know: the protocol's notes, and what happened in these runs.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.bench.protocol.notes.clone();
        if self.bench.distinct {
            notes.push("rows of one computation count as one query (deduplication by isomorphism)".into());
        }
        for (contender, who) in self.bench.contenders.iter().enumerate() {
            let cases = 0..self.bench.protocol.cases.len();
            let exhausted: Vec<&Trace> =
                cases.flat_map(|case| self.traces(contender, case)).filter(|t| t.exhausted).collect();
            if let Some(first) = exhausted.iter().map(|t| t.queries).max() {
                notes.push(format!(
                    "{}: {} of {} runs exhausted the space, after {first} queries at most: there was nothing left to try",
                    who.name,
                    exhausted.len(),
                    self.bench.runs * self.bench.protocol.cases.len() as u64
                ));
            }
        }
        if let Budget::Queries(n) = self.bench.protocol.budget {
            for case in &self.bench.protocol.cases {
                let rows = case.table.rows() as u64;
                let note = format!(
                    "{n} queries are more than the {rows} networks of table {}: runs end when all are tried",
                    case.table.about().name
                );
                if n > rows && !notes.contains(&note) {
                    notes.push(note);
                }
            }
        }
        notes
    }

    /// Writes `summary.json` and `runs.parquet` into a folder.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn write(&self, folder: &Path, command: &str) -> Result<Summary, BenchError> {
        let summary = self.summary(command);
        let text = serde_json::to_vec_pretty(&summary).map_err(|e| BenchError::file(folder, e))?;
        crate::files::write(&folder.join("summary.json"), &text)?;
        let path = folder.join("runs.parquet");
        let bytes = parquet::bytes(self).map_err(|e| BenchError::file(&path, e))?;
        crate::files::write(&path, &bytes)?;
        Ok(summary)
    }
}
