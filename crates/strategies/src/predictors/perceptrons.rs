//! Several small networks that were trained from different beginnings: where they disagree, little is known.

use super::encoded::Encoded;
use super::predictor::{Guess, Predictor};
use super::tape::{Affine, Descent, Tape, Var, regress};
use nascent_core::rng::Rng;

/// An ensemble of perceptrons with two hidden layers on vectors of numbers, each of them of about the size of 1 or 0.
#[derive(Default)]
pub(crate) struct Perceptrons {
    inputs: usize,
    networks: Vec<Vec<f64>>,
}

/// How many networks there are, as in White et al. (2021, arXiv:1910.11858).
const NETWORKS: usize = 5;
const WIDTH: usize = 20;
const DESCENT: Descent = Descent { epochs: 40, batch: 16, rate: 0.01 };

impl Perceptrons {
    /// Trains the networks. `on` is how many inputs of an example are not 0, about; the seed is a number a network.
    pub(crate) fn train(examples: &[Vec<f64>], on: usize, targets: &[f64], seed: u64) -> Self {
        let mut all = Self { inputs: examples.first().map_or(0, Vec::len), networks: Vec::new() };
        let network = |network| all.train_one(examples, on, targets, &mut Rng::new(seed, network as u64));
        all.networks = (0..NETWORKS).map(network).collect();
        all
    }

    fn layers(&self) -> [Affine; 3] {
        let first = Affine { at: 0, inputs: self.inputs, outputs: WIDTH };
        let second = Affine { at: first.parameters(), inputs: WIDTH, outputs: WIDTH };
        let third = Affine { at: second.at + second.parameters(), inputs: WIDTH, outputs: 1 };
        [first, second, third]
    }

    fn forward(&self, tape: &mut Tape, parameters: &[f64], features: &[f64]) -> Var {
        let [first, second, third] = self.layers();
        let mut at = tape.constant(features);
        for layer in [first, second] {
            at = tape.affine(parameters, layer, at);
            at = tape.relu(at);
        }
        tape.affine(parameters, third, at)
    }

    fn train_one(&self, examples: &[Vec<f64>], on: usize, targets: &[f64], rng: &mut Rng) -> Vec<f64> {
        let mut parameters = Vec::new();
        for layer in self.layers() {
            // He et al. (2015, arXiv:1502.01852); of one-hot inputs only one a question is on.
            let on = if layer.at == 0 { on } else { layer.inputs };
            let spread = (2.0 / on.max(1) as f64).sqrt();
            parameters.extend((0..layer.inputs * layer.outputs).map(|_| spread * rng.normal()));
            parameters.resize(layer.at + layer.parameters(), 0.0);
        }
        let forward =
            |tape: &mut Tape, parameters: &[f64], i: usize| self.forward(tape, parameters, &examples[i]);
        regress(parameters, targets, &DESCENT, rng, forward)
    }

    /// What the networks say on average, and how far they are apart.
    pub(crate) fn guess(&self, features: &[f64]) -> Guess {
        let mut tape = Tape::default();
        let answer = |parameters: &Vec<f64>| {
            tape.clear();
            let output = self.forward(&mut tape, parameters, features);
            tape.value(output)[0]
        };
        Guess::of_several(&self.networks.iter().map(answer).collect::<Vec<f64>>())
    }
}

impl Predictor for Perceptrons {
    fn fit(&mut self, networks: &[&Encoded], values: &[f64], seed: u64) {
        let examples: Vec<Vec<f64>> = networks.iter().map(|n| n.numbers().to_vec()).collect();
        let squares: f64 = examples.iter().flatten().map(|x| x * x).sum();
        let on = (squares / examples.len().max(1) as f64).ceil() as usize;
        *self = Self::train(&examples, on, values, seed);
    }

    fn guess(&self, network: &Encoded) -> Guess {
        self.guess(network.numbers())
    }
}
