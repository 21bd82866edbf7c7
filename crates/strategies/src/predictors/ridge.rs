//! Linear regression with a penalty on the size of its weights.

use super::cholesky::{Cholesky, dot};
use super::encoded::Encoded;
use super::predictor::{Guess, Predictor};

/// Ridge regression, by the products of examples rather than of inputs, of which there may be more.
#[derive(Default)]
pub(crate) struct Ridge {
    /// The mean of each input and of the values.
    centre: Vec<f64>,
    level: f64,
    weights: Vec<f64>,
    examples: Vec<Vec<f64>>,
    factor: Cholesky,
    /// The variance of what is left.
    variance: f64,
    penalty: f64,
}

/// The penalties to choose from, in units of the mean square of an example.
const PENALTIES: [f64; 9] = [1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0];
const LEAST: f64 = 1e-12;
/// The least mean square of an example, so that there is a penalty where all are the same.
const SMALLEST: f64 = 1e-6;

impl Predictor for Ridge {
    fn fit(&mut self, networks: &[&Encoded], values: &[f64], _: u64) {
        let n = networks.len();
        let inputs = networks.first().map_or(0, |network| network.numbers().len());
        let mean = |sum: f64| sum / n.max(1) as f64;
        self.centre = (0..inputs).map(|i| mean(networks.iter().map(|x| x.numbers()[i]).sum())).collect();
        self.level = mean(values.iter().sum());
        self.examples = networks.iter().map(|network| self.centred(network)).collect();
        let values: Vec<f64> = values.iter().map(|value| value - self.level).collect();
        let products: Vec<Vec<f64>> =
            (0..n).map(|i| (0..=i).map(|j| dot(&self.examples[i], &self.examples[j])).collect()).collect();
        let scale = mean((0..n).map(|i| products[i][i]).sum()).max(SMALLEST);
        let mut best = f64::INFINITY;
        for penalty in PENALTIES.map(|penalty| penalty * scale) {
            let mut factor = Cholesky::default();
            for (i, row) in products.iter().enumerate() {
                let mut row = row.clone();
                row[i] += penalty;
                factor.push(&row, LEAST);
            }
            let mut alpha = values.clone();
            factor.forward(&mut alpha);
            factor.backward(&mut alpha);
            let inverse = factor.inverse();
            // What an example is missed by where it is left out, from the level as well as from the weights.
            let left_out = |i: usize| {
                let own = inverse[i * n + i];
                alpha[i] / (own - 1.0 / (n as f64 * penalty)).max(1e-9 * own)
            };
            let error = mean((0..n).map(|i| left_out(i).powi(2)).sum());
            if error < best {
                best = error;
                self.weights = (0..inputs)
                    .map(|input| alpha.iter().zip(&self.examples).map(|(a, x)| a * x[input]).sum())
                    .collect();
                self.variance = mean((0..n).map(|i| penalty * alpha[i] * left_out(i)).sum()).max(0.0);
                (self.factor, self.penalty) = (factor, penalty);
            }
        }
    }

    fn guess(&self, network: &Encoded) -> Guess {
        let at = self.centred(network);
        let mut shared: Vec<f64> = self.examples.iter().map(|example| dot(example, &at)).collect();
        self.factor.forward(&mut shared);
        let unknown = (dot(&at, &at) - dot(&shared, &shared)).max(0.0) / self.penalty.max(LEAST);
        let deviation = (self.variance * (1.0 + unknown)).sqrt();
        Guess { mean: self.level + dot(&at, &self.weights), deviation }
    }
}

impl Ridge {
    fn centred(&self, network: &Encoded) -> Vec<f64> {
        network.numbers().iter().zip(&self.centre).map(|(x, mean)| x - mean).collect()
    }
}
