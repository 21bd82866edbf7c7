use super::{Forward, Mode};
use crate::glue;
use burn::tensor::activation::softmax;
use burn::tensor::{Tensor, TensorData};
use nascent_core::architecture::op::{Relative, SelfAttention};

/// 1 where a code is something, 0 where it is padding.
pub(super) fn mask(codes: Tensor<2>) -> Tensor<2> {
    codes.not_equal_elem(0.0).float()
}

impl Forward<'_> {
    /// Self-attention over the steps of `[batch, channels, 1, steps]`, its projections included.
    pub(super) fn attend(&mut self, op: &SelfAttention, x: Tensor<4>, codes: Option<Tensor<2>>) -> Tensor<4> {
        let channels = x.dims()[1];
        let projected = self.project(op.parts(channels).iter().sum(), x);
        // Burn's own operations show what goes on inside.
        let mixed = if self.kernels && op.relative == Relative::None && !self.sight.asked.heads {
            glue::attend(op, projected, codes)
        } else {
            self.mix(op, projected, codes.map(mask))
        };
        self.project(channels, mixed)
    }

    /// Values of other steps, weighed by how well their keys fit a step's query: `[batch, queries + keys + values, 1, steps]` to
    /// `[batch, channels, 1, steps]`. A step that the mask hides gets zeros.
    fn mix(&mut self, op: &SelfAttention, projected: Tensor<4>, mask: Option<Tensor<2>>) -> Tensor<4> {
        let [batch, channels, _, steps] = projected.dims();
        let &SelfAttention { heads, key_heads, .. } = op;
        let each = channels / (heads + 2 * key_heads);
        let parts = projected.reshape([batch, heads + 2 * key_heads, each, steps]);
        let part = |from: usize, count: usize| parts.clone().narrow(1, from, count);
        let turns = op.turns(each, steps);
        let turned = |x: Tensor<4>| match &turns {
            Some(turns) => turned(x, turns),
            None => x,
        };
        let (queries, keys) = (turned(part(0, heads)), turned(part(heads, key_heads)));
        let values = part(heads + key_heads, key_heads);
        // The steps of heads that share keys and values are one after another.
        let together =
            |x: Tensor<4>, len: usize| x.reshape([batch, key_heads, heads / key_heads * steps, len]);
        let apart = |x: Tensor<4>, len: usize| x.reshape([batch, heads, steps, len]);
        let scores = together(queries.swap_dims(2, 3), each).matmul(keys);
        let mut scores = apart(scores, steps).div_scalar((each as f32).sqrt());
        if let Some((sides, offsets)) = op.offsets(steps) {
            let offsets = TensorData::new(offsets, [1, sides, steps, steps]);
            scores = scores + Tensor::<4>::from_data(offsets, self.device);
        }
        let mask = mask.map(|mask| mask.reshape([batch, 1, 1, steps]));
        if let Some(mask) = &mask {
            scores = scores + mask.clone().sub_scalar(1.0).mul_scalar(-SelfAttention::NEVER);
        }
        let weights = softmax(scores, 3);
        self.note_confidence(&weights);
        let mixed = apart(together(weights, steps).matmul(values.swap_dims(2, 3)), each);
        let mixed = self.gate_heads(mixed.swap_dims(2, 3));
        let mixed = match mask {
            Some(mask) => mixed * mask,
            None => mixed,
        };
        mixed.reshape([batch, heads * each, 1, steps])
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

/// Queries or keys, `[batch, heads, channels, steps]`, each pair of channels turned by cosines and sines, `[pairs, steps]`.
fn turned(x: Tensor<4>, turns: &[Vec<f32>; 2]) -> Tensor<4> {
    let [_, _, each, steps] = x.dims();
    let pairs = each / 2;
    let [cosines, sines] = [0, 1].map(|i| {
        Tensor::<4>::from_data(TensorData::new(turns[i].clone(), [1, 1, pairs, steps]), &x.device())
    });
    let (a, b) = (x.clone().narrow(2, 0, pairs), x.narrow(2, pairs, pairs));
    let first = a.clone() * cosines.clone() - b.clone() * sines.clone();
    Tensor::cat(vec![first, b * cosines + a * sines], 2)
}
