//! Open choices of which each sees a part of the channels alone.

use super::op::{Concat, Slice};
use super::{Architecture, ArchitectureBuilder, ArchitectureError, NodeId, Op, Shape, op};
use std::collections::{BTreeSet, HashMap};

/// What lies between one node and a choice that is made of it.
struct Span {
    /// What all options read.
    from: usize,
    /// The nodes of the options.
    within: BTreeSet<usize>,
}

impl Architecture {
    /// The same graph in which the options of open choices see one in `parts` of the channels, the first ones; the others go past
    /// them and come out first, so that the next choice sees other channels (partial channel connections of PC-DARTS, Xu et
    /// al. 2019, arXiv:1907.05737).
    ///
    /// A choice stays as it is where its options do not all read one node, change the shape, have channels that are no multiple
    /// of `parts`, or operations that cannot be made smaller.
    ///
    /// # Errors
    /// Where the smaller operations make no graph, which those of this one do.
    pub fn with_partial_choices(&self, parts: usize) -> Result<Self, ArchitectureError> {
        let spans: HashMap<usize, Span> = (0..self.nodes.len())
            .filter(|&i| matches!(self.nodes[i].op, Op::Mixed(_)))
            .filter_map(|i| Some((i, self.span(i, parts)?)))
            .collect();
        let owner: HashMap<usize, usize> =
            spans.iter().flat_map(|(&choice, span)| span.within.iter().map(move |&n| (n, choice))).collect();
        let mut b = ArchitectureBuilder::new(self.input_shape().clone());
        let mut became = vec![b.input()];
        // Of each choice: the channels that its options see, and those that go past them.
        let mut halves: HashMap<usize, [NodeId; 2]> = HashMap::new();
        for (i, node) in self.nodes.iter().enumerate().skip(1) {
            let choice = owner.get(&i).copied().or_else(|| spans.contains_key(&i).then_some(i));
            b.scope(self.place(NodeId(i as u32)));
            if let Some(choice) = choice.filter(|choice| !halves.contains_key(choice)) {
                let from = spans[&choice].from;
                let (whole, channels) = (became[from], self.shapes[from].extents()[0]);
                let seen = channels / parts;
                let first = b.add(Slice { from: 0, len: seen }, &[whole])?;
                let rest = b.add(Slice { from: seen, len: channels - seen }, &[whole])?;
                halves.insert(choice, [first, rest]);
            }
            let read = |input: &NodeId| match choice {
                Some(choice) if spans[&choice].from == input.index() => halves[&choice][0],
                _ => became[input.index()],
            };
            let inputs: Vec<NodeId> = node.inputs.iter().map(read).collect();
            let op = match owner.get(&i) {
                Some(_) => self.smaller(i, parts).unwrap_or_else(|| node.op.clone()),
                None => node.op.clone(),
            };
            let mut at = b.add(op, &inputs)?;
            if spans.contains_key(&i) {
                at = b.add(Concat {}, &[halves[&i][1], at])?;
            }
            became.push(at);
        }
        b.finish(became[self.output.index()])
    }

    /// What lies between a choice and the one node that all of its options read; none where it cannot see fewer channels.
    fn span(&self, choice: usize, parts: usize) -> Option<Span> {
        let before = |node: usize| -> BTreeSet<usize> {
            let mut found = BTreeSet::from([node]);
            let mut open = vec![node];
            while let Some(at) = open.pop() {
                let inputs = self.nodes[at].inputs.iter().map(|input| input.index());
                open.extend(inputs.filter(|input| found.insert(*input)));
            }
            found
        };
        let options: Vec<BTreeSet<usize>> =
            self.nodes[choice].inputs.iter().map(|input| before(input.index())).collect();
        // Nothing but zeros comes from nowhere.
        let mut reading = options.iter().filter(|found| found.contains(&0));
        let first = reading.next()?.clone();
        let from = *reading.fold(first, |common, found| &common & found).last()?;
        let all: BTreeSet<usize> = options.iter().flatten().copied().collect();
        let within = &all - &before(from);
        let is_inside = |node: usize| within.contains(&node) || node == from;
        let is_closed = within.iter().all(|&n| self.nodes[n].inputs.iter().all(|i| is_inside(i.index())));
        let mut readers = self.nodes.iter().enumerate().filter(|(i, _)| *i != choice && !within.contains(i));
        let is_private = readers.all(|(_, node)| node.inputs.iter().all(|i| !within.contains(&i.index())))
            && !within.contains(&self.output.index());
        let channels = *self.shapes[from].extents().first()?;
        let fits = self.shapes[from] == self.shapes[choice]
            && parts > 1
            && channels.is_multiple_of(parts)
            && within.iter().all(|&n| self.smaller(n, parts).is_some());
        (is_closed && is_private && fits).then_some(Span { from, within })
    }

    /// A node's operation for one in `parts` of the channels that it reads and gives; none where there is none.
    fn smaller(&self, node: usize, parts: usize) -> Option<Op> {
        let less = |channels: usize| channels.is_multiple_of(parts).then_some(channels / parts);
        let read = self.nodes[node].inputs.first().map_or(0, |i| self.shapes[i.index()].extents()[0]);
        // Channels that do not mix stay apart; all that mix go on mixing.
        let groups = |groups: usize| match groups {
            1 => Some(1),
            n if n == read => less(n),
            _ => None,
        };
        Some(match &self.nodes[node].op {
            Op::Zero(zero) => {
                let (first, rest) = zero.shape.extents().split_first()?;
                op::Zero { shape: Shape::new(&[&[less(*first)?][..], rest].concat()) }.into()
            }
            Op::Conv2d(conv) => {
                op::Conv2d { channels: less(conv.channels)?, groups: groups(conv.groups)?, ..conv.clone() }
                    .into()
            }
            Op::Conv1d(conv) => {
                op::Conv1d { channels: less(conv.channels)?, groups: groups(conv.groups)?, ..conv.clone() }
                    .into()
            }
            other @ (Op::Identity(_)
            | Op::BatchNorm(_)
            | Op::LayerNorm(_)
            | Op::Activation(_)
            | Op::Pool2d(_)
            | Op::Pool1d(_)
            | Op::Add(_)
            | Op::Dropout(_)) => other.clone(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::op::*;
    use super::*;

    const OPTIONS: [&str; 4] = ["none", "skip", "deep", "three"];

    /// Two choices one after another, and one that changes the shape; with the answers, or open.
    fn graph(channels: usize, answers: Option<[usize; 2]>) -> Architecture {
        let mut b = ArchitectureBuilder::new(Shape::new(&[1, 6, 6]));
        let mut at = b.add(Conv2d::same(channels, 3, 1), &[b.input()]).unwrap();
        for layer in 0..2 {
            b.scope(format!("layer {layer}"));
            let shape = b.shape(at).clone();
            let mut all = Vec::new();
            for option in 0..4 {
                let node = match option {
                    0 => b.add(Zero { shape: shape.clone() }, &[]),
                    1 => b.add(Identity {}, &[at]),
                    2 => b.chain(
                        at,
                        [
                            Conv2d::same(2 * channels, 1, 1).into(),
                            Conv2d::depthwise(2 * channels, 3, 1).into(),
                            Conv2d::same(channels, 1, 1).into(),
                        ],
                    ),
                    _ => b.chain(at, [Conv2d::same(channels, 3, 1).into(), BatchNorm {}.into()]),
                };
                all.push(node.unwrap());
            }
            let options = OPTIONS.map(String::from).to_vec();
            at = match answers {
                Some(answers) => all[answers[layer]],
                None => b.add(Mixed { path: format!("layer[{layer}]"), options }, &all).unwrap(),
            };
        }
        let strided = [1, 3].map(|kernel| b.add(Conv2d::same(channels, kernel, 2), &[at]).unwrap());
        let at = match answers {
            Some(_) => strided[0],
            None => {
                let options = vec!["one".into(), "three".into()];
                b.add(Mixed { path: "last".into(), options }, &strided).unwrap()
            }
        };
        let head = [GlobalAveragePool {}.into(), Linear { features: 3, bias: true }.into()];
        let out = b.chain(at, head).unwrap();
        b.finish(out).unwrap()
    }

    #[test]
    fn options_see_a_part_of_the_channels_and_the_rest_goes_past_them() {
        let whole = graph(8, None);
        let part = whole.with_partial_choices(4).unwrap();
        assert_eq!(part.choices(), whole.choices());
        let shapes = |graph: &Architecture| -> Vec<Vec<usize>> {
            let mixed =
                graph.nodes().iter().zip(graph.shapes()).filter(|(n, _)| matches!(n.op, Op::Mixed(_)));
            mixed.map(|(_, shape)| shape.extents().to_vec()).collect()
        };
        assert_eq!(shapes(&whole), [[8, 6, 6], [8, 6, 6], [8, 3, 3]]);
        // What changes the shape stays as it is.
        assert_eq!(shapes(&part), [[2, 6, 6], [2, 6, 6], [8, 3, 3]]);
        // Channels that went past one choice are the first that the next one sees.
        let joined = part.nodes().iter().position(|n| matches!(n.op, Op::Concat(_))).unwrap();
        let concat = &part.nodes()[joined];
        assert!(matches!(part.nodes()[concat.inputs[0].index()].op, Op::Slice(_)));
        assert!(matches!(part.nodes()[concat.inputs[1].index()].op, Op::Mixed(_)));
        let derive = |graph: &Architecture, answers: [usize; 2]| {
            let option =
                |path: &str| Some(if path == "last" { 0 } else { answers[usize::from(path == "layer[1]")] });
            graph.derive(option).unwrap()
        };
        let cost = |answers| derive(&part, answers).cost().macs;
        // Of a 3×3 convolution of 8 channels a sixteenth is left; skips cost nothing.
        let (three, skip) = (cost([3, 1]), cost([1, 1]));
        assert_eq!(three - skip, 36 * 9 * 2 * 2);
        assert_eq!(cost([2, 1]) - skip, 36 * (2 * 4 + 9 * 4 + 4 * 2));
        assert_eq!(derive(&whole, [3, 2]).hash(), graph(8, Some([3, 2])).canonical().hash());
    }

    #[test]
    fn a_choice_that_cannot_see_less_stays_as_it_is() {
        let whole = graph(6, None);
        let same = whole.with_partial_choices(4).unwrap();
        assert_eq!((same.nodes().len(), same.cost()), (whole.nodes().len(), whole.cost()));
        let none = graph(8, Some([3, 3]));
        assert_eq!(none.with_partial_choices(4).unwrap().canonical().hash(), none.canonical().hash());
    }
}
