use crate::architecture::ArchitectureHash;
use crate::chooser::replay;
use crate::decisions::Decisions;
use crate::evaluator::Identity;
use crate::event::{Data, Proposal, Role, TrialId};
use crate::space::{Space, SpaceError};
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_128;

/// The jobs that have been run, so that none is run twice.
pub(super) struct Known {
    pub(super) identity: Identity,
    trials: HashMap<u128, TrialId>,
}

impl Known {
    pub(super) fn new(identity: Identity) -> Self {
        Self { identity, trials: HashMap::new() }
    }

    /// What makes this job the same as another.
    pub(super) fn key(
        &self,
        space: &dyn Space,
        proposal: &Proposal,
        hash: Option<ArchitectureHash>,
    ) -> Result<u128, SpaceError> {
        let (replica, data) = match proposal.role {
            Role::Final { replica, data, .. } => (replica, data),
            _ => (0, Data::Train),
        };
        let mut bytes = Vec::with_capacity(64);
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
            _ => bytes.extend_from_slice(&digest(&proposal.decisions).to_le_bytes()),
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
    let mut bytes = Vec::with_capacity(decisions.len() * 10);
    for (key, answer) in decisions.iter() {
        bytes.extend_from_slice(&key.0.to_le_bytes());
        bytes.extend_from_slice(&answer.to_le_bytes());
    }
    xxh3_128(&bytes)
}
