use super::{Needs, Score};

pub(super) static SCORE: Score = Score {
    name: "grad_norm",
    summary: "the length of each layer's gradient, summed",
    scale: "0 or more",
    paper: "arXiv:2101.08134",
    needs: Needs::Answers,
    needs_numbers: false,
    needs_classes: false,
    measure: |probe| probe.learned(0).weights.iter().map(|g| length(g)).sum(),
};

/// The Euclidean length of a vector.
pub(super) fn length(numbers: &[f32]) -> f64 {
    numbers.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt()
}
