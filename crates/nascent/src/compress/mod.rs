//! A trained network as whole numbers of eight bits, and what that costs.

use crate::error::{Error, InputError};
use crate::export::write;
use crate::pick::{Found, Pick, found, usual_folder};
use crate::stored::load;
use nascent_core::architecture::slots;
use nascent_core::rng::{Rng, mix};
use nascent_core::statistics::difference;
use nascent_data::{DataError, Examples, Inputs, Metric, Task};
use nascent_device::{Budget, DeviceError, Loaded, OnnxRuntime};
use nascent_export::int8::{Counts, Folded, Grids, Observed, fold, places, rounded};
use nascent_export::{File, Model};
use nascent_train::{Weights, answers, tapped, tested};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

/// What is to be compressed.
#[derive(Clone, Debug)]
pub struct Compressing {
    /// The network, and the folder that its files go to.
    pub network: Pick,
    /// Training rows that the ranges of values are taken from.
    pub rows: usize,
}

/// A network before and after.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Compressed {
    /// The version of this form, 1.
    pub schema: u32,
    /// The folder of the files.
    pub path: PathBuf,
    /// Where the weights come from, in words.
    pub weights: String,
    /// What computed the answers.
    pub runtime: String,
    /// Training rows that the ranges of values are taken from.
    pub calibration_rows: usize,
    /// Layers that multiply whole numbers.
    pub whole_layers: usize,
    /// Weights that are stored as whole numbers of eight bits.
    pub whole_numbers: usize,
    /// All other numbers of the network, in four bytes each.
    pub other_numbers: usize,
    /// What the network is judged by.
    pub metric: String,
    /// Examples of the test part.
    pub examples: usize,
    /// With numbers of four bytes.
    pub before: Side,
    /// With whole numbers.
    pub after: Side,
    /// The metric after less that before.
    pub difference: f64,
    /// Its interval of 95 %, a paired bootstrap over examples.
    pub difference_ci95: [f64; 2],
    /// What a reader must know besides.
    pub notes: Vec<String>,
}

/// A network's file, and how it does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Side {
    /// The metric on the test part.
    pub value: f64,
    /// The size of the ONNX file.
    pub bytes: usize,
    /// What its numbers take of that; the rest is the graph and texts.
    pub number_bytes: usize,
    /// The median time of one example on one thread; none where nothing here runs the file.
    pub milliseconds: Option<f64>,
}

/// Inputs that go through the network at a time when ranges are taken.
const BATCH: usize = 64;
/// How long a file is timed.
const TIMED: Duration = Duration::from_millis(500);

/// Writes a network of a study with whole numbers of eight bits, and judges it beside the one it is made of.
///
/// # Errors
/// Where the network has no weights or none that can be whole numbers, the data are not there, or something is where files
/// are to go.
pub fn compress(what: &Compressing) -> Result<Compressed, Error> {
    if what.rows == 0 {
        return Err(
            InputError::about("rows", "ranges of values come from rows, got 0: give 1 or more").into()
        );
    }
    let run = &what.network.run;
    let found = found(&what.network)?;
    let stored = load(run)?;
    let elsewhere =
        "is a study of a program of yours, which has the data: Nascent cannot compress its networks";
    let task = stored.setup.task.as_ref().ok_or_else(|| Error::file(run, elsewhere))?;
    if task.preprocessing != found.preprocessing {
        let reason =
            "has a network for other data than those of its study now: restore the data, or search anew";
        return Err(Error::file(run, reason));
    }
    let cannot = |e: nascent_export::ExportError| Error::file(run, e);
    let folded = fold(&found.graph, &found.weights.values).map_err(cannot)?;
    let seed = stored.setup.file.settings.seed;
    let inputs = calibration(task, what.rows, seed).map_err(|e| Error::file(run, e))?;
    let rows = inputs.len() / found.graph.input_shape().len().max(1) as usize;
    let grids = grids(&folded, &inputs).map_err(|reason| Error::file(run, reason))?;
    let counts = Counts::new(&folded, &grids);
    if counts.whole == 0 {
        let reason =
            "has a network without weights that could be whole numbers: there is nothing to compress";
        return Err(Error::file(run, reason));
    }
    let how = format!(
        "Weights are int8 with a scale for each channel; values between layers are uint8 in ranges taken from {rows} training rows."
    );
    let (before, mut written) = files(&found, &folded, &grids, &how).map_err(cannot)?;
    let after = written.first().map(|file| &file.bytes[..]).unwrap_or_default();
    let judge = Judge { found: &found, examples: &task.test(), metric: task.metric };
    let judged = match OnnxRuntime::find() {
        Ok(runtime) => judge.by_runtime(runtime, [&before, after]),
        Err(DeviceError::NoRuntime(why)) => judge.ourselves(&folded, &grids, &why),
        Err(e) => Err(e.to_string()),
    };
    let Judged { runtime, scores, milliseconds } = judged.map_err(|e| Error::file(run, e))?;
    let value = |mean: f64| task.metric.value(mean);
    let mean =
        |scores: &[f32]| scores.iter().map(|s| f64::from(*s)).sum::<f64>() / scores.len().max(1) as f64;
    let side = |i: usize, file: &[u8]| -> Result<Side, nascent_export::ExportError> {
        Ok(Side {
            value: value(mean(&scores[i])),
            bytes: file.len(),
            number_bytes: nascent_export::onnx::number_bytes(file)?,
            milliseconds: milliseconds.map(|ms| ms[i]),
        })
    };
    let (before, after) = (side(0, &before).map_err(cannot)?, side(1, after).map_err(cannot)?);
    let [first, second] = scores;
    let interval = difference(&[second], &[first], &value, seed).map(|d| d.ci95);
    let path = what.network.out.clone().unwrap_or_else(|| usual_folder(&what.network).join("int8"));
    let done = Compressed {
        schema: 1,
        path,
        weights: found.from.clone(),
        calibration_rows: rows,
        whole_layers: counts.layers,
        whole_numbers: counts.whole,
        other_numbers: counts.rest,
        metric: task.metric.name().into(),
        examples: judge.examples.len(),
        before,
        after,
        difference: after.value - before.value,
        difference_ci95: interval.unwrap_or([after.value - before.value; 2]),
        notes: notes(&what.network, milliseconds),
        runtime,
    };
    let card = format!("{}{}", found.card.as_deref().unwrap_or_default(), section(&done, &how));
    let json = serde_json::to_vec_pretty(&done).unwrap_or_default();
    written.push(File { name: "card.md", bytes: card.into() });
    written.push(File { name: "compressed.json", bytes: json });
    write(&done.path, &written)?;
    Ok(done)
}

/// The inputs of some training rows, in an order that follows from the study's seed.
fn calibration(task: &Task, rows: usize, seed: u64) -> Result<Vec<f32>, DataError> {
    let train = task.train();
    let mut order: Vec<usize> = (0..train.len()).collect();
    Rng::new(mix(&[seed, 0x18]), 0).shuffle(&mut order);
    order.truncate(rows);
    let mut inputs = Vec::new();
    train.gather(&order, &mut inputs)?;
    Ok(inputs)
}

/// The grid of each value that is rounded.
fn grids(folded: &Folded, inputs: &[f32]) -> Result<Grids, String> {
    let graph = &folded.graph;
    let weights = Weights { slots: slots(graph), values: folded.values.clone() };
    let places = places(graph);
    let mut seen: std::collections::BTreeMap<_, Observed> = std::collections::BTreeMap::new();
    for batch in inputs.chunks(BATCH * graph.input_shape().len().max(1) as usize) {
        let mut see = |node, numbers: &mut [f32]| seen.entry(node).or_default().see(numbers);
        let _ = tapped((graph, &weights), batch, &places, &mut see);
    }
    seen.into_iter()
        .map(|(node, observed)| {
            let label = graph.nodes()[node.index()].op.name();
            let none = || {
                format!("node {} ({label}) gives values that are no numbers: train the network again", node.0)
            };
            Ok((node, observed.grid().ok_or_else(none)?))
        })
        .collect()
}

/// The file before, and the files after, the network first.
fn files(
    found: &Found,
    folded: &Folded,
    grids: &Grids,
    how: &str,
) -> Result<(Vec<u8>, Vec<File>), nascent_export::ExportError> {
    let card = found.card.as_deref().unwrap_or_default();
    let model = Model::new(&found.name, &found.graph, &found.weights.values)?;
    let model = model.with_preprocessing(&found.preprocessing)?.with_card(card);
    let before = (nascent_export::find("onnx")?.files)(&model)?;
    // The card lies beside the file: within, it would be a large part of a small one.
    let mut model = Model::new(&found.name, &folded.graph, &folded.values)?
        .with_preprocessing(&found.preprocessing)?
        .with_card(how);
    model.hash = found.graph.hash();
    let after = nascent_export::onnx::int8(&model, grids)?;
    Ok((before.into_iter().next().map(|file| file.bytes).unwrap_or_default(), after))
}

/// What judges networks.
struct Judge<'a> {
    found: &'a Found,
    examples: &'a Examples,
    metric: Metric,
}

/// What it found: of the network before, and after.
struct Judged {
    runtime: String,
    /// One score an example.
    scores: [Vec<f32>; 2],
    milliseconds: Option<[f64; 2]>,
}

impl Judge<'_> {
    fn scores(&self, ask: &mut dyn FnMut(&[f32]) -> Vec<f32>) -> Result<Vec<f32>, String> {
        let answers = answers(ask, self.examples).map_err(|e| e.to_string())?;
        Ok(tested(&answers, self.examples, self.metric).1)
    }

    /// By the files themselves.
    fn by_runtime(&self, runtime: OnnxRuntime, files: [&[u8]; 2]) -> Result<Judged, String> {
        let [before, after] = files.map(|file| self.by_file(runtime.load(file).map_err(|e| e.to_string())?));
        let ((before, slow), (after, fast)) = (before?, after?);
        Ok(Judged {
            runtime: format!("ONNX Runtime ({})", runtime.library().display()),
            scores: [before, after],
            milliseconds: Some([slow, fast]),
        })
    }

    /// The scores by a file, and its milliseconds.
    fn by_file(&self, mut file: Loaded) -> Result<(Vec<f32>, f64), String> {
        let (shape, outputs) =
            (self.found.graph.input_shape(), self.found.graph.output_shape().len() as usize);
        let mut failed = None;
        let mut ask = |inputs: &[f32]| {
            let inputs = self.given(inputs);
            let answered = file.answers(&inputs, shape.extents());
            let mut answers = answered.unwrap_or_else(|e| {
                failed = Some(e);
                Vec::new()
            });
            if let Some(scale) = self.found.preprocessing.scale {
                let standardised = |a: &mut f32| *a = ((f64::from(*a) - scale.mean) / scale.deviation) as f32;
                answers.iter_mut().for_each(standardised);
            }
            answers.resize(inputs.len() / shape.len().max(1) as usize * outputs, 0.0);
            answers
        };
        let scores = self.scores(&mut ask)?;
        if let Some(failed) = failed {
            return Err(failed.to_string());
        }
        let mut room = Vec::new();
        let first = self.examples.range(0..self.examples.len().min(1), &mut room);
        let one = self.given(first.map_err(|e| e.to_string())?);
        let timing = file.time(&one, shape.extents(), Budget::of(TIMED)).map_err(|e| e.to_string())?;
        Ok((scores, timing.median_ms))
    }

    /// Inputs as a file takes them: pictures before their preprocessing, which is part of the file.
    fn given(&self, inputs: &[f32]) -> Vec<f32> {
        let mut inputs = inputs.to_vec();
        if let Inputs::Image(rule) = &self.found.preprocessing.inputs {
            rule.undo(&mut inputs);
        }
        inputs
    }

    /// By our own arithmetic: numbers of four bytes, rounded as those of the file are.
    fn ourselves(&self, folded: &Folded, grids: &Grids, why: &str) -> Result<Judged, String> {
        let weights = |values: Vec<Vec<f32>>| Weights { slots: slots(&folded.graph), values };
        let (whole, weights_after) = (weights(folded.values.clone()), weights(rounded(folded, grids)));
        let nodes: Vec<_> = grids.keys().copied().collect();
        let graph = &folded.graph;
        let mut round = |node, numbers: &mut [f32]| {
            if let Some(grid) = grids.get(&node) {
                numbers.iter_mut().for_each(|x| *x = grid.nearest(*x));
            }
        };
        let before = self.scores(&mut |inputs| tapped((graph, &whole), inputs, &[], &mut |_, _| ()))?;
        let after = self.scores(&mut |inputs| tapped((graph, &weights_after), inputs, &nodes, &mut round))?;
        Ok(Judged {
            runtime: format!(
                "Nascent, which rounds as the file says but computes with numbers of four bytes ({why})"
            ),
            scores: [before, after],
            milliseconds: None,
        })
    }
}

fn notes(what: &Pick, milliseconds: Option<[f64; 2]>) -> Vec<String> {
    let mut notes = vec![String::from(
        "The test part was opened once more for these figures, and the study's log does not count that: choose no network by them.",
    )];
    if what.trial.is_some() {
        notes.push("The network is one that the study did not choose.".into());
    }
    if milliseconds.is_none() {
        notes.push(
            "Nothing here runs the file, so that there are no times: install ONNX Runtime (pip install onnxruntime in the active \
             virtual environment, or name its library in ORT_DYLIB_PATH)."
                .into(),
        );
    }
    notes
}

/// What the card says of it.
fn section(done: &Compressed, how: &str) -> String {
    let mut out = format!(
        "\n## Compressed\n\n{how} {} layers multiply whole numbers; {} numbers take one byte and {} take four. Judged on the \
         {} test examples by {}.\n\n| | {} | bytes of the file | of which numbers | milliseconds for one |\n|---|--:|--:|--:|--:|\n",
        done.whole_layers, done.whole_numbers, done.other_numbers, done.examples, done.runtime, done.metric
    );
    for (name, side) in [("before", &done.before), ("after", &done.after)] {
        let ms = side.milliseconds.map_or("–".into(), |ms| format!("{ms:.4}"));
        let _ =
            writeln!(out, "| {name} | {:.4} | {} | {} | {ms} |", side.value, side.bytes, side.number_bytes);
    }
    let [low, high] = done.difference_ci95;
    let _ = writeln!(out, "\nThe difference is {:+.4} ({low:+.4} to {high:+.4}).\n", done.difference);
    for note in &done.notes {
        let _ = writeln!(out, "- {note}");
    }
    out
}
