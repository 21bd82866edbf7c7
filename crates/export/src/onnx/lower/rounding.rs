use super::{Lowering, Node};
use crate::int8::{Rounded, channel_axis, layer};
use crate::onnx::build::int;
use crate::onnx::format::DataType;
use nascent_core::architecture::NodeId;

impl<'a> Lowering<'a> {
    /// The value of a node as its readers get it: rounded where it has a grid.
    pub(super) fn round(&mut self, node: NodeId, value: String) -> String {
        let Some(grid) = self.grids.and_then(|grids| grids.get(&node)) else { return value };
        let scale = self.build.number(grid.scale);
        let zero = self.build.byte(grid.zero);
        let whole = self.build.node("QuantizeLinear", &[&value, &scale, &zero], Vec::new());
        self.build.node("DequantizeLinear", &[&whole, &scale, &zero], Vec::new())
    }

    /// Weights of one of a node's places in the order that the operator has them in, their channels along `axis`: whole
    /// numbers where the network has them.
    pub(super) fn weights(
        &mut self,
        node: &Node<'a>,
        place: usize,
        extents: &[usize],
        (numbers, axis): (&[f32], usize),
    ) -> Result<String, String> {
        let (slot, own) = node.slot(place)?;
        if self.grids.is_none() || channel_axis(node.op, place, own.len()).is_none() {
            return Ok(self.build.floats(&slot.name, extents, numbers));
        }
        Ok(self.whole(&slot.name, extents, axis, Rounded::stored(numbers, extents, axis)))
    }

    /// Weights and biases of a layer.
    pub(super) fn layer(
        &mut self,
        node: &Node<'a>,
        has_bias: bool,
    ) -> Result<(String, Option<String>), String> {
        let (slot, numbers) = node.slot(0)?;
        let axis = channel_axis(node.op, 0, numbers.len()).unwrap_or(0);
        let Some(grid) = node.grid else {
            let weights = self.weights(node, 0, &slot.shape, (numbers, axis))?;
            return Ok((weights, if has_bias { Some(self.slot(node, 1)?) } else { None }));
        };
        let bias = if has_bias { Some(node.slot(1)?) } else { None };
        let (weights, steps) = layer((numbers, &slot.shape, axis), bias.map(|(_, numbers)| numbers), grid);
        let bias = bias.zip(steps).map(|((slot, _), steps)| {
            let scales: Vec<f32> = weights.scales.iter().map(|scale| grid.scale * scale).collect();
            let whole = self.build.steps(&slot.name, &steps);
            let scales = self.build.numbers(&[scales.len()], &scales);
            self.build.node("DequantizeLinear", &[&whole, &scales], vec![int("axis", 0)])
        });
        Ok((self.whole(&slot.name, &slot.shape, axis, weights), bias))
    }

    /// Whole numbers, and the node that reads them.
    fn whole(&mut self, name: &str, extents: &[usize], axis: usize, rounded: Rounded) -> String {
        let channels = rounded.scales.len();
        let raw = rounded.numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        let whole = self.build.constant(name, DataType::Int8, extents, raw);
        let scales = self.build.numbers(&[channels], &rounded.scales);
        let zeros = self.build.zeros(channels);
        self.build.node("DequantizeLinear", &[&whole, &scales, &zeros], vec![int("axis", axis as i64)])
    }
}
