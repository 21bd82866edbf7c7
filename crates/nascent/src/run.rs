//! A whole study: search, baselines, finals, test, files.

mod finals;

use crate::baselines::TREES;
use crate::budget::{GRACE, epoch_ms, search_share};
use crate::devices::Asked;
use crate::error::Error;
use crate::evidence::{baseline_names, network_baselines, winner};
use crate::handover;
use crate::parallel::in_parallel;
use crate::settings::StudyFile;
use crate::setup::Setup;
use crate::stored::{Stored, load};
use crate::summary::Summary;
use crate::worker::{train_again, workers};
use nascent_core::architecture::Architecture;
use nascent_core::chooser::FixedArchitecture;
use nascent_core::event::{Data, Event, Proposal, Reason, Role, Stamped};
use nascent_core::study::{Deadlines, End, Halt, Parts, Phase, Source};
use nascent_core::{Feasibility, Log, Metrics, Space, State, Study, Trial, TrialId, draw, feasibility};
use nascent_data::Task;
use nascent_runtime::{RunFolder, SqliteLog, total_memory_bytes, write_atomically};
use nascent_train::{Network, TrainEvaluator, TrainStep, Weights, answers, tested};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// A device that has answered for no network is asked for so many.
const UNANSWERED: usize = 3;

/// Which study to run.
pub enum Start {
    /// A new one, in this folder or in the next free one below `runs`.
    New {
        /// What is asked.
        file: Box<StudyFile>,
        /// Its folder; nothing may be there.
        out: Option<PathBuf>,
    },
    /// One that stopped, or that is to be extended.
    Resume {
        /// Its folder.
        path: PathBuf,
        /// The new total of search trials.
        trials: Option<u64>,
        /// The new wall time for everything.
        budget: Option<crate::Budget>,
    },
}

/// What a study says while it runs.
pub enum Progress<'a> {
    /// Before the first trial: what lies ahead.
    Plan {
        /// The parts.
        setup: &'a Setup,
        /// The run folder.
        folder: &'a Path,
        /// Bytes that one worker is expected to need.
        worker_bytes: u64,
        /// Bytes that one worker may use.
        limit_bytes: Option<u64>,
    },
    /// A phase begins: its name and how many trials it is to have at most.
    Phase(&'static str, u64),
    /// Something a reader must know.
    Note(String),
    /// An event was stored.
    Event(&'a Stamped, &'a Setup),
}

/// How a run ended.
pub struct Finish {
    /// The run folder.
    pub folder: PathBuf,
    /// The result, as it stands.
    pub summary: Summary,
    /// Whether the user wanted a pause.
    pub is_interrupted: bool,
}

/// Runs a study to its end, or to the pause that `halt` asks for. `program` is what workers are: this executable,
/// which must serve when its only argument is `worker`.
///
/// # Errors
/// Where input is wrong (nothing is made then), no network meets the limits, or the study fails; what was found by
/// then stays in its folder.
pub fn run(
    start: Start,
    program: &Path,
    halt: &dyn Fn() -> Halt,
    hear: &mut dyn FnMut(Progress<'_>),
) -> Result<Finish, Error> {
    let (setup, folder, mut log, more) = match start {
        Start::New { file, out } => {
            let (given, chosen) = (file.settings.limits.len(), file.settings.epochs);
            let mut setup = Setup::new(*file)?;
            must_be_feasible(&setup)?;
            setup.check_memory()?;
            let folder = match out {
                Some(path) => RunFolder::create(&path),
                None => RunFolder::create_next(Path::new("runs"), &setup.facts.name),
            };
            let folder = folder.map_err(|e| Error::input(e.to_string()))?;
            crate::devices::keep(&mut setup, &folder)?;
            write_atomically(&folder.study_toml(), setup.file.to_toml().as_bytes())
                .map_err(|e| Error::file(folder.study_toml(), e))?;
            let log = SqliteLog::create(&folder.study_db()).map_err(|e| Error::input(e.to_string()))?;
            if chosen.is_none() && setup.epochs() < setup.usual_epochs {
                hear(Progress::Note(format!(
                    "the budget has time for trainings of {} epochs, not for the usual {}; epochs of yours take their place",
                    setup.epochs(),
                    setup.usual_epochs
                )));
            }
            let added = &setup.file.settings.limits[given..];
            for limit in added.iter().filter(|limit| limit.metric == "macs") {
                hear(Progress::Note(format!(
                    "the budget has no time for larger networks: {limit} is added to the limits; a limit of yours on {} \
                     takes its place",
                    limit.metric
                )));
            }
            (setup, folder, log, More::default())
        }
        Start::Resume { path, trials, budget } => {
            let Stored { folder, mut setup, history } = load(&path)?;
            let log = SqliteLog::open(&folder.study_db()).map_err(|e| Error::input(e.to_string()))?;
            let before = setup.trials();
            if let Some(trials) = trials.or(history.extended) {
                setup.file.settings.trials = Some(trials);
            }
            if budget.is_some() {
                setup.file.settings.budget = budget;
            }
            if trials.is_some_and(|t| t < before) {
                return Err(Error::input(format!(
                    "the study has {before} trials already: give a larger number"
                )));
            }
            (setup, folder, log, More { trials, time: budget.is_some() })
        }
    };
    let mut workers = workers(&setup, program, folder.trials())?;
    let limit_bytes = workers.memory_limit_bytes();
    let worker_bytes = setup.worker_bytes();
    hear(Progress::Plan { setup: &setup, folder: folder.path(), worker_bytes, limit_bytes });
    if let Some(total) = total_memory_bytes().filter(|t| *t < worker_bytes) {
        hear(Progress::Note(format!("a trial may need {worker_bytes} bytes, the machine has {total}")));
    }
    let name = folder.path().file_name().map_or("study".into(), |n| n.to_string_lossy().into_owned());
    let created = setup.created(&name)?;
    let hear = std::cell::RefCell::new(hear);
    let end = {
        let mut sink = |event: &Stamped| (hear.borrow_mut())(Progress::Event(event, &setup));
        let parts = Parts {
            space: &*setup.space,
            objectives: setup.objectives.clone(),
            log: &mut log as &mut dyn Log,
            workers: &mut workers,
            sink: &mut sink,
            halt,
        };
        let study = Study::open(created, parts)?;
        let tell = |progress: Progress<'_>| (hear.borrow_mut())(progress);
        Whole { setup: &setup, folder: &folder, study, program, halt, tell: &tell }.run(more)
    };
    drop(workers);
    drop(log);
    let stored = load(folder.path())?;
    let summary = handover::write(&stored)?;
    let is_interrupted = matches!(end, Ok(End::Interrupted));
    end?;
    Ok(Finish { folder: folder.path().into(), summary, is_interrupted })
}

/// Ends before anything is made where no network keeps the limits.
fn must_be_feasible(setup: &Setup) -> Result<(), Error> {
    // What keeps the limits of the smallest size keeps those of all.
    let Some(aim) = setup.aims().into_iter().next().filter(|aim| !aim.limits.is_empty()) else {
        return Ok(());
    };
    let seed = setup.file.settings.seed;
    let found = feasibility(&*setup.space, &aim, seed).map_err(|e| Error::input(e.to_string()))?;
    match found {
        Feasibility::Found(_) => Ok(()),
        Feasibility::NotFound { violations, .. } => {
            let nearest: Vec<String> = violations
                .iter()
                .map(|v| format!("{} = {} against {}", v.limit.metric, v.value, v.limit))
                .collect();
            Err(Error::Infeasible(format!(
                "none of 10,000 random networks of {} nor a climb from the nearest of them meets the limits; the \
                 nearest has {}: raise the limit, or choose a space with smaller networks",
                setup.space.name(),
                nearest.join(", ")
            )))
        }
    }
}

/// What is asked of a study that has begun already.
#[derive(Clone, Copy, Default)]
struct More {
    /// The new total of search trials.
    trials: Option<u64>,
    /// Whether there is a new budget of time.
    time: bool,
}

/// A study with all its phases.
struct Whole<'w> {
    setup: &'w Setup,
    folder: &'w RunFolder,
    study: Study<'w>,
    /// What workers are, which also time networks in processes of their own.
    program: &'w Path,
    halt: &'w dyn Fn() -> Halt,
    tell: &'w dyn Fn(Progress<'_>),
}

impl Whole<'_> {
    fn run(&mut self, more: More) -> Result<End, Error> {
        if let Some(trials) = more.trials {
            self.study.note(Event::Extended { trials })?;
        }
        let from = self.study.now_ms().saturating_sub(self.study.history().worked_ms());
        let budget_ms = self.setup.file.settings.budget.map(|b| b.0.as_millis() as f64);
        let until = |part: f64| Some(from + (budget_ms? * part) as u64);
        let share = |part: f64| Deadlines {
            until_ms: until(part),
            stop_ms: until(part + GRACE),
            step_ms: budget_ms.map(|ms| epoch_ms(ms, self.setup.epochs(), self.setup.folds())),
        };
        let shares = self.setup.shares;
        (self.tell)(Progress::Phase("search", self.setup.trials()));
        if self.search(share(shares[0]))? == End::Interrupted {
            return Ok(End::Interrupted);
        }
        let mut searched = shares[0];
        if let Some(budget_ms) = budget_ms {
            // By now it is known what finals take, and small networks leave the search more than its share.
            let finals = (self.drop_more_ms() + self.asked().need_ms(&self.pace())) / budget_ms;
            searched = search_share(shares, finals, network_baselines(self.setup).len());
            // Once the baselines have begun, only a new budget takes the search up again.
            let is_over = self.study.history().trials.iter().any(|t| t.proposal.role != Role::Search);
            if (more.time || !is_over) && self.search(share(searched))? == End::Interrupted {
                return Ok(End::Interrupted);
            }
        }
        if self.measure_finalists()? == End::Interrupted {
            return Ok(End::Interrupted);
        }
        if winner(self.setup, self.study.history()).is_none() {
            self.study.note(Event::Closed { reason: Reason::NothingWorked })?;
            let why = self.study.history().trials.iter().rev().find_map(|t| t.reason.clone());
            let why = why.unwrap_or_else(|| "no trial met the limits".into());
            return Err(Error::NothingWorked(format!(
                "no trial gave a network that meets the limits; the last one: {why}"
            )));
        }
        let baselines = searched * network_baselines(self.setup).len() as f64;
        if self.drop_more(until(1.0 - baselines))? == End::Interrupted {
            return Ok(End::Interrupted);
        }
        let dropped: u64 = self.more_dropouts(false).filter_map(Trial::duration_ms).sum();
        let dropped = budget_ms.map_or(0.0, |ms| dropped as f64 / ms);
        // A reference is what the winner is compared with, however slow it is.
        let deadlines = share(shares[1].max(searched + baselines) + dropped);
        if self.baselines(Deadlines { step_ms: None, ..deadlines })? == End::Interrupted {
            return Ok(End::Interrupted);
        }
        TrainEvaluator::forget_checkpoints(&self.folder.trials());
        let finals = self.fitting(until(1.0));
        if self.finals(finals)? == End::Interrupted {
            return Ok(End::Interrupted);
        }
        // What a program of the user's trains is judged by what it measures, and by nothing else.
        if let Some(task) = &self.setup.task {
            if self.watch(finals, more.time)? == End::Interrupted {
                return Ok(End::Interrupted);
            }
            if self.refits(finals, more.time)? == End::Interrupted {
                return Ok(End::Interrupted);
            }
            if self.test(task, until(1.0))? == End::Interrupted {
                return Ok(End::Interrupted);
            }
        }
        if self.study.history().closed.is_none() {
            self.study.note(Event::Closed { reason: Reason::Finished })?;
        }
        Ok(End::Complete)
    }

    /// Measures the networks that can win where a limit is on a device that can be asked: what was predicted is replaced by
    /// what was measured, and a network that then breaks a limit, or that the device does not run, gives way to the next.
    fn measure_finalists(&mut self) -> Result<End, Error> {
        let Some(asked) = Asked::new(self.setup, self.program, self.tell)? else { return Ok(End::Complete) };
        // A network that the device has answered for tells whether it still does.
        let is_answered = |trial: &&Trial| trial.measured && trial.reason.is_none();
        let answered = self.study.history().of(&Role::Search).find(is_answered);
        let mut answered =
            answered.map(|trial| Ok::<_, Error>((trial.id, self.graph(trial)?))).transpose()?;
        // Networks without an answer, as long as it is not known whether they or the device are to blame.
        let mut unanswered: Vec<(TrialId, Error)> = Vec::new();
        loop {
            if (self.halt)() != Halt::No {
                return Ok(End::Interrupted);
            }
            let finalists = self.finalists(self.setup.file.settings.finalists + unanswered.len());
            let is_next =
                |trial: &&Trial| !trial.measured && unanswered.iter().all(|(id, _)| *id != trial.id);
            let Some(next) = finalists.into_iter().find(is_next) else { break };
            let (id, graph) = (next.id, self.graph(next)?);
            match asked.measure(&graph, id, self.tell) {
                Ok(metrics) => {
                    self.note_measured(id, &metrics, None)?;
                    answered = Some((id, graph));
                }
                // An interruption may have ended the command too.
                Err(_) if (self.halt)() != Halt::No => return Ok(End::Interrupted),
                Err(why) => unanswered.push((id, why)),
            }
            if unanswered.is_empty() {
                continue;
            }
            let still_answers = match &answered {
                Some((other, graph)) => *other == id || asked.measure(graph, *other, self.tell).is_ok(),
                None if unanswered.len() < UNANSWERED => continue,
                None => false,
            };
            if !still_answers {
                break;
            }
            for (id, why) in unanswered.drain(..) {
                (self.tell)(Progress::Note(format!("trial {id} cannot be handed over: {why}")));
                self.note_measured(id, &Metrics::new(), Some(why.to_string()))?;
            }
        }
        // A device that does not answer is to be mended; no trial has failed by it.
        if let Some((_, why)) = unanswered.pop() {
            return Err(Error::NothingWorked(format!(
                "a device gives no answer: {why}; mend that, then go on with nascent resume {}",
                self.folder.path().display()
            )));
        }
        if self.finalists(1).is_empty() {
            let measured = self.study.history().of(&Role::Search).filter(|trial| trial.measured);
            let violations =
                measured.filter_map(|trial| Some(trial.score(&self.setup.objectives)?.violation));
            if let Some(least) = violations.min_by(f64::total_cmp) {
                self.study.note(Event::Closed { reason: Reason::Infeasible })?;
                return Err(Error::Infeasible(format!(
                    "no trial's network keeps the limits when it is measured; the nearest breaks them by {:.1} %: raise the \
                     limit, or give the search more trials with nascent resume {} --trials N",
                    100.0 * least,
                    self.folder.path().display()
                )));
            }
        }
        Ok(End::Complete)
    }

    /// A trial's network.
    fn graph(&self, trial: &Trial) -> Result<Architecture, Error> {
        draw(&*self.setup.space, &trial.proposal.decisions).map_err(|e| Error::file(self.folder.path(), e))
    }

    /// Notes what a device said of a network for all trials of it.
    fn note_measured(&mut self, id: TrialId, metrics: &Metrics, failed: Option<String>) -> Result<(), Error> {
        let hash = self.study.history().trial(id).and_then(|trial| trial.hash);
        let same = |trial: &&Trial| trial.id == id || trial.hash.is_some() && trial.hash == hash;
        let same = self.study.history().of(&Role::Search).filter(same).map(|trial| trial.id);
        let measured =
            same.map(|trial| Event::Measured { trial, metrics: metrics.clone(), failed: failed.clone() });
        let measured = measured.collect();
        self.study.note_all(measured)?;
        Ok(())
    }

    /// The search, or what is left of it until its share is over.
    fn search(&mut self, share: Deadlines) -> Result<End, Error> {
        let mut strategy = self.setup.strategy()?;
        let source = Source::Strategy(&mut *strategy, Role::Search);
        self.phase(source, &*self.setup.space, self.setup.trials(), share)
    }

    fn phase<'p>(
        &mut self,
        source: Source<'p>,
        space: &'p dyn Space,
        trials: u64,
        deadlines: Deadlines,
    ) -> Result<End, Error> {
        Ok(self.study.run(&mut Phase { source, space, trials, deadlines })?)
    }

    /// Each baseline gets as many trials as the search made.
    fn baselines(&mut self, share: Deadlines) -> Result<End, Error> {
        let searched =
            self.study.history().of(&Role::Search).filter(|t| t.state != State::Infeasible).count() as u64;
        for name in network_baselines(self.setup) {
            let role = Role::Baseline(name.clone());
            let reference = self.setup.space.reference();
            let fixed;
            let (space, trials): (&dyn Space, u64) = match (name.as_str(), reference) {
                ("random", _) => (&*self.setup.space, searched),
                (_, None) => {
                    (self.tell)(Progress::Note(format!("the space has no reference network: no {name}")));
                    continue;
                }
                ("reference", Some(reference)) => {
                    let budget = self.setup.epochs();
                    let proposal = Proposal {
                        decisions: reference,
                        rung: self.setup.top(),
                        budget,
                        parents: Default::default(),
                        role,
                    };
                    (self.tell)(Progress::Phase("reference", 1));
                    let list = [proposal];
                    if self.phase(Source::List(&list), &*self.setup.space, 1, share)? == End::Interrupted {
                        return Ok(End::Interrupted);
                    }
                    continue;
                }
                (_, Some(reference)) => {
                    fixed = FixedArchitecture::new(&*self.setup.space, reference);
                    (&fixed, searched)
                }
            };
            (self.tell)(Progress::Phase(
                if name == "random" { "random baseline" } else { "tuned reference" },
                trials,
            ));
            let mut strategy = self.setup.baseline_strategy()?;
            if self.phase(Source::Strategy(&mut *strategy, role), space, trials, share)? == End::Interrupted {
                return Ok(End::Interrupted);
            }
        }
        Ok(End::Complete)
    }

    /// Opens the test set, once: all that is tested is fixed by now, and all results are stored in one piece.
    fn test(&mut self, task: &Task, until_ms: Option<u64>) -> Result<End, Error> {
        let history = self.study.history();
        let trials: Vec<TrialId> =
            self.judged().iter().flat_map(|id| history.finals(*id, Data::All)).map(|t| t.id).collect();
        let is_tested = |id: &TrialId| history.tests.iter().any(|t| t.trial == *id);
        if trials.is_empty() || trials.iter().all(is_tested) {
            return Ok(End::Complete);
        }
        let touch = history.touches() + 1;
        let examples = task.test();
        let (folder, workers) = (self.folder.trials(), self.setup.file.settings.workers.unwrap_or(1));
        let networks = trials.iter().map(|trial| self.network(*trial).map(Mutex::new));
        let networks = networks.collect::<Result<Vec<_>, Error>>()?;
        let mut events = in_parallel(trials.len(), workers, &|_, _| {}, |number| {
            let trial = trials[number];
            let mut network = networks[number].lock().map_err(|e| Error::input(e.to_string()))?;
            let answers = answers(&mut |inputs| network.eval_batch(inputs), &examples)
                .map_err(|e| Error::input(e.to_string()))?;
            let (result, scores) = tested(&answers, &examples, task.metric);
            let metrics = result.metrics.with("loss", result.loss);
            crate::answers::keep(&folder, trial, &answers)?;
            Ok(Event::Tested { trial, touch, metrics, scores })
        })?;
        if baseline_names(self.setup).iter().any(|name| name == TREES) {
            let known = [task.train(), task.validation(), task.train_and_validation()];
            let seed = self.setup.file.settings.seed;
            let seen = crate::trees::seen(&known[2]);
            if seen < known[2].len() {
                (self.tell)(Progress::Note(format!(
                    "{TREES} learn in memory: from {seen} of {} rows, drawn by the study's seed",
                    known[2].len()
                )));
            }
            let is_late = || until_ms.is_some_and(|until| self.study.now_ms() > until);
            let is_over = || is_late() || (self.halt)() != Halt::No;
            match crate::trees::answers(
                &task.signature().features,
                known.each_ref(),
                &examples,
                seed,
                &is_over,
            ) {
                Err(why) => (self.tell)(Progress::Note(format!("no {TREES} to compare with: {why}"))),
                Ok(answers) => {
                    let (result, scores) = tested(&answers, &examples, task.metric);
                    let metrics = result.metrics.with("loss", result.loss);
                    events.push(Event::Compared { name: TREES.into(), touch, metrics, scores });
                }
            }
        }
        // What nobody saw was not opened: it is tested anew when the study is resumed.
        if (self.halt)() != Halt::No {
            return Ok(End::Interrupted);
        }
        self.study.note_all(events)?;
        Ok(End::Complete)
    }

    /// A refitted network: its weights from its folder, or trained again where they are gone.
    fn network(&self, id: TrialId) -> Result<Network, Error> {
        let gone = || Error::input(format!("trial {id} is not in the log"));
        let trial = self.study.history().trial(id).ok_or_else(gone)?;
        let fail = |e: &dyn std::fmt::Display| Error::file(self.folder.path(), e);
        let graph = draw(&*self.setup.space, &trial.proposal.decisions).map_err(|e| fail(&e))?;
        let path = TrainEvaluator::weights_path(&self.folder.trials(), trial.copied_from.unwrap_or(id));
        let path = match path.exists() {
            true => path,
            false => train_again(self.setup, self.study.history(), self.folder, id, &trial.proposal)?,
        };
        let weights = Weights::load(&path, &graph).map_err(|e| fail(&e))?;
        Ok(Network::new(graph, weights, &nascent_core::Settings::default(), 0, self.setup.device))
    }
}
