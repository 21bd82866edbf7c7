use crate::weights::slots;
use nascent_core::architecture::Architecture;

/// Bytes that training takes at a batch size: weights, gradients and two moments, a copy of the best weights, and
/// activations with their gradients, all float32. What the process itself takes is not in it.
#[must_use]
pub fn training_bytes(architecture: &Architecture, batch_size: usize) -> u64 {
    let numbers: u64 = slots(architecture).iter().map(|s| s.len() as u64).sum();
    numbers * 4 * 5 + 2 * architecture.training_activation_bytes() * batch_size as u64
}
