//! The file of a network that continues text: it reads some tokens at a time, and gives what it keeps of them to be read by the next
//! call.

use super::build::{BATCH, Build, typed};
use super::format::{DataType, Extent, ModelProto, ValueInfoProto};
use super::lower::{Lowering, PAST, STEPS, State, Stepwise};
use super::{file, wrap};
use crate::exporter::File;
use crate::{ExportError, Model};
use prost::Message;

/// The file's name.
const FILE: &str = "step.onnx";
/// The name of the input that is read.
const TOKENS: &str = "tokens";
/// The name of what follows each of them.
const LOGITS: &str = "logits";

/// A network that continues text as an ONNX model that reads some tokens at a time.
///
/// It takes `tokens`, whole numbers `[batch, steps]`, and the states that the reading before gave, and gives `logits`, `[batch, tokens,
/// steps]`, and the states after it. The metadata `nascent.states` lists them: the names of input and output, the type, and the extents
/// of the zeros that a text begins with, where `"batch"` stands for the batch. What all readings of a text have together is at most
/// `nascent.window` steps.
///
/// # Errors
/// Where the network does not answer a text at each step, or depends on what follows; the error names the operation.
pub fn stepwise(model: &Model<'_>) -> Result<ModelProto, ExportError> {
    let (takes, gives) = (model.graph.input_shape(), model.graph.output_shape());
    let is_text = takes.vector().is_some() && takes.vector() == gives.sequence().map(|(_, steps)| steps);
    if !is_text {
        let reason = format!(
            "the network answers {takes} with {gives}, and only one that answers each token of a text can keep what it has read"
        );
        return Err(ExportError::Format { file: FILE, reason });
    }
    let mut build = Build::default();
    let stepped = Stepwise::new(Lowering::new(model, &mut build, None), TOKENS).run()?;
    build.part("meaning".into());
    let named = |name: &str| Extent::Name(name.into());
    let tokens = typed(TOKENS, DataType::Int64, [named(BATCH), named(STEPS)]);
    let said = |info: ValueInfoProto, doc: String| ValueInfoProto { doc_string: Some(doc), ..info };
    let mut inputs = vec![said(tokens, "codes of tokens that follow those read before".into())];
    build.named("Identity", &[&stepped.answers], Vec::new(), LOGITS.into());
    let extents = [named(BATCH), Extent::Value(gives.extents()[0] as i64), named(STEPS)];
    let mut outputs = vec![said(typed(LOGITS, DataType::Float, extents), wrap::LOGITS.into())];
    for state in &stepped.states {
        let grown = |extent: &Extent| match extent {
            Extent::Name(name) if name == PAST => named("past + steps"),
            other => other.clone(),
        };
        let next = state.next();
        let before = typed(&state.name, state.kind, state.extents.iter().cloned());
        let after = typed(&next, state.kind, state.extents.iter().map(grown));
        inputs.push(said(before, format!("{next} of the reading before; zeros where there was none")));
        outputs.push(said(after, format!("{} of the next reading", state.name)));
    }
    let mut metadata = wrap::metadata(model)?;
    metadata.push(("nascent.window", takes.len().to_string()));
    metadata.push(("nascent.states", listed(&stepped.states)));
    Ok(file(model, build, (inputs, outputs), metadata))
}

/// The same as a file.
pub(super) fn files(model: &Model<'_>) -> Result<File, ExportError> {
    Ok(File { name: FILE, bytes: stepwise(model)?.encode_to_vec() })
}

/// The states as JSON, in the order of inputs and outputs.
fn listed(states: &[State]) -> String {
    let all = states.iter().map(|state| {
        let extents = state.extents.iter().map(|extent| match extent {
            Extent::Value(n) => serde_json::json!(n),
            Extent::Name(name) if name == PAST => serde_json::json!(0),
            Extent::Name(name) => serde_json::json!(name),
        });
        let kind = if state.kind == DataType::Int64 { "int64" } else { "float32" };
        let shape: Vec<serde_json::Value> = extents.collect();
        serde_json::json!({"input": state.name, "output": state.next(), "type": kind, "shape": shape})
    });
    serde_json::Value::from(all.collect::<Vec<_>>()).to_string()
}
