use super::probe::sum_of;
use super::{Needs, Score};
use crate::network::{Asked, Of};

pub(super) static SCORE: Score = Score {
    name: "synflow",
    summary: "how much flows through all weights from an input of ones, where every weight is positive",
    scale: "a natural logarithm, so that no depth overflows",
    paper: "arXiv:2006.05467",
    needs: Needs::Noise,
    needs_numbers: false,
    needs_classes: false,
    measure: |probe| {
        let mut weights = probe.weights().clone();
        weights.values.iter_mut().flatten().for_each(|w| *w = w.abs());
        let ones = vec![1.0; probe.graph.input_shape().len() as usize];
        let asked = Asked { flow: true, ..Asked::default() };
        let seen = probe.look(&weights, (&ones, Of::Sum), &asked);
        let layers = super::probe::layers(&weights).zip(&seen.weights);
        let sum: f64 =
            layers.map(|(weights, gradient)| sum_of(weights, gradient, |w, g| (w * g).abs())).sum();
        // Gradients were divided as the answers were.
        sum.ln() + seen.scale
    },
};
