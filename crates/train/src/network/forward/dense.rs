use super::Forward;
use burn::tensor::Tensor;
use burn::tensor::module::linear;
use nascent_core::architecture::op::Linear;

impl Forward<'_> {
    pub(super) fn connect(&mut self, op: &Linear, x: Tensor<2>) -> Tensor<2> {
        let weight = self.slot().reshape([x.dims()[1], op.features]);
        let bias = self.bias(op.bias);
        linear(x, weight, bias)
    }
}
