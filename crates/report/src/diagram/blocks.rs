use super::cell::opened;
use nascent_core::architecture::{Architecture, NodeId, Op, Operation};

/// What a block mainly does, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Input,
    Convolution,
    Linear,
    Pool,
    Merge,
    Other,
}

/// Operations that a reader takes for one: a layer with what comes right before and after it.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// The graph's nodes, in the order computed; none where a later block of the same operation has them.
    pub nodes: Vec<usize>,
    /// The blocks whose values it reads; a value read twice is there twice.
    pub inputs: Vec<usize>,
    pub kind: Kind,
    /// The operation that the block is about.
    pub title: String,
    /// What comes before and after it.
    pub detail: String,
    /// The shape of its value.
    pub shape: String,
    pub params: u64,
    pub macs: u64,
    /// The part of the network it belongs to.
    pub scope: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Goes with the layer before it, or, where there is none, with the one after.
    Follower,
    /// Goes with the layer after it.
    Leader,
    /// A layer.
    Layer,
    /// Joins several values.
    Merge,
}

fn part(op: &Op) -> Part {
    match op {
        Op::Flatten(_) | Op::Slice(_) => Part::Leader,
        Op::BatchNorm(_) | Op::LayerNorm(_) | Op::Activation(_) | Op::Dropout(_) => Part::Follower,
        Op::PositionEmbedding(_) => Part::Follower,
        // Codes that say what is padding are read beside the value.
        Op::SelfAttention(_) | Op::MaskedPool(_) | Op::TiedOutput(_) => Part::Layer,
        _ if op.arity().1 > 1 => Part::Merge,
        _ => Part::Layer,
    }
}

/// The blocks of a graph, each after those it reads.
pub(super) fn blocks(architecture: &Architecture) -> Vec<Block> {
    let groups = group(architecture);
    let mut block_of = vec![0; architecture.nodes().len()];
    for (b, nodes) in groups.iter().enumerate() {
        for &node in nodes {
            block_of[node] = b;
        }
    }
    let mut blocks = Vec::with_capacity(groups.len());
    // The block that has the value of each group.
    let mut last = Vec::with_capacity(groups.len());
    for nodes in groups {
        let cell = nodes.iter().find_map(|&n| match &architecture.nodes()[n].op {
            Op::Cell(cell) => Some((cell, architecture.shapes()[n].extents()[1] as u64)),
            _ => None,
        });
        let mut block = describe(architecture, nodes, &block_of);
        block.inputs.iter_mut().for_each(|group| *group = last[*group]);
        match cell {
            Some((cell, steps)) => {
                let first = blocks.len();
                blocks.extend(opened(cell, steps, block, first));
            }
            None => blocks.push(block),
        }
        last.push(blocks.len() - 1);
    }
    blocks
}

/// Nodes that make one block, in the order of their first nodes.
fn group(architecture: &Architecture) -> Vec<Vec<usize>> {
    let nodes = architecture.nodes();
    let uses = architecture.uses();
    let mut only_reader: Vec<Option<usize>> = vec![None; nodes.len()];
    for (i, node) in nodes.iter().enumerate() {
        for input in node.inputs.iter().filter(|x| uses[x.index()] == 1) {
            only_reader[input.index()] = Some(i);
        }
    }
    let scope = |i: usize| architecture.scope(NodeId(i as u32));
    let leads_to_layer =
        |i: usize| only_reader[i].is_some_and(|r| part(&nodes[r].op) != Part::Merge && scope(r) == scope(i));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut group_of = vec![usize::MAX; nodes.len()];
    for (i, node) in nodes.iter().enumerate() {
        let before = match node.inputs[..] {
            [x] if uses[x.index()] == 1 && scope(x.index()) == scope(i) => Some(group_of[x.index()]),
            _ => None,
        };
        let joins = before.filter(|&g| {
            let parts = || groups[g].iter().map(|&n| part(&nodes[n].op));
            if groups[g].contains(&0) {
                return false;
            }
            match part(&node.op) {
                // Before a layer an activation belongs to that layer, not to the sum whose value it takes.
                Part::Follower => !parts().any(|p| p == Part::Merge) || !leads_to_layer(i),
                Part::Leader | Part::Layer => parts().all(|p| matches!(p, Part::Follower | Part::Leader)),
                Part::Merge => false,
            }
        });
        group_of[i] = joins.unwrap_or(groups.len());
        match joins {
            Some(g) => groups[g].push(i),
            None => groups.push(vec![i]),
        }
    }
    groups
}

fn describe(architecture: &Architecture, nodes: Vec<usize>, block_of: &[usize]) -> Block {
    let op = |n: usize| &architecture.nodes()[n].op;
    let label = |n: &usize| op(*n).label();
    let own = block_of[nodes[0]];
    let main = nodes.iter().position(|&n| matches!(part(op(n)), Part::Layer | Part::Merge)).unwrap_or(0);
    let joined = |of: &[usize]| of.iter().map(label).collect::<Vec<_>>().join(", ");
    let (before, after) = (joined(&nodes[..main]), joined(&nodes[main + 1..]));
    let mut detail = match (before.is_empty(), after.is_empty()) {
        (true, _) => after,
        (false, true) => format!("after {before}"),
        (false, false) => format!("after {before}; then {after}"),
    };
    let inputs: Vec<usize> = nodes
        .iter()
        .flat_map(|&n| &architecture.nodes()[n].inputs)
        .map(|x| block_of[x.index()])
        .filter(|&b| b != own)
        .collect();
    let distinct = inputs.iter().enumerate().filter(|(i, b)| !inputs[..*i].contains(b)).count();
    if distinct < inputs.len() {
        let repeated = format!("{} inputs, {distinct} distinct", inputs.len());
        detail = if detail.is_empty() { repeated } else { format!("{repeated}; {detail}") };
    }
    let last = nodes[nodes.len() - 1];
    let (mut params, mut macs) = (0, 0);
    for &n in &nodes {
        let shapes = architecture.input_shapes(NodeId(n as u32));
        params += op(n).params(&shapes);
        macs += op(n).macs(&shapes, &architecture.shapes()[n]);
    }
    Block {
        kind: kind(op(nodes[main])),
        title: label(&nodes[main]),
        detail,
        shape: architecture.shapes()[last].to_string(),
        params,
        macs,
        scope: architecture.scope(NodeId(nodes[0] as u32)).to_string(),
        inputs,
        nodes,
    }
}

fn kind(op: &Op) -> Kind {
    match op {
        Op::Input(_) => Kind::Input,
        Op::Conv2d(_) | Op::Conv1d(_) => Kind::Convolution,
        Op::Linear(_) | Op::PerFeature(_) => Kind::Linear,
        Op::Pool2d(_) | Op::Pool1d(_) | Op::MaskedPool(_) => Kind::Pool,
        Op::GlobalAveragePool(_) | Op::GlobalMaxPool(_) => Kind::Pool,
        _ if part(op) == Part::Merge => Kind::Merge,
        _ => Kind::Other,
    }
}
