//! How well predictors guess networks that they have not learnt from.

use super::encoded::{Encoded, Encoding, encode};
use super::normal::{MIDDLE, Quantiles};
use super::predictor::{Guess, Predictor, PredictorEntry};
use nascent_core::rng::{Rng, mix};
use nascent_core::statistics::{kendall, ranks, spearman};
use nascent_core::{Decisions, Space, SpaceError};
use std::time::Duration;

/// What is known of networks: those to learn from, and those to guess.
pub struct Known<'k> {
    /// Of what space they are.
    pub space: &'k dyn Space,
    /// The networks.
    pub networks: &'k [Decisions],
    /// What each is worth: more is better.
    pub values: &'k [f64],
    /// What is known of each without training, the same numbers of each; more is better. Or nothing of any.
    pub scores: &'k [Vec<f64>],
}

/// How well one predictor guessed, having learnt from a random sample.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Accuracy {
    /// Kendall's rank correlation (tau-b) of guesses and values; 0 where all guesses are the same.
    pub kendall: f64,
    /// Spearman's.
    pub spearman: f64,
    /// Of the guesses in the best twentieth, the share of which the values are too, or are as good.
    pub precision: f64,
    /// How much better the best value is than that of the network guessed to be best.
    pub regret: f64,
    /// The share of values in the 80 % in the middle of what was guessed; values beyond all that were learnt from are not.
    pub inside: f64,
    /// How long learning took.
    pub fit: Duration,
    /// How long a guess took, encoding not counted.
    pub guess: Duration,
}

/// The most networks that are guessed.
pub const GUESSED: usize = 1_000;
/// The share of networks that count as the best.
const BEST: f64 = 0.05;

/// A predictor, how it sees networks, and what it was like for each size of sample; the size 0 stands for the mean rank of the
/// scores, which needs no sample.
pub type Row = (&'static str, &'static str, Vec<(usize, Accuracy)>);

/// Lets predictors learn from random samples of these sizes, a smaller one part of a larger, and guess up to [`GUESSED`] of the
/// other networks, the same for all.
///
/// # Errors
/// Where decisions are no member of the space, or its networks have no graph that can be made.
pub fn try_predictors(
    known: &Known<'_>,
    predictors: &[(&'static PredictorEntry, Encoding)],
    sizes: &[usize],
    seed: u64,
    timed: &dyn Fn(&mut dyn FnMut()) -> Duration,
) -> Result<Vec<Row>, SpaceError> {
    let mut order: Vec<usize> = (0..known.networks.len()).collect();
    Rng::new(mix(&[seed, 0x7072_6564]), 0).shuffle(&mut order);
    let most = sizes.iter().copied().max().unwrap_or(0).min(order.len());
    order.truncate(most + GUESSED);
    let networks: Vec<&Decisions> = order.iter().map(|&i| &known.networks[i]).collect();
    let values: Vec<f64> = order.iter().map(|&i| known.values[i]).collect();
    let scores: Vec<Vec<f64>> = order.iter().filter_map(|&i| known.scores.get(i).cloned()).collect();
    let truth = &values[most..];
    let mut rows: Vec<Row> = Vec::new();
    if let Some(columns) = scores.first().map(Vec::len).filter(|columns| *columns > 0) {
        let column = |c: usize| ranks(&scores[most..].iter().map(|row| row[c]).collect::<Vec<f64>>());
        let mut sum = vec![0.0; truth.len()];
        (0..columns).for_each(|c| sum.iter_mut().zip(column(c)).for_each(|(sum, rank)| *sum += rank));
        rows.push(("mean rank", "scores", vec![(0, Accuracy::of(&sum, truth))]));
    }
    let mut encoded: Vec<(Encoding, Vec<Encoded>)> = Vec::new();
    for (entry, encoding) in predictors {
        if !encoded.iter().any(|(known, _)| known == encoding) {
            encoded.push((*encoding, encode(known.space, &networks, *encoding, &scores)?));
        }
        let Some((_, all)) = encoded.iter().find(|(known, _)| known == encoding) else { continue };
        let mut found = Vec::new();
        for &size in sizes.iter().filter(|size| **size <= most) {
            let learnt: Vec<&Encoded> = all[..size].iter().collect();
            let scale = Quantiles::new(values[..size].iter().copied());
            let known: Vec<f64> = values[..size].iter().map(|v| scale.score(*v)).collect();
            let mut predictor = (entry.make)();
            let fit = timed(&mut || predictor.fit(&learnt, &known, seed));
            let learnt = Learnt { scale, values: &values[..size], fit };
            found.push((size, judge(&*predictor, &all[most..], truth, &learnt, timed)));
        }
        rows.push((entry.name, encoding.name(), found));
    }
    Ok(rows)
}

/// What a predictor has learnt from, and how long that took.
struct Learnt<'l> {
    scale: Quantiles,
    values: &'l [f64],
    fit: Duration,
}

fn judge(
    predictor: &dyn Predictor,
    networks: &[Encoded],
    truth: &[f64],
    learnt: &Learnt<'_>,
    timed: &dyn Fn(&mut dyn FnMut()) -> Duration,
) -> Accuracy {
    let mut guesses = Vec::with_capacity(networks.len());
    let time = timed(&mut || guesses = networks.iter().map(|network| predictor.guess(network)).collect());
    let means: Vec<f64> = guesses.iter().map(|guess| guess.mean).collect();
    let least = learnt.values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = learnt.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let is_inside = |(guess, value): &(&Guess, &f64)| {
        let is_known = (least..=most).contains(*value);
        is_known && (learnt.scale.score(**value) - guess.mean).abs() <= MIDDLE * guess.deviation
    };
    let inside = guesses.iter().zip(truth).filter(is_inside).count() as f64 / truth.len().max(1) as f64;
    let guess = time / truth.len().max(1) as u32;
    Accuracy { inside, fit: learnt.fit, guess, ..Accuracy::of(&means, truth) }
}

impl Accuracy {
    /// How an order agrees with the true one.
    fn of(guesses: &[f64], truth: &[f64]) -> Self {
        let best = |values: &[f64]| {
            let mut order: Vec<usize> = (0..values.len()).collect();
            order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
            order
        };
        let (by_guess, by_truth) = (best(guesses), best(truth));
        let few = ((BEST * truth.len() as f64).round() as usize).clamp(1, truth.len().max(1));
        let edge = by_truth.get(few - 1).map_or(f64::INFINITY, |&i| truth[i]);
        let right = by_guess.iter().take(few).filter(|&&i| truth[i] >= edge).count();
        let value = |order: &[usize]| order.first().map_or(0.0, |&i| truth[i]);
        Self {
            kendall: kendall(guesses, truth).unwrap_or(0.0),
            spearman: spearman(guesses, truth).unwrap_or(0.0),
            precision: right as f64 / few as f64,
            regret: value(&by_truth) - value(&by_guess),
            ..Self::default()
        }
    }
}
