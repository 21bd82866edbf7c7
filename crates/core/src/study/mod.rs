//! The loop: it asks, appends, starts, listens and folds. Nothing else writes a study's log.

mod known;
mod phase;

pub use phase::{Deadlines, End, Phase, Source};

use crate::event::{Created, Event, FORMAT, Stamped, TrialId};
use crate::history::{History, HistoryError};
use crate::log::{Log, LogError};
use crate::objective::Objectives;
use crate::space::{Space, SpaceError};
use crate::strategy::StrategyError;
use crate::workers::{WorkerError, Workers};
use known::{Known, digest};

/// Whether the user wants a study to pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// Go on.
    No,
    /// Start nothing more, wait for what runs.
    AfterRunning,
    /// Return at once; what runs is lost.
    Now,
}

/// Why a study cannot go on. Everything appended before stays.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StudyError {
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log contradicts itself.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// There are no workers.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// The strategy failed.
    #[error(transparent)]
    Strategy(#[from] StrategyError),
    /// The space failed.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// The log belongs to another study.
    #[error("the log was written for another study: {0}")]
    Changed(String),
    /// A strategy waits although nothing runs.
    #[error("the strategy waits for results although nothing runs: it would wait for ever")]
    Stuck,
}

/// Everything a loop is made of.
pub struct Parts<'a> {
    /// The whole space: every trial's decisions are its members.
    pub space: &'a dyn Space,
    /// What is wanted.
    pub objectives: Objectives,
    /// Where events are kept.
    pub log: &'a mut dyn Log,
    /// What runs trials.
    pub workers: &'a mut dyn Workers,
    /// Hears every event as it is appended.
    pub sink: &'a mut dyn FnMut(&Stamped),
    /// Asked between any two steps whether to pause.
    pub halt: &'a dyn Fn() -> Halt,
}

/// A running study.
pub struct Study<'a> {
    parts: Parts<'a>,
    created: Created,
    history: History,
    known: Known,
    /// An empty list that keeps its memory, for the events of the next step.
    spare: Vec<Event>,
}

impl<'a> Study<'a> {
    /// Begins a study where the log is empty, and takes it up again where it is not.
    ///
    /// # Errors
    /// Where the log cannot be read or written, is of a later format, or was written for another study: another
    /// seed, strategy, ladder, objectives or questions.
    pub fn open(created: Created, parts: Parts<'a>) -> Result<Self, StudyError> {
        let stored = parts.log.after(crate::event::Seq(0))?;
        let history = History::fold(&stored)?;
        let known = Known::new(parts.workers.identity());
        let mut study = Self { parts, created, history, known, spare: Vec::new() };
        match study.history.created.clone() {
            None => {
                let event = Event::Created(Box::new(study.created.clone()));
                study.append(&mut Source::Nobody, vec![event])?;
            }
            Some(stored) => {
                same_study(&stored, &study.created)?;
                study.created = stored;
                study.recall()?;
                study.append(&mut Source::Nobody, vec![Event::Resumed])?;
            }
        }
        Ok(study)
    }

    /// What has happened so far.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What is wanted.
    #[must_use]
    pub fn objectives(&self) -> &Objectives {
        &self.parts.objectives
    }

    /// The loop's clock, in milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.parts.workers.now_ms()
    }

    /// Appends an event that is not the loop's own: a test, an extension, the end.
    ///
    /// # Errors
    /// Where the log cannot be written.
    pub fn note(&mut self, event: Event) -> Result<(), StudyError> {
        self.append(&mut Source::Nobody, vec![event])
    }

    /// As [`Study::note`], for several events that belong together: all of them are stored, or none.
    ///
    /// # Errors
    /// Where the log cannot be written.
    pub fn note_all(&mut self, events: Vec<Event>) -> Result<(), StudyError> {
        self.append(&mut Source::Nobody, events)
    }

    /// Appends events, folds them, and lets the strategy and the sink know.
    fn append(&mut self, source: &mut Source<'_>, mut events: Vec<Event>) -> Result<(), StudyError> {
        if events.is_empty() {
            return Ok(());
        }
        let at_ms = self.parts.workers.now_ms();
        let last = self.parts.log.append(at_ms, &events)?;
        let first = last.0 + 1 - events.len() as u64;
        for (i, event) in events.drain(..).enumerate() {
            let stamped = Stamped { seq: crate::event::Seq(first + i as u64), at_ms, event };
            self.history.apply(&stamped)?;
            source.observe(&self.history, &stamped.event);
            (self.parts.sink)(&stamped);
        }
        self.spare = events;
        Ok(())
    }

    /// A list of one event, in memory that was used before.
    fn one(&mut self, event: Event) -> Vec<Event> {
        let mut events = std::mem::take(&mut self.spare);
        events.push(event);
        events
    }

    /// Remembers which networks have been tried already.
    fn recall(&mut self) -> Result<(), StudyError> {
        for trial in &self.history.trials {
            if trial.copied_from.is_none() && trial.state != crate::history::State::Infeasible {
                let digest = digest(&trial.proposal.decisions);
                let key = self.known.key(self.parts.space, &trial.proposal, trial.hash, digest)?;
                self.known.remember(key, trial.id);
            }
        }
        Ok(())
    }

    fn next_trial(&self) -> TrialId {
        TrialId(self.history.trials.len() as u32)
    }
}

/// Refuses a log whose answers would mean something else now.
fn same_study(stored: &Created, now: &Created) -> Result<(), StudyError> {
    let changed = |what: &str, was: String, is: String| {
        Err(StudyError::Changed(format!("its {what} was {was}, now it is {is}; start a new study instead")))
    };
    if stored.format > FORMAT {
        return Err(StudyError::Changed(format!(
            "its format is {}, this program reads up to {FORMAT}; use Nascent {} or later",
            stored.format, stored.program
        )));
    }
    if stored.seed != now.seed {
        return changed("seed", stored.seed.to_string(), now.seed.to_string());
    }
    if stored.strategy != now.strategy {
        return changed("strategy", stored.strategy.clone(), now.strategy.clone());
    }
    if stored.ladder != now.ladder {
        return changed("ladder", format!("{:?}", stored.ladder), format!("{:?}", now.ladder));
    }
    if (&stored.objectives, &stored.limits) != (&now.objectives, &now.limits) {
        let text = |c: &Created| format!("{:?} with limits {:?}", c.objectives, c.limits);
        return changed("set of objectives", text(stored), text(now));
    }
    let differing = stored.questions.iter().zip(&now.questions).find(|(a, b)| a != b);
    match differing {
        Some((was, is)) => changed(
            "space",
            format!("{} with the options {}", was.path, was.options.join(", ")),
            format!("{} with the options {}", is.path, is.options.join(", ")),
        ),
        None if stored.questions.len() != now.questions.len() => {
            let text = |c: &Created| format!("one of {} questions", c.questions.len());
            changed("space", text(stored), text(now))
        }
        None => Ok(()),
    }
}
