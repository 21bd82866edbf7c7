use crate::findings::{ClassCounts, Findings, PartCounts, ValueRange};
use crate::preprocessing::Inputs;
use crate::table::listed;
use crate::{Answering, DataError, Preprocessing, Scale, Split, Targets};

/// What is to be answered, for all rows: those of the training file, then those of the test file.
#[derive(Clone, Debug)]
pub(crate) enum Goal {
    /// Classes.
    Classes { target: String, names: Vec<String>, labels: Vec<u32> },
    /// Values in the target's unit.
    Values { target: String, values: Vec<f64> },
}

impl Goal {
    pub(crate) fn answering(&self) -> Answering {
        match self {
            Self::Classes { .. } => Answering::Classification,
            Self::Values { .. } => Answering::Regression,
        }
    }

    pub(crate) fn target(&self) -> &str {
        match self {
            Self::Classes { target, .. } | Self::Values { target, .. } => target,
        }
    }

    /// What rows are in proportion by: the class, or the tenth of all values it is among.
    pub(crate) fn strata(&self) -> Vec<u32> {
        match self {
            Self::Classes { labels, .. } => labels.clone(),
            Self::Values { values, .. } => {
                let mut sorted = values.clone();
                sorted.sort_unstable_by(f64::total_cmp);
                let bins = (values.len() / 10).clamp(1, 10);
                let bounds: Vec<f64> = (1..bins).map(|i| sorted[i * values.len() / bins]).collect();
                values.iter().map(|v| bounds.partition_point(|b| b <= v) as u32).collect()
            }
        }
    }

    /// The targets a network learns, and how raw input and answers are read, by the training rows.
    ///
    /// # Errors
    /// Where there is only one class, or only one value.
    pub(crate) fn finish(
        self,
        place: &str,
        split: &Split,
        inputs: Inputs,
    ) -> Result<(Targets, Preprocessing), DataError> {
        match self {
            Self::Classes { target, names, labels } => {
                let classes = names.len();
                Ok((Targets::Classes { classes, labels }, Preprocessing::of_classes(inputs, target, names)))
            }
            Self::Values { target, values } => {
                let n = split.train.len() as f64;
                let mean = split.train.iter().map(|&r| values[r] / n).sum::<f64>();
                let variance = split.train.iter().map(|&r| (values[r] - mean).powi(2) / n).sum::<f64>();
                let deviation = variance.sqrt();
                if !deviation.is_normal() {
                    let first = split.train.first().map_or(f64::NAN, |&r| values[r]);
                    let reason = format!(
                        "the target {target:?} is {first} in every training row: there is nothing to learn; name another target"
                    );
                    return Err(DataError::file(place, reason));
                }
                let scale = Scale { mean, deviation };
                let values = values.iter().map(|v| ((v - mean) / deviation) as f32).collect();
                Ok((Targets::Values { values, scale }, Preprocessing::of_values(inputs, target, scale)))
            }
        }
    }

    /// Says what is in each part, and what looks wrong with it.
    pub(crate) fn describe(&self, split: &Split, findings: &mut Findings) {
        findings.target = self.target().into();
        findings.rows = PartCounts {
            train: split.train.len(),
            validation: split.validation.len(),
            test: split.test.len(),
        };
        match self {
            Self::Classes { names, labels, .. } => describe_classes(names, labels, split, findings),
            Self::Values { values, .. } => {
                let n = split.train.len().max(1) as f64;
                let of = || split.train.iter().map(|&r| values[r]);
                let mean = of().map(|v| v / n).sum::<f64>();
                findings.values = Some(ValueRange {
                    mean,
                    deviation: of().map(|v| (v - mean).powi(2) / n).sum::<f64>().sqrt(),
                    least: of().fold(f64::INFINITY, f64::min),
                    most: of().fold(f64::NEG_INFINITY, f64::max),
                });
            }
        }
    }
}

fn describe_classes(names: &[String], labels: &[u32], split: &Split, findings: &mut Findings) {
    let count = |rows: &[usize]| {
        let mut counts = vec![0usize; names.len()];
        rows.iter().for_each(|&r| counts[labels[r] as usize] += 1);
        counts
    };
    let (train, validation, test) = (count(&split.train), count(&split.validation), count(&split.test));
    findings.classes = (names.iter().enumerate())
        .map(|(i, name)| ClassCounts {
            name: name.clone(),
            rows: PartCounts { train: train[i], validation: validation[i], test: test[i] },
        })
        .collect();
    let singles: Vec<&str> =
        (0..names.len()).filter(|&i| train[i] + validation[i] == 1).map(|i| names[i].as_str()).collect();
    if !singles.is_empty() {
        findings.warnings.push(format!(
            "a single training row: {}; such a class can hardly be learned and is not validated",
            listed(&singles)
        ));
    }
    let unseen: Vec<&str> = (0..names.len()).filter(|&i| train[i] == 0).map(|i| names[i].as_str()).collect();
    if !unseen.is_empty() {
        findings.warnings.push(format!("no training row: {}; these are never answered", listed(&unseen)));
    }
    let all: usize = train.iter().sum();
    let most = (0..names.len()).max_by_key(|&i| train[i]).unwrap_or(0);
    let least = train.iter().filter(|n| **n > 0).min().copied().unwrap_or(0);
    let share = train.get(most).copied().unwrap_or(0) as f64 / all.max(1) as f64;
    if share > 0.5 + 0.5 / names.len() as f64 || least * names.len() * 10 < all {
        findings.warnings.push(format!(
            "the classes are imbalanced: {:.1} % of the training rows are {:?}, the rarest class has {least}; balanced_accuracy counts every class alike",
            share * 100.0,
            names.get(most).map_or("", String::as_str),
        ));
    }
}
