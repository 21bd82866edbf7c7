//! Trials in processes of their own, seen from the supervisor.

mod child;
mod post_mortem;
mod settings;
mod slot;
pub(crate) mod wire;

pub use settings::{ProcessSettings, memory_share_bytes};

use crate::clock;
use crate::machine::resident_bytes;
use child::{Heard, Process};
use nascent_core::chooser::{describe, replay};
use nascent_core::{Identity, Job, Message, Space, TrialId, WorkerError, Workers};
use slot::{Slot, Work};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::Child;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};
use wire::{Assignment, Line, Order, Said, SpelledOut};

/// Workers that are processes, each fed one trial at a time through its standard input.
///
/// A worker that aborts, is killed, outgrows its memory, falls silent or talks nonsense costs the trial it was at, and
/// nothing else: the trial fails with the reason, and the next one gets a new process. Only where workers do not even
/// become ready, three times in a row, is that an error. [`crate::serve`] is the other end.
///
/// Processes are started as jobs come. Their standard error goes to one file each, `worker-1.log` and so on. Dropping
/// this ends them all; so does the death of this process, since workers end when their input closes.
pub struct ProcessWorkers {
    settings: ProcessSettings,
    memory_limit_bytes: Option<u64>,
    /// The space and the folder of trials, where jobs are spelled out.
    spelled: Option<(Arc<dyn Space>, PathBuf)>,
    slots: Vec<Slot>,
    waiting: VecDeque<Job>,
    /// Messages for the loop.
    ready: VecDeque<Message>,
    heard: Receiver<Heard>,
    hear: SyncSender<Heard>,
    /// Processes that were ended and are still to be waited for.
    dying: Vec<Child>,
    started: u64,
    failed_starts: u32,
    looked: Instant,
}

/// How often processes are looked at.
const LOOK: Duration = Duration::from_millis(50);
/// The most time between two looks that counts as silence: longer, and it was the supervisor that was elsewhere.
const ATTENTIVE: Duration = Duration::from_secs(1);
/// How long to wait for a process to be gone whose output is closed.
const CLOSING: Duration = Duration::from_millis(500);
/// How many workers in a row may fail to become ready.
const STARTS: u32 = 3;
/// Lines that may wait for the supervisor; workers that say more wait themselves.
const LINES: usize = 1_024;

impl ProcessWorkers {
    /// Makes workers; no process is started yet.
    ///
    /// # Errors
    /// Where a limit of memory is wanted on a system on which memory cannot be measured.
    pub fn new(settings: ProcessSettings) -> Result<Self, WorkerError> {
        let memory_limit_bytes = settings.effective_memory_limit()?;
        let (hear, heard) = sync_channel(LINES);
        let slots = (0..settings.workers.max(1)).map(|_| Slot::default()).collect();
        Ok(Self {
            settings,
            memory_limit_bytes,
            spelled: None,
            slots,
            waiting: VecDeque::new(),
            ready: VecDeque::new(),
            heard,
            hear,
            dying: Vec::new(),
            started: 0,
            failed_starts: 0,
            looked: Instant::now(),
        })
    }

    /// The same, for workers that do not know the space: each job tells its network's graph, its training settings, the
    /// label of each answer, and a folder of its own below `trials`.
    #[must_use]
    pub fn spelling_out(mut self, space: Arc<dyn Space>, trials: PathBuf) -> Self {
        self.spelled = Some((space, trials));
        self
    }

    /// The job as it is written.
    fn assignment(&self, job: &Job) -> Result<Assignment, String> {
        let spell = |(space, trials): &(Arc<dyn Space>, PathBuf)| {
            let wrong = |e: nascent_core::SpaceError| e.to_string();
            let answers = describe(&**space, &job.decisions).map_err(wrong)?;
            let candidate = replay(&**space, &job.decisions).map_err(wrong)?;
            let settings = candidate.settings;
            let architecture = (candidate.draw)().map_err(wrong)?.canonical();
            let folder = trials.join(job.trial.folder());
            std::fs::create_dir_all(&folder)
                .map_err(|e| format!("{} cannot be made: {e}", folder.display()))?;
            let answers = answers.into_iter().map(|a| (a.path, a.label)).collect();
            Ok::<_, String>(SpelledOut { architecture, settings, answers, folder })
        };
        let spelled_out = self.spelled.as_ref().map(spell).transpose()?;
        Ok(Assignment { job: job.clone(), spelled_out })
    }

    /// The bytes of memory that a worker may use; `None` where there is no limit.
    #[must_use]
    pub fn memory_limit_bytes(&self) -> Option<u64> {
        self.memory_limit_bytes
    }

    /// Gives waiting jobs to workers that are free.
    fn dispatch(&mut self) -> Result<(), WorkerError> {
        for slot in 0..self.slots.len() {
            if self.waiting.is_empty() {
                break;
            }
            if !matches!(self.slots[slot].work, Work::Nothing) {
                continue;
            }
            self.retire_if_unfit(slot);
            if self.slots[slot].process.is_none() {
                self.started += 1;
                match Process::start(&self.settings, slot, self.started, &self.hear) {
                    Ok(process) => self.slots[slot].process = Some(process),
                    Err(error) => {
                        let program = self.settings.program.display();
                        self.failed_start(format!("{program} cannot be started: {error}"))?;
                        continue;
                    }
                }
            }
            let Some(job) = self.waiting.pop_front().map(Box::new) else { break };
            let assignment = match self.assignment(&job) {
                Ok(assignment) => Box::new(assignment),
                Err(reason) => {
                    self.ready.push_back(Message::Failed { trial: job.trial, reason });
                    continue;
                }
            };
            if let Some(process) = &mut self.slots[slot].process {
                let order = Order::Job(assignment);
                process.order(&order).map_err(|e| WorkerError(format!("a job cannot be sent: {e}")))?;
            }
            self.slots[slot].work = Work::Trial { job, silent: Duration::ZERO };
        }
        Ok(())
    }

    /// Ends an idle process that is gone already, or so large that the next trial would pay for it.
    fn retire_if_unfit(&mut self, slot: usize) {
        let Some(process) = &mut self.slots[slot].process else { return };
        let gone = !matches!(process.child.try_wait(), Ok(None));
        let half = self.memory_limit_bytes.map(|limit| limit / 2);
        let large = half.zip(resident_bytes(process.child.id())).is_some_and(|(half, used)| used > half);
        if gone || large {
            self.end(slot);
        }
    }

    /// Kills a slot's process, if it has one.
    fn end(&mut self, slot: usize) {
        if let Some(process) = self.slots[slot].process.take() {
            let mut child = process.close();
            // An error means that it is gone already.
            let _ = child.kill();
            self.dying.push(child);
        }
        self.slots[slot].gone = Duration::ZERO;
    }

    fn failed_start(&mut self, reason: String) -> Result<(), WorkerError> {
        self.failed_starts += 1;
        if self.failed_starts < STARTS {
            return Ok(());
        }
        let command = self.settings.command_line();
        Err(WorkerError(format!("{STARTS} workers in a row did not become ready ({command}): {reason}")))
    }

    /// Takes note that a worker is lost: the trial it was at fails.
    fn lose(&mut self, slot: usize, reason: String) -> Result<(), WorkerError> {
        let process = self.slots[slot].process.as_ref();
        let greeted = process.is_none_or(|p| p.greeted);
        let words = process.and_then(Process::last_words);
        let reason = words.map_or(reason.clone(), |words| format!("{reason}; it printed: {words}"));
        self.end(slot);
        let work = std::mem::take(&mut self.slots[slot].work);
        if !greeted {
            // It never saw the trial, which is not to blame.
            if let Work::Trial { job, .. } = work {
                self.waiting.push_front(*job);
            }
            return self.failed_start(reason);
        }
        if let Work::Trial { job, .. } = work {
            self.ready.push_back(Message::Failed { trial: job.trial, reason });
        }
        Ok(())
    }

    /// Takes in a line from a worker.
    fn take_in(&mut self, heard: Heard) -> Result<(), WorkerError> {
        let slot = heard.slot;
        let process = self.slots[slot].process.as_mut().filter(|p| p.number == heard.number);
        let Some(process) = process else { return Ok(()) };
        let text = match heard.line {
            Line::Text(text) => text,
            Line::TooLong => {
                let most = wire::LONGEST_LINE >> 20;
                return self.lose(slot, format!("the worker printed a line of more than {most} MiB"));
            }
            Line::Closed => {
                let reason = match process.ended(CLOSING) {
                    Some(status) => post_mortem::how_it_ended(status),
                    None => "the worker closed its output, so it could not be heard".into(),
                };
                return self.lose(slot, reason);
            }
        };
        match (serde_json::from_slice(&text), process.greeted) {
            (Ok(Said::Hello { protocol: wire::PROTOCOL, .. }), false) => {
                process.greeted = true;
                self.failed_starts = 0;
                self.slots[slot].heard();
                Ok(())
            }
            (Ok(Said::Hello { protocol, .. }), false) => {
                let ours = wire::PROTOCOL;
                let reason = format!(
                    "the worker speaks version {protocol} of the protocol, this program version {ours}: \
                     use the same version of both"
                );
                self.lose(slot, reason)
            }
            (Ok(Said::Refused { reason }), false) => {
                Err(WorkerError(format!("a worker cannot work: {reason}")))
            }
            (Ok(Said::Message(message)), true) => match self.slots[slot].understand(message) {
                Ok(message) => {
                    self.ready.extend(message);
                    Ok(())
                }
                Err(reason) => self.lose(slot, reason),
            },
            _ => self.lose(slot, format!("the worker printed what it should not: {:?}", beginning(&text))),
        }
    }

    /// Looks at all processes: who was silent for too long, who uses too much memory, who is gone.
    fn look(&mut self) -> Result<(), WorkerError> {
        let passed = self.looked.elapsed();
        if passed < LOOK {
            return Ok(());
        }
        self.looked = Instant::now();
        self.dying.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        for slot in 0..self.slots.len() {
            if let Some(reason) =
                self.slots[slot].fault(passed.min(ATTENTIVE), &self.settings, self.memory_limit_bytes)
            {
                self.lose(slot, reason)?;
            }
        }
        Ok(())
    }
}

/// The first characters of a line.
fn beginning(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut beginning: String = text.chars().take(80).collect();
    if beginning.len() < text.len() {
        beginning.push('…');
    }
    beginning
}

impl Workers for ProcessWorkers {
    fn capacity(&self) -> usize {
        self.slots.len()
    }

    fn identity(&self) -> Identity {
        self.settings.identity
    }

    fn start(&mut self, job: Job) -> Result<(), WorkerError> {
        self.waiting.push_back(job);
        self.dispatch()
    }

    fn next(&mut self, wait: Duration) -> Result<Option<Message>, WorkerError> {
        let until = Instant::now() + wait;
        loop {
            self.dispatch()?;
            if let Some(message) = self.ready.pop_front() {
                return Ok(Some(message));
            }
            let left = until.saturating_duration_since(Instant::now());
            match self.heard.recv_timeout(left.min(LOOK)) {
                Ok(heard) => self.take_in(heard)?,
                // This holds a sender itself, so the channel is never without one.
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) if left.is_zero() => {
                    self.look()?;
                    return Ok(self.ready.pop_front());
                }
                Err(_) => {}
            }
            self.look()?;
        }
    }

    fn stop(&mut self, trial: TrialId) -> Result<(), WorkerError> {
        self.waiting.retain(|job| job.trial != trial);
        for slot in &mut self.slots {
            slot.stop(trial, self.settings.grace)
                .map_err(|e| WorkerError(format!("an order cannot be sent: {e}")))?;
        }
        Ok(())
    }

    fn now_ms(&self) -> u64 {
        clock::now_ms()
    }
}

impl Drop for ProcessWorkers {
    fn drop(&mut self) {
        // Threads that wait to be heard end first: nobody listens any more.
        let (_, nobody) = sync_channel(0);
        drop(std::mem::replace(&mut self.heard, nobody));
        let processes = self.slots.iter_mut().filter_map(|slot| slot.process.take());
        self.dying.extend(processes.map(Process::close));
        wait_for(&mut self.dying, self.settings.grace);
        for child in &mut self.dying {
            let _ = child.kill();
        }
        wait_for(&mut self.dying, Duration::from_secs(5));
    }
}

/// Waits until all are gone, or the time is up.
fn wait_for(children: &mut Vec<Child>, patience: Duration) {
    let until = Instant::now() + patience;
    loop {
        children.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        if children.is_empty() || Instant::now() >= until {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
