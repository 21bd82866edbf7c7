use super::known::{SpreadHash, digest};
use super::{Halt, Study, StudyError};
use crate::architecture::ArchitectureHash;
use crate::evaluator::{Continued, Identity, Job};
use crate::event::{Data, Event, FROM_PARENT, Proposal, Role, Rung, SHARED, TrialId};
use crate::history::{History, State, Trial};
use crate::objective::{Metrics, Violation};
use crate::rng::Rng;
use crate::space::Space;
use crate::strategy::{AskContext, Next, Strategy, draw};
use crate::workers::Message;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// A stretch of a study with one source of proposals.
pub struct Phase<'p> {
    /// Where proposals come from.
    pub source: Source<'p>,
    /// The space the strategy sees: the study's own, or a part of it.
    pub space: &'p dyn Space,
    /// How many trials of this role the study is to have, earlier ones included; infeasible ones do not count.
    pub trials: u64,
    /// What there is time for.
    pub deadlines: Deadlines,
}

/// What there is time for; by default, for everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadlines {
    /// The time after which no trial is started, and before which one is expected to end.
    pub until_ms: Option<u64>,
    /// The time after which what a strategy has under way is stopped, once a trial of it has finished.
    pub stop_ms: Option<u64>,
    /// The most that a step of a trial may take in the mean: one that takes longer fails at its next report, once another
    /// trial of the same role has finished. The first seconds of a trial, when its worker may have to read data, say nothing.
    pub step_ms: Option<u64>,
}

/// Where a phase's proposals come from.
pub enum Source<'p> {
    /// A strategy, whose trials get this role.
    Strategy(&'p mut dyn Strategy, Role),
    /// A list settled beforehand; those already made are not made again.
    List(&'p [Proposal]),
    /// Nobody proposes.
    Nobody,
}

impl Source<'_> {
    pub(super) fn observe(&mut self, history: &History, event: &Event) {
        if let Self::Strategy(strategy, role) = self
            && event.trial().and_then(|t| history.trial(t)).is_some_and(|t| t.proposal.role == *role)
            && !matches!(event, Event::Tested { .. })
        {
            strategy.observe(event);
        }
    }

    fn owns(&self, trial: &Trial) -> bool {
        match self {
            Self::Strategy(_, role) => trial.proposal.role == *role,
            Self::List(list) => list.contains(&trial.proposal),
            Self::Nobody => false,
        }
    }
}

/// How a phase ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All trials asked for are over.
    Complete,
    /// The strategy has nothing more to propose.
    Exhausted,
    /// The time is up.
    TimeUp,
    /// A thousand proposals in a row broke the limits.
    Infeasible,
    /// The user wants a pause.
    Interrupted,
}

/// How long the loop listens before it looks at the clock and the user again.
const LISTEN: Duration = Duration::from_millis(100);
/// How long a trial takes at most before its steps take the time they do.
const SETTLING_MS: u64 = 5_000;
const INFEASIBLE_IN_A_ROW: usize = 1_000;

/// What a phase keeps in mind while it runs.
#[derive(Default)]
struct Flight {
    running: HashSet<TrialId, SpreadHash>,
    /// Trials that wait for the result of an equal one.
    waiting: HashMap<TrialId, Vec<TrialId>>,
    made: u64,
    infeasible_in_a_row: usize,
    listed: usize,
    end: Option<End>,
    /// Milliseconds that trials of this phase took, and how many.
    took: (u64, u64),
}

impl Study<'_> {
    /// Runs a phase to its end.
    ///
    /// # Errors
    /// Where the log, the space, the strategy or the workers fail; the log then still holds all that happened.
    pub fn run(&mut self, phase: &mut Phase<'_>) -> Result<End, StudyError> {
        if let Source::Strategy(strategy, _) = &mut phase.source {
            strategy.begin(&self.parts.objectives);
            for stamped in self.parts.log.after(crate::event::Seq(0))? {
                phase.source.observe(&self.history, &stamped.event);
            }
        }
        let mut flight = Flight::default();
        let unfinished = self.take_up(phase, &mut flight);
        for trial in unfinished {
            self.launch(phase, &mut flight, trial, Vec::new())?;
        }
        loop {
            match (self.parts.halt)() {
                Halt::Now => return Ok(End::Interrupted),
                Halt::AfterRunning => flight.end = Some(End::Interrupted),
                Halt::No => {}
            }
            if phase.deadlines.stop_ms.is_some_and(|stop| self.now_ms() > stop) {
                self.stop_late(phase, &mut flight)?;
            }
            while flight.end.is_none() && flight.running.len() < self.parts.workers.capacity() {
                if !self.propose(phase, &mut flight)? {
                    break;
                }
            }
            if flight.running.is_empty() {
                match flight.end {
                    Some(end) => return Ok(end),
                    None => return Err(StudyError::Stuck),
                }
            }
            if let Some(message) = self.parts.workers.next(LISTEN)? {
                self.hear(phase, &mut flight, message)?;
            }
        }
    }

    /// Stops what is under way after the time is up, so that one slow network does not cost the rest of the study.
    fn stop_late(&mut self, phase: &mut Phase<'_>, flight: &mut Flight) -> Result<(), StudyError> {
        let Source::Strategy(_, role) = &phase.source else { return Ok(()) };
        if !self.history.of(role).any(|t| t.state == State::Finished) {
            return Ok(());
        }
        flight.end = flight.end.or(Some(End::TimeUp));
        let mut late: Vec<TrialId> = flight.running.drain().collect();
        late.extend(flight.waiting.drain().flat_map(|(_, waiting)| waiting));
        late.sort_unstable();
        for trial in late {
            self.parts.workers.stop(trial)?;
            let stopped = Event::Stopped { trial, seen: self.history.last };
            self.append(&mut phase.source, vec![stopped])?;
        }
        Ok(())
    }

    /// Why a result is none.
    fn flaw(&self, trial: TrialId, metrics: &Metrics) -> Option<String> {
        if let Some((name, value)) = metrics.not_finite() {
            return Some(format!("{name} came out as {value}"));
        }
        self.unmeasured(trial, metrics).map(|name| format!("its result has no {name}"))
    }

    /// An objective that a result on the top rung says nothing of.
    fn unmeasured(&self, trial: TrialId, metrics: &Metrics) -> Option<&str> {
        let trial = self.history.trial(trial)?;
        if usize::from(trial.proposal.rung) + 1 < self.created.ladder.len() {
            return None;
        }
        let objectives = &self.parts.objectives;
        // A final training on all data has nothing left to be judged by.
        let is_judged = !matches!(trial.proposal.role, Role::Final { data: Data::All, .. });
        let has =
            |name: &str| metrics.value(name).is_some() || objectives.costs.iter().any(|c| c.name() == name);
        objectives.wanted.iter().map(|o| o.name.as_str()).find(|name| is_judged && !has(name))
    }

    /// Why a trial that has come to a step takes more time than there is.
    fn too_slow(&self, phase: &Phase<'_>, trial: TrialId, step: u32) -> Option<String> {
        let (Source::Strategy(_, role), Some(most)) = (&phase.source, phase.deadlines.step_ms) else {
            return None;
        };
        let took = self.now_ms().saturating_sub(self.history.trial(trial)?.started_ms?);
        let mean = took / u64::from(step.max(1));
        let is_known = self.history.of(role).any(|t| t.state == State::Finished);
        (mean > most && took > SETTLING_MS && is_known).then(|| {
            let seconds = |ms: u64| ms as f64 / 1e3;
            format!("a step takes {:.1} s, and the budget allows {:.1} s", seconds(mean), seconds(most))
        })
    }

    /// Counts what the phase has already, and lists what was under way when the study stopped.
    fn take_up(&self, phase: &Phase<'_>, flight: &mut Flight) -> Vec<TrialId> {
        let mut unfinished = Vec::new();
        for trial in self.history.trials.iter().filter(|t| phase.source.owns(t)) {
            flight.made += u64::from(trial.state != State::Infeasible);
            if !trial.state.is_over() {
                unfinished.push(trial.id);
            }
            count_time(flight, trial);
        }
        unfinished
    }

    /// Makes the next proposal; `false` where there is none now.
    fn propose(&mut self, phase: &mut Phase<'_>, flight: &mut Flight) -> Result<bool, StudyError> {
        let mean_ms = flight.took.0 / flight.took.1.max(1);
        if phase.deadlines.until_ms.is_some_and(|until| self.now_ms() + mean_ms > until) {
            flight.end = Some(End::TimeUp);
            return Ok(false);
        }
        let trial = self.next_trial();
        let seen = self.history.last;
        let proposal = match &mut phase.source {
            Source::Nobody => None,
            Source::List(list) => {
                let made = |p: &Proposal| self.history.trials.iter().any(|t| t.proposal == *p);
                let next = list[flight.listed..].iter().position(|p| !made(p));
                next.map(|skip| {
                    flight.listed += skip + 1;
                    list[flight.listed - 1].clone()
                })
            }
            Source::Strategy(..) if flight.made >= phase.trials => None,
            Source::Strategy(strategy, role) => {
                let mut cx = AskContext {
                    space: phase.space,
                    ladder: &self.created.ladder,
                    objectives: &self.parts.objectives,
                    trial,
                    rng: Rng::new(self.created.seed, u64::from(trial.0)),
                };
                match strategy.ask(&mut cx)? {
                    Next::Run(proposal) => Some(Proposal { role: role.clone(), ..proposal }),
                    Next::Wait => return Ok(false),
                    Next::Done => {
                        flight.end = Some(End::Exhausted);
                        return Ok(false);
                    }
                }
            }
        };
        let Some(proposal) = proposal else {
            flight.end = Some(End::Complete);
            return Ok(false);
        };
        let Drawn { hash, costs, violations } = self.look(phase, &proposal)?;
        let proposed = Event::Proposed { trial, seen, proposal, hash, costs };
        if violations.is_empty() {
            flight.made += 1;
            flight.infeasible_in_a_row = 0;
            let events = self.one(proposed);
            self.launch(phase, flight, trial, events)?;
        } else {
            flight.infeasible_in_a_row += 1;
            self.append(&mut phase.source, vec![proposed, Event::Infeasible { trial, violations }])?;
            if flight.infeasible_in_a_row >= INFEASIBLE_IN_A_ROW {
                flight.end = Some(End::Infeasible);
            }
        }
        Ok(true)
    }

    /// Draws the network, if anything depends on its graph.
    fn look(&self, phase: &Phase<'_>, proposal: &Proposal) -> Result<Drawn, StudyError> {
        let objectives = &self.parts.objectives;
        if self.known.identity == Identity::Decisions && !objectives.need_graph() {
            return Ok(Drawn::default());
        }
        let graph = draw(self.parts.space, &proposal.decisions)?;
        let costs = objectives.measure(&graph);
        // What is settled is trained whatever it costs: a yardstick, or a network already chosen.
        let violations = match phase.source {
            Source::Strategy(_, Role::Search) => objectives.violations(&costs).collect(),
            _ => Vec::new(),
        };
        Ok(Drawn { hash: Some(graph.hash()), costs, violations })
    }

    /// Starts a trial, or settles it with the result of an equal one. `events` are appended first, in one piece.
    fn launch(
        &mut self,
        phase: &mut Phase<'_>,
        flight: &mut Flight,
        trial: TrialId,
        mut events: Vec<Event>,
    ) -> Result<(), StudyError> {
        let (proposal, hash, attempt) = match (events.first(), self.history.trial(trial)) {
            (Some(Event::Proposed { proposal, hash, .. }), _) => (proposal, *hash, 1),
            (_, Some(known)) => (&known.proposal, known.hash, known.attempts + 1),
            _ => return Ok(()),
        };
        let digest = digest(&proposal.decisions);
        let key = self.known.key(self.parts.space, proposal, hash, digest)?;
        let first = self.known.trial(key).unwrap_or(trial);
        if first != trial {
            if let Some(original) = self.history.trial(first).filter(|t| t.state.is_over()) {
                events.push(copy(original, trial));
                return self.append(&mut phase.source, events);
            }
            flight.waiting.entry(first).or_default().push(trial);
            return self.append(&mut phase.source, events);
        }
        self.known.remember(key, trial);
        let network = hash.map_or(digest, |h| h.0);
        let mut job = Job::new(trial, attempt, proposal, &self.created.ladder, network, self.created.seed);
        job.continues = self.continued(proposal);
        job.inherits = self.inherited(proposal).map(Box::new);
        events.push(Event::Started { trial, attempt });
        self.append(&mut phase.source, events)?;
        flight.running.insert(trial);
        self.parts.workers.start(job)?;
        Ok(())
    }

    /// The trial that a promotion goes on from: its only parent, the same network on a lower rung of the same kind.
    fn continued(&self, proposal: &Proposal) -> Option<Continued> {
        let [parent] = proposal.parents[..] else { return None };
        let before = self.history.trial(parent).filter(|t| t.state == State::Finished)?;
        let estimator = |p: &Proposal| self.created.ladder.get(usize::from(p.rung)).map(|r| &r.estimator);
        let is_lower = before.proposal.rung < proposal.rung && before.proposal.budget < proposal.budget;
        let is_same = before.proposal.decisions == proposal.decisions
            && before.proposal.role == proposal.role
            && estimator(&before.proposal) == estimator(proposal);
        // A copied result has no weights of its own.
        let trial = before.copied_from.unwrap_or(parent);
        (is_lower && is_same).then_some(Continued { trial, budget: before.proposal.budget })
    }

    /// The job of the trial that one takes its weights from, where its rung asks for such.
    fn inherited(&self, proposal: &Proposal) -> Option<Job> {
        let ladder = &self.created.ladder;
        let rung = |p: &Proposal| ladder.get(usize::from(p.rung));
        let from = match rung(proposal)?.estimator.as_str() {
            SHARED => {
                let parents = proposal.parents.iter().filter_map(|parent| self.history.trial(*parent));
                let mut finished = parents.filter(|t| t.state == State::Finished);
                finished.find(|t| rung(&t.proposal).is_some_and(Rung::is_supernet))?
            }
            FROM_PARENT if proposal.role == Role::Search => self.ancestor(proposal)?,
            _ => return None,
        };
        let network = from.hash.map_or_else(|| digest(&from.proposal.decisions), |hash| hash.0);
        let id = from.copied_from.unwrap_or(from.id);
        Some(Job::new(id, from.attempts, &from.proposal, ladder, network, self.created.seed))
    }

    /// The trial of another network that a proposal comes from, past the lower rungs of its own, where that was trained.
    fn ancestor(&self, proposal: &Proposal) -> Option<&Trial> {
        let mut at = proposal;
        // Parents are trials before their children, so this ends.
        loop {
            let parent = self.history.trial(*at.parents.first()?)?;
            if parent.proposal.decisions != proposal.decisions {
                let rung = self.created.ladder.get(usize::from(parent.proposal.rung))?;
                return (parent.state == State::Finished && rung.estimator == FROM_PARENT).then_some(parent);
            }
            at = &parent.proposal;
        }
    }

    /// Takes in a worker's message.
    fn hear(
        &mut self,
        phase: &mut Phase<'_>,
        flight: &mut Flight,
        message: Message,
    ) -> Result<(), StudyError> {
        let trial = message.trial();
        if !flight.running.contains(&trial) {
            return Ok(());
        }
        let event = match message {
            Message::Alive { .. } => return Ok(()),
            Message::Reported { step, metrics, .. } => {
                let reports = self.history.trial(trial).map_or(&[][..], |t| &t.reports);
                let known = reports.iter().any(|(s, _)| *s == step);
                let is_last = reports.last().is_some_and(|(s, _)| *s == step);
                // After the last report the study may have ended before the strategy was asked: it is asked again.
                if metrics.not_finite().is_some() || known && !is_last {
                    return Ok(());
                }
                if !known {
                    self.append(&mut phase.source, vec![Event::Reported { trial, step, metrics }])?;
                }
                let is_poor = matches!(&phase.source, Source::Strategy(s, _) if s.should_stop(trial));
                let event = if is_poor {
                    Some(Event::Stopped { trial, seen: self.history.last })
                } else {
                    self.too_slow(phase, trial, step).map(|reason| Event::Failed { trial, reason })
                };
                let Some(event) = event else { return Ok(()) };
                self.parts.workers.stop(trial)?;
                event
            }
            Message::Finished { outcome, .. } => match self.flaw(trial, &outcome.metrics) {
                Some(reason) => Event::Failed { trial, reason },
                None => Event::Finished { trial, outcome, copied_from: None },
            },
            Message::Failed { reason, .. } => Event::Failed { trial, reason },
        };
        flight.running.remove(&trial);
        let events = self.one(event);
        self.append(&mut phase.source, events)?;
        if let Some(over) = self.history.trial(trial) {
            count_time(flight, over);
        }
        if flight.waiting.is_empty() {
            return Ok(());
        }
        for waiting in flight.waiting.remove(&trial).unwrap_or_default() {
            if let Some(original) = self.history.trial(trial) {
                let event = copy(original, waiting);
                self.append(&mut phase.source, vec![event])?;
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Drawn {
    hash: Option<ArchitectureHash>,
    costs: Metrics,
    violations: Vec<Violation>,
}

fn count_time(flight: &mut Flight, trial: &Trial) {
    if let (None, Some(ms)) = (trial.copied_from, trial.duration_ms()) {
        flight.took.0 += ms;
        flight.took.1 += 1;
    }
}

/// The end of a trial whose network was tried before.
fn copy(original: &Trial, trial: TrialId) -> Event {
    match &original.outcome {
        Some(outcome) => {
            let copied_from = Some(original.copied_from.unwrap_or(original.id));
            Event::Finished { trial, outcome: outcome.clone(), copied_from }
        }
        None => {
            let why = original.reason.as_deref().unwrap_or("it was stopped early");
            Event::Failed {
                trial,
                reason: format!("the same network gave no result as trial {}: {why}", original.id),
            }
        }
    }
}
