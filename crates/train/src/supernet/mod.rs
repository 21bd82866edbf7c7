//! All networks of a space in one, whose weights they share.
//!
//! [`Method`] lists how that one is trained, [`train_supernet`] trains it, and [`Supernet::network`] takes a member out with
//! the weights it has learned there. [`Shared`] holds the weights: an entry for each place, branch and operation. What is
//! drawn for each batch says `paths`, and `shrinking` what is drawn no more; where options are weighed instead, `relaxation/` has a file for each way to do it,
//! `logits` what is learned of options, `price` what limits add to the loss, and `guards` what keeps the search from the
//! failure that it is known for.

mod file;
mod guards;
mod logits;
mod method;
mod part;
mod paths;
mod price;
mod relaxation;
mod shared;
mod shrinking;
#[cfg(test)]
mod tests;
mod training;

pub use method::Method;
pub(crate) use part::{Axis, axes, located, runs};
pub use shared::Shared;
pub(crate) use shared::keys;
pub use training::{Supernet, SupernetEpoch, SupernetPlan, train_supernet};

use crate::weights::slots;
use crate::{TrainError, training_bytes};
use nascent_core::architecture::Architecture;
use nascent_core::chooser::describe;
use nascent_core::{Decisions, Settings, Space};

/// Bytes that training a supernet of a space takes at a batch size, where these are some of its networks.
///
/// For each shared number: the weight, its gradient, two moments, and the copies that a batch works on. Where options are
/// weighed, all of them are computed; else no more than the largest network is.
///
/// # Errors
/// Where a space that must be relaxed cannot be.
pub fn supernet_bytes(
    space: &dyn Space,
    method: Method,
    some: &[Architecture],
    batch_size: usize,
) -> Result<u64, TrainError> {
    const COPIES: u64 = 8;
    let activations = |graph: &Architecture| 2 * graph.training_activation_bytes() * batch_size as u64;
    let largest = some.iter().map(|graph| training_bytes(graph, batch_size)).max().unwrap_or(0);
    if method.is_relaxation() {
        let graph = method.seen(relaxed(space)?)?;
        let numbers: u64 = slots(&graph).iter().map(|slot| slot.len() as u64).sum();
        // What is weighed is kept beside its weighed copy.
        let computed = if method.mixes() { 2 * activations(&graph) } else { largest };
        return Ok(numbers * 4 * COPIES + computed);
    }
    let mut shared = Shared::new(&Settings::default(), 0);
    some.iter().for_each(|graph| shared.reserve(graph));
    Ok(shared.params() * 4 * COPIES + largest)
}

/// A network of a space as it is a part of a supernet: `graph`, or what a method sees of it.
///
/// # Errors
/// Where the space cannot be relaxed, or has no such network.
pub(crate) fn member(
    space: &dyn Space,
    method: Method,
    decisions: &Decisions,
    graph: &Architecture,
) -> Result<Architecture, TrainError> {
    if method.parts() == 1 {
        return Ok(graph.clone());
    }
    let fail = |e: &dyn std::fmt::Display| TrainError::Mismatch(e.to_string());
    let answers = describe(space, decisions).map_err(|e| fail(&e))?;
    let open = method.seen(relaxed(space)?)?;
    let choices = open.choices();
    let option = |path: &str| {
        let answer = answers.iter().find(|answer| answer.path == path)?;
        let choice = choices.iter().find(|choice| choice.path == path)?;
        choice.options.iter().position(|option| *option == answer.label)
    };
    open.derive(option).map_err(|e| fail(&e))
}

/// The graph of all networks of a space.
fn relaxed(space: &dyn Space) -> Result<Architecture, TrainError> {
    let graph = space.relax().map_err(|e| TrainError::Mismatch(e.to_string()))?;
    graph.filter(|graph| !graph.choices().is_empty()).ok_or_else(|| {
        TrainError::Mismatch(format!(
            "the space {} cannot be relaxed: its choices are not among operations",
            space.name()
        ))
    })
}
