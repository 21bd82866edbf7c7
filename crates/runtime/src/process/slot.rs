//! A place for one worker process, and what it is at.

use super::ProcessSettings;
use super::child::Process;
use super::post_mortem;
use super::wire::Order;
use crate::machine::{readable_bytes, resident_bytes};
use nascent_core::{Job, Message, TrialId};
use std::io;
use std::time::Duration;

#[derive(Default)]
pub(super) struct Slot {
    pub process: Option<Process>,
    pub work: Work,
    /// For how long the process has been gone while its output was still open: another process holds it.
    pub gone: Duration,
}

/// What a worker is at.
#[derive(Default)]
pub(super) enum Work {
    #[default]
    Nothing,
    Trial {
        job: Box<Job>,
        /// For how long nothing was heard.
        silent: Duration,
    },
    /// A trial whose result nobody waits for.
    Stopped {
        trial: TrialId,
        /// What is left of the time it has to end by itself.
        left: Duration,
    },
}

/// How long after the end of a process its last words may still be on their way.
const LAST_WORDS: Duration = Duration::from_secs(1);

impl Slot {
    /// Takes note of a sign of life.
    pub fn heard(&mut self) {
        if let Work::Trial { silent, .. } = &mut self.work {
            *silent = Duration::ZERO;
        }
    }

    /// What a message means for the loop, if anything; an error where it is about another trial than the worker's.
    pub fn understand(&mut self, message: Message) -> Result<Option<Message>, String> {
        let over = matches!(message, Message::Finished { .. } | Message::Failed { .. });
        let about = message.trial();
        let (at, awaited) = match &self.work {
            Work::Trial { job, .. } => (job.trial, true),
            Work::Stopped { trial, .. } => (*trial, false),
            Work::Nothing => return Err(format!("the worker spoke of trial {about} without having one")),
        };
        if about != at {
            return Err(format!("the worker spoke of trial {about}, but it was at trial {at}"));
        }
        self.heard();
        if over {
            self.work = Work::Nothing;
        }
        Ok(Some(message).filter(|m| awaited && !matches!(m, Message::Alive { .. })))
    }

    /// Tells the worker that nobody waits for this trial, if it is at it.
    pub fn stop(&mut self, trial: TrialId, grace: Duration) -> io::Result<()> {
        if !matches!(&self.work, Work::Trial { job, .. } if job.trial == trial) {
            return Ok(());
        }
        self.work = Work::Stopped { trial, left: grace };
        match &mut self.process {
            Some(process) => process.order(&Order::Stop(trial)),
            None => Ok(()),
        }
    }

    /// Lets time pass, and says what is wrong with the worker, if anything.
    pub fn fault(
        &mut self,
        passed: Duration,
        settings: &ProcessSettings,
        most_bytes: Option<u64>,
    ) -> Option<String> {
        let process = self.process.as_mut()?;
        let pid = process.child.id();
        if let Ok(Some(status)) = process.child.try_wait() {
            self.gone += passed;
            return (self.gone >= LAST_WORDS).then(|| post_mortem::how_it_ended(status));
        }
        match &mut self.work {
            Work::Nothing => return None,
            Work::Trial { silent, .. } => {
                *silent += passed;
                if *silent >= settings.silence {
                    let seconds = settings.silence.as_secs_f64();
                    return Some(format!("the worker said nothing for {seconds} s, so it was ended"));
                }
            }
            Work::Stopped { left, .. } => {
                *left = left.saturating_sub(passed);
                if left.is_zero() {
                    return Some("the worker did not stop when it was told to".into());
                }
            }
        }
        let limit = most_bytes?;
        // The reason names the limit, not the use: the same fault has the same reason.
        (resident_bytes(pid)? > limit).then(|| {
            let limit = readable_bytes(limit);
            format!("the worker used more memory than the {limit} that a trial may use, so it was ended")
        })
    }
}
