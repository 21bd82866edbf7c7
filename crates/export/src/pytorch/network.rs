//! Which modules a network has and what its `forward` does.

use super::helpers::Helper;
use super::layer::{Layer, layer};
use super::names::{Names, of_part};
use crate::safetensors::Stored;
use crate::{ExportError, Model};
use nascent_core::architecture::{NodeId, Op};
use std::collections::BTreeSet;

/// An attribute of the module: layers one after another.
pub(super) struct Chain {
    pub name: String,
    /// How each of its layers is made.
    pub makes: Vec<String>,
    /// The node whose value goes in, and what else.
    inputs: Vec<usize>,
    /// The node whose value comes out.
    last: usize,
}

/// A line of `forward`.
pub(super) struct Statement {
    pub name: String,
    pub text: String,
}

/// A network as it is written.
pub(super) struct Network {
    pub chains: Vec<Chain>,
    pub statements: Vec<Statement>,
    pub answer: String,
    pub helpers: BTreeSet<Helper>,
    pub tensors: Vec<Stored>,
}

/// The longest call that is written into the expression that reads it.
const LONGEST_INSIDE: usize = 40;

impl Network {
    pub fn new(model: &Model<'_>) -> Result<Self, ExportError> {
        let graph = model.graph;
        let uses = graph.uses();
        let layers: Vec<Layer> = graph
            .nodes()
            .iter()
            .enumerate()
            .map(|(i, node)| layer(&node.op, &graph.input_shapes(NodeId(i as u32)), &model.of_node(i)))
            .collect();
        let mut names = Names::default();
        let mut network = Self {
            chains: Vec::new(),
            statements: Vec::new(),
            answer: String::new(),
            helpers: BTreeSet::new(),
            tensors: Vec::new(),
        };
        // The chain that ends at each node.
        let mut ends: Vec<Option<usize>> = vec![None; layers.len()];
        for (i, node) in graph.nodes().iter().enumerate() {
            let (Layer::Module { helper, .. } | Layer::Expression { helper, .. }) = &layers[i];
            network.helpers.extend(helper);
            let Layer::Module { make, .. } = &layers[i] else { continue };
            let before = node.inputs.first().map_or(0, |n| n.index());
            let goes_on = node.inputs.len() == 1
                && uses[before] == 1
                && graph.nodes()[before].scope == node.scope
                && ends[before].is_some_and(|chain| network.chains[chain].inputs.len() == 1);
            match ends[before].filter(|_| goes_on) {
                Some(chain) => {
                    ends[i] = ends[before].take();
                    network.chains[chain].makes.push(make.clone());
                    network.chains[chain].last = i;
                }
                None => {
                    ends[i] = Some(network.chains.len());
                    let name = names.fresh(&of_part(graph.scope(NodeId(i as u32))));
                    let inputs = node.inputs.iter().map(|n| n.index()).collect();
                    network.chains.push(Chain { name, makes: vec![make.clone()], inputs, last: i });
                }
            }
        }
        network.store(model, layers.as_slice());
        network.write_forward(model, &layers, &ends, &uses, names);
        Ok(network)
    }

    /// The numbers of each layer under the name that the module gives it.
    fn store(&mut self, model: &Model<'_>, layers: &[Layer]) {
        for chain in &self.chains {
            // A chain has one node after another, each read by the next alone.
            let mut nodes = vec![chain.last];
            while nodes.len() < chain.makes.len() {
                let at = nodes[nodes.len() - 1];
                nodes.push(model.graph.nodes()[at].inputs[0].index());
            }
            for (place, node) in nodes.iter().rev().enumerate() {
                let Layer::Module { parts, .. } = &layers[*node] else { continue };
                for part in parts {
                    let name = match chain.makes.len() {
                        1 => format!("{}.{}", chain.name, part.name),
                        _ => format!("{}.{place}.{}", chain.name, part.name),
                    };
                    let (dtype, shape, bytes) = (part.dtype, part.shape.clone(), part.bytes.clone());
                    self.tensors.push(Stored { name, dtype, shape, bytes });
                }
            }
        }
    }

    fn write_forward(
        &mut self,
        model: &Model<'_>,
        layers: &[Layer],
        ends: &[Option<usize>],
        uses: &[usize],
        mut names: Names,
    ) {
        let graph = model.graph;
        let mut is_term = vec![false; layers.len()];
        for node in graph.nodes().iter().filter(|node| matches!(node.op, Op::Add(_) | Op::Concat(_))) {
            node.inputs.iter().for_each(|n| is_term[n.index()] = true);
        }
        // The variable or expression that has each node's value.
        let mut values: Vec<String> = vec![String::new(); layers.len()];
        for (i, node) in graph.nodes().iter().enumerate() {
            let (text, wanted, is_call) = match (&node.op, &layers[i], ends[i]) {
                (Op::Input(_), ..) => {
                    values[i] = "x".into();
                    continue;
                }
                (_, Layer::Expression { write, kind, .. }, _) => {
                    let read: Vec<String> = node.inputs.iter().map(|n| values[n.index()].clone()).collect();
                    let text = write(&read, &node.op, &graph.input_shapes(NodeId(i as u32)));
                    (text, format!("{}_{kind}", of_part(graph.scope(NodeId(i as u32)))), false)
                }
                (_, Layer::Module { .. }, Some(chain)) => {
                    let chain = &self.chains[chain];
                    let mut read: Vec<String> = chain.inputs.iter().map(|n| values[*n].clone()).collect();
                    if let (Op::TiedOutput(_), Some(table)) = (&node.op, read.get_mut(1)) {
                        let embedding = ends[chain.inputs[1]].map(|chain| &self.chains[chain].name);
                        *table = format!("self.{}.weight", embedding.unwrap_or(table));
                    }
                    (format!("self.{}({})", chain.name, read.join(", ")), chain.name.clone(), true)
                }
                // In the middle of a chain.
                _ => continue,
            };
            if is_call && uses[i] == 1 && is_term[i] && text.len() <= LONGEST_INSIDE {
                values[i] = text;
                continue;
            }
            // A chain's value has the chain's name, which is an attribute and no variable.
            let name = if is_call { wanted } else { names.fresh(&wanted) };
            values[i].clone_from(&name);
            self.statements.push(Statement { name, text });
        }
        self.answer = values[graph.output().index()].clone();
    }
}
