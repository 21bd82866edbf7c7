//! ONNX: a graph that any runtime computes (opset 17, a batch of any size).
//!
//! Where the preprocessing of inputs is arithmetic, as with pictures, it is part of the graph, and answers come as
//! probabilities or in the target's unit. What else raw input goes through stands in the file's metadata as text.

mod build;
pub mod format;
mod lower;
mod stepwise;
mod wrap;

pub use stepwise::stepwise;

use crate::exporter::{Exporter, File};
use crate::int8::Grids;
use crate::safetensors::beside;
use crate::{ExportError, Model};
use build::Build;
use format::{GraphProto, ModelProto, OperatorSetIdProto, StringStringEntryProto, ValueInfoProto};
use lower::Lowering;
use prost::Message;
use std::collections::HashMap;

/// The exporter.
pub(crate) static EXPORTER: Exporter = Exporter {
    name: "onnx",
    summary: "one file for ONNX Runtime, tract and other runtimes, with preprocessing and classes inside",
    files,
    stepwise: Some(stepwise::files),
};

/// The set of operators: the first with layer normalisation.
const OPSET: i64 = 17;
/// The file's name.
const FILE: &str = "model.onnx";
/// The format's version of that time.
const IR_VERSION: i64 = 8;

fn files(model: &Model<'_>) -> Result<Vec<File>, ExportError> {
    Ok(vec![File { name: FILE, bytes: onnx(model)?.encode_to_vec() }])
}

/// A network as an ONNX model.
///
/// # Errors
/// Where an operation's inputs are not what it takes, which a graph that was built cannot have.
pub fn onnx(model: &Model<'_>) -> Result<ModelProto, ExportError> {
    written(model, None)
}

/// A folded network with whole numbers of eight bits: an ONNX file, and beside it what its inputs go through. Weights are
/// stored as such, and values with a grid are rounded by QuantizeLinear and DequantizeLinear, which runtimes make integer
/// arithmetic of.
///
/// # Errors
/// As [`onnx`].
pub fn int8(model: &Model<'_>, grids: &Grids) -> Result<Vec<File>, ExportError> {
    let mut written = written(model, Some(grids))?;
    written.metadata_props.retain(|entry| entry.key.as_deref() != Some(wrap::PREPROCESSING));
    if let Some(graph) = &mut written.graph {
        shorten(graph);
    }
    let mut files = vec![File { name: FILE, bytes: written.encode_to_vec() }];
    let mut without_card = model.clone();
    without_card.card = None;
    files.extend(beside(&without_card)?);
    Ok(files)
}

/// How many bytes of an ONNX file its numbers take; the rest is its graph and texts.
///
/// # Errors
/// Where it is no ONNX file.
pub fn number_bytes(file: &[u8]) -> Result<usize, ExportError> {
    let fail = |e: prost::DecodeError| ExportError::Format { file: FILE, reason: e.to_string() };
    let graph = ModelProto::decode(file).map_err(fail)?.graph.unwrap_or_default();
    Ok(graph.initializer.iter().filter_map(|constant| constant.raw_data.as_ref()).map(Vec::len).sum())
}

/// Leaves out what a small network would need more bytes for than for its weights: names of nodes, shapes that follow from the
/// rest, and the long names of values that lie within.
fn shorten(graph: &mut GraphProto) {
    graph.value_info.clear();
    for text in graph.input.iter_mut().filter_map(|input| input.doc_string.as_mut()) {
        *text = text.replace(&format!("the metadata {}", wrap::PREPROCESSING), "preprocessing.json");
    }
    let mut short: HashMap<String, String> = HashMap::new();
    let mut rename = |name: &mut String| {
        if name.contains('/') {
            let next = short.len().to_string();
            *name = short.entry(std::mem::take(name)).or_insert(next).clone();
        }
    };
    rename_all(graph, &mut rename);
}

/// Renames the values of a graph, and of the loops within.
fn rename_all(graph: &mut GraphProto, rename: &mut impl FnMut(&mut String)) {
    for node in &mut graph.node {
        node.name = None;
        node.input.iter_mut().chain(&mut node.output).for_each(&mut *rename);
        for inside in node.attribute.iter_mut().filter_map(|attribute| attribute.g.as_mut()) {
            let given = inside.input.iter_mut().chain(&mut inside.output);
            given.filter_map(|value| value.name.as_mut()).for_each(&mut *rename);
            rename_all(inside, rename);
        }
    }
    graph.initializer.iter_mut().filter_map(|constant| constant.name.as_mut()).for_each(rename);
}

fn written(model: &Model<'_>, grids: Option<&Grids>) -> Result<ModelProto, ExportError> {
    let mut build = Build::default();
    let (input, given) = wrap::input(model, &mut build);
    let answers = Lowering::new(model, &mut build, grids).run(given)?;
    let output = wrap::outputs(model, &mut build, &answers);
    Ok(file(model, build, (vec![input], output), wrap::metadata(model)?))
}

/// A whole file around what was built.
fn file(
    model: &Model<'_>,
    build: Build,
    (input, output): (Vec<ValueInfoProto>, Vec<ValueInfoProto>),
    metadata: Vec<(&str, String)>,
) -> ModelProto {
    let Build { nodes, constants, shapes, .. } = build;
    let graph = GraphProto {
        node: nodes,
        name: Some(model.name.into()),
        initializer: constants,
        input,
        output,
        value_info: shapes,
    };
    let entry =
        |(key, value): (&str, String)| StringStringEntryProto { key: Some(key.into()), value: Some(value) };
    ModelProto {
        ir_version: Some(IR_VERSION),
        producer_name: Some("nascent".into()),
        producer_version: Some(env!("CARGO_PKG_VERSION").into()),
        doc_string: model.card.map(Into::into),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: Some(OPSET) }],
        metadata_props: metadata.into_iter().map(entry).collect(),
    }
}
