use super::Forward;
use crate::glue;
use burn::tensor::Tensor;
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use nascent_core::architecture::Op;
use nascent_core::architecture::op::PoolKind;
use nascent_kernels::{Pool2d, Pooling};

impl Forward<'_> {
    /// A pooling over windows, or over all of an image or a sequence.
    pub(super) fn pool(&self, op: &Op, x: Tensor<4>) -> Tensor<4> {
        let [batch, channels, height, width] = x.dims();
        let (kind, kernel, stride, padding) = match op {
            Op::Pool2d(op) => (op.kind, [op.kernel; 2], [op.stride; 2], [op.padding; 2]),
            Op::Pool1d(op) => (op.kind, [1, op.kernel], [1, op.stride], [0, op.padding]),
            Op::GlobalAveragePool(_) => (PoolKind::Average, [height, width], [1; 2], [0; 2]),
            _ => (PoolKind::Max, [height, width], [1; 2], [0; 2]),
        };
        if self.kernels {
            let kind = match kind {
                PoolKind::Max => Pooling::Max,
                PoolKind::Average => Pooling::Average,
            };
            let planes = batch * channels;
            return glue::pool(x, Pool2d { kind, planes, height, width, kernel, stride, padding });
        }
        match kind {
            PoolKind::Max => {
                max_pool2d(x, MaxPoolOptions::new(kernel).with_stride(stride).with_padding(padding))
            }
            PoolKind::Average => {
                let options = AvgPoolOptions::new(kernel).with_stride(stride).with_padding(padding);
                avg_pool2d(x, options.with_count_include_pad(false))
            }
        }
    }

    /// Mean or maximum over the steps whose code is not 0; zero where there are none.
    pub(super) fn pool_masked(&self, kind: PoolKind, x: Tensor<4>, codes: Tensor<2>) -> Tensor<2> {
        let [batch, channels, _, steps] = x.dims();
        let x = x.reshape([batch, channels, steps]);
        let mask = super::attention::mask(codes).reshape([batch, 1, steps]);
        let count = mask.clone().sum_dim(2);
        let pooled = match kind {
            PoolKind::Average => (x * mask).sum_dim(2) / count.clamp_min(1.0),
            PoolKind::Max => {
                let padding = mask.equal_elem(0.0).expand([batch, channels, steps]);
                // Where all is padding the least number is the largest, and becomes 0.
                x.mask_fill(padding, f32::MIN).max_dim(2) * count.clamp_max(1.0)
            }
        };
        pooled.reshape([batch, channels])
    }
}
