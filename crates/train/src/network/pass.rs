use super::forward::{Forward, Leaf, Mode};
use super::{Wanted, host, loss};
use crate::compiled::Compiled;
use crate::optimizer::Gradient;
use crate::{Device, Weights};
use nascent_core::architecture::Architecture;
use nascent_core::rng::Rng;
use std::collections::BTreeMap;

/// How the options of open choices are weighed: for each path, a number for each option. What weighs nothing is not
/// computed.
pub(crate) type Mix = BTreeMap<String, Vec<f64>>;

/// What each recurrent unit leaves to the batch that follows, by the slot of its weights: of each example its state, and behind it the
/// memory of who has one.
pub(crate) type Carried = BTreeMap<usize, Vec<f32>>;

/// What one batch teaches.
pub(crate) struct Pass {
    /// The mean loss.
    pub loss: f64,
    /// The network's answers, `[examples × outputs]`.
    pub answers: Vec<f32>,
    /// The gradient of each slot; none where it is not trained, or no way leads from it to the answers.
    pub gradients: Vec<Option<Gradient>>,
    /// What norms found in the batch, by the slot that remembers it.
    pub statistics: Vec<(usize, Vec<f32>)>,
    /// The slope of the loss along the weight of each option; 0 where it was not computed.
    pub slopes: Mix,
}

/// Where a pass is made: on which device, and whether by our own kernels where the device lets them.
#[derive(Clone)]
pub(crate) struct Place {
    pub device: burn::tensor::Device,
    pub kernels: bool,
}

impl From<Device> for Place {
    fn from(device: Device) -> Self {
        Self { kernels: device == Device::Cpu, device: device.tensors() }
    }
}

/// A pass through a network in training, and back. It changes nothing but the stream of what is dropped, and what is carried on.
pub(crate) fn pass(
    (graph, weights): (&Architecture, &Weights),
    mix: Option<&Mix>,
    place: &Place,
    (inputs, wanted, label_smoothing): (&[f32], Wanted<'_>, f64),
    dropout: &mut Rng,
    carried: Option<&mut Carried>,
) -> Pass {
    let device = place.device.clone().autodiff();
    let mut forward = Forward::new(graph, weights, &device, place.kernels, Mode::Train { dropout });
    forward.mix = mix;
    forward.carried = carried;
    let answers = forward.run(inputs);
    let said = host(answers.clone().inner());
    let loss = loss(answers, wanted, label_smoothing, &device);
    let mut gradients = loss.backward();
    let value = loss.inner().into_scalar::<f32>();
    let Forward { leaves, statistics, weighed, .. } = forward;
    Pass {
        loss: f64::from(value),
        answers: said,
        slopes: weighed
            .into_iter()
            .map(|(path, leaf)| {
                let options = leaf.dims()[0];
                let found = leaf.grad_remove(&mut gradients).map(host);
                let slopes = found.unwrap_or_else(|| vec![0.0; options]);
                (path, slopes.into_iter().map(f64::from).collect())
            })
            .collect(),
        gradients: leaves
            .into_iter()
            .map(|leaf| {
                let Leaf { tensor, rows } = leaf?;
                tensor.grad_remove(&mut gradients).map(|g| Gradient { numbers: host(g), rows })
            })
            .collect(),
        statistics: statistics.into_iter().map(|(slot, found)| (slot, host(found))).collect(),
    }
}

/// The same by compiled steps; none where a network has an operation without one.
pub(crate) fn compiled_pass(
    (graph, weights): (&Architecture, &Weights),
    (inputs, wanted, label_smoothing): (&[f32], Wanted<'_>, f64),
    dropout: &mut Rng,
) -> Option<Pass> {
    let mut compiled = Compiled::new(graph).ok()?;
    let loss = compiled.learn(weights, inputs, (wanted, label_smoothing), dropout, None);
    let images = inputs.len() / (graph.input_shape().len() as usize).max(1);
    Some(Pass {
        loss,
        answers: compiled.said(images),
        gradients: compiled.gradients().to_vec(),
        statistics: compiled.statistics().to_vec(),
        slopes: Mix::new(),
    })
}

/// The mean loss of a network on a batch, its norms using the batch; nothing is dropped, and nothing learned.
pub(crate) fn measured(
    (graph, weights): (&Architecture, &Weights),
    mix: Option<&Mix>,
    place: &Place,
    (inputs, wanted): (&[f32], Wanted<'_>),
) -> f64 {
    let mut forward = Forward::new(graph, weights, &place.device, place.kernels, Mode::Measure);
    forward.mix = mix;
    let answers = forward.run(inputs);
    f64::from(loss(answers, wanted, 0.0, &place.device).into_scalar::<f32>())
}

/// What the norms of a network find in a batch, by the slot that remembers it; nothing is dropped.
pub(crate) fn statistics(
    graph: &Architecture,
    weights: &Weights,
    place: &Place,
    inputs: &[f32],
) -> Vec<(usize, Vec<f32>)> {
    let mut forward = Forward::new(graph, weights, &place.device, place.kernels, Mode::Measure);
    forward.run(inputs);
    forward.statistics.into_iter().map(|(slot, found)| (slot, host(found))).collect()
}
