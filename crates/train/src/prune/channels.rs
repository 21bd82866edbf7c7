use nascent_core::architecture::{Architecture, NodeId, Op, Slot};

/// The channels of a network in groups: those of one group are added up, multiplied or kept apart with each other, so that
/// one can only be taken away with all of them.
///
/// A channel is a place along the first extent of a node's value: what a convolution gives, a feature, a number of a code's
/// vector. What lies flat in a vector belongs to the channel that it was part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channels {
    /// The group of each channel of each node's value.
    of: Vec<Vec<usize>>,
    /// Whether each group can be taken away.
    is_free: Vec<bool>,
}

/// An axis of a slot that is over channels.
pub(super) struct Along<'c> {
    /// Which axis.
    pub axis: usize,
    /// The groups of its channels.
    pub groups: &'c [usize],
    /// Whether these channels are read, and not given.
    pub is_read: bool,
}

impl Channels {
    /// Those of a graph.
    ///
    /// What cannot be taken away: inputs and answers, states of recurrent units, what attention reads and gives, what each
    /// feature or each group of a convolution has of its own, and whatever an operation picks by its place.
    #[must_use]
    pub fn new(graph: &Architecture) -> Self {
        let mut union = Union::default();
        let mut of: Vec<Vec<usize>> = Vec::with_capacity(graph.nodes().len());
        for (i, node) in graph.nodes().iter().enumerate() {
            let channels = graph.shapes()[i].extents().first().copied().unwrap_or(1);
            let inputs: Vec<&[usize]> = node.inputs.iter().map(|input| &of[input.index()][..]).collect();
            let first = inputs.first().copied().unwrap_or_default();
            let own = match &node.op {
                Op::Identity(_)
                | Op::BatchNorm(_)
                | Op::LayerNorm(_)
                | Op::Activation(_)
                | Op::Dropout(_)
                | Op::Pool1d(_)
                | Op::Pool2d(_)
                | Op::Delay(_)
                | Op::PositionEmbedding(_)
                | Op::GlobalAveragePool(_)
                | Op::GlobalMaxPool(_) => first.to_vec(),
                Op::MaskedPool(_) => {
                    inputs[1..].iter().for_each(|codes| union.fix(codes));
                    first.to_vec()
                }
                Op::Add(_) | Op::Multiply(_) => {
                    inputs[1..].iter().for_each(|other| union.join(first, other));
                    first.to_vec()
                }
                Op::Concat(_) => inputs.concat(),
                Op::Flatten(_) => {
                    let each = channels / first.len().max(1);
                    first.iter().flat_map(|group| std::iter::repeat_n(*group, each)).collect()
                }
                Op::Conv1d(c) => union.convolved(first, channels, c.groups),
                Op::Conv2d(c) => union.convolved(first, channels, c.groups),
                Op::Linear(_) => union.fresh(channels),
                Op::Embedding(_) | Op::EmbeddingBag(_) => {
                    union.fix(first);
                    union.fresh(channels)
                }
                Op::TiedOutput(_) => {
                    union.join(first, inputs[1]);
                    union.fixed(channels)
                }
                Op::Gru(_) | Op::Lstm(_) | Op::Cell(_) => union.fixed(channels),
                _ => {
                    inputs.iter().for_each(|input| union.fix(input));
                    union.fixed(channels)
                }
            };
            of.push(own);
        }
        union.fix(&of[graph.output().index()]);
        union.numbered(of)
    }

    /// How many groups there are, those that cannot be taken away among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.is_free.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.is_free.is_empty()
    }

    /// Whether a group can be taken away.
    #[must_use]
    pub fn is_free(&self, group: usize) -> bool {
        self.is_free.get(group).copied().unwrap_or_default()
    }

    /// The groups that can be taken away.
    pub fn free(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).filter(|group| self.is_free(*group))
    }

    /// The group of each channel of a node's value.
    #[must_use]
    pub fn of(&self, node: NodeId) -> &[usize] {
        &self.of[node.index()]
    }

    /// The axes of a slot that are over channels; `place` is the slot's among those of its node.
    pub(super) fn along(&self, graph: &Architecture, slot: &Slot, place: usize) -> Vec<Along<'_>> {
        let node = &graph.nodes()[slot.node.index()];
        let given = |axis| Along { axis, groups: self.of(slot.node), is_read: false };
        let read = |axis| node.inputs.first().map(|i| Along { axis, groups: self.of(*i), is_read: true });
        let groups = match &node.op {
            Op::Conv1d(c) => c.groups,
            Op::Conv2d(c) => c.groups,
            _ => 1,
        };
        let found = match (&node.op, place) {
            // Of several groups of channels, each reads its own, as many as before.
            (Op::Conv1d(_) | Op::Conv2d(_), 0) => [Some(given(0)), read(1).filter(|_| groups == 1)],
            (Op::Linear(_), 0) => [read(0), Some(given(1))],
            (Op::Gru(_) | Op::Lstm(_) | Op::Cell(_), 0) => [read(1), None],
            (Op::Embedding(_) | Op::EmbeddingBag(_), 0) => [Some(given(1)), None],
            (Op::Conv1d(_) | Op::Conv2d(_) | Op::Linear(_), 1)
            | (Op::BatchNorm(_) | Op::LayerNorm(_), _)
            | (Op::PositionEmbedding(_), 0) => [Some(given(0)), None],
            _ => [None, None],
        };
        found.into_iter().flatten().collect()
    }
}

/// Groups on their way: each number knows another of its group, or itself.
#[derive(Default)]
struct Union {
    towards: Vec<usize>,
    is_fixed: Vec<bool>,
}

impl Union {
    fn fresh(&mut self, count: usize) -> Vec<usize> {
        let first = self.towards.len();
        self.towards.extend(first..first + count);
        self.is_fixed.resize(first + count, false);
        (first..first + count).collect()
    }

    fn fixed(&mut self, count: usize) -> Vec<usize> {
        let fresh = self.fresh(count);
        self.fix(&fresh);
        fresh
    }

    fn fix(&mut self, channels: &[usize]) {
        for channel in channels {
            let root = self.root(*channel);
            self.is_fixed[root] = true;
        }
    }

    fn root(&self, mut at: usize) -> usize {
        while self.towards[at] != at {
            at = self.towards[at];
        }
        at
    }

    fn join(&mut self, ones: &[usize], others: &[usize]) {
        for (one, other) in ones.iter().zip(others) {
            let (one, other) = (self.root(*one), self.root(*other));
            // Towards the lower number, so that groups are numbered in the order of nodes.
            let (low, high) = (one.min(other), one.max(other));
            self.towards[high] = low;
            self.is_fixed[low] |= self.is_fixed[high];
        }
    }

    /// What a convolution gives.
    fn convolved(&mut self, read: &[usize], channels: usize, groups: usize) -> Vec<usize> {
        if groups == 1 {
            return self.fresh(channels);
        }
        if groups == read.len() {
            let each = (channels / groups).max(1);
            return (0..channels).map(|channel| read[channel / each]).collect();
        }
        self.fix(read);
        self.fixed(channels)
    }

    /// The groups, numbered from 0 on.
    fn numbered(self, of: Vec<Vec<usize>>) -> Channels {
        let mut numbers = vec![None; self.towards.len()];
        let mut is_free = Vec::new();
        let mut number = |channel: &usize| {
            let root = self.root(*channel);
            *numbers[root].get_or_insert_with(|| {
                is_free.push(!self.is_fixed[root]);
                is_free.len() - 1
            })
        };
        let of = of.iter().map(|channels| channels.iter().map(&mut number).collect()).collect();
        Channels { of, is_free }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::architecture::op::*;
    use nascent_core::architecture::{ArchitectureBuilder, Shape};

    #[test]
    fn what_is_added_gated_or_read_apart_stands_and_falls_together() {
        let mut b = ArchitectureBuilder::new(Shape::new(&[2, 6, 6]));
        let stem = b.add(Conv2d::same(4, 3, 1), &[b.input()]).unwrap();
        let wide = b.add(Conv2d::same(8, 1, 1), &[stem]).unwrap();
        let apart = b.add(Conv2d::depthwise(8, 3, 1), &[wide]).unwrap();
        let narrow = b.add(Conv2d::same(4, 1, 1), &[apart]).unwrap();
        let sum = b.add(Add {}, &[stem, narrow]).unwrap();
        let pooled = b.add(GlobalAveragePool {}, &[sum]).unwrap();
        let squeezed = b.add(Linear { features: 3, bias: true }, &[pooled]).unwrap();
        let gate = b.add(Linear { features: 4, bias: true }, &[squeezed]).unwrap();
        let gated = b.add(Multiply {}, &[sum, gate]).unwrap();
        let both = b.add(Concat {}, &[gated, wide]).unwrap();
        let flat = b.add(Flatten {}, &[both]).unwrap();
        let output = b.add(Linear { features: 5, bias: true }, &[flat]).unwrap();
        let graph = b.finish(output).unwrap();
        let channels = Channels::new(&graph);
        let of = |node| channels.of(node);
        assert_eq!(of(wide), of(apart));
        assert!([narrow, sum, pooled, gate, gated].iter().all(|node| of(*node) == of(stem)));
        assert_eq!(of(both), [of(stem), of(wide)].concat());
        assert_eq!((of(flat)[35], of(flat)[36]), (of(stem)[0], of(stem)[1]));
        // Two inputs and five answers stay; the rest is four groups, eight and three.
        assert_eq!((channels.len(), channels.free().count()), (22, 15));
        assert!(
            of(NodeId(0)).iter().chain(of(output)).all(|group| channels.free().all(|free| free != *group))
        );
    }

    #[test]
    fn what_an_operation_needs_as_it_is_stays() {
        let mut b = ArchitectureBuilder::new(Shape::new(&[6, 9]));
        let read = b.add(Conv1d::same(6, 1, 1), &[b.input()]).unwrap();
        let state = b.add(Gru { size: 4 }, &[read]).unwrap();
        let wide = b.add(Conv1d::same(6, 1, 1), &[state]).unwrap();
        let grouped = b.add(Conv1d { groups: 2, ..Conv1d::same(4, 3, 1) }, &[wide]).unwrap();
        let attention = SelfAttention { heads: 2, key_heads: 2, causal: false, relative: Relative::None };
        let attended = b.add(attention, &[grouped]).unwrap();
        let pooled = b.add(GlobalMaxPool {}, &[attended]).unwrap();
        let output = b.add(Linear { features: 2, bias: false }, &[pooled]).unwrap();
        let channels = Channels::new(&b.finish(output).unwrap());
        // What a recurrent unit reads can go, and nothing else.
        assert!(channels.free().eq(channels.of(read).iter().copied()));
    }
}
