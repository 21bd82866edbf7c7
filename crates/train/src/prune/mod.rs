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
use std::collections::BTreeMap;
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
/// Channels go in so many at once where there are twice as many and more: runtimes compute that many side by side, and
/// a layer of 13 channels can take them longer than one of 16.
const TOGETHER: usize = 8;

/// The network without the groups of channels that matter least for the parameters that go with them, by `importances`, one for
/// each group of [`Channels`]: so many that at least a `share` of its parameters is gone.
///
/// Of 16 and more channels that stand side by side, multiples of eight stay, as long as the share can be had that way.
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
    let steps = steps(graph, &channels, importances, &sizes(graph, &weights.slots, &channels));
    let taken = |count: usize| {
        let mut is_taken = vec![false; channels.len()];
        steps[..count].iter().flatten().for_each(|group| is_taken[*group] = true);
        is_taken
    };
    let gone = |count: usize| {
        let is_taken = taken(count);
        let left = params(graph, &weights.slots, &channels, &|group| !is_taken[group]);
        1.0 - left as f64 / weights.params().max(1) as f64
    };
    let counts: Vec<usize> = (1..=steps.len()).collect();
    let Some(count) = counts.get(counts.partition_point(|count| gone(*count) < share)) else {
        return Err(PruneError::TooMuch { asked: share, most: gone(steps.len()) });
    };
    let is_taken = taken(*count);
    without((graph, weights), &channels, &|group| !is_taken[group])
}

/// A node that a group is in, and how often.
type Place = (usize, usize);

/// The groups that can be taken away, those that go at once together, one after the other: that which matters least for its
/// parameters first.
fn steps(graph: &Architecture, channels: &Channels, importances: &[f64], sizes: &[usize]) -> Vec<Vec<usize>> {
    let mut places: Vec<Vec<Place>> = vec![Vec::new(); channels.len()];
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
    let worth = |groups: &[usize]| {
        let importance: f64 = groups.iter().filter_map(|group| importances.get(*group)).sum();
        importance / groups.iter().map(|group| sizes[*group]).sum::<usize>().max(1) as f64
    };
    // Those of the same places are the channels of one layer, or of layers that are added up.
    let mut side_by_side: BTreeMap<&[Place], Vec<usize>> = BTreeMap::new();
    for group in channels.free() {
        side_by_side.entry(&places[group]).or_default().push(group);
    }
    let mut steps: Vec<(bool, Vec<usize>)> = Vec::new();
    for mut groups in side_by_side.into_values() {
        groups.sort_by(|a, b| worth(&[*a]).total_cmp(&worth(&[*b])).then(a.cmp(b)));
        let in_steps = match groups.len() {
            count if count >= 2 * TOGETHER => count - TOGETHER,
            _ => 0,
        };
        let (in_steps, alone) = groups.split_at(in_steps);
        let (odd, even) = in_steps.split_at(in_steps.len() % TOGETHER);
        let odd = (!odd.is_empty()).then_some(odd);
        steps.extend(odd.into_iter().chain(even.chunks(TOGETHER)).map(|step| (false, step.to_vec())));
        // The last eight of a layer that was wider are broken up only where nothing else is left.
        steps.extend(alone.iter().map(|group| (!in_steps.is_empty(), vec![*group])));
    }
    steps.sort_by(|(late, a), (other_late, b)| {
        late.cmp(other_late).then(worth(a).total_cmp(&worth(b))).then(a.cmp(b))
    });
    let least: Vec<usize> = left.iter().map(|count| count.div_ceil(KEPT_OF)).collect();
    let mut goes = |step: &[usize]| {
        let Some(places) = step.first().map(|group| &places[*group]) else { return false };
        let goes = places.iter().all(|(node, times)| left[*node] >= least[*node] + times * step.len());
        places.iter().filter(|_| goes).for_each(|(node, times)| left[*node] -= times * step.len());
        goes
    };
    steps.into_iter().map(|(_, step)| step).filter(|step| goes(step)).collect()
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
