//! Logs and workers that fail on purpose.

use nascent_core::event::{Seq, Stamped};
use nascent_core::rng::Rng;
use nascent_core::{
    Event, Identity, Job, Log, LogError, MemoryLog, Message, Metrics, TrialId, WorkerError, Workers,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// A log that loses power after so many events, and stays without.
pub struct Mortal<'l> {
    log: &'l mut dyn Log,
    left: usize,
}

impl<'l> Mortal<'l> {
    /// Passes on `events` events, then fails.
    pub fn new(log: &'l mut dyn Log, events: usize) -> Self {
        Self { log, left: events }
    }
}

impl Log for Mortal<'_> {
    fn append(&mut self, at_ms: u64, events: &[Event]) -> Result<Seq, LogError> {
        if events.len() > self.left {
            self.left = 0;
            let (place, reason) = ("log".into(), "killed here on purpose".into());
            return Err(LogError::Storage { place, reason });
        }
        self.left -= events.len();
        self.log.append(at_ms, events)
    }

    fn after(&self, seq: Seq) -> Result<Vec<Stamped>, LogError> {
        self.log.after(seq)
    }
}

/// A log in memory that can be opened again, like a file.
#[derive(Clone, Default)]
pub struct SharedLog(Rc<RefCell<MemoryLog>>);

impl Log for SharedLog {
    fn append(&mut self, at_ms: u64, events: &[Event]) -> Result<Seq, LogError> {
        self.0.borrow_mut().append(at_ms, events)
    }

    fn after(&self, seq: Seq) -> Result<Vec<Stamped>, LogError> {
        self.0.borrow().after(seq)
    }
}

/// Several workers that finish in an order of their own: the last started first.
pub struct Crossing<W> {
    workers: W,
    capacity: usize,
    messages: Vec<Message>,
}

impl<W: Workers> Crossing<W> {
    /// Makes of one worker that runs jobs when asked for messages `capacity` workers.
    pub fn new(workers: W, capacity: usize) -> Self {
        Self { workers, capacity, messages: Vec::new() }
    }
}

impl<W: Workers> Workers for Crossing<W> {
    fn capacity(&self) -> usize {
        self.capacity
    }

    fn identity(&self) -> Identity {
        self.workers.identity()
    }

    fn start(&mut self, job: Job) -> Result<(), WorkerError> {
        self.workers.start(job)
    }

    fn next(&mut self, wait: Duration) -> Result<Option<Message>, WorkerError> {
        while let Some(message) = self.workers.next(wait)? {
            self.messages.push(message);
        }
        // By trial from the latest, each trial's messages in their order.
        let latest = self.messages.iter().map(Message::trial).max();
        let place = self.messages.iter().position(|m| Some(m.trial()) == latest);
        Ok(place.map(|p| self.messages.remove(p)))
    }

    fn stop(&mut self, trial: TrialId) -> Result<(), WorkerError> {
        self.messages.retain(|m| m.trial() != trial);
        self.workers.stop(trial)
    }

    fn now_ms(&self) -> u64 {
        self.workers.now_ms()
    }
}

/// Workers that are all lost after so many messages.
pub struct MortalWorkers<W> {
    workers: W,
    left: usize,
}

impl<W: Workers> MortalWorkers<W> {
    /// Passes on `messages` messages, then fails.
    pub fn new(workers: W, messages: usize) -> Self {
        Self { workers, left: messages }
    }
}

impl<W: Workers> Workers for MortalWorkers<W> {
    fn capacity(&self) -> usize {
        self.workers.capacity()
    }

    fn identity(&self) -> Identity {
        self.workers.identity()
    }

    fn start(&mut self, job: Job) -> Result<(), WorkerError> {
        self.workers.start(job)
    }

    fn next(&mut self, wait: Duration) -> Result<Option<Message>, WorkerError> {
        if self.left == 0 {
            return Err(WorkerError("all workers were lost on purpose".into()));
        }
        let message = self.workers.next(wait)?;
        self.left -= usize::from(message.is_some());
        Ok(message)
    }

    fn stop(&mut self, trial: TrialId) -> Result<(), WorkerError> {
        self.workers.stop(trial)
    }

    fn now_ms(&self) -> u64 {
        self.workers.now_ms()
    }
}

/// Workers on a bad day: results are lost, messages come twice, late, or about trials that nobody started.
pub struct Faulty<W> {
    workers: W,
    rng: Rng,
    said: Vec<Message>,
}

impl<W: Workers> Faulty<W> {
    /// The faults are the same for the same seed and messages.
    pub fn new(workers: W, seed: u64) -> Self {
        Self { workers, rng: Rng::new(seed, 0), said: Vec::new() }
    }
}

impl<W: Workers> Workers for Faulty<W> {
    fn capacity(&self) -> usize {
        self.workers.capacity()
    }

    fn identity(&self) -> Identity {
        self.workers.identity()
    }

    fn start(&mut self, job: Job) -> Result<(), WorkerError> {
        self.workers.start(job)
    }

    fn next(&mut self, wait: Duration) -> Result<Option<Message>, WorkerError> {
        match self.rng.below(16) {
            0 | 1 => return Ok(None),
            2 | 3 if !self.said.is_empty() => {
                let place = self.rng.below(self.said.len());
                return Ok(self.said.get(place).cloned());
            }
            4 => {
                let trial = TrialId(u32::MAX - self.rng.below(3) as u32);
                return Ok(Some(Message::Failed { trial, reason: "nobody asked".into() }));
            }
            _ => {}
        }
        let message = match self.workers.next(wait)? {
            Some(Message::Finished { trial, .. }) if self.rng.below(4) == 0 => {
                Some(Message::Failed { trial, reason: "the worker was lost on purpose".into() })
            }
            Some(Message::Reported { trial, step, .. }) if self.rng.below(8) == 0 => {
                Some(Message::Reported { trial, step, metrics: Metrics::new().with("accuracy", f64::NAN) })
            }
            message => message,
        };
        self.said.extend(message.clone());
        Ok(message)
    }

    fn stop(&mut self, trial: TrialId) -> Result<(), WorkerError> {
        self.workers.stop(trial)
    }

    fn now_ms(&self) -> u64 {
        self.workers.now_ms()
    }
}
