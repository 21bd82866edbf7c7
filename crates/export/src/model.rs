use crate::ExportError;
use nascent_core::architecture::op::NORM_EPSILON;
use nascent_core::architecture::{Architecture, ArchitectureHash, Op, Operation, Slot, slots};
use nascent_data::Preprocessing;

/// What norms add to variances.
pub(crate) const EPSILON: f32 = NORM_EPSILON as f32;

/// A network to be written: its graph, its numbers, and what its inputs and answers mean.
#[derive(Clone, Debug)]
pub struct Model<'a> {
    /// What it is called, such as the name of its study.
    pub name: &'a str,
    /// The graph.
    pub graph: &'a Architecture,
    /// What it is known by: the graph's content hash, or that of the graph it was made from.
    pub hash: ArchitectureHash,
    /// What raw input goes through, and what answers mean; `None` for a graph alone.
    pub preprocessing: Option<&'a Preprocessing>,
    /// The model card, in Markdown.
    pub card: Option<&'a str>,
    slots: Vec<Slot>,
    values: &'a [Vec<f32>],
}

impl<'a> Model<'a> {
    /// A network with these numbers, one vector for each of [`slots`], row-major.
    ///
    /// # Errors
    /// Where the numbers are another network's, or it is a supernet.
    pub fn new(name: &'a str, graph: &'a Architecture, values: &'a [Vec<f32>]) -> Result<Self, ExportError> {
        let open = graph.nodes().iter().position(|node| matches!(node.op, Op::Mixed(_)));
        if let Some(node) = open {
            let reason = "a choice is still open: choose one of the supernet's networks".into();
            return Err(ExportError::Node { node, label: graph.nodes()[node].op.label(), reason });
        }
        let slots = slots(graph);
        for (i, slot) in slots.iter().enumerate() {
            let got = values.get(i).map_or(0, Vec::len);
            if got != slot.len() {
                return Err(ExportError::Weights { name: slot.name.clone(), expected: slot.len(), got });
            }
        }
        if let Some(more) = values.get(slots.len()) {
            return Err(ExportError::Weights { name: "after the last".into(), expected: 0, got: more.len() });
        }
        Ok(Self { name, graph, hash: graph.hash(), preprocessing: None, card: None, slots, values })
    }

    /// The same with what its inputs and answers mean.
    ///
    /// # Errors
    /// Where the preprocessing is another network's.
    pub fn with_preprocessing(mut self, preprocessing: &'a Preprocessing) -> Result<Self, ExportError> {
        let signature = preprocessing.signature();
        let (takes, gives) = (self.graph.input_shape(), self.graph.output_shape());
        if signature.shape() != *takes || signature.answer().len() != gives.len() {
            return Err(ExportError::Preprocessing {
                inputs: signature.shape().to_string(),
                answers: signature.answer().len(),
                takes: takes.to_string(),
                gives: gives.len(),
            });
        }
        self.preprocessing = Some(preprocessing);
        Ok(self)
    }

    /// The same with its card.
    #[must_use]
    pub fn with_card(mut self, card: &'a str) -> Self {
        self.card = Some(card);
        self
    }

    /// Its places for numbers with what is in them, in the order of nodes.
    pub fn tensors(&self) -> impl Iterator<Item = (&Slot, &'a [f32])> {
        self.slots.iter().zip(self.values.iter().map(Vec::as_slice))
    }

    /// The numbers of one node, in their order.
    pub(crate) fn of_node(&self, node: usize) -> Vec<(&Slot, &'a [f32])> {
        self.tensors().filter(|(slot, _)| slot.node.index() == node).collect()
    }
}
