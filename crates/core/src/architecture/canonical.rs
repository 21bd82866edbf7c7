//! One spelling for every way to write the same computation, and its hash.

use super::{Architecture, ArchitectureHash, Node, NodeId, Op, Operation, op};
use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_128;

impl Architecture {
    /// The same computation without what cannot matter, its nodes in an order that only the computation decides.
    ///
    /// Removed are: nodes the output does not depend on; operations whose input is constant (a zeroed edge and
    /// all that is computed from it alone); identities; sums and concatenations of one; repeated rectification.
    /// A sum read only by another sum is merged into it. Nodes within a recurrent cell are put in order. A final linear layer stays even on a constant input.
    #[must_use]
    pub fn canonical(&self) -> Self {
        self.simplified().reordered()
    }

    /// The content hash of this graph as it stands; call it on a [`Architecture::canonical`] graph.
    ///
    /// Names are not hashed. Node colours are refined upwards and downwards (Weisfeiler & Leman), and nodes that share a
    /// colour are told apart one by one, so that it matters which of two equal nodes is read where.
    #[must_use]
    pub fn hash(&self) -> ArchitectureHash {
        ArchitectureHash(digest(sorted(&self.distinct_colours()).iter()))
    }

    fn simplified(&self) -> Self {
        let n = self.nodes.len();
        // What each old node became: a new node, or nothing but zeros.
        let mut became: Vec<Option<usize>> = Vec::with_capacity(n);
        let mut nodes: Vec<Node> = Vec::with_capacity(n);
        let mut shapes = Vec::with_capacity(n);
        for (i, node) in self.nodes.iter().enumerate() {
            let mapped: SmallVec<[Option<usize>; 4]> =
                node.inputs.iter().map(|x| became[x.index()]).collect();
            let is_head = i == self.output.index() && matches!(node.op, Op::Linear(_));
            let mut alive: SmallVec<[usize; 4]> = mapped.iter().filter_map(|x| *x).collect();
            let constant = match node.op {
                Op::Zero(_) => true,
                Op::Input(_) => false,
                Op::Multiply(_) => alive.len() < mapped.len(),
                _ => alive.is_empty(),
            };
            if constant && !is_head {
                became.push(None);
                continue;
            }
            let unchanged = match &node.op {
                Op::Identity(_) => true,
                Op::Add(_) => alive.len() == 1,
                Op::Concat(_) => mapped.len() == 1,
                Op::Dropout(d) => d.per_mille == 0,
                Op::Flatten(_) => self.shapes[node.inputs[0].index()].vector().is_some(),
                Op::Activation(op::Activation::Relu) => {
                    matches!(nodes[alive[0]].op, Op::Activation(op::Activation::Relu))
                }
                Op::Pool2d(p) => p.kernel == 1 && p.stride == 1 && p.padding == 0,
                Op::Pool1d(p) => p.kernel == 1 && p.stride == 1 && p.padding == 0,
                Op::Slice(_) => self.shapes[i] == self.shapes[node.inputs[0].index()],
                _ => false,
            };
            if unchanged {
                became.push(Some(alive[0]));
                continue;
            }
            if !matches!(node.op, Op::Add(_)) && alive.len() < mapped.len() {
                // Zeros that a concatenation or the head still needs.
                alive.clear();
                for (old, new) in node.inputs.iter().zip(&mapped) {
                    let shape = &self.shapes[old.index()];
                    alive.push(new.unwrap_or_else(|| {
                        nodes.push(Node {
                            op: op::Zero { shape: shape.clone() }.into(),
                            inputs: SmallVec::new(),
                            scope: node.scope,
                        });
                        shapes.push(shape.clone());
                        nodes.len() - 1
                    }));
                }
            }
            let inputs = alive.iter().map(|&x| NodeId(x as u32)).collect();
            let op = match &node.op {
                Op::Cell(cell) => cell.canonical().into(),
                op => op.clone(),
            };
            nodes.push(Node { op, inputs, scope: node.scope });
            shapes.push(self.shapes[i].clone());
            became.push(Some(nodes.len() - 1));
        }
        let output = became[self.output.index()].unwrap_or_else(|| {
            let shape = self.output_shape().clone();
            nodes.push(Node {
                op: op::Zero { shape: shape.clone() }.into(),
                inputs: SmallVec::new(),
                scope: 0,
            });
            shapes.push(shape);
            nodes.len() - 1
        });
        let mut simple = Self { nodes, shapes, scopes: self.scopes.clone(), output: NodeId(output as u32) };
        simple.merge_sums();
        simple
    }

    /// Merges a sum that only another sum reads into its reader.
    fn merge_sums(&mut self) {
        let live = self.live();
        let mut uses = vec![0usize; self.nodes.len()];
        for (node, _) in self.nodes.iter().zip(&live).filter(|(_, live)| **live) {
            for input in &node.inputs {
                uses[input.index()] += 1;
            }
        }
        uses[self.output.index()] += 1;
        for i in 0..self.nodes.len() {
            if !matches!(self.nodes[i].op, Op::Add(_)) {
                continue;
            }
            let mut terms: SmallVec<[NodeId; 2]> = SmallVec::new();
            for &input in &self.nodes[i].inputs {
                let inner = &self.nodes[input.index()];
                if matches!(inner.op, Op::Add(_)) && uses[input.index()] == 1 {
                    terms.extend_from_slice(&inner.inputs);
                } else {
                    terms.push(input);
                }
            }
            self.nodes[i].inputs = terms;
        }
    }

    /// Which nodes the output depends on; the input always counts.
    fn live(&self) -> Vec<bool> {
        let mut live = vec![false; self.nodes.len()];
        live[0] = true;
        live[self.output.index()] = true;
        for i in (0..self.nodes.len()).rev() {
            if live[i] {
                for input in &self.nodes[i].inputs {
                    live[input.index()] = true;
                }
            }
        }
        live
    }

    /// Live nodes only, sorted by their distance from the input, then by colour.
    fn reordered(&self) -> Self {
        let live = self.live();
        let mut level = vec![0u32; self.nodes.len()];
        for (i, node) in self.nodes.iter().enumerate() {
            level[i] = node.inputs.iter().map(|x| level[x.index()] + 1).max().unwrap_or(0);
        }
        let pruned = self.renumbered(&(0..self.nodes.len()).filter(|&i| live[i]).collect::<Vec<_>>());
        let levels: Vec<u32> = (0..self.nodes.len()).filter(|&i| live[i]).map(|i| level[i]).collect();
        let colours = pruned.distinct_colours();
        let mut order: Vec<usize> = (0..pruned.nodes.len()).collect();
        // The input is first whatever its colour; a zero source shares its level.
        order.sort_by_key(|&i| (i != 0, levels[i], colours[i], i));
        let mut sorted = pruned.renumbered(&order);
        for node in &mut sorted.nodes {
            if node.op.commutes() {
                node.inputs.sort_unstable();
            }
        }
        sorted
    }

    /// The nodes `order` in that order, their inputs following them.
    fn renumbered(&self, order: &[usize]) -> Self {
        let mut position = vec![NodeId(u32::MAX); self.nodes.len()];
        for (new, &old) in order.iter().enumerate() {
            position[old] = NodeId(new as u32);
        }
        let nodes = order
            .iter()
            .map(|&old| {
                let node = &self.nodes[old];
                let inputs = node.inputs.iter().map(|x| position[x.index()]).collect();
                Node { op: node.op.clone(), inputs, scope: node.scope }
            })
            .collect();
        Self {
            nodes,
            shapes: order.iter().map(|&old| self.shapes[old].clone()).collect(),
            scopes: self.scopes.clone(),
            output: position[self.output.index()],
        }
    }

    /// A colour for every node, no two alike, that depends on what it computes and on how its value is used.
    ///
    /// Of nodes that refinement gives one colour, one is marked, and the refinement repeated, until none are left. Which
    /// one is marked is decided by what all colours become then; where that is the same too, the nodes are taken to be
    /// interchangeable.
    fn distinct_colours(&self) -> Vec<u128> {
        let codes = self.nodes.iter().map(|node| digest(node.op.code().iter())).collect();
        let mut colours = self.refined(codes);
        loop {
            let in_order = sorted(&colours);
            let Some(shared) = in_order.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]) else {
                return colours;
            };
            // Where it does not matter which, names decide, so that weights keep their places.
            let mut alike: Vec<usize> = (0..colours.len()).filter(|&i| colours[i] == shared).collect();
            alike.sort_by_key(|&i| self.nodes[i].scope);
            let marked = alike.into_iter().map(|i| {
                let mut marked = colours.clone();
                marked[i] = digest([shared, 1].iter());
                self.refined(marked)
            });
            // The first of those that come to the same.
            match marked.min_by_key(|colours| sorted(colours)) {
                Some(marked) => colours = marked,
                None => return colours,
            }
        }
    }

    /// Colours that also depend on the colours of all that a node reads, and of all that reads it.
    fn refined(&self, mut up: Vec<u128>) -> Vec<u128> {
        let n = self.nodes.len();
        self.refine_up(&mut up);
        // What reads a node, and in which place.
        let mut down = vec![0u128; n];
        let mut readers: Vec<SmallVec<[u128; 4]>> = vec![SmallVec::new(); n];
        readers[self.output.index()].push(1);
        for i in (0..n).rev() {
            readers[i].sort_unstable();
            down[i] = digest([up[i]].iter().chain(readers[i].iter()));
            let node = &self.nodes[i];
            for (place, input) in node.inputs.iter().enumerate() {
                let place = if node.op.commutes() { 0 } else { place as u128 + 1 };
                readers[input.index()].push(digest([down[i], place].iter()));
            }
        }
        self.refine_up(&mut down);
        down
    }

    fn refine_up(&self, colours: &mut [u128]) {
        for (i, node) in self.nodes.iter().enumerate() {
            let mut below: SmallVec<[u128; 4]> = node.inputs.iter().map(|x| colours[x.index()]).collect();
            if node.op.commutes() {
                below.sort_unstable();
            }
            colours[i] = digest([colours[i]].iter().chain(below.iter()));
        }
    }
}

fn sorted(colours: &[u128]) -> Vec<u128> {
    let mut colours = colours.to_vec();
    colours.sort_unstable();
    colours
}

/// A stable 128-bit digest of whole numbers.
fn digest<'a, T: Word + 'a>(words: impl Iterator<Item = &'a T>) -> u128 {
    let mut bytes: SmallVec<[u8; 128]> = SmallVec::new();
    for word in words {
        word.write(&mut bytes);
    }
    xxh3_128(&bytes)
}

trait Word {
    fn write(&self, bytes: &mut SmallVec<[u8; 128]>);
}

impl Word for u128 {
    fn write(&self, bytes: &mut SmallVec<[u8; 128]>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }
}

impl Word for u32 {
    fn write(&self, bytes: &mut SmallVec<[u8; 128]>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ArchitectureBuilder, Shape, op::*};
    use super::*;

    fn conv(channels: usize) -> Op {
        Conv2d::same(channels, 3, 1).into()
    }

    fn build(f: impl FnOnce(&mut ArchitectureBuilder) -> NodeId) -> Architecture {
        let mut b = ArchitectureBuilder::new(Shape::new(&[4, 8, 8]));
        let at = f(&mut b);
        let at =
            b.chain(at, [GlobalAveragePool {}.into(), Linear { features: 10, bias: true }.into()]).unwrap();
        b.finish(at).unwrap()
    }

    #[test]
    fn order_of_terms_and_identities_do_not_matter() {
        let a = build(|b| {
            let x = b.add(conv(4), &[NodeId(0)]).unwrap();
            let y = b.add(Activation::Relu, &[NodeId(0)]).unwrap();
            b.add(Add {}, &[x, y]).unwrap()
        });
        let c = build(|b| {
            let y = b.add(Activation::Relu, &[NodeId(0)]).unwrap();
            let i = b.add(Identity {}, &[y]).unwrap();
            let dead = b.add(conv(64), &[i]).unwrap();
            b.add(Activation::Tanh, &[dead]).unwrap();
            let x = b.add(conv(4), &[NodeId(0)]).unwrap();
            let z = b.add(Zero { shape: Shape::new(&[4, 8, 8]) }, &[]).unwrap();
            let zz = b.add(conv(4), &[z]).unwrap();
            b.add(Add {}, &[i, zz, x]).unwrap()
        });
        assert_ne!(a.nodes(), c.nodes());
        assert_eq!(a.canonical().hash(), c.canonical().hash());
        assert_eq!(
            a.canonical().nodes.iter().map(|n| &n.op).collect::<Vec<_>>(),
            c.canonical().nodes.iter().map(|n| &n.op).collect::<Vec<_>>()
        );
        assert_eq!(a.canonical().cost(), c.canonical().cost());
    }

    #[test]
    fn a_shared_node_is_not_two_equal_nodes() {
        let shared = build(|b| {
            let x = b.add(conv(4), &[NodeId(0)]).unwrap();
            b.add(Add {}, &[x, x]).unwrap()
        });
        let twice = build(|b| {
            let x = b.add(conv(4), &[NodeId(0)]).unwrap();
            let y = b.add(conv(4), &[NodeId(0)]).unwrap();
            b.add(Add {}, &[x, y]).unwrap()
        });
        assert_ne!(shared.canonical().hash(), twice.canonical().hash());
    }

    #[test]
    fn it_matters_which_of_two_equal_nodes_is_read_where() {
        let pairs = |read: [[usize; 2]; 2]| {
            build(|b| {
                let equal = [b.add(conv(4), &[NodeId(0)]).unwrap(), b.add(conv(4), &[NodeId(0)]).unwrap()];
                let terms = read.map(|pair| {
                    let sum = b.add(Add {}, &pair.map(|i| equal[i])).unwrap();
                    b.add(Activation::Tanh, &[sum]).unwrap()
                });
                b.add(Add {}, &terms).unwrap()
            })
            .canonical()
        };
        let both = pairs([[0, 1], [0, 1]]);
        assert_ne!(both.hash(), pairs([[0, 0], [1, 1]]).hash());
        assert_ne!(both.hash(), pairs([[0, 0], [0, 1]]).hash());
        assert_eq!(both.hash(), pairs([[1, 0], [0, 1]]).hash());
        assert_eq!(pairs([[0, 0], [1, 1]]).hash(), pairs([[1, 1], [0, 0]]).hash());
        assert_eq!(pairs([[0, 0], [0, 1]]).hash(), pairs([[1, 0], [1, 1]]).hash());
        assert_eq!(both, both.canonical());
    }

    #[test]
    fn a_network_cut_off_from_its_input_keeps_its_head() {
        let cut = build(|b| b.add(Zero { shape: Shape::new(&[4, 8, 8]) }, &[]).unwrap()).canonical();
        assert_eq!(cut.nodes().iter().map(|n| n.op.name()).collect::<Vec<_>>(), ["Input", "Zero", "Linear"]);
        assert_eq!(cut.cost().params, 50);
    }

    #[test]
    fn canonical_is_idempotent_and_survives_json() {
        let a = build(|b| {
            let x = b.add(conv(4), &[NodeId(0)]).unwrap();
            let s = b.add(Add {}, &[x, NodeId(0)]).unwrap();
            let y = b.add(conv(4), &[s]).unwrap();
            let t = b.add(Add {}, &[y, s]).unwrap();
            b.add(Add {}, &[t, x]).unwrap()
        })
        .canonical();
        assert_eq!(a, a.canonical());
        let text = serde_json::to_string(&a).unwrap();
        assert_eq!(serde_json::from_str::<Architecture>(&text).unwrap(), a);
        assert!(serde_json::from_str::<Architecture>(&text.replace("\"output\":", "\"output\":9")).is_err());
    }

    #[test]
    fn cost_counts_what_is_alive() {
        let a = build(|b| b.add(conv(8), &[NodeId(0)]).unwrap());
        let cost = a.cost();
        assert_eq!(cost.params, 4 * 8 * 9 + 8 * 10 + 10);
        assert_eq!(cost.macs, 64 * 8 * 4 * 9 + 80);
        assert_eq!(cost.activation_memory_bytes, 4 * (4 * 64 + 8 * 64));
        assert_eq!(cost.depth, 2);
    }
}
