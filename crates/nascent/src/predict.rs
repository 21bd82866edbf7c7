use crate::error::{Error, InputError};
use crate::settings::Size;
use nascent_core::architecture::Architecture;
use nascent_data::read::Source;
use nascent_data::{Preprocessing, Resize};
use nascent_runtime::RunFolder;
use nascent_train::{Device, Network, TrainStep, Weights, probabilities, values};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// What a network says of one input.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// The input: a picture's path, a line, or a number from 1.
    pub input: String,
    /// What it is.
    #[serde(flatten)]
    pub answer: Answered,
}

/// An answer in the task's own words.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answered {
    /// One of the task's classes.
    Class {
        /// The most probable class.
        class: String,
        /// Every class with its probability, the most probable first.
        probabilities: Vec<(String, f32)>,
    },
    /// A value in the target's unit.
    Value {
        /// The value.
        value: f64,
    },
}

/// What a network says of raw input.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Predictions {
    /// One for each input, in their order.
    pub predictions: Vec<Prediction>,
    /// What is worth knowing: ignored columns, unknown categories.
    pub notes: Vec<String>,
}

/// The command that asks the finished network of a kind of task; none where the network is not ours to ask.
#[must_use]
pub fn ask(kind: &str, folder: &str) -> Option<String> {
    let input = match kind.split('-').next() {
        _ if kind == "text-modelling" => return Some(format!("nascent generate {folder} --prompt 'Once'")),
        Some("image") => "image.png",
        Some("text") => "texts.txt",
        Some("series") => "series.csv",
        Some("table") => "rows.csv",
        _ => return None,
    };
    Some(format!("nascent predict {folder} {input}"))
}

/// The network that a finished study hands over.
pub(crate) struct Best {
    pub(crate) graph: Architecture,
    pub(crate) preprocessing: Preprocessing,
    pub(crate) weights: Weights,
}

/// Where a run leaves its network, or that of a size.
pub(crate) fn handed_over(run: &Path, size: Option<Size>) -> Result<PathBuf, Error> {
    let folder = RunFolder::open(run).map_err(|e| Error::input(e.to_string()))?;
    let Some(size) = size else { return Ok(folder.best()) };
    let asked = folder.of_size(&size.to_string());
    if asked.exists() {
        return Ok(asked);
    }
    let entries = asked.parent().and_then(|all| std::fs::read_dir(all).ok()).into_iter().flatten();
    let mut known: Vec<Size> =
        entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    known.sort_unstable();
    let known: Vec<String> = known.iter().map(Size::to_string).collect();
    let known = if known.is_empty() { "none".into() } else { known.join(", ") };
    Err(InputError::about("size", format!("the run has no network of size {size}; it has: {known}")).into())
}

/// Reads it.
pub(crate) fn best(run: &Path, size: Option<Size>) -> Result<Best, Error> {
    let best = handed_over(run, size)?;
    if !best.join("model.safetensors").exists() {
        let reason = if best.join("architecture.json").exists() {
            "has a network whose weights are where the study's own evaluator left them: ask that".into()
        } else {
            format!("has no finished network yet: run nascent resume {}", run.display())
        };
        return Err(Error::file(run, reason));
    }
    let graph: Architecture = read(&best.join("architecture.json"))?;
    let preprocessing: Preprocessing = read(&best.join("preprocessing.json"))?;
    let weights =
        Weights::load(&best.join("model.safetensors"), &graph).map_err(|e| Error::input(e.to_string()))?;
    Ok(Best { graph, preprocessing, weights })
}

/// Asks the network of a finished study, or that of a size, about a file or folder of raw input, or about bytes from standard input.
///
/// # Errors
/// Where the folder holds no finished network, or the input is not of the kind it was trained on.
pub fn predict(
    run: &Path,
    size: Option<Size>,
    input: Source<'_>,
    resize: Resize,
) -> Result<Predictions, Error> {
    let Best { graph, preprocessing, weights } = best(run, size)?;
    let rows = preprocessing.read_inputs(input, resize).map_err(|e| Error::input(e.to_string()))?;
    let len = graph.input_shape().len() as usize;
    let mut network = Network::new(graph, weights, &nascent_core::Settings::default(), 0, Device::Cpu);
    let mut asked = |inputs: &[f32]| network.eval_batch(inputs);
    let answers: Vec<Answered> = match preprocessing.scale {
        Some(scale) => values(&mut asked, &rows.inputs, len)
            .into_iter()
            .map(|v| Answered::Value { value: f64::from(v) * scale.deviation + scale.mean })
            .collect(),
        None => probabilities(&mut asked, &rows.inputs, len)
            .chunks_exact(preprocessing.classes.len().max(1))
            .map(|row| ranked(&preprocessing.classes, row))
            .collect(),
    };
    let predictions =
        rows.names.into_iter().zip(answers).map(|(input, answer)| Prediction { input, answer }).collect();
    Ok(Predictions { predictions, notes: rows.notes })
}

fn ranked(classes: &[String], row: &[f32]) -> Answered {
    let mut ranked: Vec<(String, f32)> = classes.iter().cloned().zip(row.iter().copied()).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let class = ranked.first().map(|(c, _)| c.clone()).unwrap_or_default();
    Answered::Class { class, probabilities: ranked }
}

pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::file(path, e))?;
    serde_json::from_str(&text)
        .map_err(|e| Error::file(path, format!("is damaged: {e}; restore it from a copy")))
}
