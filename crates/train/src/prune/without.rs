use super::channels::Along;
use super::{Channels, PruneError};
use crate::{Slot, Weights, slots};
use nascent_core::architecture::{Architecture, ArchitectureBuilder, NodeId, Op};

/// The same network without some groups of channels: `is_kept` says of a group whether it stays. What cannot be taken away does.
///
/// Where nothing reads a channel that is taken away but weights of zero, or what it gives is always zero, the answers stay what
/// they were, unless the channel is part of what a layer norm looks at.
///
/// # Errors
/// Where a node would have no channel left.
pub fn without(
    (graph, weights): (&Architecture, &Weights),
    channels: &Channels,
    is_kept: &dyn Fn(usize) -> bool,
) -> Result<(Architecture, Weights), PruneError> {
    let is_kept = |group: usize| !channels.is_free(group) || is_kept(group);
    let kept_of = |node: NodeId| channels.of(node).iter().filter(|group| is_kept(**group)).count();
    let mut builder = ArchitectureBuilder::new(graph.input_shape().clone());
    let mut place = graph.place(NodeId(0));
    for (i, node) in graph.nodes().iter().enumerate().skip(1) {
        let id = NodeId(i as u32);
        if graph.place(id) != place {
            place = graph.place(id);
            builder.scope(place);
        }
        let (given, read) = (kept_of(id), node.inputs.first().map_or(0, |input| kept_of(*input)));
        builder.add(narrowed(&node.op, given, read), &node.inputs)?;
    }
    let narrow = builder.finish(graph.output())?;
    let mut values = Vec::with_capacity(weights.values.len());
    for ((slot, at), numbers) in with_places(&weights.slots).zip(&weights.values) {
        values.push(kept_numbers(numbers, slot, &channels.along(graph, slot, at), &is_kept));
    }
    let slots = slots(&narrow);
    Ok((narrow, Weights { slots, values }))
}

/// Slots, each with its place among those of its node.
pub(super) fn with_places(slots: &[Slot]) -> impl Iterator<Item = (&Slot, usize)> {
    slots.iter().scan((None, 0), |(node, place), slot| {
        *place = if *node == Some(slot.node) { *place + 1 } else { 0 };
        *node = Some(slot.node);
        Some((slot, *place))
    })
}

/// An operation that gives so many channels, and reads so many.
fn narrowed(op: &Op, given: usize, read: usize) -> Op {
    let mut op = op.clone();
    // As many groups as channels are read stay as many; other groups are left as they are.
    let each_alone = |groups: &mut usize, channels: usize| {
        if *groups > 1 && channels < *groups {
            *groups = channels;
        }
    };
    match &mut op {
        Op::Conv1d(c) => {
            c.channels = given;
            each_alone(&mut c.groups, read);
        }
        Op::Conv2d(c) => {
            c.channels = given;
            each_alone(&mut c.groups, read);
        }
        Op::Linear(linear) => linear.features = given,
        Op::Embedding(embedding) => embedding.size = given,
        Op::EmbeddingBag(bag) => bag.size = given,
        Op::TiedOutput(tied) => tied.size = read,
        _ => {}
    }
    op
}

/// The numbers of a slot that are of no channel that is taken away, row-major as before.
fn kept_numbers(
    numbers: &[f32],
    slot: &Slot,
    along: &[Along<'_>],
    is_kept: &dyn Fn(usize) -> bool,
) -> Vec<f32> {
    let axes: Vec<(usize, Vec<bool>)> = along
        .iter()
        .map(|along| (stride(slot, along.axis), along.groups.iter().map(|g| is_kept(*g)).collect()))
        .collect();
    let stays = |i: usize| axes.iter().all(|(stride, kept)| kept[i / stride % kept.len()]);
    numbers.iter().enumerate().filter(|(i, _)| stays(*i)).map(|(_, x)| *x).collect()
}

/// How far apart neighbours along an axis of a slot lie.
pub(super) fn stride(slot: &Slot, axis: usize) -> usize {
    slot.shape[axis + 1..].iter().product::<usize>().max(1)
}
