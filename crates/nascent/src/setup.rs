//! From settings to the parts of a study, everything checked before anything is made.

use crate::budget::shares;
use crate::choice::{best_epochs, best_share};
use crate::earlier::{best_of, read};
use crate::effort::{ETA, Effort, LEAST_EPOCHS, mean_cost, rungs, some};
use crate::error::{Error, InputError};
use crate::outside::Outside;
use crate::settings::{Estimator, Settings, Size, StopWhen, StudyFile};
use crate::together::{self, Supernet};
use nascent_core::chooser::{Count, count, survey};
use nascent_core::event::{Created, FORMAT, FROM_PARENT, Proposal, Rung};
use nascent_core::objective::{Bound, CostMetric, Direction, Limit, Objective, amount, cost_metrics};
use nascent_core::pareto::Preference;
use nascent_core::{
    Decisions, Features, History, Objectives, Signature, Space, Strategy, Trial, did_you_mean,
};
use nascent_data::{Defaults, Metric, Room, Task};
use nascent_report::TaskFacts;
use nascent_spaces::SpaceFile;
use nascent_strategies::{Rule, Situation, Spec};
use nascent_train::{Device, SCORES, Training, training_bytes};
use std::sync::Arc;

/// The names of baselines.
pub const BASELINES: [&str; 5] = ["tuned-reference", "reference", "random", TREES, "none"];
/// The baseline that is no network: for rows of tables only.
pub(crate) const TREES: &str = "boosted-trees";

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
        let s = &mut file.settings;
        let known = match &mut file.evaluator {
            None => {
                let limit = s.memory_per_trial.map(|memory| memory.0);
                let limit =
                    limit.or_else(|| nascent_runtime::memory_share_bytes(s.workers.unwrap_or_else(cores)));
                Known::of_task(&mut s.task, &mut file.data, limit)?
            }
            Some(outside) => Known::outside(outside)?,
        };
        let Known { mut task, signature, defaults, metrics } = known;
        range("patience", u64::from(*s.patience.get_or_insert(0)), 0, 10_000)?;
        let batch_size = *s.batch_size.get_or_insert(defaults.batch_size);
        range("batch_size", batch_size as u64, 1, 65_536)?;
        range("finalists", s.finalists as u64, 1, 20)?;
        range("replicas", u64::from(s.replicas), 1, 20)?;
        let margin = *s.margin.get_or_insert_with(|| task.as_ref().map_or(0.0, margin));
        let is_share = task.as_ref().is_some_and(|t| t.metric.direction() == Direction::Maximize);
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
        let workers = *s.workers.get_or_insert_with(cores);
        range("workers", workers as u64, 1, 1_024)?;
        choose_baselines(s, task.as_ref())?;
        let device = s
            .device
            .parse()
            .map_err(|e: nascent_train::TrainError| InputError::about("device", e.to_string()))?;
        if s.objectives.is_empty() {
            match (&task, &metrics[..]) {
                (Some(task), _) => s.objectives.push(task.metric.name().into()),
                (None, [(only, _)]) => s.objectives.push(only.clone()),
                _ => {
                    let message = "the evaluator has several metrics: say in objectives which are optimised, the \
                                   first one judging";
                    return Err(InputError::about("evaluator", message).into());
                }
            }
        }
        settle_sizes(s)?;
        let default_space = || {
            let known = !defaults.space.is_empty();
            known.then(|| SpaceFile::parse(&format!("space = {:?}", defaults.space)).ok()).flatten()
        };
        if file.space.is_none() {
            file.space = default_space();
        }
        let Some(space_file) = &file.space else {
            let message =
                "no space is given: an evaluator of your own needs one, such as [space] space = \"convnet\"";
            return Err(InputError::about("evaluator", message).into());
        };
        let space = space_file.build(&signature).map_err(|e| file.space_error(&e))?;
        let space: Arc<dyn Space> = Arc::from(space);
        let count = count(&*space).map_err(|e| InputError::about("space", e.to_string()))?;
        let s = &mut file.settings;
        // Where time is what limits, final trainings get what is left of it: the usual epochs, should the search have fewer.
        let usual = defaults.final_epochs.or_else(|| s.epochs.is_none().then_some(defaults.epochs));
        let finals = s.final_epochs.or(s.budget.and(usual));
        let of_epochs = |epochs: u32| shares(finals.is_some_and(|finals| finals > epochs));
        let first = of_epochs(s.epochs.unwrap_or(defaults.epochs));
        let mut effort = Effort::new(s, task.as_ref(), &*space, first[0]);
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
        let folds = match (s.folds, &task) {
            (Some(folds), _) => folds,
            (None, None) => *s.folds.insert(1),
            (None, Some(task)) => *s.folds.insert(folds(task).min(effort.folds(s))),
        };
        range("folds", u64::from(folds), 1, 20)?;
        let why = match &task {
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
        let devices = crate::devices::of_study(s, &*space)?;
        let mut costs = crate::devices::costs(&devices);
        s.limits.retain(|limit| !crate::planned::is_memory(limit));
        if let (Some(memory), Some(task)) = (s.memory_per_trial, &task) {
            let idle = crate::planned::idle_bytes(Some(task), folds);
            costs.push(crate::planned::cost(idle, s.batch_size.unwrap_or(64)));
            s.limits.push(crate::planned::limit(memory.0));
        }
        let objectives = objectives(metrics, s, costs, &devices)?;
        // A metric that is optimised first is also what the test is judged by.
        if let (Some(first), Some(task)) = (objectives.wanted.first(), &mut task)
            && let Some(metric) = task.metrics().into_iter().find(|m| m.name() == first.name)
        {
            task.metric = metric;
        }
        let supernet = together::settle(s, &signature, &effort)?;
        let rungs = rungs(epochs);
        let spec = estimated(s, &rungs, task.is_some())?;
        let spec = stopping(s, spec, objectives.wanted.len())?;
        let spec = if s.warm_start.is_some() || !s.earlier.is_empty() { spec.after_earlier() } else { spec };
        let whole = if has_low_rungs(&spec, s.estimator) { mean_cost(&rungs) } else { 1.0 };
        let cheap = match s.estimator {
            Estimator::Scores => {
                let kept = spec.kept(0) as f64 / 100.0;
                (LOOK + kept * whole) / (1.0 + kept)
            }
            _ => supernet.map_or(whole, |supernet| supernet.cheap(&spec, epochs)),
        };
        let expected = match &task {
            Some(_) => effort.trials(s, workers, cheap),
            None => s.trials.unwrap_or(UNPRICED_TRIALS),
        };
        let situation =
            Situation { space: &*space, objectives: &objectives, trials: expected, trained: true };
        let spec = spec.chosen(&situation).0.resolved(expected);
        heritable(s, &spec, task.is_some())?;
        let rule = Some(Rule::of(&situation)).filter(|rule| rule.is(&spec.unwrapped(), expected));
        let earlier = earlier(s, &spec, &*space)?;
        spec.make_after(expected, &earlier).map_err(|e| InputError::about("strategy", e.to_string()))?;
        s.strategy = spec.to_string();
        let facts = facts(s, task.as_ref(), &objectives);
        Ok(Self {
            usual_epochs: defaults.epochs,
            shares,
            supernet,
            facts,
            task,
            space,
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

/// Fills in what sizes ask for: parameters as the second objective, and the largest size as a limit.
fn settle_sizes(s: &mut Settings) -> Result<(), Error> {
    s.sizes.sort_unstable();
    s.sizes.dedup();
    let Some(largest) = s.sizes.last().map(|size| size.limit()) else { return Ok(()) };
    let bad = |message: String| Err(InputError::about("sizes", message).into());
    if s.sizes.len() > MOST_SIZES {
        return bad(format!("{} sizes are more than {MOST_SIZES}", s.sizes.len()));
    }
    match &s.objectives[..] {
        [_] => s.objectives.push("params".into()),
        [_, second] if second == "params" => {}
        other => {
            return bad(format!(
                "sizes need one objective, which each network is the best in, and there are {}: leave objectives or sizes out",
                other.join(", ")
            ));
        }
    }
    match s.limits.iter().find(|limit| limit.metric == "params") {
        Some(limit) if *limit != largest => {
            bad(format!("the largest size is the limit on params: leave {limit} out"))
        }
        Some(_) => Ok(()),
        None => {
            s.limits.push(largest);
            Ok(())
        }
    }
}

/// The most sizes that one search is for.
const MOST_SIZES: usize = 10;

/// The networks that are tried first, read from the run that is named unless they are known.
fn earlier(s: &mut Settings, spec: &Spec, space: &dyn Space) -> Result<Vec<Decisions>, Error> {
    if let (Some(run), Some(networks), true) = (&s.warm_start, spec.earlier_networks(), s.earlier.is_empty())
    {
        s.earlier = best_of(run, space, networks)?;
    }
    read(space, &s.earlier).map_err(|e| InputError::about("earlier", e.to_string()).into())
}

/// What a look without training costs, in epochs: a few batches.
const LOOK: f64 = 0.1;

/// Whether networks are trained for fewer epochs than a whole training: to be climbed from, or to be looked at.
fn has_low_rungs(spec: &Spec, estimator: Estimator) -> bool {
    spec.climbs() || spec.filters() && estimator != Estimator::Scores
}

/// The strategy with the wrappers that its estimator needs.
fn estimated(s: &crate::Settings, rungs: &[u32], has_task: bool) -> Result<Spec, Error> {
    let bad = |key: &str, message: String| Error::from(InputError::about(key, message));
    let parse = |text: &str| Spec::parse(text).map_err(|e| bad("strategy", e.to_string()));
    let given = s.strategy.trim();
    let mut spec = parse(given)?;
    // Whole trainings of any data may take long: where time is what is limited, the first rungs tell what to leave.
    let is_free = given == "auto" && s.budget.is_some() && rungs.len() > 1;
    let is_early = match s.estimator {
        Estimator::Auto | Estimator::Scores => is_free && !spec.shares_weights(),
        Estimator::Early => !spec.climbs() && !spec.filters(),
        Estimator::Full | Estimator::Supernet => false,
    };
    if spec.shares_weights() && s.estimator != Estimator::Supernet {
        return Err(bad(
            "strategy",
            format!("{given} judges networks by a supernet: give estimator = \"supernet\""),
        ));
    }
    if s.estimator == Estimator::Supernet {
        if !has_task {
            let message = "a supernet is trained on data of ours, and an evaluator of your own keeps its data to itself";
            return Err(bad("estimator", message.into()));
        }
        // Read again, so that a composition that makes no sense is refused.
        return if spec.shares_weights() { Ok(spec) } else { parse(&format!("supernet > {given}")) };
    }
    if is_early {
        spec = parse(&format!("asha > {given}"))?;
    }
    if s.estimator == Estimator::Full && (spec.climbs() || spec.filters()) {
        return Err(bad(
            "estimator",
            format!(
                "{given} tries networks by less than whole trainings: leave estimator = \"full\" out, or its wrapper"
            ),
        ));
    }
    if s.estimator == Estimator::Scores {
        if !has_task {
            let message =
                "scores look at data of ours, and an evaluator of your own keeps its data to itself";
            return Err(bad("estimator", message.into()));
        }
        if !spec.filters() {
            spec = parse(&format!(
                "filter > {}",
                if is_early { format!("asha > {given}") } else { given.into() }
            ))?;
        }
    }
    // A filter needs a rung below those that are climbed, unless scores are that rung.
    let filters = spec.filters() && s.estimator != Estimator::Scores;
    let least = 1 + usize::from(spec.climbs()) + usize::from(filters);
    if rungs.len() < least {
        let message = format!(
            "{spec} promotes networks from rung to rung, and {} epochs have {} of them: give at least {}, or choose a \
             strategy without such a wrapper",
            rungs.last().copied().unwrap_or(0),
            rungs.len(),
            LEAST_EPOCHS * ETA.pow(least as u32 - 1)
        );
        return Err(bad("strategy", message));
    }
    Ok(spec)
}

/// The strategy with the wrapper that `stop_when` asks for.
fn stopping(s: &crate::Settings, spec: Spec, objectives: usize) -> Result<Spec, Error> {
    let Some(StopWhen(percent)) = s.stop_when else { return Ok(spec) };
    let bad = |message: String| Error::from(InputError::about("stop_when", message));
    if s.estimator == Estimator::Supernet {
        let message = "networks that share weights are judged without training, and the few that are trained alone are \
                       to be compared: leave stop_when or estimator = \"supernet\" out";
        return Err(bad(message.into()));
    }
    if objectives > 1 {
        let message = format!(
            "a network that is better in one of {objectives} objectives may be worth its training, and one that is not \
             the best in the first is ended: leave stop_when out, or all objectives but one"
        );
        return Err(bad(message));
    }
    // Read again, so that a composition that makes no sense is refused.
    Spec::parse(&spec.stopping_below(percent).to_string()).map_err(|e| bad(e.to_string()))
}

/// That networks can begin with the weights of others, where that is asked for.
fn heritable(s: &crate::Settings, spec: &Spec, has_task: bool) -> Result<(), Error> {
    let why = if !s.inherit {
        return Ok(());
    } else if !has_task {
        "an evaluator of your own keeps its weights to itself".to_string()
    } else if s.estimator == Estimator::Supernet {
        "networks of a supernet share all of their weights".to_string()
    } else if !spec.has_children() {
        let of: Vec<&str> =
            nascent_strategies::registry::all().iter().filter(|e| e.has_children).map(|e| e.name).collect();
        format!("{spec} does not make networks out of others, as {} do", of.join(", "))
    } else {
        return Ok(());
    };
    Err(InputError::about("inherit", format!("{why}: leave inherit out")).into())
}

/// As many trials as a strategy is chosen for where only a program of the user's knows what one takes.
const UNPRICED_TRIALS: u64 = 100;

/// What is known of the data before a space is.
struct Known {
    task: Option<Task>,
    signature: Signature,
    defaults: Defaults,
    /// What is measured.
    metrics: Vec<(String, Direction)>,
}

impl Known {
    fn of_task(
        name: &mut String,
        data: &mut nascent_data::Options,
        limit: Option<u64>,
    ) -> Result<Self, Error> {
        let (task, defaults) = task(name, data, limit)?;
        let (signature, metrics) = (task.signature(), measured(Some(&task)));
        Ok(Self { task: Some(task), signature, defaults, metrics })
    }

    fn outside(outside: &mut Outside) -> Result<Self, Error> {
        outside.words()?;
        let signature = outside.signature()?;
        if outside.folder.is_none() {
            // A study is resumed from other folders too.
            outside.folder = std::env::current_dir().ok();
        }
        let metrics = outside.metrics.iter().map(|(name, better)| (name.clone(), *better)).collect();
        // There is no space that suits data unseen.
        let defaults = Defaults::of("", 10, 64);
        Ok(Self { task: None, signature, defaults, metrics })
    }
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

/// Fills in the baselines, and checks those that are asked for.
fn choose_baselines(s: &mut crate::Settings, task: Option<&Task>) -> Result<(), Error> {
    let is_table = task.is_some_and(|t| matches!(t.signature().features, Features::Table { .. }));
    if s.baselines.is_empty() {
        s.baselines.push(if task.is_some() { "tuned-reference" } else { "none" }.into());
        s.baselines.extend(is_table.then(|| TREES.into()));
    }
    baselines(&s.baselines)?;
    let wrong = match task {
        None if s.baselines.iter().any(|name| name != "none") => {
            "baselines are judged by a test part, which an evaluator of your own keeps to itself: give \"none\"".into()
        }
        Some(task) if !is_table && s.baselines.iter().any(|name| name == TREES) => {
            format!("{TREES} need rows of a table, and {} is {}", s.task, task.kind)
        }
        _ => return Ok(()),
    };
    Err(InputError::about("baselines", wrong).into())
}

/// Worker processes, unless somebody says how many.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The part of a worker's memory that inputs may take: it makes some copies of those that it learns from.
const SHARE: u64 = 6;

/// How much memory inputs may take where a worker may use `limit` bytes, unless `data` say so, and where those are kept that
/// need more.
fn room(data: &nascent_data::Options, limit: Option<u64>) -> Room {
    let bytes = data.memory.map_or(limit.map_or(u64::MAX, |limit| limit / SHARE), |memory| memory.0);
    let caches = std::env::var_os("XDG_CACHE_HOME").map(std::path::PathBuf::from);
    let caches = caches.or_else(|| Some(std::path::PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let folder = || caches.unwrap_or_else(std::env::temp_dir).join("nascent");
    Room { bytes, folder: data.folder.clone().unwrap_or_else(folder) }
}

/// The task that data at a path are, as a search on this machine would read it.
///
/// # Errors
/// As [`nascent_data::load_within`].
pub fn read_task(path: &std::path::Path, data: &nascent_data::Options) -> Result<Task, Error> {
    let room = room(data, nascent_runtime::memory_share_bytes(cores()));
    let task = nascent_data::load_within(path, data, &room);
    task.map_err(|e| InputError::about("task", e.to_string()).into())
}

/// The task of this name, or of the data at this path, which is then written out in full, and what suits it; a worker may use
/// `limit` bytes.
pub(crate) fn task(
    name: &mut String,
    data: &mut nascent_data::Options,
    limit: Option<u64>,
) -> Result<(Task, Defaults), Error> {
    let bad = |e: nascent_data::DataError| InputError::about("task", e.to_string());
    let path = std::path::Path::new(name.as_str());
    if let Some(entry) = nascent_data::registry::ALL.iter().find(|e| e.name == *name) {
        return Ok((nascent_data::registry::load(name, data.split_seed).map_err(bad)?, entry.defaults));
    }
    // What looks like a path is one: a name of a task that does not exist is answered with the nearest name.
    if !path.exists() && path.components().count() == 1 && path.extension().is_none() {
        nascent_data::registry::load(name, data.split_seed).map_err(bad)?;
    }
    // A study is resumed from other folders too.
    if let Some(full) = data.folder.as_ref().and_then(|folder| std::path::absolute(folder).ok()) {
        data.folder = Some(full);
    }
    let task = nascent_data::load_within(path, data, &room(data, limit)).map_err(bad)?;
    let defaults = task.defaults();
    if let Ok(full) = path.canonicalize() {
        *name = full.display().to_string();
    }
    if let Some(full) = data.test.as_ref().and_then(|p| p.canonicalize().ok()) {
        data.test = Some(full);
    }
    if let Some(nascent_data::SplitRule::Mask { file, .. }) = &mut data.split
        && let Ok(full) = file.canonicalize()
    {
        *file = full;
    }
    Ok((task, defaults))
}

/// The standard error of a share of `n` examples.
///
/// Two examples of either kind are added, or a perfect score would have no error (Agresti & Coull 1998,
/// doi:10.1080/00031305.1998.10480550).
fn standard_error(share: f64, n: f64) -> f64 {
    let share = (share * n + 2.0) / (n + 4.0);
    (share * (1.0 - share) / (n + 4.0)).sqrt()
}

/// How many cuts it takes to judge a network by this many rows: of few rows, the best of many networks is the luckiest.
fn folds(task: &Task) -> u32 {
    const JUDGED: usize = 500;
    if !task.split.has_folds() {
        return 1;
    }
    JUDGED.div_ceil(task.split.validation.len().max(1)).min(5) as u32
}

/// Half a point of a share, a hundredth of the target's standard deviation, or a fiftieth of a bit a byte.
fn margin(task: &Task) -> f64 {
    match task.preprocessing.scale {
        _ if task.metric == Metric::BitsPerByte => 0.02,
        Some(scale) if task.metric.direction() == Direction::Minimize => 0.01 * scale.deviation,
        _ => 0.005,
    }
}

fn range(key: &str, value: u64, least: u64, most: u64) -> Result<(), Error> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(InputError::about(key, format!("{key} = {value} is not from {least} to {most}")).into())
}

fn baselines(names: &[String]) -> Result<(), Error> {
    for name in names {
        if !BASELINES.contains(&name.as_str()) {
            let nearest = did_you_mean(name, BASELINES);
            let known = BASELINES.join(", ");
            let message = format!("there is no baseline {name:?}{nearest}; there are: {known}");
            return Err(InputError::about("baselines", message).into());
        }
    }
    if names.len() > 1 && names.iter().any(|n| n == "none") {
        return Err(InputError::about("baselines", "\"none\" does not go with other baselines").into());
    }
    Ok(())
}

/// What training on a task measures.
fn measured(task: Option<&Task>) -> Vec<(String, Direction)> {
    let metrics = task.map_or(vec![Metric::Accuracy], Task::metrics);
    let mut known: Vec<_> = metrics.iter().map(|m| (m.name().to_string(), m.direction())).collect();
    known.push(("loss".into(), Direction::Minimize));
    known
}

/// What can be optimised on a task: what training measures, then what follows from the graph.
#[must_use]
pub fn known_objectives(task: Option<&Task>) -> Vec<(String, Direction)> {
    with_costs(measured(task))
}

fn with_costs(mut known: Vec<(String, Direction)>) -> Vec<(String, Direction)> {
    known.extend(cost_metrics().iter().map(|c| (c.name().to_string(), c.direction())));
    known
}

fn objectives(
    measured: Vec<(String, Direction)>,
    s: &crate::Settings,
    own: Vec<Arc<dyn CostMetric>>,
    devices: &[Arc<nascent_device::Device>],
) -> Result<Objectives, Error> {
    let mut known = with_costs(measured);
    known.extend(own.iter().map(|c| (c.name().to_string(), c.direction())));
    let unknown = |key: &str, name: &str| {
        if let Some(message) = crate::devices::lacking(devices, name) {
            return InputError::about(key, message);
        }
        if let Some((metric, device)) = name.split_once('@').filter(|_| devices.is_empty()) {
            let message = format!(
                "{metric} of device {device:?} is not known: give the device's file with --device-file {device}.toml; \
                 nascent device measure makes one"
            );
            return InputError::about(key, message);
        }
        let names: Vec<&str> = known.iter().map(|(n, _)| n.as_str()).collect();
        let nearest = did_you_mean(name, names.iter().copied());
        InputError::about(
            key,
            format!("there is no metric {name:?}{nearest}; there are: {}", names.join(", ")),
        )
    };
    let mut wanted: Vec<Objective> = Vec::new();
    for name in &s.objectives {
        let direction = known.iter().find(|(n, _)| n == name).map(|(_, d)| *d);
        let direction = direction.ok_or_else(|| unknown("objectives", name))?;
        if wanted.iter().any(|o| o.name == *name) {
            return Err(InputError::about("objectives", format!("objective {name:?} is given twice")).into());
        }
        wanted.push(Objective { name: name.clone(), direction });
    }
    for limit in &s.limits {
        if !known.iter().any(|(n, _)| *n == limit.metric) {
            return Err(unknown("limits", &limit.metric).into());
        }
    }
    contradictions(&s.limits)?;
    let costs = cost_metrics().into_iter().chain(own).collect();
    let preference = match &s.prefer {
        None => Preference::First,
        Some(_) if !s.sizes.is_empty() => {
            let message = "the best of each size is handed over: leave prefer or sizes out";
            return Err(InputError::about("prefer", message).into());
        }
        Some(text) => preference(text, &wanted).map_err(|message| InputError::about("prefer", message))?,
    };
    Ok(Objectives { wanted, limits: s.limits.clone(), costs, preference })
}

/// What a user prefers among networks none of which is better than another in everything.
fn preference(text: &str, wanted: &[Objective]) -> Result<Preference, String> {
    if wanted.len() < 2 {
        return Err("of one objective the best is taken: leave prefer out, or give more objectives".into());
    }
    if text.trim() == "knee" {
        return Ok(Preference::Weights(vec![1.0; wanted.len()]));
    }
    let names: Vec<&str> = wanted.iter().map(|o| o.name.as_str()).collect();
    let fail = |part: &str| {
        let wish = |o: &Objective| {
            format!("{}{}VALUE", o.name, if o.direction == Direction::Maximize { ">=" } else { "<=" })
        };
        let wishes: Vec<String> = wanted.iter().map(wish).collect();
        format!(
            "{part:?} is not understood: give \"knee\", or all of {}=WEIGHT, each 0 or more, or all of {}",
            names.join("=WEIGHT, "),
            wishes.join(", ")
        )
    };
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let is_wish = text.contains("<=") || text.contains(">=");
    let mut values = vec![None; wanted.len()];
    for part in &parts {
        let found = if is_wish {
            part.parse::<Limit>().ok().and_then(|wish| {
                let place = wanted.iter().position(|o| o.name == wish.metric)?;
                match (wanted[place].direction, wish.bound) {
                    (Direction::Maximize, Bound::AtLeast) => Some((place, -wish.value)),
                    (Direction::Minimize, Bound::AtMost) => Some((place, wish.value)),
                    _ => None,
                }
            })
        } else {
            part.split_once('=').and_then(|(name, weight)| {
                let weight = amount(weight).filter(|weight| *weight >= 0.0)?;
                Some((names.iter().position(|known| *known == name.trim())?, weight))
            })
        };
        let (place, value) = found.ok_or_else(|| fail(part))?;
        if values[place].replace(value).is_some() {
            return Err(fail(part));
        }
    }
    let values = values.into_iter().collect::<Option<Vec<f64>>>().ok_or_else(|| fail(text))?;
    match is_wish {
        true => Ok(Preference::Point(values)),
        false if values.iter().all(|weight| *weight == 0.0) => Err(fail(text)),
        false => Ok(Preference::Weights(values)),
    }
}

/// Refuses limits that no number keeps.
fn contradictions(limits: &[Limit]) -> Result<(), Error> {
    for most in limits.iter().filter(|l| l.bound == Bound::AtMost) {
        let above = |l: &&Limit| l.bound == Bound::AtLeast && l.metric == most.metric && l.value > most.value;
        if let Some(least) = limits.iter().find(above) {
            let message =
                format!("{most} and {least} contradict each other: no number keeps both; leave one out");
            return Err(InputError::about("limits", message).into());
        }
    }
    Ok(())
}

impl Setup {
    /// Whether trainings that ended with this mean of the metric were as good in the end as at their best: within two
    /// standard errors of a share, for the best of many epochs is a lucky one, or 3 % of an error.
    fn is_as_good(&self, best: f64, end: f64, trainings: usize) -> bool {
        let tolerance = if self.is_share() {
            2.0 * standard_error(best, (self.facts.validation * trainings) as f64)
        } else {
            0.03 * best.abs()
        };
        let lost = if self.facts.direction == Direction::Maximize { best - end } else { end - best };
        lost <= tolerance
    }

    /// For how many epochs a trial's network is handed over, where fewer than all served it best.
    #[must_use]
    pub fn best_epochs(&self, history: &History, of: &Trial) -> Option<u32> {
        let is_as_good = |best: f64, end: f64, trainings: usize| self.is_as_good(best, end, trainings);
        best_epochs(history, of, &self.facts.metric, self.epochs(), self.facts.direction, &is_as_good)
    }

    /// Whether networks are judged by a share of the task's examples.
    fn is_share(&self) -> bool {
        self.task.as_ref().is_some_and(|task| task.metric.is_share())
    }

    /// How far behind the best a network may be in the first objective and still be taken for its other qualities.
    ///
    /// Nothing where that objective is not the task's metric. With several objectives it is the margin. With one that is
    /// a share of examples, it is the standard error of the best share: the luckiest of many networks is not the best of
    /// them (Breiman et al. 1984, the one-standard-error rule, ISBN 978-0-412-04841-8). Among those the loss decides.
    #[must_use]
    pub fn tolerance(&self, history: &History) -> f64 {
        self.tolerance_of(&self.objectives, history)
    }

    /// The same where these are the objectives.
    pub(crate) fn tolerance_of(&self, objectives: &Objectives, history: &History) -> f64 {
        let metric = &self.facts.metric;
        match &objectives.wanted[..] {
            [only] if only.name == *metric && self.is_share() => {
                let best = best_share(history, objectives, metric);
                standard_error(best, self.facts.validation as f64 * f64::from(self.folds()))
            }
            [first, _, ..] if first.name == *metric => self.margin(),
            _ => 0.0,
        }
    }
}
