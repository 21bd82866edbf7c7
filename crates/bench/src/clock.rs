//! Workers that only pretend: trials are looked up, and time passes as the table says.

use crate::protocol::{Case, Rung};
use nascent_core::event::Outcome;
use nascent_core::{Identity, Job, Message, Metrics, TrialId, WorkerError, Workers};
use std::cell::{Cell, RefCell};
use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

/// The simulated time, and the row of each trial, shared with whoever looks on.
#[derive(Default)]
pub struct Clock {
    now_s: Cell<f64>,
    rows: RefCell<Vec<u32>>,
}

/// Marks a trial whose network is not in the table.
const NO_ROW: u32 = u32::MAX;

impl Clock {
    /// The simulated time, in seconds from the start of the run.
    #[must_use]
    pub fn now_s(&self) -> f64 {
        self.now_s.get()
    }

    /// The row that a trial looked up.
    #[must_use]
    pub fn row(&self, trial: TrialId) -> Option<usize> {
        self.rows.borrow().get(trial.index()).filter(|row| **row != NO_ROW).map(|row| *row as usize)
    }

    fn remember(&self, trial: TrialId, row: Option<u32>) {
        let mut rows = self.rows.borrow_mut();
        if rows.len() <= trial.index() {
            rows.resize(trial.index() + 1, NO_ROW);
        }
        rows[trial.index()] = row.unwrap_or(NO_ROW);
    }
}

/// Any number of workers on one simulated clock: each trial takes the seconds of its row, and results come in the
/// order in which they would have come.
///
/// On a ladder, a trial reports what it has at each rung below its own when it passes it; and a network that was
/// estimated on a lower rung goes on from there, so that only the rest of its time passes.
pub struct SimulatedWorkers<'c> {
    case: &'c Case,
    clock: &'c Clock,
    workers: usize,
    due: BinaryHeap<Reverse<Due>>,
    started: u64,
    /// On a ladder, the highest rung that each row has reached.
    reached: HashMap<usize, usize>,
}

/// A message and when it is said; of two at one time the trial that was started first is heard first.
struct Due {
    at_s: f64,
    order: u64,
    message: Message,
}

impl Due {
    fn key(&self) -> (f64, u64) {
        (self.at_s, self.order)
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        let ((at, order), (other_at, other_order)) = (self.key(), other.key());
        at.total_cmp(&other_at).then(order.cmp(&other_order))
    }
}

impl<'c> SimulatedWorkers<'c> {
    /// So many workers (at least one) on a case's table.
    #[must_use]
    pub fn new(case: &'c Case, clock: &'c Clock, workers: usize) -> Self {
        Self {
            case,
            clock,
            workers: workers.max(1),
            due: BinaryHeap::new(),
            started: 0,
            reached: HashMap::new(),
        }
    }

    fn say(&mut self, at_s: f64, message: Message) {
        self.due.push(Reverse(Due { at_s, order: self.started, message }));
        self.started += 1;
    }

    /// The rungs that a job climbs, its own last, and the seconds that were spent on its network before.
    fn climb(&mut self, job: &Job, row: usize) -> (&'c [Rung], f64) {
        let rungs = &self.case.rungs[..];
        let own = rungs.iter().position(|r| r.budget >= job.budget).unwrap_or(rungs.len() - 1);
        if rungs.len() == 1 {
            return (rungs, 0.0);
        }
        match self.reached.insert(row, own) {
            Some(below) if below < own => (&rungs[below + 1..=own], seconds(&rungs[below], row)),
            _ => (&rungs[..=own], 0.0),
        }
    }
}

/// What a rung has measured of a row; `None` where something is missing.
fn metrics(rung: &Rung, row: usize, seed: u64) -> Option<Metrics> {
    let mut found = Metrics::new();
    for measured in &rung.measured {
        found.set(measured.metric, measured.value(row, seed)?);
    }
    Some(found)
}

fn seconds(rung: &Rung, row: usize) -> f64 {
    let known = rung.seconds.as_ref().and_then(|s| s.get(row).copied());
    // What is not known, or no time at all, is one tick of the clock.
    known.filter(|s| s.is_finite() && *s >= 0.0).unwrap_or(1.0)
}

impl Workers for SimulatedWorkers<'_> {
    fn capacity(&self) -> usize {
        self.workers
    }

    fn identity(&self) -> Identity {
        Identity::Decisions
    }

    fn start(&mut self, job: Job) -> Result<(), WorkerError> {
        let trial = job.trial;
        let row = self.case.table.row(&job.decisions);
        self.clock.remember(trial, row);
        let now = self.clock.now_s();
        let Some(row) = row.map(|r| r as usize) else {
            let reason = format!("table {} does not have this network", self.case.table.about().name);
            self.say(now, Message::Failed { trial, reason });
            return Ok(());
        };
        let (rungs, spent) = self.climb(&job, row);
        let Some((own, below)) = rungs.split_last() else { return Ok(()) };
        for rung in below {
            if let Some(metrics) = metrics(rung, row, job.seed) {
                let at = now + (seconds(rung, row) - spent).max(0.0);
                self.say(at, Message::Reported { trial, step: rung.budget, metrics });
            }
        }
        let cost = (seconds(own, row) - spent).max(0.0);
        let message = match metrics(own, row, job.seed) {
            Some(metrics) => Message::Finished { trial, outcome: Outcome { metrics, best_step: None, cost } },
            None => Message::Failed { trial, reason: "this network was not measured here".into() },
        };
        self.say(now + cost, message);
        Ok(())
    }

    fn next(&mut self, _: Duration) -> Result<Option<Message>, WorkerError> {
        let Some(Reverse(due)) = self.due.pop() else { return Ok(None) };
        self.clock.now_s.set(due.at_s);
        Ok(Some(due.message))
    }

    fn stop(&mut self, trial: TrialId) -> Result<(), WorkerError> {
        self.due.retain(|Reverse(due)| due.message.trial() != trial);
        Ok(())
    }

    fn now_ms(&self) -> u64 {
        (self.clock.now_s() * 1e3 + 0.5) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Judge, Measured};
    use crate::table::{About, Column, ColumnDescription, Precision, SpaceDescription, Table};
    use nascent_core::chooser::first;
    use nascent_core::event::{Proposal, Role};
    use nascent_core::objective::Direction;
    use nascent_core::question::Scale;
    use nascent_core::{Decisions, Objectives};
    use std::sync::Arc;

    /// A single network on a ladder: 1 epoch in 2 s, 10 epochs in 20 s.
    fn case() -> Case {
        let question = ColumnDescription {
            column: "op".into(),
            path: "op".into(),
            scale: Scale::Categorical,
            options: vec!["only".into()],
        };
        let op =
            Column { name: "op".into(), precision: Precision::Whole, direction: None, values: vec![0.0] };
        let space = SpaceDescription::Columns { questions: vec![question] };
        let rung = |budget, accuracy, seconds| Rung {
            budget,
            measured: vec![Measured::column("accuracy", vec![accuracy])],
            seconds: Some(vec![seconds]),
        };
        Case {
            table: Arc::new(Table::new(About::default(), space, vec![op]).unwrap()),
            name: "ladder".into(),
            objectives: Objectives::single("accuracy", Direction::Maximize),
            rungs: vec![rung(1, 0.5, 2.0), rung(10, 0.9, 20.0)],
            judge: Judge::Incumbent(Vec::new()),
        }
    }

    fn job(case: &Case, trial: u32, budget: u32, decisions: Decisions) -> Job {
        let rung = u16::from(budget > 1);
        let proposal = Proposal { decisions, rung, budget, parents: Default::default(), role: Role::Search };
        let ladder: Vec<_> = case
            .rungs
            .iter()
            .map(|r| nascent_core::event::Rung { estimator: "table".into(), budget: r.budget, cost: 1.0 })
            .collect();
        Job::new(TrialId(trial), 1, &proposal, &ladder, 1, 1)
    }

    fn said(workers: &mut SimulatedWorkers<'_>, clock: &Clock) -> Vec<(f64, Message)> {
        std::iter::from_fn(|| {
            let message = workers.next(Duration::ZERO).unwrap()?;
            Some((clock.now_s(), message))
        })
        .collect()
    }

    #[test]
    fn a_promoted_network_goes_on_from_where_it_was() {
        let case = case();
        let only = first(&**case.table.space()).unwrap();
        let clock = Clock::default();
        let mut workers = SimulatedWorkers::new(&case, &clock, 2);
        workers.start(job(&case, 0, 1, only.clone())).unwrap();
        assert_eq!(said(&mut workers, &clock)[0].0, 2.0);
        workers.start(job(&case, 1, 10, only.clone())).unwrap();
        let end = said(&mut workers, &clock);
        assert!(end.len() == 1 && end[0].0 == 20.0, "{end:?}");
        // From the start it reports what it has on its way.
        let mut fresh = SimulatedWorkers::new(&case, &clock, 2);
        fresh.start(job(&case, 2, 10, only.clone())).unwrap();
        let end = said(&mut fresh, &clock);
        assert!(matches!(end[0].1, Message::Reported { step: 1, .. }) && end[0].0 == 22.0, "{end:?}");
        assert!(
            matches!(&end[1].1, Message::Finished { outcome, .. } if outcome.cost == 20.0)
                && end[1].0 == 40.0
        );
        fresh.start(job(&case, 3, 10, only)).unwrap();
        fresh.stop(TrialId(3)).unwrap();
        fresh.start(job(&case, 4, 10, Decisions::new())).unwrap();
        let end = said(&mut fresh, &clock);
        assert!(end.len() == 1 && matches!(end[0].1, Message::Failed { trial: TrialId(4), .. }), "{end:?}");
    }
}
