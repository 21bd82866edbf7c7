//! A network without some of its channels, that has learned on.

use super::{Compressing, whole::some_rows};
use crate::error::{Error, InputError};
use crate::pick::{Found, Pick, found, trial_of, usual_epochs};
use crate::stored::Stored;
use nascent_core::architecture::{Architecture, ArchitectureHash};
use nascent_core::chooser::replay;
use nascent_core::rng::{Rng, mix};
use nascent_core::{Control, Settings, Trial, draw};
use nascent_data::Task;
use nascent_train::prune::{importances, prune};
use nascent_train::{Augment, Device, Plan, Teacher, TrainStep, Weights, on_one_thread, tune};
use schemars::JsonSchema;
use serde::Serialize;

/// A share as users write it: `50%`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Hundredths, above 0 and below 100.
    pub percent: f64,
}

impl std::str::FromStr for Share {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let percent = text.strip_suffix('%').and_then(|number| number.trim_end().parse().ok());
        let share = percent.filter(|percent| *percent > 0.0 && *percent < 100.0);
        let fail = || format!("{text:?} is no share above 0% and below 100%, such as \"50%\"");
        Ok(Self { percent: share.ok_or_else(fail)? })
    }
}

/// Whom a network learns from besides the right answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaughtBy {
    /// Nobody.
    Nobody,
    /// The same network before anything was taken away.
    Itself,
    /// The study's best network.
    Best,
    /// The network of a trial.
    Trial(u32),
}

impl std::str::FromStr for TaughtBy {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::Nobody),
            "itself" => Ok(Self::Itself),
            "best" => Ok(Self::Best),
            _ => text.parse().map(Self::Trial).map_err(|_| {
                format!("{text:?} is no teacher: there are itself, best, a trial's number, and none")
            }),
        }
    }
}

/// What became of a network before its numbers were written.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Change {
    /// How much of its parameters was to be taken away, in per cent; none where it keeps all.
    pub pruned_percent: Option<f64>,
    /// Epochs for which it was trained on then.
    pub epochs: u32,
    /// What it learned from besides the right answers; none where from nothing.
    pub teacher: Option<String>,
}

impl Change {
    /// The same in words.
    pub(super) fn sentence(&self) -> String {
        let mut sentence = match self.pruned_percent {
            Some(percent) => {
                format!(
                    "Channels with {percent} % of the parameters were taken away, those that matter least."
                )
            }
            None => String::new(),
        };
        if self.epochs > 0 {
            let space = if sentence.is_empty() { "" } else { " " };
            let taught =
                self.teacher.as_ref().map_or(String::new(), |whom| format!(", learning from {whom} as well"));
            sentence.push_str(&format!(
                "{space}The network was trained on for {} epochs on the training and validation rows{taught}.",
                self.epochs
            ));
        }
        sentence
    }
}

/// The network that it became.
pub(super) struct Changed {
    pub(super) graph: Architecture,
    pub(super) weights: Weights,
    pub(super) change: Change,
}

/// Training rows that are looked at to say which channels matter.
const LOOKED_AT: usize = 512;

/// Takes away what is to be taken away, and trains on what is left; none where nothing of that is asked for.
///
/// It is trained as the study trains its networks, under a schedule of its own; what is done follows from the study's seed.
pub(super) fn changed(
    what: &Compressing,
    before: &Found,
    stored: &Stored,
    task: &Task,
) -> Result<Option<Changed>, Error> {
    if !what.is_changing() {
        return Ok(None);
    }
    let run = &what.network.run;
    let fail = |e: &dyn std::fmt::Display| Error::file(run, e);
    let trial = trial_of(&what.network, stored)?;
    let epochs = what.tune_epochs.unwrap_or_else(|| usual_epochs(stored, trial).div_ceil(2));
    let teacher =
        what.teacher.unwrap_or(if what.prune.is_some() { TaughtBy::Itself } else { TaughtBy::Nobody });
    if epochs == 0 && what.teacher.is_some_and(|teacher| teacher != TaughtBy::Nobody) {
        let reason =
            "a network that is not trained on learns from nobody: give 1 epoch or more, or no teacher";
        return Err(InputError::about("tune_epochs", reason).into());
    }
    let settings = settings(stored, trial, before).map_err(|e| fail(&e))?;
    let seed = stored.setup.file.settings.seed;
    let (mut graph, mut weights) = (before.graph.clone(), before.weights.clone());
    if let Some(share) = what.prune {
        let train = task.train();
        let rows = some_rows(train.len(), LOOKED_AT, seed);
        let matter = importances((&graph, &weights), &train, &rows).map_err(|e| fail(&e))?;
        (graph, weights) = prune((&graph, &weights), &matter, share.percent / 100.0)
            .map_err(|e| InputError::about("prune", e.to_string()))?;
    }
    let mut change = Change { pruned_percent: what.prune.map(|share| share.percent), epochs, teacher: None };
    if epochs > 0 {
        let mut teacher = teacher_of(teacher, &what.network, before, stored.setup.device)?;
        change.teacher = teacher.as_ref().map(|(_, whom)| whom.clone());
        let ArchitectureHash(hash) = graph.hash();
        let plan = Plan {
            epochs,
            horizon: epochs,
            patience: None,
            seed: mix(&[seed, hash as u64, (hash >> 64) as u64, 0x19]),
            device: stored.setup.device,
            keep: false,
            metric: task.metric,
        };
        let all = task.train_and_validation();
        let augmentation = task.augmentation(settings.augmentation);
        let augment = |batch: &mut [f32], rng: &mut Rng| augmentation.apply(&all.shape, batch, rng);
        let augment: Option<Augment<'_>> = (settings.augmentation > 0).then_some(&augment);
        let learn = || {
            let teacher = teacher.as_mut().map(|(teacher, _)| teacher);
            let mut observe = |_: nascent_train::Moment<'_>| Control::Continue;
            tune((&graph, weights), &settings, (&all, None), augment, teacher, &plan, &mut observe)
        };
        let trained = on_one_thread(learn).map_err(|e| fail(&e))?.map_err(|e| fail(&e))?;
        weights = trained.network.weights().clone();
    }
    Ok(Some(Changed { graph, weights, change }))
}

/// How the network was trained.
fn settings(stored: &Stored, trial: &Trial, before: &Found) -> Result<Settings, String> {
    let (space, decisions) = (&*stored.setup.space, &trial.proposal.decisions);
    if draw(space, decisions).map_err(|e| e.to_string())? != before.graph {
        return Err("has gone on since it handed its network over: run nascent resume first".into());
    }
    let settings = replay(space, decisions).map_err(|e| e.to_string())?.settings;
    Ok(Settings { batch_size: stored.setup.batch_size(), ..settings })
}

/// The teacher, and who it is in words.
fn teacher_of(
    whom: TaughtBy,
    network: &Pick,
    before: &Found,
    device: Device,
) -> Result<Option<(Teacher, String)>, Error> {
    let picked = |trial| found(&Pick { trial, size: None, out: None, ..network.clone() });
    let teacher = |found: &Found| Teacher::new(found.graph.clone(), found.weights.clone(), device);
    Ok(match whom {
        TaughtBy::Nobody => None,
        TaughtBy::Itself => Some((teacher(before), "the network as it was before".into())),
        TaughtBy::Best => Some((teacher(&picked(None)?), "the study's best network".into())),
        TaughtBy::Trial(n) => Some((teacher(&picked(Some(n))?), format!("the network of trial {n}"))),
    })
}
