//! Smaller networks of trained ones: whole channels are taken away, those that matter least.
//!
//! [`Channels`] says which channels of a graph stand and fall together, [`importances`] how much each group of them matters,
//! and [`prune`] chooses among them until few enough parameters are left. [`without`] is what then becomes of the network.

mod channels;
mod importance;
mod without;

pub use channels::Channels;
pub use importance::importances;
pub use without::without;

use crate::{Slot, Weights};
use nascent_core::architecture::{Architecture, ArchitectureError, NodeId};
use without::with_places;

/// Why no smaller network can be made of one.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PruneError {
    /// The share is none.
    #[error("the share of the parameters to take away is above 0 and below 1, got {0}")]
    Share(f64),
    /// Nothing can be taken away.
    #[error(
        "no channel of the network can be taken away: it has none between its inputs and its answers but what attention, \
         recurrent units or embedded features need as they are"
    )]
    Nothing,
    /// So much cannot be taken away.
    #[error(
        "{:.1} % of the parameters cannot be taken away: each layer keeps an eighth of its channels, and then {:.1} % are gone",
        100.0 * asked, 100.0 * most
    )]
    TooMuch {
        /// The share that was asked for.
        asked: f64,
        /// The largest that there is.
        most: f64,
    },
    /// What is left is no network.
    #[error(transparent)]
    Graph(#[from] ArchitectureError),
}

/// Each node keeps one in so many of its channels, and one at least: a layer that is too narrow for what goes through it is
/// the end of all others.
const KEPT_OF: usize = 8;

/// The network without the groups of channels that matter least for the parameters that go with them, by `importances`, one for
/// each group of [`Channels`]: so many that at least a `share` of its parameters is gone.
///
/// # Errors
/// Where nothing or not so much can be taken away.
pub fn prune(
    (graph, weights): (&Architecture, &Weights),
    importances: &[f64],
    share: f64,
) -> Result<(Architecture, Weights), PruneError> {
    if !(share > 0.0 && share < 1.0) {
        return Err(PruneError::Share(share));
    }
    let channels = Channels::new(graph);
    if channels.free().next().is_none() {
        return Err(PruneError::Nothing);
    }
    let order = order(graph, &channels, importances, &sizes(graph, &weights.slots, &channels));
    let taken = |count: usize| {
        let mut is_taken = vec![false; channels.len()];
        order[..count].iter().for_each(|group| is_taken[*group] = true);
        is_taken
    };
    let gone = |count: usize| {
        let is_taken = taken(count);
        let left = params(graph, &weights.slots, &channels, &|group| !is_taken[group]);
        1.0 - left as f64 / weights.params().max(1) as f64
    };
    let counts: Vec<usize> = (1..=order.len()).collect();
    let Some(count) = counts.get(counts.partition_point(|count| gone(*count) < share)) else {
        return Err(PruneError::TooMuch { asked: share, most: gone(order.len()) });
    };
    let is_taken = taken(*count);
    without((graph, weights), &channels, &|group| !is_taken[group])
}

/// The groups that can be taken away one after the other, that which matters least for its parameters first.
fn order(graph: &Architecture, channels: &Channels, importances: &[f64], sizes: &[usize]) -> Vec<usize> {
    let worth = |group: usize| importances.get(group).unwrap_or(&0.0) / sizes[group].max(1) as f64;
    let mut order: Vec<usize> = channels.free().collect();
    order.sort_by(|a, b| worth(*a).total_cmp(&worth(*b)).then(a.cmp(b)));
    // In which nodes a group is, and how often.
    let mut places: Vec<Vec<(usize, usize)>> = vec![Vec::new(); channels.len()];
    let mut left: Vec<usize> = Vec::with_capacity(graph.nodes().len());
    for node in 0..graph.nodes().len() {
        let groups = channels.of(NodeId(node as u32));
        for group in groups {
            match places[*group].last_mut() {
                Some((last, times)) if *last == node => *times += 1,
                _ => places[*group].push((node, 1)),
            }
        }
        left.push(groups.len());
    }
    let least: Vec<usize> = left.iter().map(|count| count.div_ceil(KEPT_OF)).collect();
    order.retain(|group| {
        let goes = places[*group].iter().all(|(node, times)| left[*node] >= least[*node] + times);
        for (node, times) in places[*group].iter().filter(|_| goes) {
            left[*node] -= times;
        }
        goes
    });
    order
}

/// How many parameters go with each group, as long as all others are there.
fn sizes(graph: &Architecture, slots: &[Slot], channels: &Channels) -> Vec<usize> {
    let mut sizes = vec![0; channels.len()];
    for (slot, place) in with_places(slots).filter(|(slot, _)| slot.kind.is_trained()) {
        for along in channels.along(graph, slot, place) {
            let each = slot.len() / along.groups.len().max(1);
            along.groups.iter().for_each(|group| sizes[*group] += each);
        }
    }
    sizes
}

/// How many parameters there are where some groups are kept.
fn params(
    graph: &Architecture,
    slots: &[Slot],
    channels: &Channels,
    is_kept: &dyn Fn(usize) -> bool,
) -> usize {
    let of_slot = |(slot, place): (&Slot, usize)| {
        let mut extents = slot.shape.clone();
        for along in channels.along(graph, slot, place) {
            extents[along.axis] = along.groups.iter().filter(|group| is_kept(**group)).count();
        }
        extents.iter().product::<usize>()
    };
    with_places(slots).filter(|(slot, _)| slot.kind.is_trained()).map(of_slot).sum()
}
