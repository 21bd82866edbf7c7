use crate::TrainStep;
use nascent_core::Metrics;
use nascent_data::{Examples, Metric, Targets, judge};
use serde::{Deserialize, Serialize};

/// How a network does on some examples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The mean loss: cross-entropy in nats, or the error of standardised values, absolute where the metric is and else squared.
    pub loss: f64,
    /// Every metric of the targets' kind.
    pub metrics: Metrics,
}

const CHUNK: usize = 256;

/// What answers a batch of inputs as a network does after training, `[examples × outputs]`.
pub type Answering<'a> = dyn FnMut(&[f32]) -> Vec<f32> + 'a;

/// Evaluates a network on examples with known answers.
pub fn evaluate(network: &mut dyn TrainStep, examples: &Examples, metric: Metric) -> Evaluation {
    evaluated(&answers(&mut |inputs| network.eval_batch(inputs), examples), examples, metric)
}

/// What `answers` are worth, with one score an example for `metric`.
#[must_use]
pub fn tested(answers: &[f32], examples: &Examples, metric: Metric) -> (Evaluation, Vec<f32>) {
    (evaluated(answers, examples, metric), metric.scores(answers, &examples.targets))
}

fn evaluated(answers: &[f32], examples: &Examples, metric: Metric) -> Evaluation {
    let n = examples.len().max(1) as f64;
    let loss: f64 = match &examples.targets {
        Targets::Classes { classes, labels } => {
            let rows = answers.chunks_exact((*classes).max(1)).zip(labels);
            // A probability of exactly 0 is a rounding of something tiny, not infinite surprise.
            rows.map(|(row, &label)| -f64::from(row[label as usize].max(f32::MIN_POSITIVE)).ln()).sum()
        }
        Targets::Tokens { labels, .. } => {
            let asked = labels.iter().filter(|label| **label != 0).count().max(1);
            let surprise = -answers.iter().map(|x| f64::from(*x)).sum::<f64>();
            return Evaluation { loss: surprise / asked as f64, metrics: judge(answers, &examples.targets) };
        }
        Targets::Values { values, .. } => {
            let power = if metric == Metric::Mae { 1 } else { 2 };
            answers.iter().zip(values).map(|(a, v)| (f64::from(*a) - f64::from(*v)).abs().powi(power)).sum()
        }
    };
    Evaluation { loss: loss / n, metrics: judge(answers, &examples.targets) }
}

/// A network's answers: class probabilities, `[examples × classes]`, standardised values, `[examples]`, or the logarithms of the
/// probabilities of the tokens that are asked for, `[examples × length]`, 0 where none is.
pub fn answers(network: &mut Answering<'_>, examples: &Examples) -> Vec<f32> {
    let len = examples.shape.len() as usize;
    match examples.targets {
        Targets::Classes { .. } => probabilities(network, &examples.inputs, len),
        Targets::Values { .. } => values(network, &examples.inputs, len),
        Targets::Tokens { vocabulary, length, ref labels, .. } => {
            let each = vocabulary * length;
            let chunk = (MOST_ANSWERS / each.max(1)).clamp(1, CHUNK);
            let batches =
                examples.inputs.chunks(chunk * len.max(1)).zip(labels.chunks(chunk * length.max(1)));
            batches
                .flat_map(|(inputs, labels)| {
                    let answers = network(inputs);
                    let rows = answers.chunks_exact(each.max(1)).zip(labels.chunks_exact(length.max(1)));
                    rows.flat_map(|(row, labels)| surprises(row, labels)).collect::<Vec<f32>>()
                })
                .collect()
        }
    }
}

/// Numbers that are answered at a time, at most.
const MOST_ANSWERS: usize = 4_000_000;

/// The logarithm of the probability of the token asked for at each step of answers `[vocabulary × steps]`, 0 where none is.
fn surprises(answers: &[f32], labels: &[u32]) -> Vec<f32> {
    let steps = labels.len();
    let mut most = vec![f32::NEG_INFINITY; steps];
    for row in answers.chunks_exact(steps) {
        most.iter_mut()
            .zip(row)
            .for_each(|(most, x)| *most = if *x > *most || x.is_nan() { *x } else { *most });
    }
    let mut sums = vec![0.0f32; steps];
    for row in answers.chunks_exact(steps) {
        sums.iter_mut().zip(row).zip(&most).for_each(|((sum, x), most)| *sum += (x - most).exp());
    }
    let found = |(step, label): (usize, &u32)| match *label {
        0 => 0.0,
        label => answers[label as usize * steps + step] - most[step] - sums[step].ln(),
    };
    labels.iter().enumerate().map(found).collect()
}

/// Standardised values, one for each input of `len` numbers.
pub fn values(network: &mut Answering<'_>, inputs: &[f32], len: usize) -> Vec<f32> {
    inputs.chunks(CHUNK * len.max(1)).flat_map(network).collect()
}

/// Class probabilities, `[examples × classes]`, for inputs of `len` numbers each.
pub fn probabilities(network: &mut Answering<'_>, inputs: &[f32], len: usize) -> Vec<f32> {
    let mut all = Vec::new();
    for chunk in inputs.chunks(CHUNK * len.max(1)) {
        let mut rows = network(chunk);
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
