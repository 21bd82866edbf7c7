//! Networks that are trained together, and judged by the weights they have there.

use super::{TrainEvaluator, metrics_of};
use crate::evaluation::evaluate;
use crate::supernet::{Method, Supernet, SupernetPlan, member, train_supernet};
use crate::training::{Augment, on_one_thread};
use nascent_core::architecture::Architecture;
use nascent_core::chooser::replay;
use nascent_core::event::Outcome;
use nascent_core::rng::Rng;
use nascent_core::{Control, EvaluateError, Job, Metrics, Objectives, Progress, Settings, Space, TrialId};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What it takes to train the networks of a space together.
pub(super) struct Together {
    space: Arc<dyn Space>,
    objectives: Objectives,
    /// The supernet that was asked for last, and its trial.
    last: Option<(TrialId, Supernet)>,
}

/// What judging a network by shared weights costs, in epochs of a training: some batches to set its norms, and the
/// validation part.
pub const SHARED_COST: f64 = 0.25;

impl TrainEvaluator {
    /// Can train the networks of a space together; `objectives` have the limits that a search by gradient is to see.
    #[must_use]
    pub fn with_supernets(mut self, space: Arc<dyn Space>, objectives: Objectives) -> Self {
        self.together = Some(Together { space, objectives, last: None });
        self
    }

    /// Where a supernet is kept.
    #[must_use]
    pub fn supernet_path(trials: &Path, trial: TrialId) -> PathBuf {
        trials.join(trial.folder()).join("supernet.checkpoint")
    }

    /// Trains a supernet, or goes on with one that was interrupted; what it has learned of options is its result.
    pub(super) fn train_together(
        &mut self,
        job: &Job,
        method: Method,
        progress: &mut (dyn Progress + Send),
    ) -> Result<Outcome, EvaluateError> {
        let supernet = self.supernet(job, progress)?;
        let mut metrics = Metrics::new();
        if let Some(last) = supernet.epochs().last() {
            metrics.set("train_loss", last.train_loss);
        }
        for (path, option, share) in supernet.shares(method) {
            metrics.set(format!("share {path} {option}"), share);
        }
        Ok(Outcome { metrics, best_step: None, cost: f64::from(job.budget) })
    }

    /// Judges a network by the weights that it has in the supernet of another trial.
    pub(super) fn inherit(
        &mut self,
        job: &Job,
        graph: &Architecture,
        progress: &mut (dyn Progress + Send),
    ) -> Result<Outcome, EvaluateError> {
        let Some(from) = &job.inherits else {
            return Err(EvaluateError("no supernet is said to take weights from".into()));
        };
        let (batch, device, metric) = (self.training.batch_size, self.training.device, self.task.metric);
        self.supernet(from, progress)?;
        let found = self.together.as_ref().and_then(|t| Some((&t.space, &t.last.as_ref()?.1)));
        let (Some((space, supernet)), Some(method)) = (found, Method::of_estimator(&from.rung.estimator))
        else {
            return Err(EvaluateError("there is no supernet to take weights from".into()));
        };
        let part = member(&**space, method, &job.decisions, graph);
        let part = part.map_err(|e| EvaluateError(e.to_string()))?;
        let fail = |e: &dyn std::fmt::Display| EvaluateError(e.to_string());
        let (training, held) = &self.folds[0];
        let judged = on_one_thread(|| {
            let mut network = supernet.network(&part, training, batch, device)?;
            evaluate(&mut network, held, metric)
        });
        let judged = judged.map_err(|e| fail(&e))?.map_err(|e| fail(&e))?;
        Ok(Outcome { metrics: metrics_of(&judged), best_step: None, cost: SHARED_COST })
    }

    /// The supernet of a job: the one at hand, the one that is kept, or trained to its end.
    fn supernet(
        &mut self,
        job: &Job,
        progress: &mut (dyn Progress + Send),
    ) -> Result<&Supernet, EvaluateError> {
        let fail = |e: &dyn std::fmt::Display| EvaluateError(e.to_string());
        let no_space = || EvaluateError("this worker was given no space to train the networks of".into());
        let method = Method::of_estimator(&job.rung.estimator)
            .ok_or_else(|| EvaluateError(format!("{:?} trains no supernet", job.rung.estimator)))?;
        let together = self.together.as_mut().ok_or_else(no_space)?;
        let space = &*together.space;
        if together.last.as_ref().is_none_or(|(trial, _)| *trial != job.trial) {
            let candidate = replay(space, &job.decisions).map_err(|e| fail(&e))?;
            let settings = Settings { batch_size: self.training.batch_size, ..candidate.settings };
            let path = Self::supernet_path(&self.trials, job.trial);
            let from = Supernet::load(&path, space, &settings).ok();
            let from = from.filter(|from| from.is_of(job.seed) && from.epochs().len() <= job.budget as usize);
            let (training, held) = &self.folds[0];
            let augmentation = self.task.augmentation(settings.augmentation);
            let augment = |batch: &mut [f32], rng: &mut Rng| augmentation.apply(&training.shape, batch, rng);
            let augment: Option<Augment<'_>> = (settings.augmentation > 0).then_some(&augment);
            let plan = SupernetPlan {
                method,
                epochs: job.budget,
                seed: job.seed,
                device: self.training.device,
                metric: self.task.metric,
                objectives: &together.objectives,
            };
            for step in 1..=from.as_ref().map_or(0, |from| from.epochs().len()) {
                report(from.as_ref(), step, progress);
            }
            let mut observe = |state: Option<&Supernet>| -> Control {
                let Some(state) = state else { return progress.alive() };
                // One that cannot be kept costs a training where it is asked for again, and no result.
                let folder = path.parent().map(std::fs::create_dir_all);
                let _ = folder.map(|_| state.save(&path, space));
                report(Some(state), state.epochs().len(), progress)
            };
            let trained = on_one_thread(|| {
                let networks = (space, &job.decisions);
                train_supernet(networks, &settings, (training, held), augment, &plan, from, &mut observe)
            });
            let trained = trained.map_err(|e| fail(&e))?.map_err(|e| fail(&e))?;
            together.last = Some((job.trial, trained));
        }
        together.last.as_ref().map(|(_, supernet)| supernet).ok_or_else(no_space)
    }
}

/// Passes on what an epoch of a supernet gave.
fn report(state: Option<&Supernet>, step: usize, progress: &mut (dyn Progress + Send)) -> Control {
    let Some(epoch) = state.and_then(|state| state.epochs().get(step - 1)) else { return Control::Continue };
    let metrics = Metrics::new().with("train_loss", epoch.train_loss);
    progress.report(step as u32, metrics.with("learning_rate", epoch.learning_rate))
}
