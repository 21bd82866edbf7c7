use crate::chooser::replay;
use crate::evaluator::{Control, Evaluator, Identity, Job, Progress};
use crate::event::{Outcome, TrialId};
use crate::objective::Metrics;
use crate::space::Space;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// What runs trials: processes here, processes elsewhere, threads, or a simulation.
pub trait Workers {
    /// How many trials can run at one time. At least 1.
    fn capacity(&self) -> usize;

    /// What makes two jobs the same.
    fn identity(&self) -> Identity;

    /// Begins a trial.
    ///
    /// # Errors
    /// Where no worker can be had at all; what goes wrong in one trial comes as [`Message::Failed`].
    fn start(&mut self, job: Job) -> Result<(), WorkerError>;

    /// The next message, waiting for at most `wait`.
    ///
    /// # Errors
    /// Where no worker is left and none can be had.
    fn next(&mut self, wait: Duration) -> Result<Option<Message>, WorkerError>;

    /// Ends a trial whose result nobody waits for. Messages that still come for it are ignored.
    ///
    /// # Errors
    /// Where the worker can neither be told nor ended.
    fn stop(&mut self, trial: TrialId) -> Result<(), WorkerError>;

    /// Milliseconds since 1970 (UTC), or of simulated time: the loop's only clock.
    fn now_ms(&self) -> u64;
}

/// What a worker says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// The work goes on, though nothing was measured.
    Alive {
        /// The trial.
        trial: TrialId,
    },
    /// An intermediate result.
    Reported {
        /// The trial.
        trial: TrialId,
        /// The epoch, from 1.
        step: u32,
        /// What was measured.
        metrics: Metrics,
    },
    /// A result.
    Finished {
        /// The trial.
        trial: TrialId,
        /// What was found.
        outcome: Outcome,
    },
    /// No result.
    Failed {
        /// The trial.
        trial: TrialId,
        /// Why.
        reason: String,
    },
}

/// Why there are no workers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WorkerError(pub String);

/// Runs a job with an evaluator, turning what it says into messages.
pub fn run_job(
    space: &dyn Space,
    evaluator: &mut dyn Evaluator,
    job: &Job,
    say: &mut (dyn FnMut(Message) -> Control + Send),
) {
    struct Say<'a>(TrialId, &'a mut (dyn FnMut(Message) -> Control + Send));
    impl Progress for Say<'_> {
        fn report(&mut self, step: u32, metrics: Metrics) -> Control {
            (self.1)(Message::Reported { trial: self.0, step, metrics })
        }
        fn alive(&mut self) -> Control {
            (self.1)(Message::Alive { trial: self.0 })
        }
    }
    let trial = job.trial;
    let result = match replay(space, &job.decisions) {
        Ok(candidate) => {
            evaluator.evaluate(job, candidate, &mut Say(trial, say)).map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    say(match result {
        Ok(outcome) => Message::Finished { trial, outcome },
        Err(reason) => Message::Failed { trial, reason },
    });
}

/// One worker that runs jobs where it is asked for messages: for tables, tests and simulations.
pub struct Inline<'s, E> {
    space: &'s dyn Space,
    evaluator: E,
    clock: fn() -> u64,
    jobs: VecDeque<Job>,
    messages: VecDeque<Message>,
    stopped: Option<TrialId>,
}

impl<'s, E: Evaluator> Inline<'s, E> {
    /// Runs jobs on `space` with `evaluator`; `clock` gives milliseconds.
    pub fn new(space: &'s dyn Space, evaluator: E, clock: fn() -> u64) -> Self {
        Self { space, evaluator, clock, jobs: VecDeque::new(), messages: VecDeque::new(), stopped: None }
    }
}

impl<E: Evaluator> Workers for Inline<'_, E> {
    fn capacity(&self) -> usize {
        1
    }

    fn identity(&self) -> Identity {
        self.evaluator.identity()
    }

    fn start(&mut self, job: Job) -> Result<(), WorkerError> {
        self.jobs.push_back(job);
        Ok(())
    }

    fn next(&mut self, _: Duration) -> Result<Option<Message>, WorkerError> {
        if self.messages.is_empty()
            && let Some(job) = self.jobs.pop_front()
        {
            let messages = &mut self.messages;
            run_job(self.space, &mut self.evaluator, &job, &mut |message| {
                messages.push_back(message);
                Control::Continue
            });
        }
        if let Some(stopped) = self.stopped.take() {
            self.messages.retain(|m| m.trial() != stopped);
        }
        Ok(self.messages.pop_front())
    }

    fn stop(&mut self, trial: TrialId) -> Result<(), WorkerError> {
        self.jobs.retain(|job| job.trial != trial);
        self.stopped = Some(trial);
        Ok(())
    }

    fn now_ms(&self) -> u64 {
        (self.clock)()
    }
}

impl Message {
    /// The trial it is about.
    #[must_use]
    pub fn trial(&self) -> TrialId {
        match self {
            Self::Alive { trial }
            | Self::Reported { trial, .. }
            | Self::Finished { trial, .. }
            | Self::Failed { trial, .. } => *trial,
        }
    }
}
