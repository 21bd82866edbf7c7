//! One run: one strategy, one case, one seed.

use super::{Contender, Trace};
use crate::clock::{Clock, SimulatedWorkers};
use crate::error::BenchError;
use crate::protocol::{Budget, Case, Judging};
use nascent_core::event::{Created, FORMAT, Role, Rung, Seq, Stamped};
use nascent_core::rng::mix;
use nascent_core::study::{End, Halt, Parts, Phase, Source, StudyError};
use nascent_core::{Event, Log, LogError, StrategyError, Study};
use std::cell::Cell;
use std::collections::HashSet;

/// What every run of a bench has in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunSettings {
    /// How long it lasts.
    pub budget: Budget,
    /// The bench's seed.
    pub seed: u64,
    /// Simulated workers.
    pub workers: usize,
    /// Whether rows of one computation count as one query.
    pub distinct: bool,
}

/// A log for runs that are only looked at while they last: it counts, and keeps nothing.
#[derive(Default)]
struct CountingLog(u64);

impl Log for CountingLog {
    fn append(&mut self, _: u64, events: &[Event]) -> Result<Seq, LogError> {
        self.0 += events.len() as u64;
        Ok(Seq(self.0))
    }

    fn after(&self, _: Seq) -> Result<Vec<Stamped>, LogError> {
        Ok(Vec::new())
    }
}

/// Runs a strategy on a case; `None` where `stop` said so before the end.
///
/// # Errors
/// Where the strategy cannot do what is asked, or the study fails.
pub fn run(
    case: &Case,
    contender: &Contender,
    settings: &RunSettings,
    number: u64,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Trace>, BenchError> {
    let expected = case.expected_trials(settings.budget, settings.workers);
    let unsuitable = |reason: String| BenchError::Strategy {
        strategy: contender.name.clone(),
        case: case.name.clone(),
        reason,
    };
    let ladder = ladder(case);
    let mut strategy = (contender.make)(&super::Occasion {
        space: &**case.table.space(),
        trials: expected,
        ladder: &ladder,
        objectives: &case.objectives,
    })
    .map_err(unsuitable)?;
    let clock = Clock::default();
    let mut watch = Watch::new(case, &clock, settings)?;
    let over = watch.over.clone();
    let halt = || match stop() {
        true => Halt::Now,
        false if over.get() => Halt::AfterRunning,
        false => Halt::No,
    };
    let (mut log, mut workers) =
        (CountingLog::default(), SimulatedWorkers::new(case, &clock, settings.workers));
    let mut sink = |stamped: &Stamped| watch.hear(stamped);
    let parts = Parts {
        space: &**case.table.space(),
        objectives: case.objectives.clone(),
        log: &mut log,
        workers: &mut workers,
        sink: &mut sink,
        halt: &halt,
    };
    let failed = |source: StudyError| match source {
        StudyError::Strategy(StrategyError::Unsuitable(reason)) => unsuitable(reason),
        source => {
            BenchError::Run { strategy: contender.name.clone(), case: case.name.clone(), run: number, source }
        }
    };
    let mut study =
        Study::open(created(case, contender, ladder.clone(), mix(&[settings.seed, number])), parts)
            .map_err(failed)?;
    let trials = match settings.budget {
        Budget::Queries(n) if !settings.distinct => n,
        // The watch ends the run; this bound is for a strategy that proposes the same for ever.
        _ => (case.table.rows() as u64).max(expected).saturating_mul(4),
    };
    let source = Source::Strategy(&mut *strategy, Role::Search);
    let end = study
        .run(&mut Phase { source, space: &**case.table.space(), trials, deadlines: Default::default() })
        .map_err(failed)?;
    drop(study);
    if end == End::Interrupted && !over.get() {
        return Ok(None);
    }
    Ok(Some(Trace { exhausted: end == End::Exhausted, ..watch.trace }))
}

fn ladder(case: &Case) -> Vec<Rung> {
    let top = case.rungs.last().map_or(1, |r| r.budget.max(1));
    let rung = |r: &crate::protocol::Rung| Rung {
        estimator: "table".into(),
        budget: r.budget,
        cost: f64::from(r.budget) / f64::from(top),
    };
    case.rungs.iter().map(rung).collect()
}

fn created(case: &Case, contender: &Contender, ladder: Vec<Rung>, seed: u64) -> Created {
    Created {
        format: FORMAT,
        program: String::new(),
        study: String::new(),
        seed,
        strategy: contender.name.clone(),
        objectives: case.objectives.wanted.clone(),
        limits: case.objectives.limits.clone(),
        ladder,
        // Nobody reads this log, so nobody needs the labels.
        questions: Vec::new(),
        settings: String::new(),
    }
}

/// Looks on while a study runs: counts queries, and notes what is found.
struct Watch<'c> {
    clock: &'c Clock,
    budget: Budget,
    judging: Judging<'c>,
    /// For each row its class, and the classes met, where only different ones count.
    classes: Option<(Vec<u32>, HashSet<u32>)>,
    over: std::rc::Rc<Cell<bool>>,
    trace: Trace,
}

impl<'c> Watch<'c> {
    fn new(case: &'c Case, clock: &'c Clock, settings: &RunSettings) -> Result<Self, BenchError> {
        let classes = match settings.distinct {
            true => Some((case.table.classes()?, HashSet::new())),
            false => None,
        };
        Ok(Self {
            clock,
            budget: settings.budget,
            judging: Judging::new(&case.judge, &case.objectives),
            classes,
            over: Default::default(),
            trace: Trace::default(),
        })
    }

    fn hear(&mut self, stamped: &Stamped) {
        let (trial, outcome) = match &stamped.event {
            Event::Finished { trial, outcome, copied_from } => (copied_from.unwrap_or(*trial), Some(outcome)),
            Event::Failed { trial, .. } | Event::Stopped { trial, .. } => (*trial, None),
            _ => return,
        };
        let row = self.clock.row(trial);
        let is_charged = match (&mut self.classes, row) {
            (Some((classes, met)), Some(row)) => met.insert(classes[row]),
            _ => true,
        };
        let at = match self.budget {
            Budget::Queries(most) => {
                if self.trace.queries >= most && is_charged {
                    return;
                }
                (self.trace.queries + u64::from(is_charged)) as f64
            }
            Budget::Seconds(most) => {
                if self.clock.now_s() > most {
                    self.over.set(true);
                    return;
                }
                self.clock.now_s()
            }
        };
        self.trace.queries += u64::from(is_charged);
        self.trace.trials += 1;
        self.trace.seconds = self.clock.now_s();
        if self.classes.is_some()
            && matches!(self.budget, Budget::Queries(most) if self.trace.queries >= most)
        {
            self.over.set(true);
        }
        if let (Some(row), Some(outcome)) = (row, outcome)
            && let Some(values) = self.judging.hear(row, &outcome.metrics)
        {
            self.trace.steps.push((at, values));
        }
    }
}
