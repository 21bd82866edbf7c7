use super::{Needs, Probe, Score};
use crate::network::{Asked, Of};
use nascent_core::architecture::{NodeId, Op};

pub(super) static SCORE: Score = Score {
    name: "zen",
    summary: "how much the last features change when noise is changed a little, with what norms had scaled away",
    scale: "a natural logarithm",
    paper: "arXiv:2102.01063",
    needs: Needs::Noise,
    needs_numbers: true,
    needs_classes: false,
    measure: |probe| {
        let weights = probe.normal_weights();
        let (noise, other) = (probe.noise(0), probe.noise(1));
        let changed: Vec<f32> = noise.iter().zip(&other).map(|(a, b)| a + STEP * b).collect();
        let asked = Asked { values: vec![features(probe)], ..Asked::default() };
        let seen = probe.look(&weights, (&noise, Of::Nothing), &asked);
        let moved = probe.look(&weights, (&changed, Of::Nothing), &asked);
        let distance = super::probe::sum_of(&seen.values[0], &moved.values[0], |a, b| (a - b).abs());
        let examples = probe.batch(0).len() as f64;
        (distance / examples).ln() + seen.variances.iter().map(|v| log_scale(v)).sum::<f64>()
    },
};

/// How far noise is changed.
const STEP: f32 = 0.01;

/// What a norm divides by, as a logarithm: it remembers a tenth of what it found in the first batch, beside the 1 that it
/// begins with, so that a norm of zeros has a scale too.
fn log_scale(variances: &[f32]) -> f64 {
    let mean = variances.iter().map(|v| f64::from(*v)).sum::<f64>() / variances.len().max(1) as f64;
    (0.9 + 0.1 * mean).ln() / 2.0
}

/// The node whose value is pooled over the whole image or sequence; else what the last layer reads.
fn features(probe: &Probe<'_>) -> NodeId {
    let nodes = probe.graph.nodes();
    let pools = |op: &Op| {
        matches!(op, Op::GlobalAveragePool(_) | Op::GlobalMaxPool(_) | Op::MaskedPool(_) | Op::Flatten(_))
    };
    let before = |node: usize| nodes[node].inputs.first().copied();
    let pool = (0..nodes.len()).rev().find(|i| pools(&nodes[*i].op));
    pool.and_then(before).or_else(|| before(probe.graph.output().index())).unwrap_or(probe.graph.output())
}
