use crate::ExportError;
use crate::model::EPSILON;
use nascent_core::architecture::{Architecture, ArchitectureBuilder, NodeId, Op, Operation, slots};

/// A network as it is computed after training.
#[derive(Clone, Debug, PartialEq)]
pub struct Folded {
    /// The graph.
    pub graph: Architecture,
    /// Its numbers, one vector for each of its slots.
    pub values: Vec<Vec<f32>>,
}

/// The same network without what only training needs: batch norms become part of the convolution or linear layer before
/// them where nothing else reads it, and what changes nothing is left out.
///
/// # Errors
/// Where the numbers are another network's.
pub fn fold(graph: &Architecture, values: &[Vec<f32>]) -> Result<Folded, ExportError> {
    let places = slots(graph);
    let mut own: Vec<Vec<&[f32]>> = vec![Vec::new(); graph.nodes().len()];
    for (i, slot) in places.iter().enumerate() {
        let numbers = values.get(i).map_or(&[][..], Vec::as_slice);
        if numbers.len() != slot.len() {
            let (name, expected, got) = (slot.name.clone(), slot.len(), numbers.len());
            return Err(ExportError::Weights { name, expected, got });
        }
        own[slot.node.index()].push(numbers);
    }
    let norms = norms(graph);
    let mut builder = ArchitectureBuilder::new(graph.input_shape().clone());
    let (mut at, mut kept) = (vec![builder.input()], Vec::new());
    let mut scope = "";
    for (i, node) in graph.nodes().iter().enumerate().skip(1) {
        let id = NodeId(i as u32);
        let is_folded = matches!(node.op, Op::BatchNorm(_)) && norms.contains(&Some(i));
        if is_folded || matches!(node.op, Op::Identity(_) | Op::Dropout(_)) {
            at.push(at[node.inputs[0].index()]);
            continue;
        }
        if graph.place(id) != scope {
            scope = graph.place(id);
            builder.scope(scope);
        }
        let (op, numbers) = match norms[i] {
            Some(norm) => with_norm(&node.op, &own[i], &own[norm]),
            None => (node.op.clone(), own[i].iter().map(|numbers| numbers.to_vec()).collect()),
        };
        let inputs: Vec<NodeId> = node.inputs.iter().map(|input| at[input.index()]).collect();
        let label = op.label();
        let fail = |e: nascent_core::architecture::ArchitectureError| ExportError::Node {
            node: i,
            label,
            reason: e.to_string(),
        };
        at.push(builder.add(op, &inputs).map_err(fail)?);
        kept.extend(numbers);
    }
    let output = at[graph.output().index()];
    let fail = |e: nascent_core::architecture::ArchitectureError| ExportError::Node {
        node: graph.output().index(),
        label: "the answers".into(),
        reason: e.to_string(),
    };
    Ok(Folded { graph: builder.finish(output).map_err(fail)?, values: kept })
}

/// For each layer, the norm that is all that reads it.
fn norms(graph: &Architecture) -> Vec<Option<usize>> {
    let uses = graph.uses();
    let mut norms = vec![None; graph.nodes().len()];
    for (i, node) in graph.nodes().iter().enumerate().filter(|(_, n)| matches!(n.op, Op::BatchNorm(_))) {
        let before = node.inputs[0].index();
        if uses[before] == 1 && super::places::is_layer(&graph.nodes()[before].op) {
            norms[before] = Some(i);
        }
    }
    norms
}

/// A layer that gives what the norm after it gave, with its weights and biases.
fn with_norm(op: &Op, layer: &[&[f32]], norm: &[&[f32]]) -> (Op, Vec<Vec<f32>>) {
    let mut op = op.clone();
    // Linear layers have the channels of their answers last, convolutions first.
    let is_last = matches!(op, Op::Linear(_));
    let had_bias = match &mut op {
        Op::Conv2d(conv) => std::mem::replace(&mut conv.bias, true),
        Op::Conv1d(conv) => std::mem::replace(&mut conv.bias, true),
        Op::Linear(linear) => std::mem::replace(&mut linear.bias, true),
        _ => false,
    };
    let channels = norm[0].len();
    let factors: Vec<f32> =
        norm[0].iter().zip(norm[3]).map(|(scale, variance)| scale / (variance + EPSILON).sqrt()).collect();
    let each = (layer[0].len() / channels.max(1)).max(1);
    let factor = |i: usize| factors[if is_last { i % channels } else { i / each }];
    let weights = layer[0].iter().enumerate().map(|(i, w)| w * factor(i)).collect();
    let bias = |c: usize| if had_bias { layer[1][c] } else { 0.0 };
    let biases = (0..channels).map(|c| (bias(c) - norm[2][c]) * factors[c] + norm[1][c]).collect();
    (op, vec![weights, biases])
}
