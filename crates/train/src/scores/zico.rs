use super::{Needs, Score};

pub(super) static SCORE: Score = Score {
    name: "zico",
    summary: "how large gradients are beside their change from batch to batch, over all layers",
    scale: "a sum of logarithms, one a layer",
    paper: "arXiv:2301.11300",
    needs: Needs::Answers,
    needs_numbers: false,
    needs_classes: false,
    measure: |probe| {
        let layers = probe.learned(0).weights.iter().zip(&probe.learned(1).weights);
        layers.map(|(a, b)| steadiness(a, b)).filter(|sum| *sum > 0.0).map(f64::ln).sum()
    },
};

/// The sum over a layer's weights of the mean size of two gradients over their standard deviation, where that is not 0.
fn steadiness(a: &[f32], b: &[f32]) -> f64 {
    super::probe::sum_of(a, b, |a, b| {
        let deviation = (a - b).abs() / 2.0;
        if deviation > 0.0 { (a.abs() + b.abs()) / 2.0 / deviation } else { 0.0 }
    })
}
