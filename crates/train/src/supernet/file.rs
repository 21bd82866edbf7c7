//! Supernets on disk.

use super::logits::Logits;
use super::shared::Shared;
use super::shrinking::Kept;
use super::training::{Supernet, SupernetEpoch};
use crate::TrainError;
use crate::weights::{Slot, SlotKind, from_bytes, write_vectors};
use nascent_core::architecture::NodeId;
use nascent_core::{Settings, Space, chooser::survey};
use safetensors::tensor::SafeTensors;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;
use xxhash_rust::xxh3::xxh3_64;

/// Where the text of the file stands.
const TEXT: &str = "supernet";

/// What is not a tensor.
#[derive(Serialize, Deserialize)]
struct Text {
    /// A digest of the space's questions and of its reference shapes.
    space: u64,
    seed: u64,
    steps: i32,
    entries: Vec<Entry>,
    logits: Option<Logits>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept: Option<Kept>,
    epochs: Vec<SupernetEpoch>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    key: String,
    extents: Vec<usize>,
    is_trained: bool,
    decays: bool,
    fan_in: usize,
}

/// What a space asks, as one number.
fn digest(space: &dyn Space) -> Result<u64, TrainError> {
    let mut text = space.name().to_string();
    for question in survey(space).map_err(|e| TrainError::Mismatch(e.to_string()))? {
        text.push_str(&format!("\n{} {}", question.path, question.options.join(",")));
    }
    Ok(xxh3_64(text.as_bytes()))
}

impl Supernet {
    /// Writes it; the file appears whole or not at all.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn save(&self, path: &Path, space: &dyn Space) -> Result<(), TrainError> {
        let fail = |reason: String| TrainError::File { path: path.into(), reason };
        let Shared { seed, keys, extents, weights, optimizers, .. } = &self.shared;
        let mut names = vec![""; extents.len()];
        keys.iter().for_each(|(key, entry)| names[*entry] = key);
        let entries = names.iter().zip(extents).zip(&weights.slots).map(|((key, extents), slot)| Entry {
            key: (*key).into(),
            extents: extents.clone(),
            is_trained: slot.kind.is_trained(),
            decays: slot.kind == SlotKind::Weight,
            fan_in: slot.fan_in,
        });
        let text = Text {
            space: digest(space)?,
            seed: *seed,
            steps: optimizers.steps,
            entries: entries.collect(),
            logits: self.logits.clone(),
            kept: self.kept.clone(),
            epochs: self.epochs.clone(),
        };
        let text = serde_json::to_string(&text).map_err(|e| fail(e.to_string()))?;
        let parts =
            [("weights", &weights.values), ("first", &optimizers.first), ("second", &optimizers.second)];
        let texts = HashMap::from([(TEXT.to_string(), text)]);
        write_vectors(path, &parts, texts)
    }

    /// Reads one of `space`, trained as `settings` say.
    ///
    /// # Errors
    /// Where the file is missing, damaged, or of another space.
    pub fn load(path: &Path, space: &dyn Space, settings: &Settings) -> Result<Self, TrainError> {
        let fail = |reason: String| TrainError::File { path: path.into(), reason };
        let bytes = std::fs::read(path).map_err(|e| fail(format!("cannot be read: {e}")))?;
        let damaged = || fail("is no whole supernet: train it anew".into());
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|_| damaged())?;
        let file = SafeTensors::deserialize(&bytes).map_err(|_| damaged())?;
        let text = header.metadata().as_ref().and_then(|m| m.get(TEXT)).ok_or_else(damaged)?;
        let text: Text = serde_json::from_str(text).map_err(|_| damaged())?;
        if text.space != digest(space)? {
            return Err(fail(format!(
                "holds the weights of another space than {} as it is now: train a supernet of this one",
                space.name()
            )));
        }
        let mut shared = Shared::new(settings, text.seed);
        shared.optimizers.steps = text.steps;
        let numbers = |part: &str, i: usize| -> Result<Vec<f32>, TrainError> {
            let tensor = file.tensor(&format!("{part}.{i}")).map_err(|_| damaged())?;
            Ok(from_bytes(tensor.data()))
        };
        for (i, entry) in text.entries.into_iter().enumerate() {
            let values = numbers("weights", i)?;
            if values.len() != entry.extents.iter().product::<usize>() {
                return Err(damaged());
            }
            let kind = match (entry.is_trained, entry.decays) {
                (true, true) => SlotKind::Weight,
                (true, false) => SlotKind::Bias,
                (false, _) => SlotKind::RunningMean,
            };
            let trained = if entry.is_trained { values.len() } else { 0 };
            let second = if shared.optimizers.has_second() { numbers("second", i)? } else { Vec::new() };
            let first = numbers("first", i)?;
            if first.len() != trained || shared.optimizers.has_second() && second.len() != trained {
                return Err(damaged());
            }
            shared.optimizers.push(first, second);
            shared.keys.insert(entry.key.clone(), i);
            shared.extents.push(entry.extents.clone());
            shared.weights.slots.push(Slot {
                node: NodeId(0),
                name: entry.key,
                kind,
                shape: entry.extents,
                fan_in: entry.fan_in,
            });
            shared.weights.values.push(values);
            shared.gradients.push(None);
        }
        Ok(Self { shared, logits: text.logits, kept: text.kept, epochs: text.epochs })
    }
}
