//! Guesses that know how sure they are.

use super::encoded::Encoded;
use super::normal::{MIDDLE, MIDDLE_SHARE};
use super::predictor::{Guess, Predictor};
use nascent_core::rng::Rng;

/// A predictor whose deviations are multiplied so that as many truths lie within them as should, going by networks that were
/// left out: members of an ensemble agree more than they are right.
#[derive(Default)]
pub(crate) struct Calibrated<P> {
    inner: P,
    factor: f64,
}

/// Into so many parts the networks are cut, each left out once.
const PARTS: usize = 3;
/// The least deviation: what an ensemble is sure of, it may be wrong in.
const LEAST: f64 = 1e-3;

impl<P: Predictor + Default> Predictor for Calibrated<P> {
    fn fit(&mut self, networks: &[&Encoded], values: &[f64], seed: u64) {
        let mut order: Vec<usize> = (0..networks.len()).collect();
        Rng::new(seed, 1 << 32).shuffle(&mut order);
        let mut misses = Vec::with_capacity(networks.len());
        for part in 0..PARTS {
            let is_out = |k: &usize| k % PARTS == part;
            let (out, kept): (Vec<usize>, Vec<usize>) = (0..order.len()).partition(is_out);
            if kept.is_empty() {
                continue;
            }
            let learnt: Vec<&Encoded> = kept.iter().map(|&k| networks[order[k]]).collect();
            let known: Vec<f64> = kept.iter().map(|&k| values[order[k]]).collect();
            let mut predictor = P::default();
            predictor.fit(&learnt, &known, seed);
            for i in out.into_iter().map(|k| order[k]) {
                let guess = predictor.guess(networks[i]);
                misses.push((guess.mean - values[i]).abs() / guess.deviation.max(LEAST));
            }
        }
        misses.sort_by(f64::total_cmp);
        let place = (MIDDLE_SHARE * misses.len() as f64).ceil() as usize;
        self.factor = misses.get(place.saturating_sub(1)).map_or(1.0, |miss| miss / MIDDLE);
        self.inner = P::default();
        self.inner.fit(networks, values, seed);
    }

    fn guess(&self, network: &Encoded) -> Guess {
        let guess = self.inner.guess(network);
        Guess { deviation: self.factor * guess.deviation.max(LEAST), ..guess }
    }
}
