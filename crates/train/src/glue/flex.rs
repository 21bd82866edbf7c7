use super::{Kernel, KernelOps, Kernels};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::TensorData;
use std::borrow::Cow;
use std::sync::Arc;

type FlexTensor = FloatTensor<Flex>;

/// A tensor's numbers in row-major order, copied only where they lie otherwise.
fn numbers(tensor: &FlexTensor) -> Cow<'_, [f32]> {
    match tensor.as_slice::<f32>() {
        Some(slice) => Cow::Borrowed(slice),
        // A tensor of other numbers than float32 has none, and the kernel names the mismatch.
        None => Cow::Owned(tensor.to_contiguous().as_slice::<f32>().map(<[f32]>::to_vec).unwrap_or_default()),
    }
}

impl Kernels for Flex {
    fn values(inputs: &[FlexTensor], kernel: &dyn Kernel) -> (FlexTensor, FlexTensor) {
        let inputs: Vec<Cow<'_, [f32]>> = inputs.iter().map(numbers).collect();
        let slices: Vec<&[f32]> = inputs.iter().map(AsRef::as_ref).collect();
        let (y, kept) = kernel.forward(&slices);
        let len = kept.len();
        let y = FlexTensor::from_data(TensorData::new(y, kernel.output()));
        (y, FlexTensor::from_data(TensorData::new(kept, [len])))
    }

    fn gradients(
        inputs: &[FlexTensor],
        kept: &FlexTensor,
        gradient: &FlexTensor,
        kernel: &dyn Kernel,
        wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let slices: Vec<Cow<'_, [f32]>> = inputs.iter().map(numbers).collect();
        let slices: Vec<&[f32]> = slices.iter().map(AsRef::as_ref).collect();
        let found = kernel.backward(&slices, &numbers(kept), &numbers(gradient), wanted);
        let shaped = |(numbers, input): (Option<Vec<f32>>, &FlexTensor)| {
            numbers.map(|numbers| FlexTensor::from_data(TensorData::new(numbers, input.shape())))
        };
        found.into_iter().zip(inputs).map(shaped).collect()
    }
}

impl KernelOps for Flex {
    fn compute_1(x: FlexTensor, kernel: Arc<dyn Kernel>) -> (FlexTensor, FlexTensor) {
        Self::values(&[x], &*kernel)
    }

    fn compute_2(x: FlexTensor, a: FlexTensor, kernel: Arc<dyn Kernel>) -> (FlexTensor, FlexTensor) {
        Self::values(&[x, a], &*kernel)
    }

    fn compute_3(
        x: FlexTensor,
        a: FlexTensor,
        b: FlexTensor,
        kernel: Arc<dyn Kernel>,
    ) -> (FlexTensor, FlexTensor) {
        Self::values(&[x, a, b], &*kernel)
    }
}
