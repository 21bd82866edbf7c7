use crate::architecture::ArchitectureHash;
use crate::chooser::replay;
use crate::decisions::Decisions;
use crate::evaluator::Identity;
use crate::event::{Data, Proposal, Role, TrialId};
use crate::space::{Space, SpaceError};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use xxhash_rust::xxh3::xxh3_128;

/// A hasher for keys whose bits are spread already: trial numbers and digests.
#[derive(Default)]
pub(super) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }

    fn write_u64(&mut self, n: u64) {
        // Fibonacci hashing: the high bits, which tables look at too, depend on all bits.
        self.0 = (self.0.rotate_left(32) ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_u128(&mut self, n: u128) {
        self.write_u64(n as u64 ^ (n >> 64) as u64);
    }
}

pub(super) type SpreadHash = BuildHasherDefault<Spread>;

/// The jobs that have been run, so that none is run twice.
pub(super) struct Known {
    pub(super) identity: Identity,
    trials: HashMap<u128, TrialId, SpreadHash>,
}

impl Known {
    pub(super) fn new(identity: Identity) -> Self {
        Self { identity, trials: HashMap::default() }
    }

    /// What makes this job the same as another; `digest` is that of its decisions.
    pub(super) fn key(
        &self,
        space: &dyn Space,
        proposal: &Proposal,
        hash: Option<ArchitectureHash>,
        digest: u128,
    ) -> Result<u128, SpaceError> {
        let (replica, data) = match proposal.role {
            Role::Final { replica, data, .. } => (replica, data),
            _ => (0, Data::Train),
        };
        let mut bytes: SmallVec<[u8; 64]> = SmallVec::new();
        bytes.extend_from_slice(&proposal.rung.to_le_bytes());
        bytes.extend_from_slice(&proposal.budget.to_le_bytes());
        bytes.extend_from_slice(&replica.to_le_bytes());
        bytes.push(data as u8);
        match (self.identity, hash) {
            (Identity::Architecture, Some(hash)) => {
                bytes.extend_from_slice(&hash.0.to_le_bytes());
                let settings = replay(space, &proposal.decisions)?.settings;
                bytes.extend_from_slice(&settings.digest().to_le_bytes());
            }
            _ => bytes.extend_from_slice(&digest.to_le_bytes()),
        }
        Ok(xxh3_128(&bytes))
    }

    /// The trial that ran this job first.
    pub(super) fn trial(&self, key: u128) -> Option<TrialId> {
        self.trials.get(&key).copied()
    }

    pub(super) fn remember(&mut self, key: u128, trial: TrialId) {
        self.trials.entry(key).or_insert(trial);
    }
}

/// A digest of answers and where they were given.
pub(super) fn digest(decisions: &Decisions) -> u128 {
    const ONE: usize = 10;
    let mut small = [0u8; 16 * ONE];
    let mut large = Vec::new();
    let bytes = match small.get_mut(..decisions.len() * ONE) {
        Some(bytes) => bytes,
        None => {
            large.resize(decisions.len() * ONE, 0);
            &mut large[..]
        }
    };
    for (place, (key, answer)) in bytes.chunks_exact_mut(ONE).zip(decisions.iter()) {
        place[..8].copy_from_slice(&key.0.to_le_bytes());
        place[8..].copy_from_slice(&answer.to_le_bytes());
    }
    xxh3_128(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decisions::PathKey;

    #[test]
    fn digests_are_those_of_the_bytes_however_many_answers_there_are() {
        for n in [0u16, 1, 6, 16, 17, 100] {
            let decisions: Decisions = (0..n).map(|i| (PathKey(u64::from(i) << 40), i * 7)).collect();
            let bytes: Vec<u8> = decisions
                .iter()
                .flat_map(|(k, a)| [&k.0.to_le_bytes()[..], &a.to_le_bytes()].concat())
                .collect();
            // Training seeds are made of it, so it may never change.
            assert_eq!(digest(&decisions), xxh3_128(&bytes), "{n}");
        }
    }

    #[test]
    fn trial_numbers_and_digests_are_spread() {
        let hash = |n: u32| {
            let mut spread = Spread::default();
            spread.write_u32(n);
            spread.finish()
        };
        let lows: std::collections::HashSet<u64> = (0..1_000).map(|n| hash(n) >> 54).collect();
        assert!(lows.len() > 500, "only {} of 1024 places are used", lows.len());
    }
}
