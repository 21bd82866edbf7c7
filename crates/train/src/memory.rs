use crate::compiled::Compiled;
use crate::weights::slots;
use nascent_core::architecture::Architecture;

/// Bytes that training takes on the processor at a batch size: weights, gradients and two moments, a copy of the best weights, and what
/// its steps hold; where Burn computes, activations with their gradients. All is float32; what the process itself takes is not in it.
#[must_use]
pub fn training_bytes(architecture: &Architecture, batch_size: usize) -> u64 {
    let numbers: u64 = slots(architecture).iter().map(|s| s.len() as u64).sum();
    let steps = match Compiled::new(architecture) {
        Ok(compiled) => compiled.bytes(batch_size),
        Err(_) => 2 * architecture.training_activation_bytes() * batch_size as u64,
    };
    numbers * 4 * 5 + steps
}
