//! Several small networks that were trained from different beginnings: where they disagree, little is known.

use super::encoding::{Codes, Encoding, NOT_ASKED};
use super::gaussian_process::Guess;
use super::lessons::{best_and_latest, targets};
use super::surrogate::schedule;
use super::tape::{Adam, Affine, Tape, Var};
use nascent_core::objective::Score;
use nascent_core::rng::Rng;
use nascent_core::{Decisions, Space, SpaceError};

/// An ensemble of perceptrons with two hidden layers on one-hot answers; ordered answers are a number too.
///
/// What is learnt is where a result stands among the others: limits first, then the objectives, as normal quantiles.
/// The networks are trained on a schedule that depends on the number of results alone, from beginnings that do too.
#[derive(Default)]
pub(crate) struct Ensemble {
    encoding: Encoding,
    codes: Vec<Codes>,
    scores: Vec<Score>,
    fitted: usize,
    /// Where each column's inputs begin, and how many inputs there are.
    starts: Vec<usize>,
    inputs: usize,
    networks: Vec<Vec<f64>>,
}

/// How many networks there are, as in White et al. (2021, arXiv:1910.11858).
const NETWORKS: usize = 5;
const WIDTH: usize = 20;
/// The most results that are learnt from: the best, and the latest.
const BEST: usize = 80;
const LATEST: usize = 80;
const EPOCHS: usize = 40;
const BATCH: usize = 16;
const RATE: f64 = 0.01;
/// Columns with more options have their number alone, if they are ordered.
const ONE_HOT: usize = 64;

impl Ensemble {
    /// Takes in a result.
    pub(crate) fn learn(
        &mut self,
        space: &dyn Space,
        decisions: &Decisions,
        score: Score,
    ) -> Result<(), SpaceError> {
        self.codes.push(self.encoding.learn(space, decisions)?);
        self.scores.push(score);
        Ok(())
    }

    /// How many results it has.
    pub(crate) fn results(&self) -> usize {
        self.codes.len()
    }

    /// Trains the networks anew where enough came in. To be called with at least [`super::surrogate::FEWEST`] results.
    pub(crate) fn update(&mut self) {
        let fitted = schedule(self.results());
        if self.fitted == fitted {
            return;
        }
        self.fitted = fitted;
        self.lay_out();
        let chosen = best_and_latest(&self.scores[..fitted], BEST, LATEST);
        let examples: Vec<Vec<f64>> = chosen.iter().map(|&i| self.features(&self.codes[i])).collect();
        let targets = targets(&chosen.iter().map(|&i| &self.scores[i]).collect::<Vec<_>>());
        self.networks = (0..NETWORKS)
            .map(|network| self.train(&examples, &targets, &mut Rng::new(fitted as u64, network as u64)))
            .collect();
    }

    fn lay_out(&mut self) {
        self.inputs = 0;
        self.starts.clear();
        for column in self.encoding.columns() {
            self.starts.push(self.inputs);
            let one_hot = if column.options <= ONE_HOT || !column.is_ordered { column.options } else { 0 };
            self.inputs += one_hot + usize::from(column.is_ordered);
        }
    }

    /// The inputs of a member; what was not asked, or was met only since, is 0.
    fn features(&self, codes: &Codes) -> Vec<f64> {
        let mut features = vec![0.0; self.inputs];
        let columns = self.encoding.columns().iter().zip(&self.starts).zip(codes);
        for ((column, start), code) in columns.filter(|(_, code)| **code != NOT_ASKED) {
            let mut at = *start;
            if column.is_ordered {
                features[at] = f64::from(*code);
                at += 1;
            }
            if column.options <= ONE_HOT || !column.is_ordered {
                let last = column.options.saturating_sub(1);
                let answer = if column.is_ordered {
                    (f64::from(*code) * last as f64).round() as usize
                } else {
                    *code as usize
                };
                features[at + answer.min(last)] = 1.0;
            }
        }
        features
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

    fn train(&self, examples: &[Vec<f64>], targets: &[f64], rng: &mut Rng) -> Vec<f64> {
        let mut parameters = Vec::new();
        for layer in self.layers() {
            // He et al. (2015, arXiv:1502.01852); of one-hot inputs only one a question is on.
            let on = if layer.at == 0 { self.starts.len() } else { layer.inputs };
            let spread = (2.0 / on.max(1) as f64).sqrt();
            parameters.extend((0..layer.inputs * layer.outputs).map(|_| spread * rng.normal()));
            parameters.resize(layer.at + layer.parameters(), 0.0);
        }
        let (mut adam, mut tape) = (Adam::default(), Tape::default());
        let mut order: Vec<usize> = (0..examples.len()).collect();
        let mut gradient = vec![0.0; parameters.len()];
        for _ in 0..EPOCHS {
            rng.shuffle(&mut order);
            for batch in order.chunks(BATCH) {
                gradient.fill(0.0);
                for &i in batch {
                    tape.clear();
                    let output = self.forward(&mut tape, &parameters, &examples[i]);
                    let slope = 2.0 * (tape.value(output)[0] - targets[i]) / batch.len() as f64;
                    tape.backward(&parameters, &[(output, vec![slope])], &mut gradient);
                }
                adam.step(&mut parameters, &gradient, RATE);
            }
        }
        parameters
    }

    /// What the networks say of a member on average, and how far they are apart: less is better.
    pub(crate) fn guess(&self, decisions: &Decisions) -> Guess {
        let features = self.features(&self.encoding.encode(decisions));
        let mut tape = Tape::default();
        let outputs: Vec<f64> = self
            .networks
            .iter()
            .map(|parameters| {
                tape.clear();
                let output = self.forward(&mut tape, parameters, &features);
                tape.value(output)[0]
            })
            .collect();
        let count = outputs.len().max(1) as f64;
        let mean = outputs.iter().sum::<f64>() / count;
        let variance = outputs.iter().map(|o| (o - mean).powi(2)).sum::<f64>() / count;
        Guess { mean, deviation: variance.sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::chooser::sample;
    use nascent_testkit::Bits;

    #[test]
    fn the_ensemble_ranks_networks_that_it_has_not_seen() {
        let space = Bits { questions: 6, options: 4 };
        let mut rng = Rng::new(2, 0);
        let worth = |d: &Decisions| d.iter().map(|(_, a)| f64::from((a * 3) % 4)).sum::<f64>();
        let mut ensemble = Ensemble::default();
        for _ in 0..100 {
            let decisions = sample(&space, &mut rng).unwrap();
            let values = [-worth(&decisions)].into_iter().collect();
            ensemble.learn(&space, &decisions, Score { violation: 0.0, values }).unwrap();
        }
        ensemble.update();
        let mut right = 0;
        for _ in 0..200 {
            let [a, b] = [0; 2].map(|_| sample(&space, &mut rng).unwrap());
            let better = ensemble.guess(&a).mean < ensemble.guess(&b).mean;
            right += i32::from(worth(&a) == worth(&b) || better == (worth(&a) > worth(&b)));
        }
        assert!(right > 170, "{right} of 200 pairs are ranked right");
    }
}
