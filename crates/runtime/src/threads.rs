//! Trials in threads of this process.

use crate::clock;
use nascent_core::{
    Control, Evaluator, Identity, Job, Message, Space, TrialId, WorkerError, Workers, run_job,
};
use std::collections::{BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A function that makes an evaluator for a thread.
type Make = dyn Fn() -> Box<dyn Evaluator> + Send + Sync;

/// Workers that are threads, each with an evaluator of its own.
///
/// For evaluators that can be trusted: a panic costs one trial, but an abort takes the whole process along, memory has
/// no limit, and a trial ends early only where its evaluator heeds [`Control::Stop`]. Where that is not enough there is
/// [`crate::ProcessWorkers`].
///
/// Dropping it tells the running trials to stop, and waits until they have.
pub struct ThreadWorkers {
    shared: Arc<Shared>,
    messages: Receiver<Message>,
    identity: Identity,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    work: Mutex<Work>,
    changed: Condvar,
}

#[derive(Default)]
struct Work {
    waiting: VecDeque<Job>,
    running: BTreeSet<TrialId>,
    stopped: BTreeSet<TrialId>,
    closed: bool,
}

impl ThreadWorkers {
    /// Starts `threads` threads (at least one), each with an evaluator from `make`, which is asked again where one
    /// panicked.
    ///
    /// # Errors
    /// Where the system gives no more threads.
    pub fn new(
        space: Arc<dyn Space>,
        threads: usize,
        make: impl Fn() -> Box<dyn Evaluator> + Send + Sync + 'static,
    ) -> Result<Self, WorkerError> {
        let (say, messages) = channel();
        let shared = Arc::new(Shared::default());
        let make: Arc<Make> = Arc::new(make);
        let mut workers = Self { shared, messages, identity: make().identity(), threads: Vec::new() };
        for number in 0..threads.max(1) {
            let (shared, space) = (Arc::clone(&workers.shared), Arc::clone(&space));
            let (make, say) = (Arc::clone(&make), say.clone());
            let thread = std::thread::Builder::new()
                .name(format!("worker-{}", number + 1))
                .spawn(move || work(&shared, &*space, &*make, &say))
                .map_err(|e| {
                    WorkerError(format!("thread {} of {threads} cannot be started: {e}", number + 1))
                })?;
            workers.threads.push(thread);
        }
        Ok(workers)
    }
}

impl Shared {
    /// The work, also after a panic: every change of it is a single step, so it is never half done.
    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a job; `None` where there will be none.
    fn next_job(&self) -> Option<Job> {
        let mut work = self.work();
        loop {
            if work.closed {
                return None;
            }
            if let Some(job) = work.waiting.pop_front() {
                work.running.insert(job.trial);
                return Some(job);
            }
            work = self.changed.wait(work).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn control(&self, trial: TrialId) -> Control {
        let work = self.work();
        if work.closed || work.stopped.contains(&trial) { Control::Stop } else { Control::Continue }
    }

    fn over(&self, trial: TrialId) {
        let mut work = self.work();
        work.running.remove(&trial);
        work.stopped.remove(&trial);
    }
}

/// What a thread does.
fn work(shared: &Shared, space: &dyn Space, make: &Make, say: &Sender<Message>) {
    let mut evaluator = None;
    while let Some(job) = shared.next_job() {
        let trial = job.trial;
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let evaluator = evaluator.get_or_insert_with(make);
            run_job(space, &mut **evaluator, &job, &mut |message| {
                let control = shared.control(trial);
                let silent = matches!(message, Message::Alive { .. }) || control == Control::Stop;
                let over = matches!(message, Message::Finished { .. } | Message::Failed { .. });
                if over {
                    shared.over(trial);
                }
                if !silent {
                    // Nobody listens any more only where the workers are being dropped.
                    let _ = say.send(message);
                }
                control
            });
        }));
        if let Err(panic) = ran {
            // What a panic left behind is not used again.
            evaluator = None;
            let control = shared.control(trial);
            shared.over(trial);
            if control == Control::Continue {
                let reason = format!("the evaluator panicked: {}", words_of(&*panic));
                let _ = say.send(Message::Failed { trial, reason });
            }
        }
    }
}

pub(crate) fn words_of(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

impl Workers for ThreadWorkers {
    fn capacity(&self) -> usize {
        self.threads.len()
    }

    fn identity(&self) -> Identity {
        self.identity
    }

    fn start(&mut self, job: Job) -> Result<(), WorkerError> {
        self.shared.work().waiting.push_back(job);
        self.shared.changed.notify_one();
        Ok(())
    }

    fn next(&mut self, wait: Duration) -> Result<Option<Message>, WorkerError> {
        match self.messages.recv_timeout(wait) {
            Ok(message) => Ok(Some(message)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(WorkerError("all worker threads have ended".into())),
        }
    }

    fn stop(&mut self, trial: TrialId) -> Result<(), WorkerError> {
        let mut work = self.shared.work();
        work.waiting.retain(|job| job.trial != trial);
        if work.running.contains(&trial) {
            work.stopped.insert(trial);
        }
        Ok(())
    }

    fn now_ms(&self) -> u64 {
        clock::now_ms()
    }
}

impl Drop for ThreadWorkers {
    fn drop(&mut self) {
        self.shared.work().closed = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // A thread catches the panics of its evaluator, so there is nothing to pass on.
            let _ = thread.join();
        }
    }
}
