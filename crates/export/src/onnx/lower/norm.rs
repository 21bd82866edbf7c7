use super::{Lowering, Node};
use crate::model::EPSILON;
use crate::onnx::build::{float, int};

impl<'a> Lowering<'a> {
    /// Batch normalisation with what it remembers.
    pub(super) fn normalise(&mut self, node: &Node<'a>) -> Result<String, String> {
        let slots = (0..4).map(|i| self.slot(node, i)).collect::<Result<Vec<_>, _>>()?;
        let inputs: Vec<&str> =
            std::iter::once(node.input()?).chain(slots.iter().map(String::as_str)).collect();
        Ok(self.build.node("BatchNormalization", &inputs, vec![float("epsilon", EPSILON)]))
    }

    /// Over features, or over the channels of each step.
    pub(super) fn normalise_layer(&mut self, node: &Node<'a>) -> Result<String, String> {
        let (scale, shift) = (self.slot(node, 0)?, self.slot(node, 1)?);
        let attributes = vec![int("axis", -1), float("epsilon", EPSILON)];
        // The operator normalises over the last axes; channels are the first.
        let order: &[usize] = match node.input_shape()?.extents().len() {
            1 => {
                return Ok(self.build.node(
                    "LayerNormalization",
                    &[node.input()?, &scale, &shift],
                    attributes,
                ));
            }
            2 => &[0, 2, 1],
            _ => &[0, 2, 3, 1],
        };
        let back: &[usize] = if order.len() == 3 { &[0, 2, 1] } else { &[0, 3, 1, 2] };
        let last = self.build.transpose(node.input()?, order);
        let normal = self.build.node("LayerNormalization", &[&last, &scale, &shift], attributes);
        Ok(self.build.transpose(&normal, back))
    }
}
