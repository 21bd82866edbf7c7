//! A network that computes: weights on the host, a graph of Burn's operations made anew for each batch.

mod forward;
mod look;
mod pass;
mod tap;

pub(crate) use forward::{Asked, Signs};
pub(crate) use look::{Of, Seen, look};
pub use tap::{Tap, tapped};

pub(crate) use pass::{Carried, Mix, Pass, Place, compiled_pass, measured, pass, statistics};

use crate::compiled::Compiled;
use crate::{Device, Optimizers, TrainError, Weights};
use burn::tensor::{Tensor, TensorData, activation::log_softmax};
use forward::{Forward, Mode};
use nascent_core::Settings;
use nascent_core::architecture::Architecture;
use nascent_core::rng::{Rng, mix};

/// The seam between the epoch loop and what computes: another engine implements this.
pub trait TrainStep {
    /// Learns from one batch and answers with its mean loss before the update: the cross-entropy of classes, the
    /// squared error of values, or their absolute error.
    ///
    /// `inputs` holds one example after another.
    fn train_batch(&mut self, inputs: &[f32], wanted: Wanted<'_>, learning_rate: f64) -> f64;

    /// The network's answers, `[examples × outputs]`, as it answers after training.
    fn eval_batch(&mut self, inputs: &[f32]) -> Vec<f32>;

    /// The weights as they are now.
    fn weights(&self) -> &Weights;

    /// Puts other weights of the same network in their place.
    ///
    /// # Errors
    /// Where they belong to another network.
    fn load(&mut self, weights: Weights) -> Result<(), TrainError>;
}

/// The right answers to a batch.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// A class number for each example.
    Classes(&'a [u32]),
    /// The same, and a probability for each class of each example, as another network gives them.
    Shares {
        /// As for [`Wanted::Classes`].
        labels: &'a [u32],
        /// `[examples × classes]`.
        lesson: Lesson<'a>,
    },
    /// The code of the token that follows each step of each example, `[examples × steps]`; 0 where none is asked for.
    Tokens(&'a [u32]),
    /// The same, and a probability for each code at each step where a token is asked for, as another network gives them.
    TokenShares {
        /// As for [`Wanted::Tokens`]: 0 where none is asked for.
        labels: &'a [u32],
        /// `[examples × steps × codes]`.
        lesson: Lesson<'a>,
    },
    /// A standardised value for each example; squared errors are made small.
    Values(&'a [f32]),
    /// A standardised value for each example; absolute errors are made small.
    Medians(&'a [f32]),
}

/// What another network says of a batch, to be learned beside what is right (Hinton et al. 2015, arXiv:1503.02531).
#[derive(Clone, Copy, Debug)]
pub struct Lesson<'a> {
    /// Its probabilities: of answers divided by the temperature.
    pub shares: &'a [f32],
    /// What answers are divided by before they become probabilities, above 0; 1 leaves them as they are.
    pub temperature: f64,
    /// The part of the loss that it makes, 0 to 1; labels make the rest. Its gradient is multiplied by the square of the
    /// temperature, so that it weighs the same at any.
    pub part: f64,
}

/// Where an absolute error gives way to a squared one, in standard deviations: without it the gradient jumps at zero.
pub(crate) const ROUNDED: f32 = 0.01;

/// A network on the processor, or on a device of Burn's.
pub struct Network {
    /// Its steps, where they compute it; else Burn does.
    compiled: Result<Compiled, String>,
    graph: Architecture,
    place: Place,
    weights: Weights,
    optimizers: Optimizers,
    label_smoothing: f64,
    dropout: Rng,
    carried: Option<Carried>,
}

impl Network {
    /// A network with these weights, to be trained as `settings` say; `seed` decides what dropout drops.
    #[must_use]
    pub fn new(
        graph: Architecture,
        weights: Weights,
        settings: &Settings,
        seed: u64,
        device: Device,
    ) -> Self {
        Self {
            compiled: if device == Device::Cpu { Compiled::new(&graph) } else { Err(ELSEWHERE.into()) },
            optimizers: Optimizers::new(settings, &weights),
            label_smoothing: settings.label_smoothing,
            dropout: dropout_stream(seed),
            carried: None,
            place: device.into(),
            graph,
            weights,
        }
    }

    /// Whether our own kernels compute, where the device lets them, or Burn's operations alone.
    ///
    /// They agree but for rounding; Burn alone is what the kernels are checked against.
    #[must_use]
    pub fn with_kernels(mut self, kernels: bool) -> Self {
        self.place.kernels &= kernels;
        if !kernels {
            self.compiled = Err("our own kernels, which are not asked for".into());
        }
        self
    }

    /// What of the network no step of ours computes, so that Burn computes all of it; none where it is compiled.
    #[must_use]
    pub fn left_to_burn(&self) -> Option<&str> {
        self.compiled.as_ref().err().map(String::as_str)
    }

    /// Learns from a batch by the compiled steps, where there are any.
    fn train_compiled(&mut self, inputs: &[f32], wanted: Wanted<'_>, learning_rate: f64) -> Option<f64> {
        let Self { compiled: Ok(compiled), optimizers, weights, dropout, label_smoothing, .. } = self else {
            return None;
        };
        let wanted = (wanted, *label_smoothing);
        let loss = compiled.learn(weights, inputs, wanted, dropout, self.carried.as_mut());
        optimizers.step(weights, compiled.gradients(), learning_rate);
        for (slot, batch) in compiled.statistics() {
            remember(&mut weights.values[*slot], batch);
        }
        Some(loss)
    }

    /// Says of the next batch whether each of its examples follows the one in its place in the last: then recurrent units begin where
    /// that ended. Who never says it has no text that goes on.
    pub fn follow(&mut self, follows: bool) {
        let carried = self.carried.get_or_insert_default();
        if !follows {
            carried.clear();
        }
    }

    /// What the next batch depends on besides the weights: the optimiser's state, and how much of its stream dropout used.
    pub(crate) fn state(&self) -> (Optimizers, u128) {
        (self.optimizers.clone(), self.dropout.position())
    }

    /// Goes on from there; `seed` is the training's.
    pub(crate) fn restore(&mut self, optimizers: Optimizers, dropout: u128, seed: u64) {
        self.optimizers = optimizers;
        self.dropout = dropout_stream(seed).at(dropout);
    }

    /// The graph.
    #[must_use]
    pub fn graph(&self) -> &Architecture {
        &self.graph
    }
}

/// Why nothing is compiled on other devices than the processor.
const ELSEWHERE: &str = "another device than the processor";

/// Moves what a norm remembers towards what it found in a batch.
fn remember(running: &mut [f32], batch: &[f32]) {
    running.iter_mut().zip(batch).for_each(|(running, now)| *running = 0.9 * *running + 0.1 * now);
}

fn dropout_stream(seed: u64) -> Rng {
    Rng::new(mix(&[seed, 2]), 0)
}

impl TrainStep for Network {
    fn train_batch(&mut self, inputs: &[f32], wanted: Wanted<'_>, learning_rate: f64) -> f64 {
        if let Some(loss) = self.train_compiled(inputs, wanted, learning_rate) {
            return loss;
        }
        let network = (&self.graph, &self.weights);
        let batch = (inputs, wanted, self.label_smoothing);
        let Pass { loss, gradients, statistics, .. } =
            pass(network, None, &self.place, batch, &mut self.dropout, self.carried.as_mut());
        self.optimizers.step(&mut self.weights, &gradients, learning_rate);
        for (slot, batch) in statistics {
            remember(&mut self.weights.values[slot], &batch);
        }
        loss
    }

    fn eval_batch(&mut self, inputs: &[f32]) -> Vec<f32> {
        if let Ok(compiled) = &mut self.compiled {
            return compiled.answers(&self.weights, inputs);
        }
        let mut forward =
            Forward::new(&self.graph, &self.weights, &self.place.device, self.place.kernels, Mode::Evaluate);
        host(forward.run(inputs))
    }

    fn weights(&self) -> &Weights {
        &self.weights
    }

    fn load(&mut self, weights: Weights) -> Result<(), TrainError> {
        if weights.slots != self.weights.slots {
            return Err(TrainError::Mismatch("these weights belong to another network".into()));
        }
        self.weights = weights;
        Ok(())
    }
}

/// A tensor's numbers in host memory, row-major.
fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    // The tensor is float32 by construction, so the conversion cannot fail.
    tensor.into_data().try_into_vec::<f32>().unwrap_or_default()
}

/// What training makes small, for a batch of answers.
fn loss(
    answers: Tensor<2>,
    wanted: Wanted<'_>,
    label_smoothing: f64,
    device: &burn::tensor::Device,
) -> Tensor<1> {
    let outputs = answers.dims()[1];
    match wanted {
        Wanted::Classes(labels) => surprise(answers, smoothed(labels, outputs, label_smoothing), device),
        Wanted::Shares { labels, lesson } => {
            let right = smoothed(labels, outputs, label_smoothing);
            taught(answers, right, lesson.shares.to_vec(), lesson, device)
        }
        Wanted::Tokens(labels) | Wanted::TokenShares { labels, .. } => {
            // One row a step; what is answered where no token is asked for costs nothing.
            let [examples, numbers] = answers.dims();
            let steps = labels.len() / examples.max(1);
            let outputs = numbers / steps.max(1);
            let rows = answers.reshape([examples, outputs, steps]).swap_dims(1, 2);
            let rows = rows.reshape([examples * steps, outputs]);
            let asked = labels.iter().filter(|label| **label != 0).count().max(1);
            let masked = |mut shares: Vec<f32>| {
                let rows = shares.chunks_exact_mut(outputs).zip(labels);
                rows.filter(|(_, label)| **label == 0).for_each(|(row, _)| row.fill(0.0));
                shares
            };
            let right = masked(smoothed(labels, outputs, label_smoothing));
            let loss = match wanted {
                Wanted::TokenShares { lesson, .. } => {
                    taught(rows, right, masked(lesson.shares.to_vec()), lesson, device)
                }
                _ => surprise(rows, right, device),
            };
            loss.mul_scalar((examples * steps) as f32 / asked as f32)
        }
        Wanted::Values(values) | Wanted::Medians(values) => {
            let data = TensorData::new(values.to_vec(), [values.len(), outputs]);
            let error = answers - Tensor::<2>::from_data(data, device);
            let squared = error.clone() * error;
            let each = match wanted {
                Wanted::Medians(_) => squared.add_scalar(ROUNDED * ROUNDED).sqrt().sub_scalar(ROUNDED),
                _ => squared,
            };
            each.sum().div_scalar(values.len() as f32)
        }
    }
}

/// The mean cross-entropy of answers, `[examples × classes]`, with what is `right`, and that of softened answers with what
/// another network says.
fn taught(
    answers: Tensor<2>,
    right: Vec<f32>,
    said: Vec<f32>,
    Lesson { temperature, part, .. }: Lesson<'_>,
    device: &burn::tensor::Device,
) -> Tensor<1> {
    let softened = answers.clone().div_scalar(temperature as f32);
    let from_other = surprise(softened, said, device).mul_scalar((part * temperature * temperature) as f32);
    surprise(answers, right, device).mul_scalar((1.0 - part) as f32) + from_other
}

/// The mean cross-entropy of answers, `[examples × classes]`, with probabilities.
fn surprise(answers: Tensor<2>, shares: Vec<f32>, device: &burn::tensor::Device) -> Tensor<1> {
    let examples = answers.dims()[0];
    let shares = Tensor::<2>::from_data(TensorData::new(shares, answers.dims()), device);
    (log_softmax(answers, 1) * shares).sum().neg().div_scalar(examples as f32)
}

/// One row a label: all mass on the class, but for what smoothing spreads over all.
fn smoothed(labels: &[u32], classes: usize, smoothing: f64) -> Vec<f32> {
    let rest = (smoothing / classes as f64) as f32;
    let mut rows = vec![rest; labels.len() * classes];
    for (i, &label) in labels.iter().enumerate() {
        rows[i * classes + label as usize] += 1.0 - smoothing as f32;
    }
    rows
}
