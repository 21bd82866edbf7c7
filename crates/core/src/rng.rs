//! Random numbers: one reproducible stream for each purpose, and no other source.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng};
use smallvec::SmallVec;

/// A stream of random numbers that is the same on every machine for the same seed and stream number.
#[derive(Clone, Debug)]
pub struct Rng(ChaCha8Rng);

impl Rng {
    /// Stream `stream` of seed `seed`; two streams of one seed never meet.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// How much of the stream has been used.
    #[must_use]
    pub fn position(&self) -> u128 {
        self.0.get_word_pos()
    }

    /// The same stream where so much of it has been used.
    #[must_use]
    pub fn at(mut self, position: u128) -> Self {
        self.0.set_word_pos(position);
        self
    }

    /// Sixty-four random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A whole number below `bound`, each equally likely; 0 where `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        // Multiply-shift; the bias is below 2^-32 for every bound under 2^32.
        ((u128::from(self.bits()) * bound as u128) >> 64) as usize
    }

    /// A number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number from the standard normal distribution (Box & Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Puts `items` in random order (Fisher & Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

/// A seed made of several numbers; the order matters.
#[must_use]
pub fn mix(parts: &[u64]) -> u64 {
    let mut bytes: SmallVec<[u8; 64]> = SmallVec::new();
    parts.iter().for_each(|p| bytes.extend_from_slice(&p.to_le_bytes()));
    xxhash_rust::xxh3::xxh3_64(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_stable_and_differ() {
        let draw = |seed, stream| Rng::new(seed, stream).bits();
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
        let mut rng = Rng::new(1, 2);
        rng.unit();
        let mut later = Rng::new(1, 2).at(rng.position());
        assert_eq!(later.bits(), rng.bits());
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut rng = Rng::new(7, 0);
        let n = 100_000;
        let normal: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
        let mean = normal.iter().sum::<f64>() / n as f64;
        let variance = normal.iter().map(|x| x * x).sum::<f64>() / n as f64;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
        let mut counts = [0usize; 7];
        (0..n).for_each(|_| counts[rng.below(7)] += 1);
        assert!(counts.iter().all(|&c| (c as f64 - n as f64 / 7.0).abs() < 600.0), "{counts:?}");
    }
}
