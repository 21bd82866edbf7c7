use super::{OpCode, Operation, Shape, code, sequence, states};
use serde::{Deserialize, Serialize};

/// A recurrent cell put together of nodes, over `[channels, steps]`, giving its state at each step, `[size, steps]` (Pham et al. 2018,
/// arXiv:1802.03268, section 2.1; its highway connections are in section 3.1).
///
/// A node `i` makes `s_i = c_i ⊙ f_i(g_i) + (1 − c_i) ⊙ s_j` of the node `j` that it reads, with `c_i = σ(W_i^c · s_j)` and
/// `g_i = W_i · s_j`; for the first, `s_j` is the old state, and the step's input is added to both products by weights and biases of its
/// own. The new state is the mean of the loose ends, the nodes that no other reads. The state starts at zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Numbers in the state.
    pub size: usize,
    /// The nodes, 1 to [`Cell::MOST`] of them, each after the one that it reads.
    pub nodes: Vec<CellNode>,
}

/// A node of a [`Cell`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellNode {
    /// The earlier node that it reads; none for the first node, which reads the step's input and the old state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<usize>,
    /// What it does with its sums.
    pub function: CellFunction,
}

/// What a node of a [`Cell`] does with its sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellFunction {
    /// `tanh(x)`.
    Tanh,
    /// `max(0, x)`.
    Relu,
    /// `1 / (1 + exp(−x))`.
    Sigmoid,
    /// `x`.
    Identity,
}

impl CellFunction {
    /// All of them, in the order of the paper.
    pub const ALL: [Self; 4] = [Self::Tanh, Self::Relu, Self::Identity, Self::Sigmoid];

    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tanh => "tanh",
            Self::Relu => "relu",
            Self::Sigmoid => "sigmoid",
            Self::Identity => "identity",
        }
    }
}

impl Cell {
    /// The most nodes, as many as the paper has.
    pub const MOST: usize = 12;

    /// The loose ends: the nodes that no other reads, in their order.
    #[must_use]
    pub fn ends(&self) -> Vec<usize> {
        let is_read = |i: &usize| self.nodes.iter().any(|node| node.reads == Some(*i));
        (0..self.nodes.len()).filter(|i| !is_read(i)).collect()
    }

    /// The same cell with its nodes in the order that their computation alone decides: each before those that read it, and
    /// readers of one node by their functions, then by what follows from them, which stands right behind each.
    ///
    /// Every node leads to a loose end, so that none can be left out.
    #[must_use]
    pub fn canonical(&self) -> Self {
        let readers = |of: usize| (0..self.nodes.len()).filter(move |i| self.nodes[*i].reads == Some(of));
        let mut readers: Vec<Vec<usize>> = (0..self.nodes.len()).map(|i| readers(i).collect()).collect();
        // A node, then how many read it, then each of those with all that follows from it.
        let mut spellings: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for (i, node) in self.nodes.iter().enumerate().rev() {
            readers[i].sort_by(|a, b| spellings[*a].cmp(&spellings[*b]));
            let own = [node.function as usize, readers[i].len()];
            let below = readers[i].iter().flat_map(|reader| &spellings[*reader]);
            spellings[i] = own.iter().chain(below).copied().collect();
        }
        let mut nodes = Vec::with_capacity(self.nodes.len());
        let mut next: Vec<(usize, Option<usize>)> =
            if self.nodes.is_empty() { Vec::new() } else { vec![(0, None)] };
        while let Some((old, reads)) = next.pop() {
            next.extend(readers[old].iter().rev().map(|reader| (*reader, Some(nodes.len()))));
            nodes.push(CellNode { reads, function: self.nodes[old].function });
        }
        Self { size: self.size, nodes }
    }

    /// Why the nodes make no cell, where they do not.
    fn check(&self) -> Result<(), String> {
        let count = self.nodes.len();
        if !(1..=Self::MOST).contains(&count) {
            return Err(format!("needs 1 to {} nodes, got {count}", Self::MOST));
        }
        for (i, node) in self.nodes.iter().enumerate() {
            match (i, node.reads) {
                (0, None) => {}
                (0, Some(read)) => {
                    return Err(format!("node 0 reads the input and the old state, and not node {read}"));
                }
                (_, Some(read)) if read < i => {}
                (_, read) => {
                    let read = read.map_or_else(|| "none".into(), |read| format!("node {read}"));
                    return Err(format!("node {i} must read one of nodes 0 to {}, and reads {read}", i - 1));
                }
            }
        }
        Ok(())
    }
}

impl Operation for Cell {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        self.check()?;
        states(self.size, inputs)
    }
    fn params(&self, inputs: &[&Shape]) -> u64 {
        2 * self.size as u64 * (sequence(inputs).0 + (self.nodes.len() * self.size) as u64 + 1)
    }
    fn macs(&self, inputs: &[&Shape], _: &Shape) -> u64 {
        let (channels, steps) = sequence(inputs);
        2 * self.size as u64 * (channels + (self.nodes.len() * self.size) as u64) * steps
    }
    fn kept(&self, inputs: &[&Shape]) -> u64 {
        // What the input gives the first node, then gate, value and sum of each node.
        (2 + 3 * self.nodes.len() as u64) * self.size as u64 * sequence(inputs).1
    }
    fn remembered(&self, _: &[&Shape]) -> u64 {
        self.size as u64
    }
    fn code(&self) -> OpCode {
        let node = |node: &CellNode| [node.reads.map_or(0, |read| read + 1), node.function as usize];
        let all: Vec<usize> = std::iter::once(self.size).chain(self.nodes.iter().flat_map(node)).collect();
        code(32, &all)
    }
    fn label(&self) -> String {
        let count = self.nodes.len();
        format!("cell {}, {count} node{}", self.size, if count == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CellFunction::{Identity, Relu, Sigmoid, Tanh};

    fn cell(nodes: &[(Option<usize>, CellFunction)]) -> Cell {
        Cell { size: 3, nodes: nodes.iter().map(|&(reads, function)| CellNode { reads, function }).collect() }
    }

    #[test]
    fn cells_that_compute_the_same_are_spelled_the_same() {
        let one =
            cell(&[(None, Tanh), (Some(0), Relu), (Some(0), Sigmoid), (Some(1), Identity), (Some(1), Tanh)]);
        let other =
            cell(&[(None, Tanh), (Some(0), Sigmoid), (Some(0), Relu), (Some(2), Tanh), (Some(2), Identity)]);
        assert_ne!(one, other);
        assert_eq!(one.canonical(), other.canonical());
        assert_eq!(one.canonical(), one.canonical().canonical());
        assert_eq!((one.ends(), other.ends()), (vec![2, 3, 4], vec![1, 3, 4]));
        // Another function, another reader, another chain.
        for different in [
            cell(&[(None, Relu), (Some(0), Relu), (Some(0), Sigmoid), (Some(1), Identity), (Some(1), Tanh)]),
            cell(&[(None, Tanh), (Some(0), Relu), (Some(0), Sigmoid), (Some(2), Identity), (Some(1), Tanh)]),
            cell(&[(None, Tanh), (Some(0), Relu), (Some(0), Sigmoid), (Some(1), Identity), (Some(3), Tanh)]),
        ] {
            assert_ne!(different.canonical(), one.canonical());
            different.canonical().check().unwrap();
            assert_eq!(different.canonical().ends().len(), different.ends().len());
        }
    }

    #[test]
    fn what_is_no_cell_is_refused_with_the_node() {
        let refused = |nodes: &[(Option<usize>, CellFunction)]| cell(nodes).check().unwrap_err();
        assert_eq!(refused(&[]), "needs 1 to 12 nodes, got 0");
        assert_eq!(refused(&[(None, Tanh); 13]), "needs 1 to 12 nodes, got 13");
        assert_eq!(refused(&[(Some(0), Tanh)]), "node 0 reads the input and the old state, and not node 0");
        assert_eq!(
            refused(&[(None, Tanh), (Some(2), Relu), (Some(0), Relu)]),
            "node 1 must read one of nodes 0 to 0, and reads node 2"
        );
        assert_eq!(
            refused(&[(None, Tanh), (Some(0), Relu), (None, Relu)]),
            "node 2 must read one of nodes 0 to 1, and reads none"
        );
        let unknown = serde_json::from_str::<Cell>(r#"{"size": 3, "nodes": [{"function": "swish"}]}"#);
        let unknown = unknown.unwrap_err().to_string();
        assert!(unknown.contains("unknown variant `swish`, expected one of `tanh`, `relu`"), "{unknown}");
    }
}
