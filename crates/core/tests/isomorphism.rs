//! The canonical hash against an oracle: two networks have one hash exactly where their pruned graphs are isomorphic.
#![allow(clippy::unwrap_used)]

use nascent_core::architecture::op::{Activation, Add, Concat, Identity, Linear, Zero};
use nascent_core::architecture::{Architecture, ArchitectureBuilder, NodeId, Op, Operation, Shape};
use nascent_core::rng::Rng;
use petgraph::algo::is_isomorphic_matching;
use petgraph::graph::DiGraph;
use std::collections::BTreeMap;

/// What a node computes, and whether it is the answer.
type Label = (Vec<u32>, bool);
/// In which places one node reads another; none has a place where the order does not matter.
type Places = Vec<usize>;

fn labelled(network: &Architecture) -> DiGraph<Label, Places> {
    let mut graph = DiGraph::new();
    let mut edges: BTreeMap<(usize, usize), Places> = BTreeMap::new();
    for (i, node) in network.nodes().iter().enumerate() {
        graph.add_node((node.op.code().to_vec(), i == network.output().index()));
        for (place, input) in node.inputs.iter().enumerate() {
            let place = if node.op.commutes() { 0 } else { place };
            edges.entry((input.index(), i)).or_default().push(place);
        }
    }
    for ((from, to), places) in edges {
        graph.add_edge((from as u32).into(), (to as u32).into(), places);
    }
    graph
}

fn linear() -> Op {
    Linear { features: 4, bias: true }.into()
}

/// A few operations on vectors of 4, each reading whatever came before it; some compute nothing or are read by nobody.
fn random(rng: &mut Rng) -> Architecture {
    let mut b = ArchitectureBuilder::new(Shape::new(&[4]));
    let mut nodes: Vec<NodeId> = vec![b.input()];
    for _ in 0..2 + rng.below(6) {
        let (x, y) = (nodes[rng.below(nodes.len())], nodes[rng.below(nodes.len())]);
        let node = match rng.below(10) {
            0..=3 => b.add(linear(), &[x]),
            4 | 5 => b.add(Activation::Tanh, &[x]),
            6 | 7 => b.add(Add {}, &[x, y]),
            8 => b.add(Concat {}, &[x, y]).and_then(|both| b.add(linear(), &[both])),
            _ if rng.below(3) == 0 => b.add(Zero { shape: Shape::new(&[4]) }, &[]),
            _ => b.add(Identity {}, &[x]),
        };
        nodes.push(node.unwrap());
    }
    let (x, y) = (nodes[nodes.len() - 1], nodes[nodes.len() - 2]);
    let out = b.add(Add {}, &[x, y]).unwrap();
    b.finish(out).unwrap()
}

#[test]
fn one_hash_is_one_graph() {
    let mut rng = Rng::new(1, 0);
    let networks: Vec<Architecture> = (0..600).map(|_| random(&mut rng).canonical()).collect();
    let graphs: Vec<_> = networks.iter().map(labelled).collect();
    let hashes: Vec<_> = networks.iter().map(Architecture::hash).collect();
    let mut alike = 0;
    for i in 0..networks.len() {
        for j in 0..i {
            let (a, b) = (&graphs[i], &graphs[j]);
            // Graphs of different size are not isomorphic, and need no search.
            let is_one = a.node_count() == b.node_count()
                && a.edge_count() == b.edge_count()
                && is_isomorphic_matching(a, b, |x, y| x == y, |x, y| x == y);
            assert_eq!(hashes[i] == hashes[j], is_one, "{:#?}\n{:#?}", networks[i], networks[j]);
            alike += usize::from(is_one);
        }
    }
    assert!(alike > 100, "only {alike} pairs were one graph: the oracle had too little to say");
}
