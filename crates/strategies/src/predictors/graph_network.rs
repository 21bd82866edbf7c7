//! Small networks that pass messages along the graphs of networks.

use super::encoded::{Encoded, STEPS};
use super::predictor::{Guess, Predictor};
use super::tape::{Affine, Descent, Tape, Var, regress};
use nascent_core::rng::Rng;

/// Several graph networks from different beginnings: each operation has a vector, to which a step adds what it reads, and the
/// mean over all operations is what is judged (Wen et al. 2020, arXiv:1912.00848).
///
/// Operations that no step can tell apart are computed once: the answer is the same.
#[derive(Default)]
pub(crate) struct GraphNetworks {
    layers: Layers,
    networks: Vec<Vec<f64>>,
}

const NETWORKS: usize = 3;
const WIDTH: usize = 16;
const DESCENT: Descent = Descent { epochs: 60, batch: 16, rate: 0.01 };

/// Where the parameters are: the operations' vectors come first.
#[derive(Default)]
struct Layers {
    /// For each operation whether it was learnt from.
    learnt: Vec<bool>,
    scores: usize,
}

impl Layers {
    /// For each step what is done with an operation's own vector, and with those of what it reads; then what is done with the
    /// mean, with the scores, and with their sum.
    fn affine(&self) -> Vec<Affine> {
        let sizes = [(WIDTH, WIDTH); 2 * STEPS + 1].into_iter().chain([(self.scores, WIDTH), (WIDTH, 1)]);
        let mut at = self.learnt.len() * WIDTH;
        sizes
            .map(|(inputs, outputs)| {
                let affine = Affine { at, inputs, outputs };
                at += affine.parameters();
                affine
            })
            .collect()
    }

    fn start(&self, rng: &mut Rng) -> Vec<f64> {
        let mut parameters: Vec<f64> = (0..self.learnt.len() * WIDTH).map(|_| rng.normal()).collect();
        for layer in self.affine() {
            let spread = (2.0 / layer.inputs.max(1) as f64).sqrt();
            parameters.extend((0..layer.inputs * layer.outputs).map(|_| spread * rng.normal()));
            parameters.resize(layer.at + layer.parameters(), 0.0);
        }
        parameters
    }

    fn forward(&self, tape: &mut Tape, parameters: &[f64], network: &Encoded) -> Var {
        let affine = self.affine();
        let mut at: Vec<Var> = Vec::new();
        for (step, kinds) in network.rounds().kinds.iter().enumerate() {
            at = kinds
                .iter()
                .map(|kind| {
                    if step == 0 && self.learnt.get(kind.colour) == Some(&true) {
                        return tape.parameters(parameters, kind.colour * WIDTH, WIDTH);
                    }
                    if step == 0 {
                        // Nothing is known of operations that were not learnt from.
                        return tape.constant(&[0.0; WIDTH]);
                    }
                    let mut sum = tape.affine(parameters, affine[2 * step - 2], at[kind.own]);
                    if !kind.reads.is_empty() {
                        let reads: Vec<Var> = kind.reads.iter().map(|&place| at[place]).collect();
                        let group = tape.group(&reads);
                        let read = tape.mean(group);
                        let read = tape.affine(parameters, affine[2 * step - 1], read);
                        sum = tape.add(sum, read);
                    }
                    tape.relu(sum)
                })
                .collect();
        }
        let last = network.rounds().kinds.last().into_iter().flatten();
        let nodes: Vec<Var> =
            last.zip(&at).flat_map(|(kind, var)| std::iter::repeat_n(*var, kind.nodes)).collect();
        let scores = tape.constant(network.numbers());
        let mut sum = tape.affine(parameters, affine[2 * STEPS + 1], scores);
        if !nodes.is_empty() {
            let group = tape.group(&nodes);
            let mean = tape.mean(group);
            let mean = tape.affine(parameters, affine[2 * STEPS], mean);
            sum = tape.add(sum, mean);
        }
        let hidden = tape.relu(sum);
        tape.affine(parameters, affine[2 * STEPS + 2], hidden)
    }

    fn train(&self, networks: &[&Encoded], values: &[f64], rng: &mut Rng) -> Vec<f64> {
        let parameters = self.start(rng);
        let forward =
            |tape: &mut Tape, parameters: &[f64], i: usize| self.forward(tape, parameters, networks[i]);
        regress(parameters, values, &DESCENT, rng, forward)
    }
}

impl Predictor for GraphNetworks {
    fn fit(&mut self, networks: &[&Encoded], values: &[f64], seed: u64) {
        let mut learnt = Vec::new();
        for kind in networks.iter().filter_map(|network| network.rounds().kinds.first()).flatten() {
            learnt.resize(learnt.len().max(kind.colour + 1), false);
            learnt[kind.colour] = true;
        }
        let scores = networks.first().map_or(0, |network| network.numbers().len());
        self.layers = Layers { learnt, scores };
        let network = |number| self.layers.train(networks, values, &mut Rng::new(seed, number));
        self.networks = (0..NETWORKS as u64).map(network).collect();
    }

    fn guess(&self, network: &Encoded) -> Guess {
        let mut tape = Tape::default();
        let answer = |parameters: &Vec<f64>| {
            tape.clear();
            let output = self.layers.forward(&mut tape, parameters, network);
            tape.value(output)[0]
        };
        Guess::of_several(&self.networks.iter().map(answer).collect::<Vec<f64>>())
    }
}
