use crate::error::Error;
use nascent_core::architecture::Architecture;
use nascent_data::{Preprocessing, Resize, read_image};
use nascent_runtime::RunFolder;
use nascent_train::{Device, Network, Weights, probabilities};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// What a network says of one input.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// The input.
    pub input: String,
    /// The most probable class.
    pub class: String,
    /// Every class with its probability, the most probable first.
    pub probabilities: Vec<(String, f32)>,
}

/// Asks the network of a finished study about a picture.
///
/// # Errors
/// Where the folder holds no finished network, or the file is no picture that fits.
pub fn predict(run: &Path, input: &Path, resize: Resize) -> Result<Prediction, Error> {
    let folder = RunFolder::open(run).map_err(|e| Error::input(e.to_string()))?;
    let best = folder.best();
    if !best.join("model.safetensors").exists() {
        let reason = format!("has no finished network yet: run nascent resume {}", run.display());
        return Err(Error::file(run, reason));
    }
    let graph: Architecture = read(&best.join("architecture.json"))?;
    let preprocessing: Preprocessing = read(&best.join("preprocessing.json"))?;
    let weights =
        Weights::load(&best.join("model.safetensors"), &graph).map_err(|e| Error::input(e.to_string()))?;
    let image = read_image(input, &preprocessing, resize).map_err(|e| Error::input(e.to_string()))?;
    let mut network = Network::new(graph, weights, &nascent_core::Settings::default(), 0, Device::Cpu);
    let row = probabilities(&mut network, &image, image.len());
    let mut ranked: Vec<(String, f32)> = preprocessing.classes.into_iter().zip(row).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let class = ranked.first().map(|(c, _)| c.clone()).unwrap_or_default();
    Ok(Prediction { input: input.display().to_string(), class, probabilities: ranked })
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::file(path, e))?;
    serde_json::from_str(&text)
        .map_err(|e| Error::file(path, format!("is damaged: {e}; restore it from a copy")))
}
