use crate::training::{Augment, Epoch, Moment, Plan, on_one_thread, train};
use crate::{Device, TrainError};
use nascent_core::event::{Data, Outcome, Role};
use nascent_core::rng::Rng;
use nascent_core::{Candidate, EvaluateError, Evaluator, Job, Metrics, Progress, Settings, TrialId};
use nascent_data::{Examples, Task};
use std::path::{Path, PathBuf};

/// Trains each candidate on a task, on one thread: the estimator called `train`.
///
/// A trial of role [`Role::Final`] on all data leaves its weights in its folder, see [`TrainEvaluator::weights_path`].
pub struct TrainEvaluator {
    task: Task,
    train: Examples,
    validation: Examples,
    all: Option<Examples>,
    trials: PathBuf,
    patience: Option<u32>,
    batch_size: usize,
    device: Device,
}

impl TrainEvaluator {
    /// Trains on `task` with batches of `batch_size`; weights to be kept go into folders below `trials`.
    #[must_use]
    pub fn new(
        task: Task,
        trials: PathBuf,
        patience: Option<u32>,
        batch_size: usize,
        device: Device,
    ) -> Self {
        let (train, validation) = (task.train(), task.validation());
        Self { train, validation, all: None, task, trials, patience, batch_size, device }
    }

    /// Where a trial's weights are kept.
    #[must_use]
    pub fn weights_path(trials: &Path, trial: TrialId) -> PathBuf {
        trials.join(format!("{:04}", trial.0)).join("model.safetensors")
    }
}

/// What one epoch is reported as.
fn metrics(epoch: &Epoch) -> Metrics {
    let mut metrics = Metrics::new();
    if let Some(validation) = &epoch.validation {
        metrics = validation.metrics.clone();
        metrics.set("loss", validation.loss);
    }
    metrics.with("train_loss", epoch.train_loss).with("learning_rate", epoch.learning_rate)
}

impl Evaluator for TrainEvaluator {
    fn evaluate(
        &mut self,
        job: &Job,
        candidate: Candidate<'_>,
        progress: &mut (dyn Progress + Send),
    ) -> Result<Outcome, EvaluateError> {
        let settings = Settings { batch_size: self.batch_size, ..candidate.settings };
        let graph = (candidate.draw)().map_err(|e| EvaluateError(e.to_string()))?.canonical();
        let plan = Plan {
            epochs: job.budget,
            horizon: job.horizon,
            patience: self.patience,
            seed: job.seed,
            device: self.device,
            metric: self.task.metric,
        };
        let fold;
        let (training, validation) = match (&job.role, job.data()) {
            // The search has chosen by the validation part: finalists are judged by other cuts, one for each seed.
            (&Role::Final { replica, .. }, Data::Train) => {
                fold = self.task.fold(replica);
                (&fold.0, Some(&fold.1))
            }
            (_, Data::Train) => (&self.train, Some(&self.validation)),
            (_, Data::All) => (&*self.all.get_or_insert_with(|| self.task.train_and_validation()), None),
        };
        let augmentation = self.task.augmentation(settings.augmentation);
        let augment = |batch: &mut [f32], rng: &mut Rng| augmentation.apply(&training.shape, batch, rng);
        let augment: Option<Augment<'_>> = (settings.augmentation > 0).then_some(&augment);
        let trained = on_one_thread(|| {
            train(&graph, &settings, training, validation, augment, &plan, &mut |moment| match moment {
                Moment::Step => progress.alive(),
                Moment::Epoch(epoch) => progress.report(epoch.epoch, metrics(epoch)),
            })
        });
        let fail = |e: TrainError| EvaluateError(e.to_string());
        let trained = trained.map_err(fail)?.map_err(fail)?;
        if matches!(job.role, Role::Final { data: Data::All, .. }) {
            let path = Self::weights_path(&self.trials, job.trial);
            if let Some(folder) = path.parent() {
                let cannot = |e| EvaluateError(format!("{} cannot be made: {e}", folder.display()));
                std::fs::create_dir_all(folder).map_err(cannot)?;
            }
            crate::TrainStep::weights(&trained.network).save(&path).map_err(fail)?;
        }
        let best_step = Some(trained.best.epoch);
        Ok(Outcome { metrics: metrics(&trained.best), best_step, cost: f64::from(trained.epochs) })
    }
}
