//! Our own kernels as operations of Burn, for tensors on the processor.
//!
//! [`KernelOps`] is what Burn can dispatch; `flex.rs` runs the kernels, `autodiff.rs` says how gradients flow, and the
//! functions here are what the network calls. They may only be called with float32 tensors on Burn's flex device.

mod autodiff;
mod flex;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;
use nascent_kernels::{BatchNorm, Conv2d, MaxPool2d, Smooth};

/// Operations that our kernels compute.
#[backend_extension(Flex, Autodiff)]
pub trait KernelOps: Backend {
    /// `x ∗ weight`.
    fn convolve(x: FloatTensor<Self>, weight: FloatTensor<Self>, shape: Conv2d) -> FloatTensor<Self>;

    /// Normalised `x`, with the means and the variances found.
    fn normalise(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        shape: BatchNorm,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The largest value of each window.
    fn pool_max(x: FloatTensor<Self>, shape: MaxPool2d) -> FloatTensor<Self>;

    /// A smooth nonlinearity of each number.
    fn bend(x: FloatTensor<Self>, function: Smooth) -> FloatTensor<Self>;
}

/// Gradients of [`KernelOps`], given the gradient of the output.
pub(crate) trait KernelGradients: Backend {
    fn convolve_input(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: Conv2d,
    ) -> FloatTensor<Self>;

    fn convolve_weight(x: FloatTensor<Self>, gradient: FloatTensor<Self>, shape: Conv2d)
    -> FloatTensor<Self>;

    /// Of input, scale and shift; `seen` is input, scale, shift, means and variances.
    fn normalise_inputs(
        seen: [FloatTensor<Self>; 5],
        gradient: FloatTensor<Self>,
        shape: BatchNorm,
    ) -> [FloatTensor<Self>; 3];

    fn pool_max_input(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: MaxPool2d,
    ) -> FloatTensor<Self>;

    fn bend_input(x: FloatTensor<Self>, gradient: FloatTensor<Self>, function: Smooth) -> FloatTensor<Self>;
}

/// A convolution of `[batch, channels, height, width]` with `[outputs, channels / groups, kernel, kernel]`.
pub(crate) fn convolve(x: Tensor<4>, weight: Tensor<4>, shape: Conv2d) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::convolve(x.into_dispatch(), weight.into_dispatch(), shape))
}

/// A batch normalisation of `[batch, channels, …]`, with what it found in the batch: means and variances.
pub(crate) fn normalise<const D: usize>(
    x: Tensor<D>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    epsilon: f64,
    relu: bool,
) -> (Tensor<D>, Tensor<1>, Tensor<1>) {
    let dims = x.dims();
    let shape =
        BatchNorm { batch: dims[0], channels: dims[1], plane: dims[2..].iter().product(), epsilon, relu };
    let inputs = (x.into_dispatch(), scale.into_dispatch(), shift.into_dispatch());
    let (y, mean, variance) = Dispatch::normalise(inputs.0, inputs.1, inputs.2, shape);
    (Tensor::from_dispatch(y), Tensor::from_dispatch(mean), Tensor::from_dispatch(variance))
}

/// A smooth nonlinearity of each number.
pub(crate) fn bend<const D: usize>(x: Tensor<D>, function: Smooth) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::bend(x.into_dispatch(), function))
}

/// The largest value of each window of `[batch, channels, height, width]`.
pub(crate) fn pool_max(x: Tensor<4>, kernel: usize, stride: usize, padding: usize) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let shape = MaxPool2d { planes: batch * channels, height, width, kernel, stride, padding };
    let (out_height, out_width) = shape.output_size();
    // The operation sees planes only; the reshapes move no numbers.
    let y: Tensor<4> = Tensor::from_dispatch(Dispatch::pool_max(x.into_dispatch(), shape));
    y.reshape([batch, channels, out_height, out_width])
}
