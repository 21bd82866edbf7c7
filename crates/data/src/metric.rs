use crate::Targets;
use nascent_core::Metrics;
use nascent_core::objective::Direction;

/// What answers are judged by: a mean of one score an example, seen through a monotone function.
///
/// Because it is such a mean, a test can be resampled example by example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// The share of examples answered right.
    Accuracy,
    /// The mean over classes of the share answered right: every class counts the same, however rare.
    BalancedAccuracy,
    /// The root of the mean squared error, in the target's unit.
    Rmse,
    /// The mean absolute error, in the target's unit.
    Mae,
    /// The share of the target's variance that is explained.
    R2,
    /// How many bits a byte of text costs to write down, its tokens being known by their probabilities; comparable between tokens.
    BitsPerByte,
    /// One over the geometric mean of the tokens' probabilities; comparable where tokens are the same.
    Perplexity,
}

/// What can be asked for where classes are answered, the default first.
const OF_CLASSES: [Metric; 2] = [Metric::Accuracy, Metric::BalancedAccuracy];
/// What can be asked for where a value is answered, the default first.
const OF_VALUES: [Metric; 3] = [Metric::Rmse, Metric::Mae, Metric::R2];

/// What can be asked for where running text is continued, the default first.
const OF_TOKENS: [Metric; 2] = [Metric::BitsPerByte, Metric::Perplexity];

impl Metric {
    /// The metrics that judge answers to `targets`, the default first.
    #[must_use]
    pub fn all(targets: &Targets) -> &'static [Self] {
        match targets {
            Targets::Classes { .. } => &OF_CLASSES,
            Targets::Tokens { .. } => &OF_TOKENS,
            Targets::Values { .. } => &OF_VALUES,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::BalancedAccuracy => "balanced_accuracy",
            Self::Rmse => "rmse",
            Self::Mae => "mae",
            Self::R2 => "r2",
            Self::BitsPerByte => "bits_per_byte",
            Self::Perplexity => "perplexity",
        }
    }

    /// Which way is better.
    #[must_use]
    pub fn direction(self) -> Direction {
        match self {
            Self::Rmse | Self::Mae | Self::BitsPerByte | Self::Perplexity => Direction::Minimize,
            _ => Direction::Maximize,
        }
    }

    /// Whether it is a share of examples, from 0 to 1.
    #[must_use]
    pub fn is_share(self) -> bool {
        matches!(self, Self::Accuracy | Self::BalancedAccuracy)
    }

    /// One score an example, for `answers` as [`judge`] takes them.
    #[must_use]
    pub fn scores(self, answers: &[f32], targets: &Targets) -> Vec<f32> {
        match targets {
            Targets::Classes { classes, labels } => {
                let hits = hits(answers, *classes, labels);
                if self != Self::BalancedAccuracy {
                    return hits;
                }
                let counts = counts(*classes, labels);
                let present = counts.iter().filter(|n| **n > 0).count().max(1) as f32;
                let weight = |label: u32| labels.len() as f32 / (present * counts[label as usize] as f32);
                hits.iter().zip(labels).map(|(hit, label)| hit * weight(*label)).collect()
            }
            Targets::Tokens { length, labels, bytes, .. } => {
                let asked = |label: &&u32| **label != 0;
                let (share, unit) = if self == Self::Perplexity {
                    (labels.iter().filter(asked).count() as f64, 1.0)
                } else {
                    let long = |label: &u32| f64::from(bytes[*label as usize]);
                    (labels.iter().filter(asked).map(long).sum(), std::f64::consts::LN_2)
                };
                let examples = targets.len() as f64;
                let surprise = |row: &[f32]| -row.iter().map(|x| f64::from(*x)).sum::<f64>();
                let rows = answers.chunks_exact((*length).max(1));
                rows.map(|row| (surprise(row) / unit * examples / share.max(1.0)) as f32).collect()
            }
            Targets::Values { values, scale } => {
                let errors = errors(answers, values, scale.deviation);
                match self {
                    Self::Mae => errors.map(|e| e.abs() as f32).collect(),
                    Self::R2 => {
                        let variance = variance(values).max(f64::MIN_POSITIVE) * scale.deviation.powi(2);
                        errors.map(|e| (1.0 - e * e / variance) as f32).collect()
                    }
                    _ => errors.map(|e| (e * e) as f32).collect(),
                }
            }
        }
    }

    /// The metric's value where the mean of its scores is `mean`.
    #[must_use]
    pub fn value(self, mean: f64) -> f64 {
        match self {
            Self::Rmse => mean.max(0.0).sqrt(),
            Self::Perplexity => mean.exp(),
            _ => mean,
        }
    }
}

/// Everything that can be said of answers: every metric of the targets' kind, and the area under the ROC curve where
/// there are two classes.
///
/// `answers` are class probabilities, `[examples × classes]`, standardised values, `[examples]`, or for running text the logarithm of
/// the probability of each token that is asked for, `[examples × length]`, and 0 where none is.
#[must_use]
pub fn judge(answers: &[f32], targets: &Targets) -> Metrics {
    let mut metrics = Metrics::new();
    for metric in Metric::all(targets) {
        let scores = metric.scores(answers, targets);
        let mean = scores.iter().map(|s| f64::from(*s)).sum::<f64>() / scores.len().max(1) as f64;
        metrics.set(metric.name(), metric.value(mean));
    }
    if let Targets::Classes { classes: 2, labels } = targets
        && let Some(area) = area_under_curve(answers, labels)
    {
        metrics.set("auc", area);
    }
    metrics
}

/// 1 for each example whose most probable class is right, else 0.
fn hits(probabilities: &[f32], classes: usize, labels: &[u32]) -> Vec<f32> {
    let rows = probabilities.chunks_exact(classes.max(1)).zip(labels);
    rows.map(|(row, &label)| if most_probable(row) == label as usize { 1.0 } else { 0.0 }).collect()
}

/// The place of the largest number; the first among equals.
#[must_use]
pub fn most_probable(row: &[f32]) -> usize {
    row.iter().enumerate().fold(0, |best, (i, p)| if *p > row[best] { i } else { best })
}

fn counts(classes: usize, labels: &[u32]) -> Vec<usize> {
    let mut counts = vec![0; classes];
    for label in labels {
        counts[*label as usize] += 1;
    }
    counts
}

/// Errors in the target's unit.
fn errors<'a>(answers: &'a [f32], values: &'a [f32], deviation: f64) -> impl Iterator<Item = f64> + 'a {
    answers.iter().zip(values).map(move |(a, v)| (f64::from(*a) - f64::from(*v)) * deviation)
}

fn variance(values: &[f32]) -> f64 {
    let n = values.len().max(1) as f64;
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n
}

/// The probability that a random example of class 1 is ranked above a random one of class 0, ties counting half
/// (Hanley & McNeil 1982, doi:10.1148/radiology.143.1.7063747). `None` where a class is missing.
fn area_under_curve(probabilities: &[f32], labels: &[u32]) -> Option<f64> {
    let mut ranked: Vec<(f32, u32)> =
        probabilities.chunks_exact(2).zip(labels).map(|(row, label)| (row[1], *label)).collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut sum, mut ones) = (0.0, 0.0, 0.0);
    for ties in ranked.chunk_by(|a, b| a.0 == b.0) {
        let here = ties.iter().filter(|(_, label)| *label == 1).count() as f64;
        let zeros = ties.len() as f64 - here;
        sum += here * (below + zeros / 2.0);
        below += zeros;
        ones += here;
    }
    (ones > 0.0 && below > 0.0).then(|| sum / (ones * below))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scale;

    #[test]
    fn classes_are_judged() {
        let targets = Targets::Classes { classes: 2, labels: vec![0, 0, 0, 1] };
        let answers = [0.9, 0.1, 0.8, 0.2, 0.4, 0.6, 0.45, 0.55];
        let metrics = judge(&answers, &targets);
        assert_eq!(metrics.value("accuracy"), Some(0.75));
        let balanced = (2.0 / 3.0 + 1.0) / 2.0;
        assert!((metrics.value("balanced_accuracy").unwrap() - balanced).abs() < 1e-6);
        // Of three pairs, the one with 0.6 against 0.55 is ranked wrongly.
        assert!((metrics.value("auc").unwrap() - 2.0 / 3.0).abs() < 1e-9);
        let one = Targets::Classes { classes: 2, labels: vec![0, 0] };
        assert_eq!(judge(&answers[..4], &one).value("auc"), None);
    }

    #[test]
    fn values_are_judged_in_their_unit() {
        let scale = Scale { mean: 10.0, deviation: 2.0 };
        let targets = Targets::Values { values: vec![0.0, 1.0, -1.0, 0.0], scale };
        let metrics = judge(&[0.5, 1.0, -1.0, -0.5], &targets);
        // The errors are 1, 0, 0 and -1.
        assert!((metrics.value("rmse").unwrap() - 0.5f64.sqrt()).abs() < 1e-6);
        assert!((metrics.value("mae").unwrap() - 0.5).abs() < 1e-6);
        // The targets' variance is 2, the mean squared error a half.
        assert!((metrics.value("r2").unwrap() - 0.75).abs() < 1e-6);
    }
}
