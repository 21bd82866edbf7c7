use super::{Forward, Mode};
use crate::glue;
use crate::weights::SlotKind;
use burn::tensor::Tensor;
use burn::tensor::module::{batch_norm, batch_norm_train};
use nascent_core::architecture::op::NORM_EPSILON as EPSILON;

impl Forward<'_> {
    /// Normalises over the batch; our own kernel rectifies as well, where asked.
    pub(super) fn normalise<const D: usize>(&mut self, x: Tensor<D>, relu: bool) -> Tensor<D> {
        if matches!(self.mode, Mode::Flow) {
            self.skip_slots(4);
            return x;
        }
        let (scale, shift) = (self.slot(), self.slot());
        let (mean_slot, variance_slot) = (self.at, self.at + 1);
        debug_assert_eq!(self.weights.slots[mean_slot].kind, SlotKind::RunningMean);
        if matches!(self.mode, Mode::Evaluate) {
            let (mean, variance) = (self.slot(), self.slot());
            return batch_norm(x, scale, shift, mean, variance, EPSILON);
        }
        self.skip_slots(2);
        let counted = x.dims().iter().product::<usize>() / x.dims()[1];
        let (out, mean, variance) = if self.kernels {
            glue::normalise(x, scale, shift, EPSILON, relu)
        } else {
            let found = batch_norm_train(x, scale, shift, EPSILON);
            (found.output, found.mean, found.variance)
        };
        // What is remembered is the unbiased estimate, as in PyTorch.
        let unbiased = counted as f32 / (counted as f32 - 1.0).max(1.0);
        let (mean, variance) =
            if self.is_tracked { (mean.inner(), variance.inner()) } else { (mean, variance) };
        self.statistics.push((mean_slot, mean));
        self.statistics.push((variance_slot, variance.mul_scalar(unbiased)));
        out
    }

    /// Normalises over features, or over the channels of each step.
    pub(super) fn normalise_layer<const D: usize>(&mut self, x: Tensor<D>) -> Tensor<D> {
        if matches!(self.mode, Mode::Flow) {
            self.skip_slots(2);
            return x;
        }
        let (scale, shift) = (self.slot(), self.slot());
        if self.kernels {
            return glue::normalise_layer(x, scale, shift, EPSILON);
        }
        let mut extents = [1; D];
        extents[1] = x.dims()[1];
        let (scale, shift) = (scale.reshape(extents), shift.reshape(extents));
        let centred = x.clone() - x.mean_dim(1);
        let variance = (centred.clone() * centred.clone()).mean_dim(1);
        centred / variance.add_scalar(EPSILON).sqrt() * scale + shift
    }
}
