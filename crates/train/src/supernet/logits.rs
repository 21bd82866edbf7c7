//! What is learned of the options of open choices.

use super::relaxation::{Relaxation, Weighed, largest};
use crate::network::Mix;
use nascent_core::architecture::{Architecture, Choice, Op};
use nascent_core::rng::Rng;
use serde::{Deserialize, Serialize};

/// A number for each option of each choice, and how far it has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Logits {
    /// The choices: paths, and the labels of their options.
    pub(super) choices: Vec<(String, Vec<String>)>,
    /// Which option of each choice changes nothing, where there is one.
    pub(super) skips: Vec<Option<usize>>,
    pub(super) values: Vec<Vec<f64>>,
    first: Vec<Vec<f64>>,
    second: Vec<Vec<f64>>,
    steps: i32,
    /// The mean reward so far, where rewards are learned from.
    pub(super) expected: Option<f64>,
    /// After each epoch in which they learned: the logits, and the largest eigenvalue of the loss's curvature along them,
    /// where it is watched.
    pub(super) past: Vec<(Vec<Vec<f64>>, f64)>,
    /// Whether a guard has ended their learning.
    pub(super) is_settled: bool,
}

impl Logits {
    /// Of no option more than of another.
    pub(super) fn new(graph: &Architecture) -> Self {
        let choices = graph.choices();
        let zeros: Vec<Vec<f64>> = choices.iter().map(|c| vec![0.0; c.options.len()]).collect();
        Self {
            skips: choices.iter().map(|choice| skip(graph, choice)).collect(),
            choices: choices.into_iter().map(|Choice { path, options }| (path, options)).collect(),
            first: zeros.clone(),
            second: zeros.clone(),
            values: zeros,
            steps: 0,
            expected: None,
            past: Vec::new(),
            is_settled: false,
        }
    }

    /// The weights of one pass; each option that changes nothing is given `auxiliary` more.
    pub(super) fn weigh(
        &self,
        relaxation: &Relaxation,
        progress: f64,
        rng: &mut Rng,
        auxiliary: f64,
    ) -> (Mix, Vec<Weighed>) {
        let weighed: Vec<Weighed> =
            self.values.iter().map(|logits| (relaxation.weigh)(logits, progress, rng)).collect();
        let mut mix = Mix::new();
        for (((path, _), skip), w) in self.choices.iter().zip(&self.skips).zip(&weighed) {
            let mut weights = w.weights.clone();
            if let Some(skip) = skip {
                weights[*skip] += auxiliary;
            }
            mix.insert(path.clone(), weights);
        }
        (mix, weighed)
    }

    /// The slope of the loss along each logit, from those along the weights of one pass.
    pub(super) fn back(&self, weighed: &[Weighed], slopes: &Mix) -> Vec<Vec<f64>> {
        self.choices
            .iter()
            .zip(weighed)
            .map(|((path, options), weighed)| match slopes.get(path) {
                Some(slopes) => weighed.back(slopes),
                None => vec![0.0; options.len()],
            })
            .collect()
    }

    /// Moves them down their slopes, as Adam does (Kingma & Ba 2014, arXiv:1412.6980), with the moments of DARTS.
    pub(super) fn step(&mut self, slopes: &[Vec<f64>], rate: f64) {
        const MOMENTS: (f64, f64) = (0.5, 0.999);
        self.steps += 1;
        let correct = |beta: f64| 1.0 - beta.powi(self.steps);
        let (bias_first, bias_second) = (correct(MOMENTS.0), correct(MOMENTS.1));
        let all = self.values.iter_mut().zip(&mut self.first).zip(&mut self.second).zip(slopes);
        for (((values, first), second), slopes) in all {
            for (((value, first), second), slope) in values.iter_mut().zip(first).zip(second).zip(slopes) {
                *first = MOMENTS.0 * *first + (1.0 - MOMENTS.0) * slope;
                *second = MOMENTS.1 * *second + (1.0 - MOMENTS.1) * slope * slope;
                *value -= rate * (*first / bias_first) / ((*second / bias_second).sqrt() + 1e-8);
            }
        }
    }

    /// How likely each option of each choice is.
    pub(super) fn shares(&self, relaxation: &Relaxation) -> Vec<Vec<f64>> {
        self.values.iter().map(|logits| (relaxation.shares)(logits)).collect()
    }

    /// At how many choices the option that changes nothing is the likeliest.
    pub(super) fn skipped(&self) -> usize {
        let pairs = self.values.iter().zip(&self.skips);
        pairs.filter(|(values, skip)| **skip == Some(largest(values))).count()
    }
}

/// The option of a choice that hands its input on.
fn skip(graph: &Architecture, choice: &Choice) -> Option<usize> {
    let first = graph.nodes().iter().find(|n| matches!(&n.op, Op::Mixed(m) if m.path == choice.path))?;
    first.inputs.iter().position(|input| matches!(graph.nodes()[input.index()].op, Op::Identity(_)))
}
