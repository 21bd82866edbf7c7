use super::Forward;
use crate::glue;
use burn::tensor::{Tensor, TensorData};
use nascent_core::architecture::op::{PerFeature, Periodic, PiecewiseLinear};

impl Forward<'_> {
    /// How far each number fills each of its bins.
    pub(super) fn fill_bins(&self, op: &PiecewiseLinear, x: Tensor<2>) -> Tensor<2> {
        if self.kernels {
            return glue::fill_bins(x, op.bins);
        }
        let [batch, n] = x.dims();
        let edges: Vec<f32> = (0..op.bins).map(|bin| bin as f32).collect();
        let edges = Tensor::<3>::from_data(TensorData::new(edges, [1, 1, op.bins]), self.device);
        let filled = x.reshape([batch, n, 1]).mul_scalar(op.bins as f32) - edges;
        filled.clamp(0.0, 1.0).reshape([batch, n * op.bins])
    }

    /// A linear layer of its own for each feature.
    pub(super) fn connect_features(&mut self, op: &PerFeature, x: Tensor<2>) -> Tensor<2> {
        let [batch, n] = x.dims();
        let each = n / op.features;
        let weight = self.slot().reshape([op.features, each, op.size]);
        let bias = self.slot();
        if self.kernels {
            return glue::connect_features(x, weight, bias);
        }
        let x = x.reshape([batch, op.features, each]).swap_dims(0, 1);
        let y = x.matmul(weight) + bias.reshape([op.features, 1, op.size]);
        y.swap_dims(0, 1).reshape([batch, op.features * op.size])
    }

    /// Sines and cosines of each number at its frequencies.
    pub(super) fn wave(&mut self, op: &Periodic, x: Tensor<2>) -> Tensor<2> {
        let [batch, n] = x.dims();
        let frequency = self.slot().reshape([n, op.frequencies]);
        if self.kernels {
            return glue::wave(x, frequency);
        }
        let angle = x.reshape([batch, n, 1]) * frequency.reshape([1, n, op.frequencies]);
        let angle = angle.mul_scalar(std::f32::consts::TAU);
        Tensor::cat(vec![angle.clone().sin(), angle.cos()], 2).reshape([batch, n * 2 * op.frequencies])
    }
}
