//! Predicting a new device from ten measurements and what is known of other devices.
//!
//! As in HELP (Lee et al. 2021, arXiv:2106.08630), knowledge of other devices is learned once and a few measurements adapt it;
//! here by a Gaussian process, whose covariance says that a new device is likely to be a mixture of known ones, and that what
//! it is besides is likely to be linear in what the architecture says of itself. Nothing is asked of another device
//! about the network that is predicted: known devices are functions of the architecture, fitted to networks of their own.

use crate::DeviceError;
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

/// A device that was measured: which networks, by their rows, and what they took.
#[derive(Clone, Debug)]
pub struct Known {
    /// Rows of the table of features.
    pub rows: Vec<usize>,
    /// What each took, above 0.
    pub latencies_ms: Vec<f64>,
}

/// A new device's latencies, predicted.
#[derive(Clone, Debug)]
pub struct Adapted {
    features: DMatrix<f64>,
    /// The models that were weighed, with their weights.
    models: Vec<(Scales, DVector<f64>, f64)>,
    measured: Vec<usize>,
    mean: f64,
    deviation: f64,
    known: usize,
}

/// How much of a new device is expected to come from where, as standard deviations.
#[derive(Clone, Copy, Debug)]
struct Scales {
    known: f64,
    own: f64,
}

/// What is weighed by how well it explains the measurements.
const KNOWN: [f64; 3] = [0.2, 0.5, 1.0];
const OWN: [f64; 3] = [0.05, 0.2, 0.5];
const NOISE: [f64; 3] = [0.01, 0.05, 0.2];
/// How strongly known devices' functions are drawn to 0, in networks.
const RIDGE: f64 = 5.0;

/// What all devices have in common: functions of the architecture.
///
#[derive(Clone, Debug)]
pub struct Family {
    features: DMatrix<f64>,
    known: usize,
}

impl Family {
    /// Fits a function to each known device: `plain` are the features that a new device may be linear in, `fine` those that
    /// a well-measured one is fitted to, both with a row for each network.
    ///
    /// # Errors
    /// Where a device has fewer than 20 networks.
    pub fn fit(plain: &[Vec<f64>], fine: &[Vec<f64>], known: &[Known]) -> Result<Self, DeviceError> {
        let (plain, fine) = (standardised(plain), standardised(fine));
        let mut columns: Vec<DVector<f64>> = Vec::new();
        for device in known {
            if device.rows.len() < 20 {
                return Err(DeviceError::TooFew(format!(
                    "a known device with {} networks says too little: at least 20",
                    device.rows.len()
                )));
            }
            columns.push(function(&fine, device)?);
        }
        let n = plain.nrows();
        let features = DMatrix::from_fn(n, columns.len() + plain.ncols(), |i, j| match columns.get(j) {
            Some(column) => column[i],
            None => plain[(i, j - columns.len())],
        });
        Ok(Self { features, known: columns.len() })
    }

    /// Which `count` of the `candidates` to measure: each next the one of which least is known (a greedy D-optimal design),
    /// so that the measurements tell most about all others.
    #[must_use]
    pub fn choose(&self, candidates: &[usize], count: usize) -> Vec<usize> {
        let scale = |j: usize| if j < self.known { 1.0f64 } else { 0.5 };
        let dot = |a: usize, b: usize| -> f64 {
            (0..self.features.ncols())
                .map(|j| scale(j).powi(2) * self.features[(a, j)] * self.features[(b, j)])
                .sum()
        };
        let mut variance: Vec<f64> = candidates.iter().map(|c| dot(*c, *c)).collect();
        let mut explained: Vec<Vec<f64>> = Vec::new();
        let mut chosen = Vec::new();
        for _ in 0..count.min(candidates.len()) {
            let best = (0..candidates.len()).max_by(|a, b| variance[*a].total_cmp(&variance[*b]));
            let Some(best) = best else { break };
            let root = (variance[best].max(1e-9) + 0.05).sqrt();
            let row: Vec<f64> = (0..candidates.len())
                .map(|i| {
                    let before: f64 = explained.iter().map(|e| e[best] * e[i]).sum();
                    (dot(candidates[best], candidates[i]) - before) / root
                })
                .collect();
            variance.iter_mut().zip(&row).for_each(|(v, e)| *v -= e * e);
            variance[best] = f64::NEG_INFINITY;
            explained.push(row);
            chosen.push(candidates[best]);
        }
        chosen
    }
}

/// The columns with mean 0 and deviation 1; one that never changes is 0.
fn standardised(rows: &[Vec<f64>]) -> DMatrix<f64> {
    let (n, m) = (rows.len(), rows.first().map_or(0, Vec::len));
    let mut x = DMatrix::from_fn(n, m, |i, j| rows[i][j]);
    for mut column in x.column_iter_mut() {
        let mean = column.mean();
        let deviation = column.variance().sqrt();
        column.iter_mut().for_each(|v| *v = if deviation > 1e-9 { (*v - mean) / deviation } else { 0.0 });
    }
    x
}

/// What a known device's networks take by their features, standardised over all networks (ridge regression).
fn function(fine: &DMatrix<f64>, device: &Known) -> Result<DVector<f64>, DeviceError> {
    let x = DMatrix::from_fn(device.rows.len(), fine.ncols(), |i, j| fine[(device.rows[i], j)]);
    let means = DVector::from_fn(fine.ncols(), |j, _| x.column(j).mean());
    let centred = DMatrix::from_fn(x.nrows(), x.ncols(), |i, j| x[(i, j)] - means[j]);
    let mean = device.latencies_ms.iter().sum::<f64>() / device.latencies_ms.len() as f64;
    let y = DVector::from_iterator(device.rows.len(), device.latencies_ms.iter().map(|l| (l - mean) / mean));
    let gram = centred.transpose() * &centred + DMatrix::identity(x.ncols(), x.ncols()) * RIDGE;
    let solved = cholesky(gram)?.solve(&(centred.transpose() * y));
    let mut values = fine * solved;
    let (mean, deviation) = (values.mean(), values.variance().sqrt().max(1e-9));
    values.iter_mut().for_each(|v| *v = (*v - mean) / deviation);
    Ok(values)
}

fn cholesky(matrix: DMatrix<f64>) -> Result<Cholesky<f64, Dyn>, DeviceError> {
    Cholesky::new(matrix)
        .ok_or_else(|| DeviceError::TooFew("the features of the networks are not numbers".into()))
}

/// A new device from a few measurements: rows of the table of features, and what each took.
///
/// # Errors
/// Where there are fewer than 3, or they are no numbers above 0.
pub fn adapt(family: &Family, measured: &[(usize, f64)]) -> Result<Adapted, DeviceError> {
    if measured.len() < 3 || measured.iter().any(|(_, ms)| !(ms.is_finite() && *ms > 0.0)) {
        return Err(DeviceError::TooFew(format!(
            "{} measurements say too little of a device: at least 3, each above 0 ms",
            measured.len()
        )));
    }
    let n = measured.len() as f64;
    let mean = measured.iter().map(|(_, ms)| ms / n).sum::<f64>();
    let deviation =
        (measured.iter().map(|(_, ms)| (ms - mean).powi(2) / n).sum::<f64>()).sqrt().max(1e-12 * mean);
    let y = DVector::from_iterator(measured.len(), measured.iter().map(|(_, ms)| (ms - mean) / deviation));
    let mut adapted = Adapted {
        features: family.features.clone(),
        models: Vec::new(),
        measured: measured.iter().map(|(row, _)| *row).collect(),
        mean,
        deviation,
        known: family.known,
    };
    let mut evidence = Vec::new();
    for known in KNOWN {
        for own in OWN {
            for noise in NOISE {
                let scales = Scales { known, own };
                let rows = &adapted.measured;
                let gram = DMatrix::from_fn(rows.len(), rows.len(), |i, j| {
                    scales.covariance(adapted.common(rows[i], rows[j])) + if i == j { noise } else { 0.0 }
                });
                let root = cholesky(gram)?;
                let weights = root.solve(&y);
                let log_determinant: f64 = root.l().diagonal().iter().map(|d| d.ln()).sum();
                evidence.push(-0.5 * y.dot(&weights) - log_determinant);
                adapted.models.push((scales, weights, 0.0));
            }
        }
    }
    // Each model counts as much as the measurements speak for it.
    let most = evidence.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = evidence.iter().map(|e| (e - most).exp()).sum();
    for (model, evidence) in adapted.models.iter_mut().zip(&evidence) {
        model.2 = (evidence - most).exp() / total;
    }
    Ok(adapted)
}

impl Adapted {
    /// What two networks have in common: by known devices, and by their own features.
    fn common(&self, a: usize, b: usize) -> [f64; 2] {
        let mut common = [0.0; 2];
        for j in 0..self.features.ncols() {
            common[usize::from(j >= self.known)] += self.features[(a, j)] * self.features[(b, j)];
        }
        common
    }

    /// What the network of a row takes, in milliseconds.
    #[must_use]
    pub fn predict(&self, row: usize) -> f64 {
        let common: Vec<[f64; 2]> = self.measured.iter().map(|m| self.common(row, *m)).collect();
        let one = |(scales, weights, share): &(Scales, DVector<f64>, f64)| {
            let terms = common.iter().zip(weights.iter()).map(|(c, w)| w * scales.covariance(*c));
            share * terms.sum::<f64>()
        };
        self.mean + self.deviation * self.models.iter().map(one).sum::<f64>()
    }
}

impl Scales {
    fn covariance(self, [known, own]: [f64; 2]) -> f64 {
        1.0 + self.known.powi(2) * known + self.own.powi(2) * own
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::rng::Rng;
    use nascent_core::statistics::spearman;

    /// Networks of four counts, and devices that are sums of them with weights of their own.
    fn world() -> (Vec<Vec<f64>>, impl Fn(&[f64], usize) -> f64) {
        let mut rng = Rng::new(3, 0);
        let rows: Vec<Vec<f64>> = (0..300).map(|_| (0..4).map(|_| rng.below(6) as f64).collect()).collect();
        let of = rows.clone();
        (rows, move |weights: &[f64], row: usize| {
            1.0 + of[row].iter().zip(weights).map(|(x, w)| x * w).sum::<f64>()
        })
    }

    #[test]
    fn a_mixture_of_known_devices_is_found_from_ten_measurements() {
        let (rows, latency) = world();
        let known: Vec<Known> = [[1.0, 0.2, 0.0, 3.0], [0.1, 2.0, 0.5, 0.0]]
            .iter()
            .map(|weights| Known {
                rows: (0..100).collect(),
                latencies_ms: (0..100).map(|row| latency(weights, row)).collect(),
            })
            .collect();
        let family = Family::fit(&rows, &rows, &known).unwrap();
        let new = [0.6, 1.1, 0.3, 1.5];
        let ten = family.choose(&(100..200).collect::<Vec<_>>(), 10);
        assert_eq!(ten.iter().collect::<std::collections::BTreeSet<_>>().len(), 10);
        let measured: Vec<(usize, f64)> = ten.iter().map(|row| (*row, latency(&new, *row))).collect();
        let adapted = adapt(&family, &measured).unwrap();
        let (said, truth): (Vec<f64>, Vec<f64>) =
            (200..300).map(|row| (adapted.predict(row), latency(&new, row))).unzip();
        assert!(spearman(&said, &truth).unwrap() > 0.97, "{said:?}");
        let error = said.iter().zip(&truth).map(|(s, t)| (s - t).abs() / t).sum::<f64>() / 100.0;
        assert!(error < 0.1, "{error}");
    }

    #[test]
    fn too_little_is_refused() {
        let (rows, latency) = world();
        let device = |n: usize| Known {
            rows: (0..n).collect(),
            latencies_ms: (0..n).map(|r| latency(&[1.0; 4], r)).collect(),
        };
        assert!(Family::fit(&rows, &rows, &[device(5)]).unwrap_err().to_string().contains("at least 20"));
        let family = Family::fit(&rows, &rows, &[device(30)]).unwrap();
        assert!(adapt(&family, &[(0, 1.0), (1, 2.0)]).unwrap_err().to_string().contains("at least 3"));
        assert!(adapt(&family, &[(0, 1.0), (1, 2.0), (2, -1.0)]).is_err());
    }
}
