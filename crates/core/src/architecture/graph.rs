use super::{Op, Operation, Shape, op};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// The position of a node in its graph. Inputs always come before their users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u32);

impl NodeId {
    /// As an index into [`Architecture::nodes`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One operation and where its inputs come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// What is computed.
    #[serde(flatten)]
    pub op: Op,
    /// The nodes it reads, all before this one.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub inputs: SmallVec<[NodeId; 2]>,
    /// Which of the graph's scopes and branches it belongs to.
    pub scope: u16,
}

/// What stands between the name of a scope and that of a branch.
const BRANCH: char = '#';

/// A network as plain data: operations in an order in which they can be computed.
///
/// A value of this type is always well-formed: node 0 is the only input, every node's inputs precede it,
/// and all shapes agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Architecture {
    pub(super) nodes: Vec<Node>,
    pub(super) shapes: Vec<Shape>,
    pub(super) scopes: Vec<String>,
    pub(super) output: NodeId,
}

/// What is written to files; shapes are derived again when it is read.
#[derive(Serialize, Deserialize)]
struct Wire {
    nodes: Vec<Node>,
    scopes: Vec<String>,
    output: NodeId,
}

/// Why operations do not make a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArchitectureError {
    /// An operation cannot take its inputs.
    #[error("node {node} ({label}): {reason}")]
    Node {
        /// The node's position.
        node: usize,
        /// The operation.
        label: String,
        /// What is wrong, with the offending value.
        reason: String,
    },
    /// The graph as a whole is not one that can be computed.
    #[error("the graph is malformed: {0}")]
    Graph(String),
}

impl Architecture {
    /// The operations, each after its inputs.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The shape of each node's output, without the batch axis.
    #[must_use]
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// The node whose value is the network's answer.
    #[must_use]
    pub fn output(&self) -> NodeId {
        self.output
    }

    /// The shape of the network's input.
    #[must_use]
    pub fn input_shape(&self) -> &Shape {
        &self.shapes[0]
    }

    /// The shape of the network's answer.
    #[must_use]
    pub fn output_shape(&self) -> &Shape {
        &self.shapes[self.output.index()]
    }

    /// The name of the part of the network that a node belongs to, such as `stage 1 / block 2`.
    #[must_use]
    pub fn scope(&self, node: NodeId) -> &str {
        let place = self.place(node);
        place.split_once(BRANCH).map_or(place, |(scope, _)| scope)
    }

    /// The scope of a node and the branch of it that it lies on: where networks of one space can share weights.
    #[must_use]
    pub fn place(&self, node: NodeId) -> &str {
        &self.scopes[usize::from(self.nodes[node.index()].scope)]
    }

    /// The shapes of a node's inputs.
    #[must_use]
    pub fn input_shapes(&self, node: NodeId) -> SmallVec<[&Shape; 2]> {
        self.nodes[node.index()].inputs.iter().map(|i| &self.shapes[i.index()]).collect()
    }

    /// Whether a node is an embedding whose table answers share.
    #[must_use]
    pub fn is_tied(&self, node: NodeId) -> bool {
        self.nodes.iter().any(|n| matches!(n.op, Op::TiedOutput(_)) && n.inputs.get(1) == Some(&node))
    }

    /// How many nodes read each node; the network's answer counts as one reader.
    #[must_use]
    pub fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.nodes.len()];
        for input in self.nodes.iter().flat_map(|n| &n.inputs) {
            uses[input.index()] += 1;
        }
        uses[self.output.index()] += 1;
        uses
    }
}

impl From<Architecture> for Wire {
    fn from(a: Architecture) -> Self {
        Self { nodes: a.nodes, scopes: a.scopes, output: a.output }
    }
}

impl TryFrom<Wire> for Architecture {
    type Error = ArchitectureError;

    fn try_from(wire: Wire) -> Result<Self, ArchitectureError> {
        let mut nodes = wire.nodes.into_iter();
        let Some(Node { op: Op::Input(op::Input { shape }), .. }) = nodes.next() else {
            return Err(ArchitectureError::Graph("node 0 must be the input".into()));
        };
        let mut builder = ArchitectureBuilder::new(shape);
        let scopes = wire.scopes.len();
        builder.scopes = wire.scopes;
        for node in nodes {
            if usize::from(node.scope) >= scopes {
                return Err(ArchitectureError::Graph(format!("scope {} of {scopes}", node.scope)));
            }
            builder.current = node.scope;
            builder.add(node.op, &node.inputs)?;
        }
        builder.finish(wire.output)
    }
}

/// Builds an [`Architecture`] node by node, checking shapes as it goes.
#[derive(Clone, Debug)]
pub struct ArchitectureBuilder {
    nodes: Vec<Node>,
    shapes: Vec<Shape>,
    scopes: Vec<String>,
    current: u16,
}

impl ArchitectureBuilder {
    /// A graph that so far is only its input.
    #[must_use]
    pub fn new(input: Shape) -> Self {
        let node = Node { op: op::Input { shape: input.clone() }.into(), inputs: SmallVec::new(), scope: 0 };
        Self { nodes: vec![node], shapes: vec![input], scopes: vec!["input".into()], current: 0 }
    }

    /// The input node.
    #[must_use]
    pub fn input(&self) -> NodeId {
        NodeId(0)
    }

    /// Names the part of the network that the following nodes belong to.
    pub fn scope(&mut self, name: impl Into<String>) -> &mut Self {
        // More than 65,535 parts share the last name: a matter of diagrams only.
        self.scopes.push(name.into());
        self.current = u16::try_from(self.scopes.len() - 1).unwrap_or(u16::MAX);
        self
    }

    /// Names the branch of the current scope that the following nodes lie on: what of one network shares weights with
    /// what of another. It ends with the next scope or branch.
    pub fn branch(&mut self, name: impl std::fmt::Display) -> &mut Self {
        let place = &self.scopes[usize::from(self.current)];
        let scope = place.split_once(BRANCH).map_or(&place[..], |(scope, _)| scope);
        self.scope(format!("{scope}{BRANCH}{name}"))
    }

    /// Adds an operation on earlier nodes.
    ///
    /// # Errors
    /// Where an input does not exist, or the operation cannot take these shapes.
    pub fn add(&mut self, op: impl Into<Op>, inputs: &[NodeId]) -> Result<NodeId, ArchitectureError> {
        let op = op.into();
        let (node, label) = (self.nodes.len(), op.label());
        let fail = |reason| ArchitectureError::Node { node, label: label.clone(), reason };
        if matches!(op, Op::Input(_)) {
            return Err(fail("a network has one input, node 0".into()));
        }
        let (least, most) = op.arity();
        if inputs.len() < least || inputs.len() > most {
            return Err(fail(format!("takes {least} to {most} inputs, was given {}", inputs.len())));
        }
        if let Some(later) = inputs.iter().find(|i| i.index() >= self.nodes.len()) {
            return Err(fail(format!("reads node {}, which does not precede it", later.0)));
        }
        let shapes: SmallVec<[&Shape; 4]> = inputs.iter().map(|i| &self.shapes[i.index()]).collect();
        let shape = op.output(&shapes).map_err(&fail)?;
        drop(shapes);
        if let Op::TiedOutput(tied) = &op {
            let table = op::Embedding { vocabulary: tied.vocabulary, size: tied.size };
            if self.nodes[inputs[1].index()].op != Op::Embedding(table) {
                return Err(fail(format!("reads node {}, which is not that embedding", inputs[1].0)));
            }
        }
        // 2^40 values are 4 TiB of float32: no network of ours is that large, and products below stay in range.
        if shape.is_empty() || shape.len() > 1 << 40 {
            return Err(fail(format!("an output of {shape} is empty or too large")));
        }
        let id = u32::try_from(self.nodes.len()).map_err(|_| fail("more than 2^32 nodes".into()))?;
        self.nodes.push(Node { op, inputs: inputs.iter().copied().collect(), scope: self.current });
        self.shapes.push(shape);
        Ok(NodeId(id))
    }

    /// Adds operations one after another, each on the one before.
    ///
    /// # Errors
    /// As [`ArchitectureBuilder::add`].
    pub fn chain(
        &mut self,
        from: NodeId,
        ops: impl IntoIterator<Item = Op>,
    ) -> Result<NodeId, ArchitectureError> {
        ops.into_iter().try_fold(from, |at, op| self.add(op, &[at]))
    }

    /// The shape of a node's output.
    #[must_use]
    pub fn shape(&self, node: NodeId) -> &Shape {
        &self.shapes[node.index()]
    }

    /// The finished network, whose answer is `output`.
    ///
    /// # Errors
    /// Where `output` is no node of this graph.
    pub fn finish(self, output: NodeId) -> Result<Architecture, ArchitectureError> {
        if output.index() >= self.nodes.len() {
            return Err(ArchitectureError::Graph(format!(
                "output {} of {} nodes",
                output.0,
                self.nodes.len()
            )));
        }
        Ok(Architecture { nodes: self.nodes, shapes: self.shapes, scopes: self.scopes, output })
    }
}
