use super::{Lowering, Node};
use crate::onnx::build::{int, ints};
use nascent_core::architecture::op::{Conv1d, Conv2d};

/// How a window slides, along each axis.
struct Window {
    axes: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
    groups: usize,
}

impl<'a> Lowering<'a> {
    pub(super) fn convolve_images(&mut self, op: &Conv2d, node: &Node<'a>) -> Result<String, String> {
        let Conv2d { kernel, stride, padding, dilation, groups, bias, .. } = *op;
        self.convolve(Window { axes: 2, kernel, stride, padding, dilation, groups }, bias, node)
    }

    pub(super) fn convolve_steps(&mut self, op: &Conv1d, node: &Node<'a>) -> Result<String, String> {
        let Conv1d { kernel, stride, padding, dilation, groups, bias, .. } = *op;
        self.convolve(Window { axes: 1, kernel, stride, padding, dilation, groups }, bias, node)
    }

    fn convolve(&mut self, w: Window, bias: bool, node: &Node<'a>) -> Result<String, String> {
        let (weight, bias) = self.layer(node, bias)?;
        let inputs: Vec<&str> = [node.input()?, &weight].into_iter().chain(bias.as_deref()).collect();
        let attributes = vec![
            ints("kernel_shape", &vec![w.kernel; w.axes]),
            ints("strides", &vec![w.stride; w.axes]),
            ints("pads", &vec![w.padding; 2 * w.axes]),
            ints("dilations", &vec![w.dilation; w.axes]),
            int("group", w.groups as i64),
        ];
        Ok(self.build.node("Conv", &inputs, attributes))
    }

    /// Sums over the channels of each step, from weights `[out, in]` and biases in two of the node's places.
    pub(super) fn project(&mut self, value: &str, node: &Node<'a>, place: usize) -> Result<String, String> {
        let (slot, numbers) = node.slot(place)?;
        let weight = self.weights(node, place, &[slot.shape[0], slot.shape[1], 1], (numbers, 0))?;
        let bias = self.slot(node, place + 1)?;
        let window = vec![ints("kernel_shape", &[1])];
        Ok(self.build.node("Conv", &[value, &weight, &bias], window))
    }
}
