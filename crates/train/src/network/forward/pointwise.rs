use super::{Forward, Mode};
use crate::glue;
use burn::tensor::activation::{gelu, relu, sigmoid, silu, tanh};
use burn::tensor::{Tensor, TensorData};
use nascent_core::architecture::op::Activation;
use nascent_kernels::Smooth;

impl Forward<'_> {
    pub(super) fn activate<const D: usize>(&self, function: Activation, x: Tensor<D>) -> Tensor<D> {
        if matches!(self.mode, Mode::Flow) {
            return x;
        }
        match function {
            Activation::Relu => relu(x),
            Activation::Silu if self.kernels => glue::bend(x, Smooth::Silu),
            Activation::Gelu if self.kernels => glue::bend(x, Smooth::Gelu),
            Activation::Silu => silu(x),
            Activation::Gelu => gelu(x),
            Activation::Tanh => tanh(x),
            Activation::Sigmoid => sigmoid(x),
        }
    }

    pub(super) fn drop<const D: usize>(&mut self, per_mille: u16, x: Tensor<D>) -> Tensor<D> {
        let Mode::Train { dropout } = &mut self.mode else { return x };
        let keep = 1.0 - f64::from(per_mille) / 1000.0;
        let kept = (1.0 / keep) as f32;
        let len: usize = x.dims().iter().product();
        let mask: Vec<f32> = (0..len).map(|_| if dropout.unit() < keep { kept } else { 0.0 }).collect();
        let mask = Tensor::<D>::from_data(TensorData::new(mask, x.dims()), self.device);
        x * mask
    }
}
