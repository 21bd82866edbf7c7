//! What stands around the network: raw input before it, meaning after it, and the rest as text.

use super::build::{Build, int, value};
use super::format::ValueInfoProto;
use crate::{ExportError, Model};
use nascent_core::architecture::Shape;
use nascent_data::Inputs;

/// Where a file says what raw input goes through.
pub(super) const PREPROCESSING: &str = "nascent.preprocessing";

/// What the answers of running text are.
pub(super) const LOGITS: &str = "for each token of the vocabulary and each step, the logarithm of its probability to follow, up to a constant a step";

/// The file's input, and the value that the network reads.
pub(super) fn input(model: &Model<'_>, build: &mut Build) -> (ValueInfoProto, String) {
    let shape = model.graph.input_shape();
    build.part("preprocessing".into());
    let Some(Inputs::Image(rule)) = model.preprocessing.map(|p| &p.inputs) else {
        let mut input = value("input", shape);
        let what = match model.preprocessing {
            Some(_) => format!("inputs that went through what the metadata {PREPROCESSING} says"),
            None => "the network's input".into(),
        };
        input.doc_string = Some(what);
        return (input, "input".into());
    };
    let mut input = value("pixels", shape);
    input.doc_string =
        Some(format!("pictures as channels, rows and columns of values from 0 (black) to {}", rule.maximum));
    let scales: Vec<f32> = rule.deviation.iter().map(|d| 1.0 / (rule.maximum * d)).collect();
    let extents = [rule.mean.len(), 1, 1];
    let scales = build.floats("preprocessing.scale", &extents, &scales);
    let shifts = build.floats("preprocessing.shift", &extents, &rule.background());
    let scaled = build.node("Mul", &["pixels", &scales], Vec::new());
    (input, build.node("Add", &[&scaled, &shifts], Vec::new()))
}

/// Whether answers keep their extents, which mean something.
pub(super) fn is_spread(model: &Model<'_>) -> bool {
    model.preprocessing.is_some_and(|p| matches!(p.inputs, Inputs::Language(_)))
}

/// The file's outputs, from the network's answers.
pub(super) fn outputs(model: &Model<'_>, build: &mut Build, answers: &str) -> Vec<ValueInfoProto> {
    let shape = if is_spread(model) {
        model.graph.output_shape().clone()
    } else {
        Shape::new(&[model.graph.output_shape().len() as usize])
    };
    let output = |build: &mut Build, op: &str, inputs: &[&str], attributes, name: &str, doc: &str| {
        build.named(op, inputs, attributes, name.into());
        ValueInfoProto { doc_string: Some(doc.into()), ..value(name, &shape) }
    };
    build.part("meaning".into());
    let Some(preprocessing) = model.preprocessing else {
        return vec![output(build, "Identity", &[answers], Vec::new(), "answers", "the network's answers")];
    };
    if let Inputs::Language(_) = preprocessing.inputs {
        return vec![output(build, "Identity", &[answers], Vec::new(), "logits", LOGITS)];
    }
    if let Some(scale) = preprocessing.scale {
        let (factor, mean) = (build.number(scale.deviation as f32), build.number(scale.mean as f32));
        let scaled = build.node("Mul", &[answers, &factor], Vec::new());
        let doc = format!("the value of {}", preprocessing.target);
        return vec![output(build, "Add", &[&scaled, &mean], Vec::new(), "value", &doc)];
    }
    let doc = "the classes' probabilities, in the order of the metadata nascent.classes";
    let softmax = vec![int("axis", 1)];
    vec![
        output(build, "Identity", &[answers], Vec::new(), "logits", "the logarithms of the classes' odds"),
        output(build, "Softmax", &[answers], softmax, "probabilities", doc),
    ]
}

/// Names and texts for the file's metadata.
pub(super) fn metadata(model: &Model<'_>) -> Result<Vec<(&'static str, String)>, ExportError> {
    fn text(value: &impl serde::Serialize) -> Result<String, ExportError> {
        let fail = |e: serde_json::Error| ExportError::Format { file: "model.onnx", reason: e.to_string() };
        serde_json::to_string(value).map_err(fail)
    }
    let mut entries = vec![("nascent.hash", model.hash.to_string())];
    if let Some(preprocessing) = model.preprocessing {
        entries.push((PREPROCESSING, text(preprocessing)?));
        entries.push(("nascent.target", preprocessing.target.clone()));
        if !preprocessing.classes.is_empty() {
            entries.push(("nascent.classes", text(&preprocessing.classes)?));
        }
    }
    Ok(entries)
}
