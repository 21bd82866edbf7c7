//! What is asked of a bench, as users write it.

use crate::error::BenchError;
use crate::protocol::{Budget, Protocol, TableOptions, listed, of_table};
use crate::run::{Bench, Contender};
use crate::store::Store;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::sync::Arc;

/// A bench as users write it in TOML; every key is also an option of the command line.
///
/// ```toml
/// bench = "nb201-queries"       # a protocol, the name of a table, or the file of one
/// strategies = ["random", "evolution:population=30"]
/// runs = 200
/// trials = 300
/// seed = 1
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BenchSettings {
    /// A protocol, the name of a table, or the file of one.
    pub bench: String,
    /// Who takes part.
    pub strategies: Vec<String>,
    /// Runs of each strategy on each case; the protocol's own number unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<u64>,
    /// Queries of a run; the protocol's own unless given, 300 on a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trials: Option<u64>,
    /// Simulated seconds of a run, instead of trials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_s: Option<f64>,
    /// The seed; 1 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Simulated workers of a run; 1 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers: Option<usize>,
    /// Whether rows of one computation count as one query.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub distinct: bool,
    /// Only these cases of a protocol, by name; all unless given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<String>,
    /// Columns of a table to optimise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<String>,
    /// Limits on columns of a table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// The column of a table that what was found is judged by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<String>,
    /// The column of a table that holds the seconds of a trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<String>,
}

/// Queries of a run on a table where nothing else is said.
const TRIALS: u64 = 300;

impl BenchSettings {
    /// Reads a file's text.
    ///
    /// # Errors
    /// Where it is not TOML, or not of this form; the error shows the place.
    pub fn parse(text: &str) -> Result<Self, BenchError> {
        let settings: Self = toml::from_str(text).map_err(|e| BenchError::Input(e.to_string()))?;
        match settings.bench.is_empty() {
            true => Err(BenchError::Input("a bench needs bench = \"PROTOCOL\" or \"TABLE\"".into())),
            false => Ok(settings),
        }
    }

    /// The same settings with everything that was left out filled in.
    #[must_use]
    pub fn resolved(&self, bench: &Bench) -> Self {
        let (trials, budget_s) = match bench.protocol.budget {
            Budget::Queries(n) => (Some(n), None),
            Budget::Seconds(s) => (None, Some(s)),
        };
        let (runs, seed, workers) = (Some(bench.runs), Some(bench.seed), Some(bench.workers));
        Self { trials, budget_s, runs, seed, workers, ..self.clone() }
    }

    /// The settings as a file.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_default()
    }

    /// The bench, with tables from `store` and strategies from `contender`.
    ///
    /// # Errors
    /// Where something does not exist, is out of range, or does not go together.
    pub fn bench(
        &self,
        store: &Store,
        contender: &dyn Fn(&str) -> Result<Contender, BenchError>,
    ) -> Result<Bench, BenchError> {
        let mut protocol = self.protocol(store)?;
        if !self.cases.is_empty() {
            keep_cases(&mut protocol, &self.cases)?;
        }
        Ok(Bench {
            runs: self.runs.unwrap_or(protocol.runs),
            protocol,
            contenders: self.strategies.iter().map(|text| contender(text)).collect::<Result<_, _>>()?,
            seed: self.seed.unwrap_or(1),
            workers: self.workers.unwrap_or(1),
            distinct: self.distinct,
        })
    }

    fn protocol(&self, store: &Store) -> Result<Protocol, BenchError> {
        let fail = |text: &str| Err(BenchError::Input(text.into()));
        let budget = match (self.trials, self.budget_s) {
            (Some(_), Some(_)) => return fail("give --trials or --budget, not both: a run has one end"),
            (Some(0), None) => return fail("--trials 0 tries nothing: give at least 1"),
            (None, Some(s)) if !s.is_finite() || s < 1.0 => {
                return fail("a budget must be at least one second");
            }
            (Some(n), None) => Some(Budget::Queries(n)),
            (None, Some(s)) => Some(Budget::Seconds(s)),
            (None, None) => None,
        };
        if !listed().iter().any(|p| p.name == self.bench) {
            let options = self.table_options()?;
            let table = Arc::new(store.table(&self.bench)?);
            return of_table(table, &options, budget.unwrap_or(Budget::Queries(TRIALS)));
        }
        if self.table_options()? != TableOptions::default() {
            return fail(
                "--objective, --limit, --score and --seconds are for tables: a protocol has its own",
            );
        }
        let mut protocol = store.protocol(&self.bench)?;
        if let Some(budget) = budget {
            protocol.set_budget(budget)?;
        }
        Ok(protocol)
    }

    fn table_options(&self) -> Result<TableOptions, BenchError> {
        let limit = |text: &String| text.parse().map_err(|e| BenchError::Input(format!("{e}")));
        Ok(TableOptions {
            objectives: self.objectives.clone(),
            limits: self.limits.iter().map(limit).collect::<Result<_, _>>()?,
            score: self.score.clone(),
            seconds: self.seconds.clone(),
        })
    }

    /// The command that asks for the same.
    #[must_use]
    pub fn command(&self, bench: &Bench) -> String {
        let mut command = format!("nascent bench {}", quoted(&self.bench));
        let list = [("case", &self.cases), ("objective", &self.objectives), ("limit", &self.limits)];
        for (name, values) in [("strategy", &self.strategies)].into_iter().chain(list) {
            for value in values {
                let _ = write!(command, " --{name} {}", quoted(value));
            }
        }
        for (name, value) in [("score", &self.score), ("seconds", &self.seconds)] {
            if let Some(value) = value {
                let _ = write!(command, " --{name} {}", quoted(value));
            }
        }
        let _ = match bench.protocol.budget {
            Budget::Queries(n) => write!(command, " --trials {n}"),
            Budget::Seconds(s) => write!(command, " --budget {s}s"),
        };
        let _ = write!(command, " --runs {} --seed {}", bench.runs, bench.seed);
        if bench.workers != 1 {
            let _ = write!(command, " --workers {}", bench.workers);
        }
        if bench.distinct {
            command.push_str(" --distinct");
        }
        command
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:=,/".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.into(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

fn keep_cases(protocol: &mut Protocol, wanted: &[String]) -> Result<(), BenchError> {
    let known: Vec<String> = protocol.cases.iter().map(|c| c.name.clone()).collect();
    if let Some(unknown) = wanted.iter().find(|w| !known.contains(w)) {
        return Err(BenchError::Input(format!(
            "protocol {} has no case {unknown:?}; it has: {}",
            protocol.name,
            known.join("; ")
        )));
    }
    protocol.cases.retain(|c| wanted.contains(&c.name));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_written() {
        let text = "bench = \"nb201-queries\"\nstrategies = [\"random\"]\nruns = 3\n";
        let settings = BenchSettings::parse(text).unwrap();
        assert_eq!(BenchSettings::parse(&settings.to_toml()).unwrap(), settings);
        assert!(BenchSettings::parse("strategies = []").unwrap_err().to_string().contains("bench ="));
        assert!(BenchSettings::parse("bench = \"x\"\nrun = 3").unwrap_err().to_string().contains("run"));
        assert_eq!(quoted("asha > random"), "'asha > random'");
        assert_eq!(quoted("evolution:population=3"), "evolution:population=3");
    }
}
