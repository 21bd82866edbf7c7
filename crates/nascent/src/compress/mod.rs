//! A trained network made smaller: without channels that matter little, in whole numbers of eight bits, or both; and what that
//! costs.

mod changed;
mod judge;
mod whole;

pub use changed::{Change, Share, TaughtBy};

use crate::error::{Error, InputError};
use crate::export::write;
use crate::pick::{Found, Pick, found, usual_folder};
use crate::stored::load;
use changed::{Changed, changed};
use judge::{Judge, Judged, Written};
use nascent_core::architecture::Architecture;
use nascent_core::statistics::difference;
use nascent_export::{ExportError, File, Model};
use nascent_train::Weights;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;
use whole::Whole;

/// What is to be compressed.
#[derive(Clone, Debug)]
pub struct Compressing {
    /// The network, and the folder that its files go to.
    pub network: Pick,
    /// The share of its parameters that is taken away first.
    pub prune: Option<Share>,
    /// Epochs for which it is trained on then; half of those that it is trained for to be handed over where it was pruned or has a
    /// teacher, else none.
    pub tune_epochs: Option<u32>,
    /// Whom it learns from then besides the right answers; itself as it was before where it was pruned, else nobody.
    pub teacher: Option<TaughtBy>,
    /// What its numbers are written as.
    pub numbers: Precision,
    /// Training rows that the ranges of values are taken from where numbers are rounded; 256 unless given.
    pub rows: Option<usize>,
}

/// Training rows that the ranges of values are taken from unless somebody says how many.
const ROWS: usize = 256;

impl Compressing {
    /// Whether the network is another one afterwards, whatever its numbers are written as.
    fn is_changing(&self) -> bool {
        let is_taught = self.teacher.is_some_and(|teacher| teacher != TaughtBy::Nobody);
        self.prune.is_some() || is_taught || self.tune_epochs.is_some_and(|epochs| epochs > 0)
    }
}

/// What the numbers of a network are written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Whole numbers of eight bits.
    #[default]
    Int8,
    /// Numbers of four bytes, as they were trained.
    Float32,
}

impl std::str::FromStr for Precision {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "int8" => Ok(Self::Int8),
            "float32" => Ok(Self::Float32),
            _ => Err(format!("{text:?} is nothing that numbers can be: there are int8 and float32")),
        }
    }
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
    /// What became of the network before its numbers were written; none where it stayed what it was.
    pub change: Option<Change>,
    /// What computed the answers.
    pub runtime: String,
    /// Training rows that the ranges of values are taken from; 0 where nothing is rounded.
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
    /// As the study trained it, with numbers of four bytes.
    pub before: Side,
    /// As it is written.
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
    /// Trained parameters.
    pub params: u64,
    /// Multiply-accumulates for one example.
    pub macs: u64,
    /// The median time of one example on one thread; none where nothing here runs the file.
    pub milliseconds: Option<f64>,
}

/// Writes a network of a study without some of its channels, with whole numbers of eight bits, or both, and judges it beside the one
/// it is made of.
///
/// # Errors
/// Where the network has no weights or none that can be taken away or be whole numbers, the data are not there, or something is where
/// files are to go.
pub fn compress(what: &Compressing) -> Result<Compressed, Error> {
    check(what)?;
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
    let cannot = |e: ExportError| Error::file(run, e);
    let seed = stored.setup.file.settings.seed;
    let changed = changed(what, &found, &stored, task)?;
    let network = changed.as_ref().map_or((&found.graph, &found.weights), |c| (&c.graph, &c.weights));
    let whole = match what.numbers {
        Precision::Int8 => Some(Whole::new(network, task, (what.rows.unwrap_or(ROWS), seed), run)?),
        Precision::Float32 => None,
    };
    let how = how(changed.as_ref(), whole.as_ref());
    let first = before(&found).map_err(cannot)?;
    let mut written = after(&found, network, whole.as_ref(), &how).map_err(cannot)?;
    let second = written.first().map(|file| &file.bytes[..]).unwrap_or_default();
    let judge = Judge { found: &found, examples: &task.test(), metric: task.metric };
    let first_side = Written::new(&first, (&found.graph, &found.weights));
    let second_side = match &whole {
        Some(whole) => Written {
            weights: whole.weights(),
            grids: whole.grids.clone(),
            ..Written::new(second, (&whole.folded.graph, network.1))
        },
        None => Written::new(second, network),
    };
    let judged = judge.judge([&first_side, &second_side]);
    let Judged { runtime, scores, milliseconds } = judged.map_err(|e| Error::file(run, e))?;
    let value = |mean: f64| task.metric.value(mean);
    let mean =
        |scores: &[f32]| scores.iter().map(|s| f64::from(*s)).sum::<f64>() / scores.len().max(1) as f64;
    let measured = |i: usize, file: &[u8], graph: &Architecture| -> Result<Side, ExportError> {
        let cost = graph.cost();
        Ok(Side {
            value: value(mean(&scores[i])),
            bytes: file.len(),
            number_bytes: nascent_export::onnx::number_bytes(file)?,
            params: cost.params,
            macs: cost.macs,
            milliseconds: milliseconds.map(|ms| ms[i]),
        })
    };
    let before = measured(0, &first, &found.graph).map_err(cannot)?;
    let after = measured(1, second, network.0).map_err(cannot)?;
    let [scores_before, scores_after] = scores;
    let interval = difference(&[scores_after], &[scores_before], &value, seed).map(|d| d.ci95);
    let all_numbers = network.1.values.iter().map(Vec::len).sum();
    let done = Compressed {
        schema: 1,
        path: what.network.out.clone().unwrap_or_else(|| usual_folder(&what.network).join(folder(what))),
        weights: found.from.clone(),
        change: changed.as_ref().map(|changed| changed.change.clone()),
        calibration_rows: whole.as_ref().map_or(0, |whole| whole.rows),
        whole_layers: whole.as_ref().map_or(0, |whole| whole.counts.layers),
        whole_numbers: whole.as_ref().map_or(0, |whole| whole.counts.whole),
        other_numbers: whole.as_ref().map_or(all_numbers, |whole| whole.counts.rest),
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

/// What can be said before anything is read.
fn check(what: &Compressing) -> Result<(), Error> {
    let rows = match (what.rows, what.numbers) {
        (Some(0), _) => Some("ranges of values come from rows, got 0: give 1 or more"),
        (Some(_), Precision::Float32) => Some("numbers of four bytes are not rounded: leave rows out"),
        _ => None,
    };
    if let Some(message) = rows {
        return Err(InputError::about("rows", message).into());
    }
    if what.numbers == Precision::Float32 && !what.is_changing() {
        let reason = "a network with numbers of four bytes is what there is already: take a share of it away with --prune, \
                      or write it with nascent export";
        return Err(InputError::about("numbers", reason).into());
    }
    Ok(())
}

/// The folder of what was made of a network, below that of the network.
fn folder(what: &Compressing) -> String {
    let change = match what.prune {
        Some(share) => Some(format!("pruned-{}", share.percent)),
        None => what.is_changing().then(|| "tuned".into()),
    };
    let taught = match what.teacher {
        Some(TaughtBy::Nobody) => Some("untaught".into()),
        Some(TaughtBy::Best) => Some("by-best".into()),
        Some(TaughtBy::Trial(number)) => Some(format!("by-{number}")),
        Some(TaughtBy::Itself) | None => None,
    };
    let numbers = (what.numbers == Precision::Int8).then(|| "int8".into());
    change.into_iter().chain(taught).chain(numbers).collect::<Vec<String>>().join("-")
}

/// How the network was made, in words.
fn how(changed: Option<&Changed>, whole: Option<&Whole>) -> String {
    let sentences = [changed.map(|changed| changed.change.sentence()), whole.map(Whole::sentence)];
    sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// A network of the study's task, to be written.
fn model<'a>(
    found: &'a Found,
    graph: &'a Architecture,
    values: &'a [Vec<f32>],
) -> Result<Model<'a>, ExportError> {
    Model::new(&found.name, graph, values)?.with_preprocessing(&found.preprocessing)
}

/// The ONNX file of the network as the study trained it.
fn before(found: &Found) -> Result<Vec<u8>, ExportError> {
    let card = found.card.as_deref().unwrap_or_default();
    let model = model(found, &found.graph, &found.weights.values)?.with_card(card);
    let files = (nascent_export::find("onnx")?.files)(&model)?;
    Ok(files.into_iter().next().map(|file| file.bytes).unwrap_or_default())
}

/// The files of what it became, the ONNX file first; beside it what inputs go through and, where it is another network than before,
/// what Nascent itself reads.
fn after(
    found: &Found,
    (graph, weights): (&Architecture, &Weights),
    whole: Option<&Whole>,
    how: &str,
) -> Result<Vec<File>, ExportError> {
    let plain = model(found, graph, &weights.values)?;
    // The card lies beside the file: within, it would be a large part of a small one.
    let mut files = match whole {
        Some(whole) => {
            let mut model = model(found, &whole.folded.graph, &whole.folded.values)?.with_card(how);
            model.hash = graph.hash();
            nascent_export::onnx::int8(&model, &whole.grids)?
        }
        None => (nascent_export::find("onnx")?.files)(&plain.clone().with_card(how))?,
    };
    if *graph != found.graph || *weights != found.weights {
        for file in (nascent_export::find("safetensors")?.files)(&plain)? {
            if files.iter().all(|other| other.name != file.name) {
                files.push(file);
            }
        }
    }
    Ok(files)
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
    let whole = match done.whole_numbers {
        0 => String::new(),
        whole => format!(
            " {} layers multiply whole numbers; {whole} numbers take one byte and {} take four.",
            done.whole_layers, done.other_numbers
        ),
    };
    let mut out = format!(
        "\n## Compressed\n\n{how}{whole} Judged on the {} test examples by {}.\n\n| | {} | bytes of the file | of which numbers | \
         parameters | multiply-accumulates | milliseconds for one |\n|---|--:|--:|--:|--:|--:|--:|\n",
        done.examples, done.runtime, done.metric
    );
    for (name, side) in [("before", &done.before), ("after", &done.after)] {
        let ms = side.milliseconds.map_or("–".into(), |ms| format!("{ms:.4}"));
        let Side { value, bytes, number_bytes, params, macs, .. } = side;
        let _ =
            writeln!(out, "| {name} | {value:.4} | {bytes} | {number_bytes} | {params} | {macs} | {ms} |");
    }
    let [low, high] = done.difference_ci95;
    let _ = writeln!(out, "\nThe difference is {:+.4} ({low:+.4} to {high:+.4}).\n", done.difference);
    for note in &done.notes {
        let _ = writeln!(out, "- {note}");
    }
    out
}
