use super::Forward;
use crate::glue;
use burn::tensor::Tensor;
use burn::tensor::activation::{sigmoid, tanh};
use nascent_core::architecture::op::Gru;

impl Forward<'_> {
    /// The states of a gated recurrent unit: `[batch, channels, 1, steps]` to `[batch, size, 1, steps]`.
    pub(super) fn recur(&mut self, op: &Gru, x: Tensor<4>) -> Tensor<4> {
        let size = op.size;
        let gates = self.project(3 * size, x);
        let weight = self.slot().reshape([size, 3 * size]);
        if self.kernels { glue::recur(gates, weight) } else { self.recur_steps(gates, weight) }
    }

    /// The states, from what the input gives the gates at each step: reset, update and candidate side by side.
    fn recur_steps(&self, gates: Tensor<4>, weight: Tensor<2>) -> Tensor<4> {
        let [batch, _, _, steps] = gates.dims();
        let size = weight.dims()[0];
        let mut state = Tensor::<2>::zeros([batch, size], self.device);
        let mut states = Vec::with_capacity(steps);
        for step in 0..steps {
            let given = gates.clone().narrow(3, step, 1).reshape([batch, 3 * size]);
            let old = state.clone().matmul(weight.clone());
            let both =
                |i: usize| (given.clone().narrow(1, i * size, size), old.clone().narrow(1, i * size, size));
            let ((given_r, old_r), (given_z, old_z), (given_n, old_n)) = (both(0), both(1), both(2));
            let reset = sigmoid(given_r + old_r);
            let update = sigmoid(given_z + old_z);
            let candidate = tanh(given_n + reset * old_n);
            state = candidate.clone() + update * (state - candidate);
            states.push(state.clone().reshape([batch, size, 1, 1]));
        }
        Tensor::cat(states, 3)
    }
}
