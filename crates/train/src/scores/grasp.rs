use super::probe::sum_of;
use super::{Needs, Probe, Score};
use crate::network::Asked;
use crate::weights::SlotKind;

pub(super) static SCORE: Score = Score {
    name: "grasp",
    summary: "how much leaving weights out would slow the gradient's flow, with the sign that suits ranking",
    scale: "any number",
    paper: "arXiv:2002.07376",
    needs: Needs::Answers,
    needs_numbers: false,
    needs_classes: false,
    measure: |probe| {
        // Weights by the Hessian times the gradient is, the Hessian being symmetric, the gradient by the Hessian times the
        // weights. For that, weights are only made a little longer and shorter, which loses no digits.
        let (longer, shorter) = (scaled(probe, 1.0 + STEP), scaled(probe, 1.0 - STEP));
        let layers = probe.learned(0).weights.iter().zip(longer.iter().zip(&shorter));
        let of_layer = |(g, (longer, shorter)): (&Vec<f32>, (&Vec<f32>, &Vec<f32>))| {
            sum_of(g, longer, |g, h| g * h) - sum_of(g, shorter, |g, h| g * h)
        };
        -layers.map(of_layer).sum::<f64>() / (2.0 * f64::from(STEP))
    },
};

/// By what part of themselves weights are changed.
const STEP: f32 = 0.01;

/// The gradients where the weights of all layers are so many times as large.
fn scaled(probe: &Probe<'_>, factor: f32) -> Vec<Vec<f32>> {
    let mut weights = probe.weights().clone();
    let layers = weights.slots.iter().zip(&mut weights.values).filter(|(s, _)| s.kind == SlotKind::Weight);
    layers.for_each(|(_, values)| values.iter_mut().for_each(|w| *w *= factor));
    probe.teach(&weights, 0, &Asked::default()).weights
}
