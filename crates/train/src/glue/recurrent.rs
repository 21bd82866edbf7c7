use super::{Kernel, compute_2};
use burn::tensor::Tensor;
use nascent_kernels::{Gru, Path};

#[derive(Debug)]
struct Recur(Gru);

impl Kernel for Recur {
    fn output(&self) -> Vec<usize> {
        vec![self.0.batch, self.0.size, 1, self.0.steps]
    }

    fn forward(&self, inputs: &[&[f32]]) -> (Vec<f32>, Vec<f32>) {
        let mut y = vec![0.0; inputs[0].len() / 3];
        let mut kept = vec![0.0; self.0.kept_len()];
        self.0.forward(Path::best(), inputs[0], inputs[1], &mut kept, &mut y);
        (y, kept)
    }

    fn backward(&self, inputs: &[&[f32]], kept: &[f32], dy: &[f32], _: &[bool]) -> Vec<Option<Vec<f32>>> {
        let (mut dgates, mut dweight) = (vec![0.0; inputs[0].len()], vec![0.0; inputs[1].len()]);
        self.0.backward(Path::best(), inputs[1], kept, dy, &mut dgates, &mut dweight);
        vec![Some(dgates), Some(dweight)]
    }
}

/// The states of a gated recurrent unit, from what the input gives its gates, `[batch, 3 · size, 1, steps]`, and weights
/// `[size, 3 · size]`.
pub(crate) fn recur(gates: Tensor<4>, weight: Tensor<2>) -> Tensor<4> {
    let [batch, _, _, steps] = gates.dims();
    let size = weight.dims()[0];
    compute_2(gates, weight, Recur(Gru { batch, size, steps }))
}
