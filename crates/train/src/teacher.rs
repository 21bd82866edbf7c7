//! What one network learns from another.

use crate::{Device, Lesson, Network, TrainStep, Wanted, Weights};
use nascent_core::Settings;
use nascent_core::architecture::Architecture;

/// How a lesson is learned: the temperature by which answers are divided, and the part of the loss that it makes.
pub(crate) type Manner = (f64, f64);

/// Nothing but the lesson counts, answers being what they are.
pub(crate) const ALONE: Manner = (1.0, 1.0);

/// What a network that learns from a [`Teacher`] makes small: mostly how it differs from what the teacher says.
const BESIDE: Manner = (4.0, 0.9);

/// A trained network that another learns from while it is trained on the same examples (Hinton et al. 2015, arXiv:1503.02531): from
/// the probabilities that it gives to classes, or to tokens at each step; an answered value is one between the teacher's
/// and the right one.
pub struct Teacher {
    network: Network,
    said: Vec<f32>,
}

impl Teacher {
    /// A network with its weights.
    #[must_use]
    pub fn new(graph: Architecture, weights: Weights, device: Device) -> Self {
        let network = Network::new(graph, weights, &Settings::default(), 0, device);
        Self { network, said: Vec::new() }
    }

    /// Its graph.
    pub(crate) fn graph(&self) -> &Architecture {
        self.network.graph()
    }

    /// What a batch teaches beside what is `wanted`: the teacher sees the same inputs.
    pub(crate) fn teach<'w>(&'w mut self, inputs: &[f32], wanted: Wanted<'w>) -> Wanted<'w> {
        let answers = self.network.eval_batch(inputs);
        self.said = said(wanted, answers, self.network.graph(), BESIDE);
        taught(wanted, &self.said, BESIDE)
    }
}

/// What a batch teaches where another network has [`said`] something of it.
pub(crate) fn taught<'w>(wanted: Wanted<'w>, said: &'w [f32], (temperature, part): Manner) -> Wanted<'w> {
    let lesson = Lesson { shares: said, temperature, part };
    match wanted {
        Wanted::Classes(labels) | Wanted::Shares { labels, .. } => Wanted::Shares { labels, lesson },
        Wanted::Tokens(labels) | Wanted::TokenShares { labels, .. } => Wanted::TokenShares { labels, lesson },
        Wanted::Values(_) => Wanted::Values(said),
        Wanted::Medians(_) => Wanted::Medians(said),
    }
}

/// A network's answers to a batch as another learns them: probabilities, `[examples × classes]` or `[examples × steps × codes]`, or
/// values between the answered and the right ones.
pub(crate) fn said(
    wanted: Wanted<'_>,
    mut answers: Vec<f32>,
    graph: &Architecture,
    (temperature, part): Manner,
) -> Vec<f32> {
    let outputs = graph.output_shape().extents()[0];
    match wanted {
        Wanted::Classes(_) | Wanted::Shares { .. } => shares(answers, outputs, temperature),
        Wanted::Tokens(_) | Wanted::TokenShares { .. } => {
            let steps = graph.output_shape().len() as usize / outputs.max(1);
            shares(by_step(&answers, outputs, steps), outputs, temperature)
        }
        Wanted::Values(right) | Wanted::Medians(right) => {
            let part = part as f32;
            answers
                .iter_mut()
                .zip(right)
                .for_each(|(said, right)| *said = part * *said + (1.0 - part) * right);
            answers
        }
    }
}

/// `[examples × outputs × steps]` as `[examples × steps × outputs]`.
fn by_step(answers: &[f32], outputs: usize, steps: usize) -> Vec<f32> {
    let examples = answers.chunks_exact((outputs * steps).max(1));
    let of_step = |example: &'_ [f32], step: usize| -> Vec<f32> {
        example.iter().skip(step).step_by(steps.max(1)).copied().collect()
    };
    examples.flat_map(|example| (0..steps).flat_map(move |step| of_step(example, step))).collect()
}

/// The probabilities of answers divided by a temperature, row by row.
fn shares(mut answers: Vec<f32>, outputs: usize, temperature: f64) -> Vec<f32> {
    for row in answers.chunks_exact_mut(outputs.max(1)) {
        let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        row.iter_mut().for_each(|x| *x = ((*x - most) / temperature as f32).exp());
        let sum: f32 = row.iter().sum();
        row.iter_mut().for_each(|x| *x /= sum);
    }
    answers
}
