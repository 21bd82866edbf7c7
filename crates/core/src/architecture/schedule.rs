use super::{Architecture, Op};

/// When each node of a network is computed and where its value lies: one block of memory for all values of one example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The nodes in the order of their computation.
    pub order: Vec<usize>,
    /// Where the value of each node begins, in bytes.
    pub offsets: Vec<u64>,
    /// How long the block is: the memory that values of float32 need.
    pub peak_bytes: u64,
}

/// The first and the last step at which a value is needed, in the order of computation.
type Life = (usize, usize);

impl Architecture {
    /// A schedule with little memory: of two orders of computation the one that needs less, and values laid into one block,
    /// the largest first, each at the lowest place that is free for as long as it lives (Pisarchyk & Lee 2020,
    /// arXiv:2001.03288).
    ///
    /// Values are not computed in place of their inputs.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        let given: Vec<usize> = (0..self.nodes.len()).collect();
        let [a, b] = [given, self.thrifty_order()].map(|order| self.laid_out(order));
        if b.peak_bytes < a.peak_bytes { b } else { a }
    }

    fn bytes(&self, node: usize) -> u64 {
        4 * self.shapes[node].len()
    }

    /// Always next the node after whose computation least memory is alive; the earlier one among equals.
    fn thrifty_order(&self) -> Vec<usize> {
        let n = self.nodes.len();
        let mut waits: Vec<usize> = self.nodes.iter().map(|node| node.inputs.len()).collect();
        let mut readers = self.uses();
        let mut read_by: Vec<Vec<usize>> = vec![Vec::new(); n];
        for (i, node) in self.nodes.iter().enumerate() {
            node.inputs.iter().for_each(|input| read_by[input.index()].push(i));
        }
        let mut ready: Vec<usize> = (0..n).filter(|i| waits[*i] == 0).collect();
        let mut order = Vec::with_capacity(n);
        while !ready.is_empty() {
            let change = |i: usize| {
                let mut freed = 0;
                for (at, input) in self.nodes[i].inputs.iter().enumerate() {
                    let inputs = &self.nodes[i].inputs;
                    let is_first = !inputs[..at].contains(input);
                    let times = inputs.iter().filter(|other| *other == input).count();
                    if is_first && readers[input.index()] == times {
                        freed += self.bytes(input.index());
                    }
                }
                // The input is given, whatever is computed first.
                let own = if matches!(self.nodes[i].op, Op::Input(_)) {
                    i64::MIN / 2
                } else {
                    self.bytes(i) as i64
                };
                (own - freed as i64, i)
            };
            let Some(place) = (0..ready.len()).min_by_key(|place| change(ready[*place])) else { break };
            let next = ready.swap_remove(place);
            order.push(next);
            self.nodes[next].inputs.iter().for_each(|input| readers[input.index()] -= 1);
            for reader in &read_by[next] {
                waits[*reader] -= 1;
                if waits[*reader] == 0 {
                    ready.push(*reader);
                }
            }
        }
        order
    }

    fn lives(&self, order: &[usize]) -> Vec<Life> {
        let mut lives: Vec<Life> = vec![(0, 0); self.nodes.len()];
        for (step, node) in order.iter().enumerate() {
            lives[*node] = (step, step);
            self.nodes[*node].inputs.iter().for_each(|input| lives[input.index()].1 = step);
        }
        lives[self.output.index()].1 = order.len();
        lives
    }

    fn laid_out(&self, order: Vec<usize>) -> Schedule {
        let lives = self.lives(&order);
        let mut by_size: Vec<usize> = (0..self.nodes.len()).collect();
        by_size.sort_by_key(|i| (std::cmp::Reverse(self.bytes(*i)), *i));
        let mut offsets = vec![0; self.nodes.len()];
        let mut placed: Vec<usize> = Vec::new();
        let mut peak_bytes = 0;
        for node in by_size {
            let (born, dies) = lives[node];
            let mut taken: Vec<(u64, u64)> = placed
                .iter()
                .filter(|other| lives[**other].0 <= dies && born <= lives[**other].1)
                .map(|other| (offsets[*other], offsets[*other] + self.bytes(*other)))
                .collect();
            taken.sort_unstable();
            let mut at = 0;
            for (from, to) in taken {
                if at + self.bytes(node) <= from {
                    break;
                }
                at = at.max(to);
            }
            offsets[node] = at;
            peak_bytes = peak_bytes.max(at + self.bytes(node));
            placed.push(node);
        }
        Schedule { order, offsets, peak_bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ArchitectureBuilder, NodeId, Shape, op::*};
    use super::*;

    /// Two branches from one image, a wide and a narrow one, that meet in the head.
    fn branches() -> Architecture {
        let mut b = ArchitectureBuilder::new(Shape::new(&[2, 8, 8]));
        let wide = b.add(Conv2d::same(16, 3, 1), &[NodeId(0)]).unwrap();
        let other = b.add(Conv2d::same(16, 3, 1), &[NodeId(0)]).unwrap();
        let wide = b.add(GlobalAveragePool {}, &[wide]).unwrap();
        let other = b.add(GlobalAveragePool {}, &[other]).unwrap();
        let sum = b.add(Add {}, &[wide, other]).unwrap();
        b.finish(sum).unwrap()
    }

    /// No two values that are alive at one time may share a byte, and each comes after what it reads.
    fn holds(graph: &Architecture) -> Schedule {
        let schedule = graph.schedule();
        let lives = graph.lives(&schedule.order);
        let n = graph.nodes().len();
        let mut place = vec![usize::MAX; n];
        schedule.order.iter().enumerate().for_each(|(step, node)| place[*node] = step);
        for a in 0..n {
            assert!(graph.nodes()[a].inputs.iter().all(|input| place[input.index()] < place[a]));
            let end = |i: usize| schedule.offsets[i] + graph.bytes(i);
            assert!(end(a) <= schedule.peak_bytes);
            for b in 0..a {
                let together = lives[a].0 <= lives[b].1 && lives[b].0 <= lives[a].1;
                assert!(
                    !together || end(a) <= schedule.offsets[b] || end(b) <= schedule.offsets[a],
                    "{a} {b}"
                );
            }
        }
        schedule
    }

    #[test]
    fn a_branch_is_finished_before_the_next_begins() {
        let schedule = holds(&branches());
        // The image, one wide branch, and two vectors; in the order of nodes both wide branches would be alive.
        assert_eq!(schedule.peak_bytes, 4 * (2 * 64 + 16 * 64 + 16));
        assert!(schedule.peak_bytes < branches().cost().activation_memory_bytes);
    }

    #[test]
    fn a_chain_needs_its_two_largest_neighbours() {
        let mut b = ArchitectureBuilder::new(Shape::new(&[10]));
        let at = b.chain(NodeId(0), [30, 20, 5].map(|features| Linear { features, bias: true }.into()));
        let graph = b.finish(at.unwrap()).unwrap();
        assert_eq!(holds(&graph).peak_bytes, 4 * 50);
    }
}
