//! From settings to the parts of a study, everything checked before anything is made.

use crate::baselines;
use crate::budget::shares;
use crate::earlier::{best_of, read};
use crate::effort::{Effort, mean_cost, rungs, some};
use crate::error::{Error, InputError};
use crate::known::Known;
use crate::settings::{Estimator, Size, StudyFile};
use crate::together::{self, Supernet};
use crate::tolerance::{folds, margin};
use crate::wanted;
use crate::wrapped::{self, has_low_rungs};
use nascent_core::chooser::{Count, count, survey};
use nascent_core::event::{Created, FORMAT, FROM_PARENT, Proposal, Rung};
use nascent_core::objective::Direction;
use nascent_core::{Decisions, Objectives, Space, Strategy};
use nascent_data::Task;
use nascent_report::TaskFacts;
use nascent_spaces::SpaceFile;
use nascent_strategies::{Rule, Situation, Spec};
use nascent_train::{Device, SCORES, Training, training_bytes};
use std::sync::Arc;

/// A study's parts, made from its settings.
pub struct Setup {
    /// The settings, every default filled in.
    pub file: StudyFile,
    /// What is searched for, and how it is judged.
    pub facts: TaskFacts,
    /// The task's data; none where a program of the user's has them.
    pub task: Option<Task>,
    /// The space.
    pub space: Arc<dyn Space>,
    /// How many networks it has.
    pub count: Count,
    /// What is wanted.
    pub objectives: Objectives,
    /// Where tensors live.
    pub device: Device,
    /// The devices whose latencies are objectives or limits, or may be.
    pub devices: Vec<Arc<nascent_device::Device>>,
    /// The rule by which `auto` chooses the strategy of this study, where it is that one.
    pub rule: Option<&'static Rule>,
    /// The epochs of a training where no budget lowers them.
    pub(crate) usual_epochs: u32,
    /// By what parts of a budget the search and the baselines are over, unless finals need less than the rest.
    pub(crate) shares: [f64; 2],
    /// The supernet, where networks are estimated by one.
    pub(crate) supernet: Option<Supernet>,
    spec: Spec,
    /// Networks of an earlier study that are tried first.
    earlier: Vec<Decisions>,
}

/// The number that stands for "as many trials as the time allows".
const UNTIL_TIME_IS_UP: u64 = 1_000_000;

/// What a look without training costs, in epochs: a few batches.
const LOOK: f64 = 0.1;

/// As many trials as a strategy is chosen for where only a program of the user's knows what one takes.
const UNPRICED_TRIALS: u64 = 100;

impl Setup {
    /// Checks settings and makes the parts of the study.
    ///
    /// # Errors
    /// Where a name is unknown, a value is out of range, or parts do not fit together; the error names the setting.
    pub fn new(mut file: StudyFile) -> Result<Self, Error> {
        let made = Self::make(&mut file);
        made.map_err(|error| match error {
            Error::Input(error) => Error::Input(file.located(error)),
            other => other,
        })
    }

    fn make(file: &mut StudyFile) -> Result<Self, Error> {
        let mut known = Known::of(file)?;
        settle_numbers(&mut file.settings, &known)?;
        baselines::choose(&mut file.settings, known.task.as_ref())?;
        let device = file.settings.device.parse();
        let device =
            device.map_err(|e: nascent_train::TrainError| InputError::about("device", e.to_string()))?;
        wanted::settle(&mut file.settings, &known)?;
        let space = space(file, &known)?;
        let count = count(&*space).map_err(|e| InputError::about("space", e.to_string()))?;
        let s = &mut file.settings;
        let (effort, shares) = settle_training(s, &known, &*space)?;
        let devices = crate::devices::of_study(s, &*space)?;
        let mut costs = crate::devices::costs(&devices);
        s.limits.retain(|limit| !crate::planned::is_memory(limit));
        if let (Some(memory), Some(task)) = (s.memory_per_trial, &known.task) {
            let idle = crate::planned::idle_bytes(Some(task), s.folds.unwrap_or(1));
            costs.push(crate::planned::cost(idle, s.batch_size.unwrap_or(64)));
            s.limits.push(crate::planned::limit(memory.0));
        }
        let objectives = wanted::objectives(std::mem::take(&mut known.metrics), s, costs, &devices)?;
        // A metric that is optimised first is also what the test is judged by.
        if let (Some(first), Some(task)) = (objectives.wanted.first(), &mut known.task)
            && let Some(metric) = task.metrics().into_iter().find(|m| m.name() == first.name)
        {
            task.metric = metric;
        }
        let supernet = together::settle(s, &known.signature, &effort)?;
        let (spec, rule, earlier) = strategy(s, &known, &*space, &objectives, &effort, supernet.as_ref())?;
        let facts = facts(s, known.task.as_ref(), &objectives);
        Ok(Self {
            usual_epochs: known.defaults.epochs,
            shares,
            supernet,
            facts,
            task: known.task,
            space: Arc::clone(&space),
            count,
            objectives,
            device,
            devices,
            rule,
            spec,
            earlier,
            file: file.clone(),
        })
    }

    /// A fresh strategy.
    ///
    /// # Errors
    /// Where its parameters do not go together.
    pub fn strategy(&self) -> Result<Box<dyn Strategy>, Error> {
        // Every parameter is written out in the spec, so the number of trials no longer matters.
        let made = self.spec.make_after(0, &self.earlier);
        Ok(made.map_err(|e| InputError::about("strategy", e.to_string()))?)
    }

    /// The strategy of baselines: random search that climbs the ladder as the study's does.
    ///
    /// # Errors
    /// Where its parameters do not go together.
    pub fn baseline_strategy(&self) -> Result<Box<dyn Strategy>, Error> {
        let spec = self.spec.around("random").map_err(|e| InputError::about("strategy", e.to_string()))?;
        Ok(spec.make(0).map_err(|e| InputError::about("strategy", e.to_string()))?)
    }

    /// The rungs of the study: one, or some with fewer epochs below it for a strategy that promotes, and below all of them
    /// scores, where networks are looked at first.
    #[must_use]
    pub fn ladder(&self) -> Vec<Rung> {
        let all = rungs(self.epochs());
        let by_scores = self.file.settings.estimator == Estimator::Scores;
        let from = if has_low_rungs(&self.spec, self.file.settings.estimator) { 0 } else { all.len() - 1 };
        let estimator = if self.file.settings.inherit { FROM_PARENT } else { "train" };
        let rung = |&budget: &u32| Rung { estimator: estimator.into(), budget, cost: f64::from(budget) };
        let look = by_scores.then(|| Rung { estimator: SCORES.into(), budget: 1, cost: LOOK });
        let together = self.supernet.iter().flat_map(Supernet::rungs);
        together.chain(look).chain(all[from..].iter().map(rung)).collect()
    }

    /// Refuses a supernet that the memory of a worker does not hold.
    ///
    /// # Errors
    /// Where it is too large; the error says by how much.
    pub fn check_memory(&self) -> Result<(), Error> {
        let Some(supernet) = self.supernet else { return Ok(()) };
        let (needed, workers) = (self.worker_bytes(), self.file.settings.workers.unwrap_or(1));
        let asked = self.file.settings.memory_per_trial.map(|memory| memory.0);
        let Some(limit) = asked.or_else(|| nascent_runtime::memory_share_bytes(workers)) else {
            return Ok(());
        };
        if needed <= limit {
            return Ok(());
        }
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        let message = format!(
            "training the supernet {} takes about {} MiB, and a worker may use {} MiB: raise memory_per_trial, lower workers \
             or batch_size, give a smaller space, or a supernet that computes one option at a time (spos, gdas, enas)",
            supernet.method.name(),
            mib(needed),
            mib(limit)
        );
        Err(InputError::about("memory_per_trial", message).into())
    }

    /// Whether a proposal is only judged by shared weights, and not trained.
    #[must_use]
    pub fn is_shared(&self, proposal: &Proposal) -> bool {
        self.supernet.is_some() && proposal.rung == 1
    }

    /// Whether a proposal is that of the supernet.
    #[must_use]
    pub fn is_supernet(&self, proposal: &Proposal) -> bool {
        self.supernet.is_some() && proposal.rung == 0
    }

    /// Whether a proposal is only looked at, and not trained.
    #[must_use]
    pub fn is_look(&self, proposal: &Proposal) -> bool {
        proposal.rung == 0 && self.file.settings.estimator == Estimator::Scores
    }

    /// The rung of whole trainings.
    #[must_use]
    pub fn top(&self) -> u16 {
        (self.ladder().len() - 1) as u16
    }

    /// Whether beginnings of trainings decide which networks are trained whole.
    #[must_use]
    pub fn begins_with_few_epochs(&self) -> bool {
        let trains = |rung: &Rung| rung.estimator != SCORES;
        self.supernet.is_none() && self.ladder().iter().filter(|rung| trains(rung)).count() > 1
    }

    /// The most epochs of one training.
    #[must_use]
    pub fn epochs(&self) -> u32 {
        self.file.settings.epochs.unwrap_or(1)
    }

    /// The most epochs of what is handed over.
    #[must_use]
    pub fn final_epochs(&self) -> u32 {
        self.file.settings.final_epochs.unwrap_or_else(|| self.epochs())
    }

    /// Whether what is handed over is to be trained for so long that it may learn its examples by heart: then that is looked at.
    #[must_use]
    pub fn watches_finals(&self) -> bool {
        self.task.is_some() && self.final_epochs() > self.epochs().max(self.usual_epochs)
    }

    /// Examples a training step.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        self.file.settings.batch_size.unwrap_or(64)
    }

    /// On how many cuts of training and validation rows each network is trained in the search.
    #[must_use]
    pub fn folds(&self) -> u32 {
        self.file.settings.folds.unwrap_or(1)
    }

    /// What is the same for all trainings.
    #[must_use]
    pub fn training(&self) -> Training {
        let patience = self.file.settings.patience.filter(|p| *p > 0);
        Training { batch_size: self.batch_size(), patience, folds: self.folds(), device: self.device }
    }

    /// The difference of the metric that counts as none, in its unit.
    #[must_use]
    pub fn margin(&self) -> f64 {
        self.file.settings.margin.unwrap_or(0.0)
    }

    /// What each network that is to win is judged by: one, or for each size the first objective alone, from the smallest on.
    #[must_use]
    pub fn aims(&self) -> Vec<Objectives> {
        let sizes = &self.file.settings.sizes;
        if sizes.is_empty() {
            return vec![self.objectives.clone()];
        }
        let of = |size: &Size| {
            let mut aim = self.objectives.clone();
            aim.wanted.truncate(1);
            aim.limits.push(size.limit());
            aim
        };
        sizes.iter().map(of).collect()
    }

    /// What the largest of them is judged by.
    #[must_use]
    pub fn largest(&self) -> Objectives {
        self.aims().pop().unwrap_or_else(|| self.objectives.clone())
    }

    /// The most search trials.
    #[must_use]
    pub fn trials(&self) -> u64 {
        self.file.settings.trials.unwrap_or(UNTIL_TIME_IS_UP)
    }

    /// What a study's log begins with.
    ///
    /// # Errors
    /// Where the space cannot be asked.
    pub fn created(&self, study: &str) -> Result<Created, Error> {
        let s = &self.file.settings;
        Ok(Created {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").into(),
            study: study.into(),
            seed: s.seed,
            strategy: s.strategy.clone(),
            objectives: self.objectives.wanted.clone(),
            limits: self.objectives.limits.clone(),
            ladder: self.ladder(),
            questions: survey(&*self.space).map_err(|e| InputError::about("space", e.to_string()))?,
            settings: self.file.to_toml(),
        })
    }

    /// The bytes one worker is expected to need: the largest of some random networks, and what a process takes itself.
    #[must_use]
    pub fn worker_bytes(&self) -> u64 {
        let batch = self.batch_size();
        let some = some(&*self.space);
        let largest = some.iter().map(|a| training_bytes(a, batch)).max().unwrap_or(0);
        // A supernet that cannot be drawn was refused already.
        let together = together::bytes(self.supernet.as_ref(), &*self.space, &some, batch).unwrap_or(0);
        let largest = largest.max(together);
        largest + crate::planned::idle_bytes(self.task.as_ref(), self.folds())
    }
}

/// Fills in the numbers that need no space, and checks them.
fn settle_numbers(s: &mut crate::Settings, known: &Known) -> Result<(), Error> {
    let task = known.task.as_ref();
    range("patience", u64::from(*s.patience.get_or_insert(0)), 0, 10_000)?;
    range("batch_size", *s.batch_size.get_or_insert(known.defaults.batch_size) as u64, 1, 65_536)?;
    range("finalists", s.finalists as u64, 1, 20)?;
    range("replicas", u64::from(s.replicas), 1, 20)?;
    let margin = *s.margin.get_or_insert_with(|| task.map_or(0.0, margin));
    let is_share = task.is_some_and(|t| t.metric.direction() == Direction::Maximize);
    let most = if is_share { 1.0 } else { f64::MAX };
    if !(0.0..=most).contains(&margin) {
        let allowed = if most > 1.0 { "0 or more" } else { "from 0 to 1" };
        return Err(InputError::about("margin", format!("margin = {margin} is not {allowed}")).into());
    }
    if s.trials.is_none() && s.budget.is_none() {
        s.trials = Some(30);
    }
    if let Some(trials) = s.trials {
        range("trials", trials, 1, UNTIL_TIME_IS_UP)?;
    }
    range("workers", *s.workers.get_or_insert_with(cores) as u64, 1, 1_024)
}

/// The space that is given, or the one that suits the data.
fn space(file: &mut StudyFile, known: &Known) -> Result<Arc<dyn Space>, Error> {
    let usual = known.defaults.space;
    if file.space.is_none() && !usual.is_empty() {
        file.space = SpaceFile::parse(&format!("space = {usual:?}")).ok();
    }
    let Some(given) = &file.space else {
        let message =
            "no space is given: an evaluator of your own needs one, such as [space] space = \"convnet\"";
        return Err(InputError::about("evaluator", message).into());
    };
    Ok(Arc::from(given.build(&known.signature).map_err(|e| file.space_error(&e))?))
}

/// Fills in how long and on how many cuts networks are trained, and how large they may be, so that a budget can pay it. Also what
/// decided that, and the shares of the budget.
fn settle_training<'s>(
    s: &mut crate::Settings,
    known: &Known,
    space: &'s dyn Space,
) -> Result<(Effort<'s>, [f64; 2]), Error> {
    let (task, defaults) = (known.task.as_ref(), known.defaults);
    if s.speed.is_some_and(|speed| !(speed > 0.0 && speed.is_finite())) {
        return Err(InputError::about("speed", "speed is a number above 0").into());
    }
    if let (None, None, Some(_), Some(task)) = (s.speed, s.epochs, s.budget, task) {
        s.speed = crate::speed::measured(s, task, space);
    }
    // Where time is what limits, final trainings get what is left of it: the usual epochs, should the search have fewer.
    let usual = defaults.final_epochs.or_else(|| s.epochs.is_none().then_some(defaults.epochs));
    let finals = s.final_epochs.or(s.budget.and(usual));
    let of_epochs = |epochs: u32| shares(finals.is_some_and(|finals| finals > epochs));
    let first = of_epochs(s.epochs.unwrap_or(defaults.epochs));
    let mut effort = Effort::new(s, task, space, first[0]);
    let epochs = match s.epochs {
        Some(epochs) => epochs,
        None => {
            let fitting = effort.epochs(s, defaults.epochs);
            *s.epochs.insert(fitting)
        }
    };
    // Finals may be longer than trainings that a budget made shorter: from here on, as when the study is resumed.
    let shares = of_epochs(epochs);
    effort.share = shares[0];
    range("epochs", u64::from(epochs), 1, 10_000)?;
    let finals = *s.final_epochs.get_or_insert(epochs.max(finals.unwrap_or(0)));
    range("final_epochs", u64::from(finals), 1, 10_000)?;
    let folds = match (s.folds, task) {
        (Some(folds), _) => folds,
        (None, None) => *s.folds.insert(1),
        (None, Some(task)) => *s.folds.insert(folds(task).min(effort.folds(s))),
    };
    range("folds", u64::from(folds), 1, 20)?;
    let why = match task {
        None => Some("an evaluator of your own cuts its data itself"),
        Some(task) if !task.split.has_folds() => Some("rows in the order of time have one cut only"),
        Some(_) => None,
    };
    if let Some(why) = why.filter(|_| folds > 1) {
        return Err(InputError::about("folds", format!("folds = {folds}: {why}: give 1")).into());
    }
    if !s.limits.iter().any(|limit| limit.metric == "macs") {
        s.limits.extend(effort.limit(s));
    }
    Ok((effort, shares))
}

/// A strategy with every parameter, the rule by which it was chosen, and the networks that it tries first.
type Chosen = (Spec, Option<&'static Rule>, Vec<Decisions>);

/// The strategy that is asked for, with the wrappers and the parameters that suit how many trials there will be.
fn strategy(
    s: &mut crate::Settings,
    known: &Known,
    space: &dyn Space,
    objectives: &Objectives,
    effort: &Effort<'_>,
    supernet: Option<&Supernet>,
) -> Result<Chosen, Error> {
    let has_task = known.task.is_some();
    let epochs = s.epochs.unwrap_or(1);
    let rungs = rungs(epochs);
    let spec = wrapped::estimated(s, &rungs, has_task)?;
    let spec = wrapped::stopping(s, spec, objectives.wanted.len())?;
    let spec = if s.warm_start.is_some() || !s.earlier.is_empty() { spec.after_earlier() } else { spec };
    let whole = if has_low_rungs(&spec, s.estimator) { mean_cost(&rungs) } else { 1.0 };
    let cheap = match s.estimator {
        Estimator::Scores => {
            let kept = spec.kept(0) as f64 / 100.0;
            (LOOK + kept * whole) / (1.0 + kept)
        }
        _ => supernet.map_or(whole, |supernet| supernet.cheap(&spec, epochs)),
    };
    let expected = match has_task {
        true => effort.trials(s, s.workers.unwrap_or(1), cheap),
        false => s.trials.unwrap_or(UNPRICED_TRIALS),
    };
    let situation = Situation { space, objectives, trials: expected, trained: true };
    let spec = spec.chosen(&situation).0.resolved(expected);
    wrapped::heritable(s, &spec, has_task)?;
    let rule = Some(Rule::of(&situation)).filter(|rule| rule.is(&spec.unwrapped(), expected));
    let earlier = earlier(s, &spec, space)?;
    spec.make_after(expected, &earlier).map_err(|e| InputError::about("strategy", e.to_string()))?;
    s.strategy = spec.to_string();
    Ok((spec, rule, earlier))
}

/// The networks that are tried first, read from the run that is named unless they are known.
fn earlier(s: &mut crate::Settings, spec: &Spec, space: &dyn Space) -> Result<Vec<Decisions>, Error> {
    if let (Some(run), Some(networks), true) = (&s.warm_start, spec.earlier_networks(), s.earlier.is_empty())
    {
        s.earlier = best_of(run, space, networks)?;
    }
    read(space, &s.earlier).map_err(|e| InputError::about("earlier", e.to_string()).into())
}

/// What a report says of the task.
fn facts(s: &crate::Settings, task: Option<&Task>, objectives: &Objectives) -> TaskFacts {
    match task {
        Some(task) => TaskFacts {
            name: task.name.clone(),
            kind: task.kind.to_string(),
            metric: task.metric.name().into(),
            direction: task.metric.direction(),
            train: task.split.train.len(),
            validation: task.split.validation.len(),
            test: task.split.test.len(),
            classes: task.classes().to_vec(),
        },
        None => TaskFacts {
            name: s.task.clone(),
            kind: "own-evaluator".into(),
            metric: s.objectives.first().cloned().unwrap_or_default(),
            direction: objectives.wanted.first().map_or(Direction::Maximize, |o| o.direction),
            train: 0,
            validation: 0,
            test: 0,
            classes: Vec::new(),
        },
    }
}

/// Worker processes, unless somebody says how many.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn range(key: &str, value: u64, least: u64, most: u64) -> Result<(), Error> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(InputError::about(key, format!("{key} = {value} is not from {least} to {most}")).into())
}
