use crate::architecture::ArchitectureHash;
use crate::event::{Created, Data, Event, Outcome, Proposal, Reason, Role, Seq, Stamped, TrialId};
use crate::objective::{Metrics, Objectives, Score, Violation};
use serde::{Deserialize, Serialize};

/// What became of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Proposed, not started.
    Proposed,
    /// Given to a worker.
    Running,
    /// It gave a result.
    Finished,
    /// It gave none.
    Failed,
    /// It was not made: a limit is broken.
    Infeasible,
    /// It was ended early; its last report counts.
    Stopped,
}

impl State {
    /// Whether nothing more will happen to the trial.
    #[must_use]
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Proposed | Self::Running)
    }
}

/// One proposal and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Its number.
    pub id: TrialId,
    /// What was tried.
    pub proposal: Proposal,
    /// The last event its proposer had seen.
    pub seen: Seq,
    /// The canonical graph's hash, where it was drawn.
    pub hash: Option<ArchitectureHash>,
    /// What follows from the graph alone, where it was drawn.
    pub costs: Metrics,
    /// Whether costs that were predicted have been measured since.
    pub measured: bool,
    /// What became of it.
    pub state: State,
    /// How often it was started.
    pub attempts: u32,
    /// Intermediate results by step, in the order of steps.
    pub reports: Vec<(u32, Metrics)>,
    /// The result.
    pub outcome: Option<Outcome>,
    /// The trial whose result this is.
    pub copied_from: Option<TrialId>,
    /// Why it failed.
    pub reason: Option<String>,
    /// Which limits it breaks.
    pub violations: Vec<Violation>,
    /// When it was proposed, last started, and over, in milliseconds.
    pub proposed_ms: u64,
    /// When it was last started.
    pub started_ms: Option<u64>,
    /// When it was over.
    pub ended_ms: Option<u64>,
}

impl Trial {
    /// Everything known of it: what follows from the graph, and what was measured.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let mut all = self.costs.clone();
        let last = self.reports.last().map(|(_, m)| m).filter(|_| self.state == State::Stopped);
        for (name, value) in self.outcome.iter().map(|o| &o.metrics).chain(last).flat_map(Metrics::iter) {
            all.set(name.to_string(), value);
        }
        all
    }

    /// Its worth; `None` where it gave no result.
    #[must_use]
    pub fn score(&self, objectives: &Objectives) -> Option<Score> {
        matches!(self.state, State::Finished | State::Stopped)
            .then(|| objectives.score(&self.metrics()))
            .flatten()
    }

    /// Milliseconds from its last start to its end.
    #[must_use]
    pub fn duration_ms(&self) -> Option<u64> {
        Some(self.ended_ms?.saturating_sub(self.started_ms?))
    }
}

/// A network's meeting with the test set.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// The trial whose weights were tested.
    pub trial: TrialId,
    /// How many times the study had opened the test set.
    pub touch: u32,
    /// What was measured.
    pub metrics: Metrics,
    /// One score per test example.
    pub scores: Vec<f32>,
}

/// The meeting of a yardstick that is no network with the test set.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The yardstick's name.
    pub name: String,
    /// How many times the study had opened the test set.
    pub touch: u32,
    /// What was measured.
    pub metrics: Metrics,
    /// One score per test example.
    pub scores: Vec<f32>,
}

/// A study's events, folded into what they say.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// How the study was set up.
    pub created: Option<Created>,
    /// All trials, in the order proposed.
    pub trials: Vec<Trial>,
    /// All tests, in order.
    pub tests: Vec<Test>,
    /// All tests of what is no network, in order.
    pub comparisons: Vec<Comparison>,
    /// The total of search trials last asked for, where it was extended.
    pub extended: Option<u64>,
    /// Why the study ended, unless it was taken up again since.
    pub closed: Option<Reason>,
    /// The last event.
    pub last: Seq,
    /// When each process began to work on the study, and its last event, in milliseconds.
    pub sessions: Vec<(u64, u64)>,
}

/// A log that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "event {seq} contradicts the events before it: {reason}; the log was altered, restore it from a copy"
)]
pub struct HistoryError {
    /// The event.
    pub seq: u64,
    /// What contradicts.
    pub reason: String,
}

impl History {
    /// Folds events in order.
    ///
    /// # Errors
    /// Where they contradict each other.
    pub fn fold<'e>(events: impl IntoIterator<Item = &'e Stamped>) -> Result<Self, HistoryError> {
        let mut history = Self::default();
        for event in events {
            history.apply(event)?;
        }
        Ok(history)
    }

    /// Takes in the next event.
    ///
    /// # Errors
    /// Where it contradicts the events before it.
    pub fn apply(&mut self, stamped: &Stamped) -> Result<(), HistoryError> {
        let at_ms = stamped.at_ms;
        let fail = |reason: String| HistoryError { seq: stamped.seq.0, reason };
        if stamped.seq.0 != self.last.0 + 1 {
            return Err(fail(format!("it follows event {}", self.last.0)));
        }
        match &stamped.event {
            Event::Created(created) => {
                if self.created.is_some() {
                    return Err(fail("a study begins once".into()));
                }
                self.created = Some((**created).clone());
                self.sessions.push((at_ms, at_ms));
            }
            Event::Resumed => {
                self.closed = None;
                self.sessions.push((at_ms, at_ms));
            }
            Event::Proposed { trial, seen, proposal, hash, costs } => {
                if trial.index() != self.trials.len() {
                    return Err(fail(format!(
                        "trial {trial} is proposed after {} trials",
                        self.trials.len()
                    )));
                }
                self.trials.push(Trial {
                    id: *trial,
                    proposal: proposal.clone(),
                    seen: *seen,
                    hash: *hash,
                    costs: costs.clone(),
                    measured: false,
                    state: State::Proposed,
                    attempts: 0,
                    reports: Vec::new(),
                    outcome: None,
                    copied_from: None,
                    reason: None,
                    violations: Vec::new(),
                    proposed_ms: at_ms,
                    started_ms: None,
                    ended_ms: None,
                });
            }
            Event::Measured { trial, metrics, failed } => {
                let known = self.trials.get_mut(trial.index());
                let known = known.ok_or_else(|| fail(format!("there is no trial {trial}")))?;
                known.measured = true;
                metrics.iter().for_each(|(name, value)| known.costs.set(name.to_string(), value));
                if let (Some(reason), State::Finished | State::Stopped) = (failed, known.state) {
                    known.state = State::Failed;
                    known.reason = Some(reason.clone());
                }
            }
            Event::Tested { trial, touch, metrics, scores } => {
                self.trial(*trial).ok_or_else(|| fail(format!("there is no trial {trial}")))?;
                self.tests.push(Test {
                    trial: *trial,
                    touch: *touch,
                    metrics: metrics.clone(),
                    scores: scores.clone(),
                });
            }
            Event::Compared { name, touch, metrics, scores } => self.comparisons.push(Comparison {
                name: name.clone(),
                touch: *touch,
                metrics: metrics.clone(),
                scores: scores.clone(),
            }),
            Event::Extended { trials } => {
                self.extended = Some(*trials);
                self.closed = None;
            }
            Event::Closed { reason } => self.closed = Some(reason.clone()),
            event => self.apply_to_trial(event, at_ms).map_err(fail)?,
        }
        self.last = stamped.seq;
        if let Some(session) = self.sessions.last_mut() {
            session.1 = at_ms;
        }
        Ok(())
    }

    fn apply_to_trial(&mut self, event: &Event, at_ms: u64) -> Result<(), String> {
        let id = event.trial().ok_or("an event without a trial")?;
        let trial = self.trials.get_mut(id.index()).ok_or_else(|| format!("there is no trial {id}"))?;
        if trial.state.is_over() {
            return Err(format!("trial {id} is over"));
        }
        match event {
            Event::Started { attempt, .. } => {
                trial.state = State::Running;
                trial.attempts = *attempt;
                trial.started_ms = Some(at_ms);
                return Ok(());
            }
            Event::Reported { step, metrics, .. } => {
                match trial.reports.binary_search_by_key(step, |(s, _)| *s) {
                    // The same step again, after a crash: it counts once.
                    Ok(_) => {}
                    Err(place) => trial.reports.insert(place, (*step, metrics.clone())),
                }
                return Ok(());
            }
            Event::Finished { outcome, copied_from, .. } => {
                trial.state = State::Finished;
                trial.outcome = Some(outcome.clone());
                trial.copied_from = *copied_from;
            }
            Event::Failed { reason, .. } => {
                trial.state = State::Failed;
                trial.reason = Some(reason.clone());
            }
            Event::Infeasible { violations, .. } => {
                trial.state = State::Infeasible;
                trial.violations = violations.clone();
            }
            Event::Stopped { .. } => trial.state = State::Stopped,
            _ => return Err("an event that is about no trial".into()),
        }
        trial.ended_ms = Some(at_ms);
        Ok(())
    }

    /// A trial by its number.
    #[must_use]
    pub fn trial(&self, id: TrialId) -> Option<&Trial> {
        self.trials.get(id.index())
    }

    /// The trials of one role.
    pub fn of<'h>(&'h self, role: &'h Role) -> impl Iterator<Item = &'h Trial> {
        self.trials.iter().filter(move |t| t.proposal.role == *role)
    }

    /// The finished trials that trained the network of trial `of` again on `data`, by replica.
    #[must_use]
    pub fn finals(&self, of: TrialId, data: Data) -> Vec<&Trial> {
        let mut finals: Vec<(u32, &Trial)> = self
            .trials
            .iter()
            .filter(|t| t.state == State::Finished)
            .filter_map(|t| match t.proposal.role {
                Role::Final { of: o, replica, data: d } if o == of && d == data => Some((replica, t)),
                _ => None,
            })
            .collect();
        finals.sort_by_key(|(replica, t)| (*replica, t.id));
        finals.into_iter().map(|(_, t)| t).collect()
    }

    /// How many times the test set was opened.
    #[must_use]
    pub fn touches(&self) -> u32 {
        self.tests.iter().map(|t| t.touch).max().unwrap_or(0)
    }

    /// Milliseconds that processes have worked on the study, pauses between them left out.
    #[must_use]
    pub fn worked_ms(&self) -> u64 {
        self.sessions.iter().map(|(from, to)| to.saturating_sub(*from)).sum()
    }
}

impl Event {
    /// The trial it is about.
    #[must_use]
    pub fn trial(&self) -> Option<TrialId> {
        match self {
            Self::Created(_)
            | Self::Resumed
            | Self::Compared { .. }
            | Self::Extended { .. }
            | Self::Closed { .. } => None,
            Self::Proposed { trial, .. }
            | Self::Started { trial, .. }
            | Self::Reported { trial, .. }
            | Self::Finished { trial, .. }
            | Self::Failed { trial, .. }
            | Self::Infeasible { trial, .. }
            | Self::Stopped { trial, .. }
            | Self::Measured { trial, .. }
            | Self::Tested { trial, .. } => Some(*trial),
        }
    }
}
