use super::{Kernel, compute_1, compute_2};
use burn::tensor::Tensor;
use nascent_core::architecture::op::SelfAttention;
use nascent_kernels::{Attention, Path};

#[derive(Debug)]
struct Attend(Attention);

impl Kernel for Attend {
    fn output(&self) -> Vec<usize> {
        vec![self.0.batch, self.0.channels, 1, self.0.steps]
    }

    /// What is kept is who attends to whom.
    fn forward(&self, inputs: &[&[f32]]) -> (Vec<f32>, Vec<f32>) {
        let mut y = vec![0.0; self.0.batch * self.0.channels * self.0.steps];
        let mut weights = vec![0.0; self.0.weights_len()];
        self.0.forward(Path::best(), inputs[0], inputs.get(1).copied(), &mut weights, &mut y);
        (y, weights)
    }

    fn backward(&self, inputs: &[&[f32]], kept: &[f32], dy: &[f32], _: &[bool]) -> Vec<Option<Vec<f32>>> {
        let mut dx = vec![0.0; inputs[0].len()];
        self.0.backward(Path::best(), inputs[0], kept, dy, &mut dx);
        // Codes say only what is padding.
        vec![Some(dx), None]
    }
}

/// Values weighed by how well their keys fit a step's query, from `[batch, queries + keys + values, 1, steps]`; steps whose code of
/// `[batch, steps]` is 0 are padding.
pub(crate) fn attend(op: &SelfAttention, x: Tensor<4>, codes: Option<Tensor<2>>) -> Tensor<4> {
    let [batch, projected, _, steps] = x.dims();
    let &SelfAttention { heads, key_heads, causal, .. } = op;
    let channels = projected / (heads + 2 * key_heads) * heads;
    let kernel = Attend(Attention { batch, channels, steps, heads, key_heads, causal });
    match codes {
        Some(codes) => compute_2(x, codes, kernel),
        None => compute_1(x, kernel),
    }
}
