//! Linear regression with a penalty on the size of its weights.

use super::cholesky::{Cholesky, dot};
use super::network::Encoded;
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

impl Predictor for Ridge {
    fn fit(&mut self, networks: &[&Encoded], values: &[f64], _: u64) {
        let n = networks.len();
        let inputs = networks.first().map_or(0, |network| network.numbers().len());
        let mean = |sum: f64| sum / n.max(1) as f64;
        self.centre = (0..inputs).map(|i| mean(networks.iter().map(|x| x.numbers()[i]).sum())).collect();
        self.level = mean(values.iter().sum());
        self.examples = networks.iter().map(|network| self.centred(network)).collect();
        let values: Vec<f64> = values.iter().map(|value| value - self.level).collect();
        let scale = mean(self.examples.iter().map(|x| dot(x, x)).sum()).max(LEAST);
        let mut best = f64::INFINITY;
        for penalty in PENALTIES.map(|penalty| penalty * scale) {
            let mut factor = Cholesky::default();
            for i in 0..n {
                let mut row: Vec<f64> = (0..=i).map(|j| dot(&self.examples[i], &self.examples[j])).collect();
                row[i] += penalty;
                factor.push(&row, LEAST);
            }
            let mut alpha = values.clone();
            factor.forward(&mut alpha);
            factor.backward(&mut alpha);
            // What each example is missed by where it is left out.
            let inverse = factor.inverse();
            let error = mean((0..n).map(|i| (alpha[i] / inverse[i * n + i]).powi(2)).sum());
            if error < best {
                best = error;
                self.weights = (0..inputs)
                    .map(|input| alpha.iter().zip(&self.examples).map(|(a, x)| a * x[input]).sum())
                    .collect();
                (self.factor, self.variance, self.penalty) = (factor, error, penalty);
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
