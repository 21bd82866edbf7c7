//! What is searched, for how long, and how what was found is judged.

mod judge;
mod of_table;
mod published;

pub use judge::{Judge, Score, Yardstick};
pub use of_table::{TableOptions, of_table};
pub use published::{Listed, listed, load};

pub(crate) use judge::Judging;

use crate::error::BenchError;
use crate::table::Table;
use nascent_core::Objectives;
use nascent_core::objective::Direction;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// How long a run lasts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// So many queries: trials, each of which looks a row up.
    Queries(u64),
    /// So many simulated seconds; a trial that ends later does not count.
    Seconds(f64),
}

impl Budget {
    /// The unit, as summaries name it.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        match self {
            Self::Queries(_) => "queries",
            Self::Seconds(_) => "seconds",
        }
    }

    /// The amount in its unit.
    #[must_use]
    pub fn amount(&self) -> f64 {
        match self {
            Self::Queries(n) => *n as f64,
            Self::Seconds(s) => *s,
        }
    }
}

/// A comparison of strategies that others can repeat: cases, a budget, and where the results are read.
#[derive(Clone)]
pub struct Protocol {
    /// Its name.
    pub name: String,
    /// What it does, in a sentence or two.
    pub title: String,
    /// What is searched; every strategy runs on each.
    pub cases: Vec<Arc<Case>>,
    /// How long each run lasts.
    pub budget: Budget,
    /// Where results are read, in the budget's unit.
    pub checkpoints: Vec<f64>,
    /// Runs of each strategy on each case, unless told otherwise.
    pub runs: u64,
    /// What a reader must know besides, a sentence each.
    pub notes: Vec<String>,
}

impl Protocol {
    /// Gives runs another length, and reads results where that asks for.
    ///
    /// # Errors
    /// Where the unit changes and a case knows no seconds.
    pub fn set_budget(&mut self, budget: Budget) -> Result<(), BenchError> {
        let is_timed = |case: &Arc<Case>| case.rungs.iter().all(|r| r.seconds.is_some());
        if matches!(budget, Budget::Seconds(_)) && !self.cases.iter().all(is_timed) {
            return Err(BenchError::Input(format!(
                "protocol {} knows no seconds of its trials: give --trials instead of --budget",
                self.name
            )));
        }
        self.budget = budget;
        self.checkpoints = of_table::checkpoints(budget);
        Ok(())
    }
}

/// One search problem on a table.
pub struct Case {
    /// The table.
    pub table: Arc<Table>,
    /// Its name among the protocol's cases.
    pub name: String,
    /// What is wanted; the names are those that [`Rung::measured`] gives.
    pub objectives: Objectives,
    /// How trials are estimated, cheap to dear. Not empty.
    pub rungs: Vec<Rung>,
    /// How what was found is judged.
    pub judge: Judge,
}

/// A step of a case's ladder.
pub struct Rung {
    /// Epochs.
    pub budget: u32,
    /// What a trial finds.
    pub measured: Vec<Measured>,
    /// What it takes, in seconds, for each row; 1 second where nothing is known.
    pub seconds: Option<Vec<f64>>,
}

/// A metric that a trial finds, and where it is looked up.
pub struct Measured {
    /// The metric's name.
    pub metric: &'static str,
    /// Its values, one column for each training seed; a trial gets one of those that its row has.
    pub seeds: Vec<Vec<f64>>,
}

impl Measured {
    /// A metric with one value a row.
    pub(crate) fn column(metric: &'static str, values: Vec<f64>) -> Self {
        Self { metric, seeds: vec![values] }
    }

    /// The value that a trial with this seed finds; `None` where the row has none.
    #[inline]
    pub(crate) fn value(&self, row: usize, seed: u64) -> Option<f64> {
        if let [only] = &self.seeds[..] {
            return only.get(row).copied().filter(|v| v.is_finite());
        }
        let here = || self.seeds.iter().filter_map(|s| s.get(row).copied().filter(|v| v.is_finite()));
        let count = here().count();
        here().nth((seed % count.max(1) as u64) as usize)
    }
}

impl Case {
    /// Mean seconds of a trial on the top rung.
    #[must_use]
    pub fn mean_seconds(&self) -> f64 {
        let seconds = self.rungs.last().and_then(|r| r.seconds.as_ref());
        seconds.map_or(1.0, |s| {
            let known = || s.iter().copied().filter(|v| v.is_finite());
            known().sum::<f64>() / known().count().max(1) as f64
        })
    }

    /// The number of trials that a run is expected to have: what strategies derive their defaults from.
    #[must_use]
    pub fn expected_trials(&self, budget: Budget, workers: usize) -> u64 {
        match budget {
            Budget::Queries(n) => n.min(self.table.rows() as u64),
            Budget::Seconds(s) => ((s / self.mean_seconds()).ceil() as u64).max(1) * workers as u64,
        }
    }
}

/// A name that lives as long as the program, so that no trial has to copy it. Each different one is kept once.
pub(crate) fn lasting(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let kept: &'static str = Box::leak(name.to_string().into_boxed_str());
    names.insert(kept);
    kept
}

/// The best value of a column.
pub(crate) fn best(values: &[f64], direction: Direction) -> f64 {
    let finite = values.iter().copied().filter(|v| v.is_finite());
    match direction {
        Direction::Maximize => finite.fold(f64::NEG_INFINITY, f64::max),
        Direction::Minimize => finite.fold(f64::INFINITY, f64::min),
    }
}

/// The worst value of a column.
pub(crate) fn worst(values: &[f64], direction: Direction) -> f64 {
    best(
        values,
        match direction {
            Direction::Maximize => Direction::Minimize,
            Direction::Minimize => Direction::Maximize,
        },
    )
}
