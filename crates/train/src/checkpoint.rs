//! Trainings that are gone on with later.

use crate::training::Epoch;
use crate::weights::{from_bytes, write_vectors};
use crate::{Optimizers, TrainError, Weights, slots};
use nascent_core::architecture::Architecture;
use safetensors::tensor::SafeTensors;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;

/// Everything that the next epoch of a training depends on, and what the epochs so far gave.
///
/// A training that goes on from one comes to the same result, to the last bit, as one that was never interrupted.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    pub(crate) weights: Weights,
    /// The weights of the best epoch.
    pub(crate) best: Weights,
    pub(crate) optimizers: Optimizers,
    pub(crate) progress: Progress,
}

/// The part of a checkpoint that is no vector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Every epoch so far.
    pub epochs: Vec<Epoch>,
    /// The place of the best among them.
    pub best: usize,
    /// How much of its stream dropout has used.
    pub dropout: u128,
}

/// Where a checkpoint's text stands in its file.
const PROGRESS: &str = "progress";
const STEPS: &str = "steps";

impl Checkpoint {
    /// The epochs that it has behind it.
    #[must_use]
    pub fn epochs(&self) -> &[Epoch] {
        &self.progress.epochs
    }

    /// Writes it; the file appears whole or not at all.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), TrainError> {
        let fail = |reason: String| TrainError::File { path: path.into(), reason };
        let parts = [
            ("weights", &self.weights.values),
            ("best", &self.best.values),
            ("first", &self.optimizers.first),
            ("second", &self.optimizers.second),
        ];
        let progress = serde_json::to_string(&self.progress).map_err(|e| fail(e.to_string()))?;
        let text = HashMap::from([
            (PROGRESS.to_string(), progress),
            (STEPS.to_string(), self.optimizers.steps.to_string()),
        ]);
        write_vectors(path, &parts, text)
    }

    /// Reads one of `architecture`, for an optimiser of the kind of `fresh`.
    ///
    /// # Errors
    /// Where the file is missing, damaged, or of another network or optimiser.
    pub fn load(path: &Path, architecture: &Architecture, fresh: &Optimizers) -> Result<Self, TrainError> {
        let fail = |reason: String| TrainError::File { path: path.into(), reason };
        let bytes = std::fs::read(path).map_err(|e| fail(format!("cannot be read: {e}")))?;
        let damaged = || fail("is no whole checkpoint: begin the training anew".into());
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|_| damaged())?;
        let file = SafeTensors::deserialize(&bytes).map_err(|_| damaged())?;
        let text = |name: &str| header.metadata().as_ref().and_then(|m| m.get(name)).ok_or_else(damaged);
        let progress: Progress = serde_json::from_str(text(PROGRESS)?).map_err(|_| damaged())?;
        let steps = text(STEPS)?.parse().map_err(|_| damaged())?;
        let vectors = |part: &str, like: &[Vec<f32>]| -> Result<Vec<Vec<f32>>, TrainError> {
            let one = |(i, like): (usize, &Vec<f32>)| {
                let tensor = file.tensor(&format!("{part}.{i}")).map_err(|_| damaged())?;
                Some(from_bytes(tensor.data()))
                    .filter(|v| v.len() == like.len())
                    .ok_or_else(|| fail("belongs to another network: begin the training anew".into()))
            };
            like.iter().enumerate().map(one).collect()
        };
        let slots = slots(architecture);
        let like: Vec<Vec<f32>> = slots.iter().map(|s| vec![0.0; s.len()]).collect();
        let weights =
            |part| Ok::<_, TrainError>(Weights { slots: slots.clone(), values: vectors(part, &like)? });
        let mut optimizers = fresh.clone();
        optimizers.steps = steps;
        optimizers.first = vectors("first", &fresh.first)?;
        optimizers.second = vectors("second", &fresh.second)?;
        if progress.best >= progress.epochs.len() {
            return Err(damaged());
        }
        Ok(Self { weights: weights("weights")?, best: weights("best")?, optimizers, progress })
    }
}
