use super::Forward;
use crate::glue;
use burn::tensor::Tensor;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use nascent_core::architecture::Op;
use nascent_kernels::Conv2d;

impl Forward<'_> {
    /// A convolution over an image, or over a sequence as an image of height 1.
    pub(super) fn convolve(&mut self, op: &Op, x: Tensor<4>) -> Tensor<4> {
        let [batch, channels, height, width] = x.dims();
        let (outputs, kernel, stride, padding, dilation, groups, bias) = match op {
            Op::Conv2d(op) => {
                let (kernel, stride, padding) = ([op.kernel; 2], [op.stride; 2], [op.padding; 2]);
                (op.channels, kernel, stride, padding, [op.dilation; 2], op.groups, op.bias)
            }
            Op::Conv1d(op) => {
                let (kernel, stride, padding) = ([1, op.kernel], [1, op.stride], [0, op.padding]);
                (op.channels, kernel, stride, padding, [1, op.dilation], op.groups, op.bias)
            }
            _ => return x,
        };
        let shape =
            Conv2d { batch, channels, height, width, outputs, kernel, stride, padding, dilation, groups };
        self.convolve_as(shape, bias, x)
    }

    /// `outputs` sums over the channels of each step or pixel, with bias.
    pub(super) fn project(&mut self, outputs: usize, x: Tensor<4>) -> Tensor<4> {
        let [batch, channels, height, width] = x.dims();
        let (kernel, stride, padding, dilation) = ([1; 2], [1; 2], [0; 2], [1; 2]);
        let shape =
            Conv2d { batch, channels, height, width, outputs, kernel, stride, padding, dilation, groups: 1 };
        self.convolve_as(shape, true, x)
    }

    fn convolve_as(&mut self, shape: Conv2d, bias: bool, x: Tensor<4>) -> Tensor<4> {
        let Conv2d { channels, outputs, kernel, stride, padding, dilation, groups, .. } = shape;
        let weight = self.slot().reshape([outputs, channels / groups, kernel[0], kernel[1]]);
        let bias = self.bias(bias);
        if self.kernels {
            return glue::convolve(x, weight, bias, shape);
        }
        conv2d(x, weight, bias, ConvOptions::new(stride, padding, dilation, groups))
    }
}
