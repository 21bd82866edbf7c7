//! Many runs, on all cores, each stored as it finishes.

mod journal;
mod one;

pub use one::{RunSettings, run};

use crate::error::BenchError;
use crate::protocol::{Case, Protocol};
use journal::Journal;
use nascent_core::event::Rung;
use nascent_core::{Objectives, Space, Strategy};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// What a strategy is made for.
pub struct Occasion<'a> {
    /// What is searched.
    pub space: &'a dyn Space,
    /// How many trials the run is expected to have.
    pub trials: u64,
    /// The rungs there are.
    pub ladder: &'a [Rung],
    /// What is wanted.
    pub objectives: &'a Objectives,
}

/// Makes a strategy for a run; an error says why it cannot do what is asked.
pub type Make = dyn Fn(&Occasion<'_>) -> Result<Box<dyn Strategy>, String> + Send + Sync;

/// A strategy that takes part.
#[derive(Clone)]
pub struct Contender {
    /// How users write it.
    pub name: String,
    /// Makes it.
    pub make: Arc<Make>,
}

/// What a run found, and when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// Each time that something better was found: the queries or seconds until then, and the case's scores.
    pub steps: Vec<(f64, Vec<f64>)>,
    /// Queries counted.
    pub queries: u64,
    /// Trials made, those included that are not counted as queries.
    pub trials: u64,
    /// Simulated seconds.
    pub seconds: f64,
    /// Whether the strategy had nothing more to propose before the budget was used up.
    pub exhausted: bool,
}

impl Trace {
    /// A score when so much of the budget was used; `None` where nothing was found until then.
    #[must_use]
    pub fn value(&self, at: f64, score: usize) -> Option<f64> {
        let steps = self.steps.partition_point(|(when, _)| *when <= at);
        self.steps.get(steps.checked_sub(1)?).and_then(|(_, values)| values.get(score).copied())
    }
}

/// What is asked of a bench.
#[derive(Clone)]
pub struct Bench {
    /// The protocol, with its budget as it is to be.
    pub protocol: Protocol,
    /// Who takes part. Not empty, no name twice.
    pub contenders: Vec<Contender>,
    /// Runs of each on each case. At least 1.
    pub runs: u64,
    /// The seed.
    pub seed: u64,
    /// Simulated workers of each run. At least 1.
    pub workers: usize,
    /// Whether rows of one computation count as one query.
    pub distinct: bool,
}

/// How far a bench is.
#[derive(Clone, Copy, Debug)]
pub struct Done<'a> {
    /// Runs that are over, those of earlier sessions included.
    pub runs: u64,
    /// Runs of earlier sessions.
    pub before: u64,
    /// All runs.
    pub all: u64,
    /// The strategy of the last.
    pub strategy: &'a str,
    /// Its case.
    pub case: &'a str,
}

/// Every run, by contender and case, in the order of their numbers.
pub type Traces = BTreeMap<(usize, usize), Vec<Trace>>;

impl Bench {
    /// What every run has in common.
    #[must_use]
    pub fn settings(&self) -> RunSettings {
        RunSettings {
            budget: self.protocol.budget,
            seed: self.seed,
            workers: self.workers,
            distinct: self.distinct,
        }
    }

    /// Checks what can be checked before anything runs: that there is something to do, and that every strategy can be
    /// made for every case.
    ///
    /// # Errors
    /// What is wrong, and what would be allowed.
    pub fn check(&self) -> Result<(), BenchError> {
        let fail = |text: String| Err(BenchError::Input(text));
        if self.runs == 0 {
            return fail("--runs 0 runs nothing: give at least 1, and 2 or more for an interval".into());
        }
        if self.workers == 0 || self.workers > 10_000 {
            return fail(format!("--workers {}: 1 to 10000 are allowed", self.workers));
        }
        if self.protocol.budget.amount() < 1.0 {
            let unit = self.protocol.budget.unit();
            return fail(format!(
                "a budget of {} {unit} is none: give at least 1",
                self.protocol.budget.amount()
            ));
        }
        if self.contenders.is_empty() {
            return fail("no strategy was named: give at least one --strategy".into());
        }
        for (i, contender) in self.contenders.iter().enumerate() {
            if self.contenders[..i].iter().any(|c| c.name == contender.name) {
                return fail(format!("strategy {:?} was named twice", contender.name));
            }
            for case in &self.protocol.cases {
                if self.distinct {
                    case.table.classes()?;
                }
                run(case, contender, &self.settings(), 0, &|| true)?;
            }
        }
        Ok(())
    }

    /// Runs what is not yet in the folder, on all cores of the current thread pool.
    ///
    /// Each run is stored as it ends, so that the same call continues after an interruption. `progress` is told after
    /// each, and `stop` is asked before each and between any two trials.
    ///
    /// # Errors
    /// Where a run fails, the folder belongs to another bench, or `stop` said so; finished runs stay.
    pub fn run(
        &self,
        folder: &Path,
        progress: &mut (dyn FnMut(Done<'_>) + Send),
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Traces, BenchError> {
        self.check()?;
        let mut journal = Journal::open(folder, self)?;
        let mut missing = Vec::new();
        for number in 0..self.runs {
            for contender in 0..self.contenders.len() {
                for case in 0..self.protocol.cases.len() {
                    if !journal.has(self, contender, case, number) {
                        missing.push((contender, case, number));
                    }
                }
            }
        }
        let all = self.runs * (self.contenders.len() * self.protocol.cases.len()) as u64;
        let before = all - missing.len() as u64;
        let shared = Mutex::new((&mut journal, progress, before));
        let one = |&(contender, case, number): &(usize, usize, u64)| -> Result<(), BenchError> {
            let (who, what): (&Contender, &Case) = (&self.contenders[contender], &self.protocol.cases[case]);
            let trace = match stop() {
                true => None,
                false => run(what, who, &self.settings(), number, stop)?,
            };
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let (journal, progress, done) = &mut *shared;
            let Some(trace) = trace else {
                return Err(BenchError::Interrupted { done: *done, all });
            };
            journal.add(self, contender, case, number, trace)?;
            *done += 1;
            progress(Done { runs: *done, before, all, strategy: &who.name, case: &what.name });
            Ok(())
        };
        let result = missing.par_iter().with_max_len(1).try_for_each(one);
        match result {
            // Another thread may have finished a run after the first one gave up.
            Err(BenchError::Interrupted { all, .. }) => {
                let done = shared.into_inner().unwrap_or_else(PoisonError::into_inner).2;
                Err(BenchError::Interrupted { done, all })
            }
            Err(error) => Err(error),
            Ok(()) => Ok(journal.traces(self)),
        }
    }
}
