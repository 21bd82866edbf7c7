use crate::TrainStep;
use nascent_data::{Examples, Targets};

/// How a network does on some examples.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The mean cross-entropy, in nats.
    pub loss: f64,
    /// The share of examples answered right.
    pub accuracy: f64,
    /// 1 for each example answered right, 0 for each other, in the examples' order.
    pub correct: Vec<f32>,
}

const CHUNK: usize = 256;

/// Evaluates a network on labelled examples.
pub fn evaluate(network: &mut dyn TrainStep, examples: &Examples) -> Evaluation {
    let Targets::Classes { classes, labels } = &examples.targets;
    let rows = probabilities(network, &examples.inputs, examples.shape.len() as usize);
    let mut loss = 0.0;
    let mut correct = Vec::with_capacity(labels.len());
    for (row, &label) in rows.chunks_exact(*classes).zip(labels) {
        // A probability of exactly 0 is a rounding of something tiny, not infinite surprise.
        loss -= f64::from(row[label as usize].max(f32::MIN_POSITIVE)).ln();
        let best = row.iter().enumerate().fold(0, |best, (i, p)| if *p > row[best] { i } else { best });
        correct.push(if best == label as usize { 1.0 } else { 0.0 });
    }
    let n = labels.len().max(1) as f64;
    let right: f64 = correct.iter().map(|c| f64::from(*c)).sum();
    Evaluation { loss: loss / n, accuracy: right / n, correct }
}

/// Class probabilities, `[examples × classes]`, for inputs of `len` numbers each.
pub fn probabilities(network: &mut dyn TrainStep, inputs: &[f32], len: usize) -> Vec<f32> {
    let mut all = Vec::new();
    for chunk in inputs.chunks(CHUNK * len.max(1)) {
        let mut rows = network.eval_batch(chunk);
        let classes = rows.len() / (chunk.len() / len.max(1)).max(1);
        for row in rows.chunks_exact_mut(classes.max(1)) {
            let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f32 = row
                .iter_mut()
                .map(|x| {
                    *x = (*x - most).exp();
                    *x
                })
                .sum();
            row.iter_mut().for_each(|x| *x /= sum);
        }
        all.append(&mut rows);
    }
    all
}
