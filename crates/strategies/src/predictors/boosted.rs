//! Regression trees that each mend what those before them left (Friedman 2001, doi:10.1214/aos/1013203451).

use super::encoded::Encoded;
use super::predictor::{Guess, Predictor};
use nascent_core::rng::Rng;

/// Several times gradient boosted trees, each from a bootstrap sample of the examples.
#[derive(Default)]
pub(crate) struct Boosted(Vec<Vec<Tree>>);

const ENSEMBLES: usize = 5;
const TREES: usize = 80;
/// How much of what a tree says is taken.
const RATE: f64 = 0.1;
const DEPTH: usize = 3;
/// The fewest examples of a leaf.
const LEAF: usize = 2;
/// Of the inputs, so large a share is looked at for a tree.
const SHARE: f64 = 0.7;

enum Tree {
    Leaf(f64),
    Split { input: usize, at: f64, sides: Box<[Tree; 2]> },
}

impl Tree {
    fn value(&self, numbers: &[f64]) -> f64 {
        match self {
            Self::Leaf(value) => *value,
            Self::Split { input, at, sides } => sides[usize::from(numbers[*input] > *at)].value(numbers),
        }
    }

    /// Splits these examples so that what is left of the residuals is least.
    fn grow(
        examples: &[&[f64]],
        residuals: &[f64],
        members: &mut [usize],
        inputs: &[usize],
        depth: usize,
    ) -> Self {
        let sum: f64 = members.iter().map(|&i| residuals[i]).sum();
        let leaf = Self::Leaf(sum / members.len().max(1) as f64);
        if depth == 0 || members.len() < 2 * LEAF {
            return leaf;
        }
        // The gain is measured against what no split gives.
        let count = members.len() as f64;
        let mut best = (sum * sum / count + 1e-9, None);
        for &input in inputs {
            members.sort_by(|&a, &b| examples[a][input].total_cmp(&examples[b][input]).then(a.cmp(&b)));
            let mut left = 0.0;
            for (k, pair) in members.windows(2).enumerate() {
                left += residuals[pair[0]];
                let [low, high] = [examples[pair[0]][input], examples[pair[1]][input]];
                let n = k + 1;
                if low == high || n < LEAF || members.len() - n < LEAF {
                    continue;
                }
                let gain = left * left / n as f64 + (sum - left).powi(2) / (count - n as f64);
                if gain > best.0 {
                    best = (gain, Some((input, 0.5 * (low + high))));
                }
            }
        }
        let Some((input, at)) = best.1 else { return leaf };
        members.sort_by_key(|&i| (examples[i][input] > at, i));
        let middle = members.partition_point(|&i| examples[i][input] <= at);
        let (low, high) = members.split_at_mut(middle);
        let sides = [low, high].map(|side| Self::grow(examples, residuals, side, inputs, depth - 1));
        Self::Split { input, at, sides: Box::new(sides) }
    }
}

impl Predictor for Boosted {
    fn fit(&mut self, networks: &[&Encoded], values: &[f64], seed: u64) {
        let examples: Vec<&[f64]> = networks.iter().map(|network| network.numbers()).collect();
        let inputs = examples.first().map_or(0, |x| x.len());
        let ensemble = |number: usize| {
            let mut rng = Rng::new(seed, number as u64);
            let sample: Vec<usize> = (0..examples.len()).map(|_| rng.below(examples.len())).collect();
            let mut residuals = values.to_vec();
            let mut trees = Vec::with_capacity(TREES);
            for _ in 0..TREES {
                let looked_at: Vec<usize> = (0..inputs).filter(|_| rng.unit() < SHARE).collect();
                let tree = Tree::grow(&examples, &residuals, &mut sample.clone(), &looked_at, DEPTH);
                residuals.iter_mut().zip(&examples).for_each(|(r, x)| *r -= RATE * tree.value(x));
                trees.push(tree);
            }
            trees
        };
        self.0 = (0..ENSEMBLES).map(ensemble).collect();
    }

    fn guess(&self, network: &Encoded) -> Guess {
        let sum = |trees: &Vec<Tree>| trees.iter().map(|t| RATE * t.value(network.numbers())).sum();
        Guess::of_several(&self.0.iter().map(sum).collect::<Vec<f64>>())
    }
}
