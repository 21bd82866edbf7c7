//! Decisions as one number, so that a million of them fit into little memory and are compared at once.

use nascent_core::Decisions;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// 128 bits that differ for different decisions, but for a chance of one in 10²⁶ among a million of them.
pub(crate) fn fingerprint(decisions: &Decisions) -> u128 {
    let (mut high, mut low) = (0x9e37_79b9_7f4a_7c15, 0x2545_f491_4f6c_dd1d ^ decisions.len() as u64);
    for (key, answer) in decisions.iter() {
        let answer = u64::from(answer);
        high = fold(high ^ key.0, 0xd6e8_feb8_6659_fd93 ^ answer);
        low = fold(low ^ key.0.rotate_left(32), 0xa076_1d64_78bd_642f ^ answer);
    }
    u128::from(high) << 64 | u128::from(low)
}

/// The two halves of a product, folded into one word.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    // The second term keeps a factor of 0 from erasing what came before.
    (product as u64) ^ ((product >> 64) as u64) ^ a.rotate_left(17)
}

/// A hasher for keys that are numbers: trials, hashed places and fingerprints.
#[derive(Default)]
pub(crate) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = fold(self.0 ^ number, 0x9e37_79b9_7f4a_7c15);
    }

    fn write_u128(&mut self, number: u128) {
        self.write_u64((number >> 64) as u64 ^ number as u64);
    }
}

/// A map whose keys are numbers.
pub(crate) type NumberMap<K, V> = HashMap<K, V, BuildHasherDefault<NumberHasher>>;
/// A set of numbers.
pub(crate) type NumberSet<K> = HashSet<K, BuildHasherDefault<NumberHasher>>;

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::PathKey;

    #[test]
    fn decisions_that_differ_anywhere_have_fingerprints_that_differ() {
        let mut seen = NumberSet::default();
        let mut count = 0;
        for length in 0..4usize {
            for code in 0..10usize.pow(length as u32) {
                let answer = |i: usize| (code / 10usize.pow(i as u32) % 10) as u16;
                for base in [0u64, 1, u64::MAX, 0xcbf2_9ce4_8422_2325] {
                    let decisions: Decisions =
                        (0..length).map(|i| (PathKey(base.wrapping_add(i as u64)), answer(i))).collect();
                    seen.insert(fingerprint(&decisions));
                    count += usize::from(length > 0 || base == 0);
                }
            }
        }
        assert_eq!(seen.len(), count);
    }
}
