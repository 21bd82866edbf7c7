use super::{Forward, Mode};
use crate::glue;
use burn::tensor::activation::softmax;
use burn::tensor::{Tensor, TensorData};
use nascent_core::architecture::op::SelfAttention;

/// Low enough that its exponential is 0 beside any score.
const NEVER: f32 = -1e9;

/// 1 where a code is something, 0 where it is padding.
pub(super) fn mask(codes: Tensor<2>) -> Tensor<2> {
    codes.not_equal_elem(0.0).float()
}

impl Forward<'_> {
    /// Self-attention over the steps of `[batch, channels, 1, steps]`, its projections included.
    pub(super) fn attend(&mut self, op: &SelfAttention, x: Tensor<4>, codes: Option<Tensor<2>>) -> Tensor<4> {
        let channels = x.dims()[1];
        let projected = self.project(3 * channels, x);
        let mixed = if self.kernels && !op.alibi {
            glue::attend(projected, codes, op.heads, op.causal)
        } else {
            self.mix(op, projected, codes.map(mask))
        };
        self.project(channels, mixed)
    }

    /// Values of other steps, weighed by how well their keys fit a step's query: `[batch, 3 · channels, 1, steps]` to
    /// `[batch, channels, 1, steps]`. A step that the mask hides gets zeros.
    fn mix(&self, op: &SelfAttention, projected: Tensor<4>, mask: Option<Tensor<2>>) -> Tensor<4> {
        let [batch, channels, _, steps] = projected.dims();
        let (channels, heads) = (channels / 3, op.heads);
        let each = channels / heads;
        let parts = projected.reshape([batch, 3 * heads, each, steps]);
        let part = |i: usize| parts.clone().narrow(1, i * heads, heads);
        let (queries, keys, values) = (part(0), part(1), part(2));
        let mut scores = queries.swap_dims(2, 3).matmul(keys).div_scalar((each as f32).sqrt());
        if op.causal {
            let slopes = op.slopes();
            let sides = slopes.len().max(1);
            let later = |at: usize| {
                let (query, key) = (at / steps % steps, at % steps);
                let slope = slopes.get(at / (steps * steps)).copied().unwrap_or(0.0);
                if key > query { NEVER } else { -slope * (query - key) as f32 }
            };
            let later: Vec<f32> = (0..sides * steps * steps).map(later).collect();
            let later = TensorData::new(later, [1, sides, steps, steps]);
            scores = scores + Tensor::<4>::from_data(later, self.device);
        }
        let mask = mask.map(|mask| mask.reshape([batch, 1, 1, steps]));
        if let Some(mask) = &mask {
            scores = scores + mask.clone().sub_scalar(1.0).mul_scalar(-NEVER);
        }
        let mixed = values.matmul(softmax(scores, 3).swap_dims(2, 3));
        let mixed = match mask {
            Some(mask) => mixed * mask,
            None => mixed,
        };
        mixed.reshape([batch, channels, 1, steps])
    }

    /// Adds what was learned for each channel of each step.
    pub(super) fn add_positions(&mut self, x: Tensor<4>) -> Tensor<4> {
        if matches!(self.mode, Mode::Flow) {
            self.skip_slots(1);
            return x;
        }
        let [_, channels, _, steps] = x.dims();
        x + self.slot().reshape([1, channels, 1, steps])
    }
}
