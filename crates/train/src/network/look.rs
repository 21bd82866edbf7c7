use super::forward::{Asked, Forward, Mode, Signs};
use super::{Wanted, dropout_stream, host, loss};
use crate::weights::SlotKind;
use crate::{Device, Weights};
use nascent_core::architecture::{Architecture, NodeId};

/// What a network's gradients are taken of.
#[derive(Clone, Copy)]
pub(crate) enum Of<'a> {
    /// Nothing: only the pass forward is made.
    Nothing,
    /// The sum of all answers.
    Sum,
    /// The loss.
    Loss(Wanted<'a>),
}

/// What was seen.
#[derive(Default)]
pub(crate) struct Seen {
    /// The gradient of each slot that is the weights of a convolution or a linear layer, in the order of slots; zeros where
    /// that of the inputs was asked for.
    pub weights: Vec<Vec<f32>>,
    /// The gradient of the inputs, one example after another.
    pub inputs: Vec<f32>,
    /// The gradients of those factors, `[batch × channels]`, by node.
    pub gates: Vec<(NodeId, Vec<f32>)>,
    /// The gradients of a factor of 1 on each head of attention, `[batch × heads]`, by node.
    pub importances: Vec<Vec<f32>>,
    /// The largest weight that each head of each node gives at each step of each example.
    pub confidences: Vec<f32>,
    /// Which activations let which examples through.
    pub signs: Signs,
    /// The values asked for, row-major.
    pub values: Vec<Vec<f32>>,
    /// The variance that each norm of a batch found, a channel.
    pub variances: Vec<Vec<f32>>,
    /// The logarithm of what the answers, and with them all gradients, were divided by.
    pub scale: f64,
}

/// One pass of a network in training, and back, that changes nothing.
pub(crate) fn look(
    (graph, weights): (&Architecture, &Weights),
    device: Device,
    (inputs, of): (&[f32], Of<'_>),
    asked: &Asked,
) -> Seen {
    let on = device.tensors();
    let is_tracked = !matches!(of, Of::Nothing);
    let on = if is_tracked { on.autodiff() } else { on };
    let mut dropout = dropout_stream(0);
    let mode = if asked.flow { Mode::Flow } else { Mode::Train { dropout: &mut dropout } };
    let mut forward = Forward::new(graph, weights, &on, device == Device::Cpu, mode);
    // The gradient of inputs alone costs less than that of weights as well.
    if !is_tracked || asked.inputs {
        forward = forward.untracked();
    }
    forward.sight.asked = asked.clone();
    let answers = forward.run(inputs);
    let scale = if asked.flow { forward.answers_scale() } else { 0.0 };
    let Forward { leaves, statistics, sight, .. } = forward;
    let is_variance = |slot: usize| weights.slots[slot].kind == SlotKind::RunningVariance;
    let variances = statistics.into_iter().filter(|(slot, _)| is_variance(*slot)).map(|(_, v)| host(v));
    let mut seen = Seen {
        variances: variances.collect(),
        signs: sight.signs,
        confidences: sight.confidences,
        values: sight.values,
        scale,
        ..Seen::default()
    };
    let whole = match of {
        Of::Nothing => return seen,
        Of::Sum => answers.sum(),
        Of::Loss(wanted) => loss(answers, wanted, 0.0, &on),
    };
    let mut gradients = whole.backward();
    for (slot, leaf) in weights.slots.iter().zip(&leaves) {
        if slot.kind == SlotKind::Weight {
            let found = leaf.as_ref().and_then(|leaf| leaf.tensor.grad_remove(&mut gradients));
            // What is not part of a way to the answers has no gradient.
            seen.weights.push(found.map_or_else(|| vec![0.0; slot.len()], host));
        }
    }
    let found = sight.inputs.map(|x| x.grad_remove(&mut gradients).map(host));
    seen.inputs = found.flatten().unwrap_or_else(|| vec![0.0; inputs.len()]);
    for head in sight.heads {
        seen.importances.push(head.grad_remove(&mut gradients).map(host).unwrap_or_default());
    }
    for (node, gate) in sight.gates {
        let found = gate.grad_remove(&mut gradients).map(host);
        seen.gates.push((node, found.unwrap_or_default()));
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::architecture::op::{
        Conv2d, Flatten, GlobalAveragePool, Linear, Relative, SelfAttention,
    };
    use nascent_core::architecture::{ArchitectureBuilder, Shape};

    #[test]
    fn the_gradients_of_a_layers_gates_are_those_of_its_weights_by_its_weights() {
        let mut b = ArchitectureBuilder::new(Shape::new(&[2, 5, 5]));
        let ops = [
            Conv2d::same(4, 3, 1).into(),
            GlobalAveragePool {}.into(),
            Linear { features: 3, bias: false }.into(),
        ];
        let out = b.chain(b.input(), ops).unwrap();
        let graph = b.finish(out).unwrap();
        let weights = Weights::fresh(&graph, 1);
        let inputs: Vec<f32> = (0..3 * 50).map(|i| ((i * 37 % 19) as f32 - 9.0) / 9.0).collect();
        let pass = (&inputs[..], Of::Loss(Wanted::Classes(&[0, 2, 1])));
        let asked = Asked { gates: true, ..Asked::default() };
        let seen = look((&graph, &weights), Device::Cpu, pass, &asked);
        assert_eq!(seen.gates.len(), 2);
        for (layer, (_, gates)) in seen.gates.iter().enumerate() {
            let by_gates: f64 = gates.iter().map(|g| f64::from(*g)).sum();
            let products = seen.weights[layer].iter().zip(&weights.values[layer]);
            let by_weights: f64 = products.map(|(g, w)| f64::from(g * w)).sum();
            assert!((by_gates - by_weights).abs() < 1e-5, "layer {layer}: {by_gates} against {by_weights}");
        }
    }

    #[test]
    fn heads_matter_as_much_as_what_projects_them_and_look_everywhere_where_keys_are_zero() {
        (1..=2).for_each(heads_are_seen);
    }

    /// Two heads of queries, and so many of keys and values.
    fn heads_are_seen(key_heads: usize) {
        let (steps, channels) = (5, 4);
        let mut b = ArchitectureBuilder::new(Shape::new(&[channels, steps]));
        let attention = SelfAttention { heads: 2, key_heads, causal: true, relative: Relative::None };
        let ops = [attention.into(), Flatten {}.into(), Linear { features: 3, bias: false }.into()];
        let out = b.chain(b.input(), ops).unwrap();
        let graph = b.finish(out).unwrap();
        let mut weights = Weights::fresh(&graph, 1);
        // Keys come after queries.
        weights.values[0][channels * channels..][..2 * key_heads * channels].fill(0.0);
        let inputs: Vec<f32> = (0..3 * 20).map(|i| ((i * 37 % 19) as f32 - 9.0) / 9.0).collect();
        let pass = (&inputs[..], Of::Loss(Wanted::Classes(&[0, 2, 1])));
        let seen = look((&graph, &weights), Device::Cpu, pass, &Asked { heads: true, ..Asked::default() });
        assert_eq!((seen.importances.len(), seen.importances[0].len()), (1, 3 * 2));
        let by_heads: f64 = seen.importances[0].iter().map(|g| f64::from(*g)).sum();
        // The projection of the answers is the second weight.
        let slot = weights.slots.iter().position(|slot| slot.name.ends_with("output.weight")).unwrap();
        let products = seen.weights[1].iter().zip(&weights.values[slot]);
        let by_weights: f64 = products.map(|(g, w)| f64::from(g * w)).sum();
        assert!((by_heads - by_weights).abs() < 1e-5, "{by_heads} against {by_weights}");
        assert_eq!(seen.confidences.len(), 3 * 2 * steps);
        for (at, weight) in seen.confidences.iter().enumerate() {
            let expected = 1.0 / (at % steps + 1) as f32;
            assert!((weight - expected).abs() < 1e-6, "{at}: {weight} against {expected}");
        }
    }
}
