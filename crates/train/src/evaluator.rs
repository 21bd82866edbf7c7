mod together;

pub use together::SHARED_COST;

use crate::evaluation::Evaluation;
use crate::scores::{Batches, ENSEMBLE, Probe, ScoreError};
use crate::supernet::Method;
use crate::training::{Augment, Begin, Epoch, Moment, Plan, Trained, on_one_thread, train};
use crate::{Checkpoint, Device, Inheritance, Optimizers, TrainError, TrainStep, Weights};
use nascent_core::architecture::{Architecture, ArchitectureHash};
use nascent_core::event::{Data, FROM_PARENT, Outcome, Role, SHARED};
use nascent_core::rng::{Rng, mix};
use nascent_core::{Candidate, Control, EvaluateError, Evaluator, Job, Metrics, Progress, Settings, TrialId};
use nascent_data::{Examples, Task};
use std::path::{Path, PathBuf};
use together::Together;

/// What is the same for all trainings of a study.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    /// Examples a training step, at least 1.
    pub batch_size: usize,
    /// Epochs without a better validation result after which a training ends.
    pub patience: Option<u32>,
    /// On how many cuts of training and validation rows a network is trained while it is searched for, at least 1.
    pub folds: u32,
    /// Where tensors live.
    pub device: Device,
}

/// Trains each candidate on a task, on one thread: the estimator called `train`.
///
/// The result of a trial of the search is the mean over its folds. A trial of role [`Role::Final`] on all data leaves its
/// weights in its folder, see [`TrainEvaluator::weights_path`].
pub struct TrainEvaluator {
    task: Task,
    /// The parts of each fold, the given cut first.
    folds: Vec<(Examples, Examples)>,
    all: Option<Examples>,
    /// What scores look at, once one was asked for.
    batches: Option<Batches>,
    together: Option<Together>,
    trials: PathBuf,
    training: Training,
}

impl TrainEvaluator {
    /// Trains on `task`; weights to be kept go into folders below `trials`.
    #[must_use]
    pub fn new(task: Task, trials: PathBuf, training: Training) -> Self {
        let folds = (0..training.folds.max(1)).map(|number| task.fold(number)).collect();
        Self { folds, all: None, batches: None, together: None, task, trials, training }
    }

    /// What scores say of a network: the same whenever it is asked, whatever its training settings.
    fn score(&mut self, graph: &Architecture) -> Result<Outcome, EvaluateError> {
        let fail = |e: &dyn std::fmt::Display| EvaluateError(e.to_string());
        let batches = match &mut self.batches {
            Some(batches) => batches,
            none => none.insert(Batches::draw(&self.folds[0].0, 0).map_err(|e| fail(&e))?),
        };
        let ArchitectureHash(hash) = graph.hash();
        let seed = mix(&[hash as u64, (hash >> 64) as u64]);
        let (has_codes, has_classes) = (Probe::has_codes(graph), !self.task.classes().is_empty());
        let device = self.training.device;
        let defined = ENSEMBLE.iter().filter(|score| score.obstacle(has_codes, has_classes).is_none());
        let found = on_one_thread(|| {
            let probe = Probe::new(graph, batches, seed, device);
            defined.map(|s| Ok((s.name, s.of(&probe)?))).collect::<Result<Vec<_>, ScoreError>>()
        });
        let mut metrics = Metrics::new();
        for (name, value) in found.map_err(|e| fail(&e))?.map_err(|e| fail(&e))? {
            metrics.set(name, value);
        }
        Ok(Outcome { metrics, best_step: None, cost: 0.0 })
    }

    /// Where a trial's training on one fold is kept to be gone on with.
    fn checkpoint_path(trials: &Path, trial: TrialId, fold: u64) -> PathBuf {
        trials.join(trial.folder()).join(format!("fold-{fold}.checkpoint"))
    }

    /// Where a trial's weights on one fold are kept for networks that come from its network.
    fn inheritance_path(trials: &Path, trial: TrialId, fold: u64) -> PathBuf {
        trials.join(trial.folder()).join(format!("fold-{fold}.safetensors"))
    }

    /// Removes what trainings were to be gone on with, once no more will be.
    pub fn forget_checkpoints(trials: &Path) {
        let entries = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten();
        for folder in entries(trials).map(|entry| entry.path()).filter(|path| path.is_dir()) {
            for file in entries(&folder).map(|entry| entry.path()) {
                if file.extension().is_some_and(|e| e == "checkpoint") {
                    // What stays costs space alone.
                    let _ = std::fs::remove_file(file);
                }
            }
            // Only a folder in which nothing else is kept goes.
            let _ = std::fs::remove_dir(folder);
        }
    }

    /// Where a trial's weights are kept.
    #[must_use]
    pub fn weights_path(trials: &Path, trial: TrialId) -> PathBuf {
        trials.join(trial.folder()).join("model.safetensors")
    }
}

/// Networks with more parameters leave no checkpoints: each is four times as many numbers.
const KEPT_PARAMS: u64 = 4_000_000;

/// The estimator that looks at a network without training it: the scores of [`ENSEMBLE`](crate::scores::ENSEMBLE) that are
/// defined for the data.
pub const SCORES: &str = "scores";

/// Makes the folder of a file.
fn make_folder(path: &Path) -> Result<(), EvaluateError> {
    let Some(folder) = path.parent() else { return Ok(()) };
    let cannot = |e| EvaluateError(format!("{} cannot be made: {e}", folder.display()));
    std::fs::create_dir_all(folder).map_err(cannot)
}

/// What one epoch is reported as.
fn metrics(epoch: &Epoch) -> Metrics {
    let mut metrics = Metrics::new();
    if let Some(validation) = &epoch.validation {
        metrics = metrics_of(validation);
    }
    metrics.with("train_loss", epoch.train_loss).with("learning_rate", epoch.learning_rate)
}

/// What a network is judged to be worth.
fn metrics_of(judged: &Evaluation) -> Metrics {
    judged.metrics.clone().with("loss", judged.loss)
}

/// The mean of each number over the trainings of a trial, and the median of their best epochs.
fn together(trained: &[Trained]) -> Outcome {
    let each: Vec<Metrics> = trained.iter().map(|t| metrics(&t.best)).collect();
    let mut mean = Metrics::new();
    for (name, _) in each[0].iter() {
        let values = each.iter().filter_map(|m| m.value(name));
        mean.set(name.to_string(), values.sum::<f64>() / each.len() as f64);
    }
    let mut steps: Vec<u32> = trained.iter().map(|t| t.best.epoch).collect();
    steps.sort_unstable();
    let cost = trained.iter().map(|t| f64::from(t.epochs)).sum();
    Outcome { metrics: mean, best_step: Some(steps[steps.len() / 2]), cost }
}

impl Evaluator for TrainEvaluator {
    fn evaluate(
        &mut self,
        job: &Job,
        candidate: Candidate<'_>,
        progress: &mut (dyn Progress + Send),
    ) -> Result<Outcome, EvaluateError> {
        let settings = Settings { batch_size: self.training.batch_size, ..candidate.settings };
        let graph = (candidate.draw)().map_err(|e| EvaluateError(e.to_string()))?.canonical();
        match job.rung.estimator.as_str() {
            SCORES => return self.score(&graph),
            SHARED => return self.inherit(job, &graph, progress),
            estimator => {
                if let Some(method) = Method::of_estimator(estimator) {
                    return self.train_together(job, method, progress);
                }
            }
        }
        let plan = Plan {
            epochs: job.budget,
            horizon: job.horizon,
            patience: self.training.patience,
            seed: job.seed,
            device: self.training.device,
            // Only the beginning of a schedule is gone on with, and only where it is searched.
            keep: job.horizon > job.budget
                && !matches!(job.role, Role::Final { .. })
                && graph.cost().params < KEPT_PARAMS,
            metric: self.task.metric,
        };
        let fold;
        let parts: Vec<(&Examples, Option<&Examples>)> = match (&job.role, job.data()) {
            // The search has chosen by its folds: finalists are judged by other cuts, one for each seed.
            (&Role::Final { replica, .. }, Data::Train) => {
                fold = self.task.fold(self.training.folds.max(1) - 1 + replica);
                vec![(&fold.0, Some(&fold.1))]
            }
            (_, Data::Train) => self.folds.iter().map(|(train, held)| (train, Some(held))).collect(),
            (_, Data::All) => {
                vec![(&*self.all.get_or_insert_with(|| self.task.train_and_validation()), None)]
            }
        };
        let augmentation = self.task.augmentation(settings.augmentation);
        let fail = |e: TrainError| EvaluateError(e.to_string());
        let mut trained = Vec::new();
        let mut is_stopped = false;
        for (number, (training, validation)) in (0..).zip(parts) {
            let augment = |batch: &mut [f32], rng: &mut Rng| augmentation.apply(&training.shape, batch, rng);
            let augment: Option<Augment<'_>> = (settings.augmentation > 0).then_some(&augment);
            let seed = if number == 0 { plan.seed } else { mix(&[plan.seed, number]) };
            let plan = Plan { seed, ..plan.clone() };
            let mut observe = |moment: Moment<'_>| {
                let control = match moment {
                    // The curve of a trial is that of its first fold.
                    Moment::Epoch(epoch) if number == 0 => progress.report(epoch.epoch, metrics(epoch)),
                    _ => progress.alive(),
                };
                is_stopped |= control == Control::Stop;
                control
            };
            let kept = |trial: TrialId| Self::checkpoint_path(&self.trials, trial, number);
            let from = job.continues.and_then(|before| {
                let fresh = Optimizers::new(&settings, &Weights::fresh(&graph, plan.seed));
                // Where it is gone, or another's, the training begins anew and comes to the same.
                let from = Checkpoint::load(&kept(before.trial), &graph, &fresh).ok();
                from.filter(|from| from.epochs().len() as u32 == before.budget)
            });
            for epoch in from.iter().flat_map(|from| from.epochs()) {
                observe(Moment::Epoch(epoch));
            }
            let from = match (from, &job.inherits) {
                (Some(checkpoint), _) => Some(Begin::Checkpoint(checkpoint)),
                (None, Some(parent)) => {
                    let path = Self::inheritance_path(&self.trials, parent.trial, number);
                    let left = Inheritance::load(&path).map_err(fail)?;
                    Some(Begin::Weights(left.given(&graph, Weights::fresh(&graph, plan.seed))))
                }
                (None, None) => None,
            };
            let run = || train(&graph, &settings, (training, validation), augment, &plan, from, &mut observe);
            let mut one = on_one_thread(run).map_err(fail)?.map_err(fail)?;
            if let Some(checkpoint) = one.checkpoint.take() {
                let path = kept(job.trial);
                // One that cannot be kept costs a training, and no result.
                let folder = path.parent().map(std::fs::create_dir_all);
                let _ = folder.map(|_| checkpoint.save(&path));
            }
            if job.rung.estimator == FROM_PARENT && job.role == Role::Search {
                let path = Self::inheritance_path(&self.trials, job.trial, number);
                make_folder(&path)?;
                Inheritance::of(&graph, one.network.weights()).save(&path).map_err(fail)?;
            }
            trained.push(one);
            if is_stopped {
                break;
            }
        }
        if let Some(before) = job.continues {
            // Nobody goes on from it twice; until now, this trial might have had to begin again.
            for number in 0..u64::from(self.training.folds.max(1)) {
                let _ = std::fs::remove_file(Self::checkpoint_path(&self.trials, before.trial, number));
            }
        }
        if let (Role::Final { data: Data::All, .. }, Some(only)) = (&job.role, trained.first()) {
            let path = Self::weights_path(&self.trials, job.trial);
            make_folder(&path)?;
            only.network.weights().save(&path).map_err(fail)?;
        }
        Ok(together(&trained))
    }
}
