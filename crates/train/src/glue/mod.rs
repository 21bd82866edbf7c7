//! Our own kernels as operations of Burn, for tensors on the processor.
//!
//! A [`Kernel`] is an operation on slices with its gradient: one file of this folder each. [`KernelOps`] is what Burn
//! can dispatch, for up to three inputs; `flex.rs` runs kernels, `autodiff.rs` says how gradients flow. What a file
//! offers the network may only be called with float32 tensors on Burn's flex device.

mod activation;
mod attention;
mod autodiff;
mod convolution;
mod embedding;
mod flex;
mod norm;
mod numbers;
mod pool;
mod recurrent;

pub(crate) use activation::bend;
pub(crate) use attention::attend;
pub(crate) use convolution::convolve;
pub(crate) use embedding::{average, look_up};
pub(crate) use norm::{normalise, normalise_layer};
pub(crate) use numbers::{connect_features, fill_bins, wave};
pub(crate) use pool::pool;
pub(crate) use recurrent::recur;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;
use std::fmt::Debug;
use std::sync::Arc;

/// An operation on slices of float32 numbers, with its gradient.
pub trait Kernel: Debug + Send + Sync + 'static {
    /// The extents of the output.
    fn output(&self) -> Vec<usize>;

    /// The output, and what the gradient needs of the way there.
    fn forward(&self, inputs: &[&[f32]]) -> (Vec<f32>, Vec<f32>);

    /// The gradients of the inputs, those that are `wanted`, from that of the output and what the way there left.
    fn backward(&self, inputs: &[&[f32]], kept: &[f32], dy: &[f32], wanted: &[bool])
    -> Vec<Option<Vec<f32>>>;
}

/// What Burn can dispatch: a kernel on tensors, giving its output and what its gradient needs.
#[backend_extension(Flex, Autodiff)]
pub trait KernelOps: Backend {
    /// Of one input.
    fn compute_1(x: FloatTensor<Self>, kernel: Arc<dyn Kernel>) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Of two inputs.
    fn compute_2(
        x: FloatTensor<Self>,
        a: FloatTensor<Self>,
        kernel: Arc<dyn Kernel>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Of three inputs.
    fn compute_3(
        x: FloatTensor<Self>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        kernel: Arc<dyn Kernel>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// A backend without gradients that runs kernels.
pub(crate) trait Kernels: Backend {
    fn values(inputs: &[FloatTensor<Self>], kernel: &dyn Kernel) -> (FloatTensor<Self>, FloatTensor<Self>);

    fn gradients(
        inputs: &[FloatTensor<Self>],
        kept: &FloatTensor<Self>,
        gradient: &FloatTensor<Self>,
        kernel: &dyn Kernel,
        wanted: &[bool],
    ) -> Vec<Option<FloatTensor<Self>>>;
}

/// A kernel of one input, of rank `E`.
fn compute_1<const D: usize, const E: usize>(x: Tensor<D>, kernel: impl Kernel) -> Tensor<E> {
    Tensor::from_dispatch(Dispatch::compute_1(x.into_dispatch(), Arc::new(kernel)).0)
}

/// A kernel of two inputs, of rank `E`.
fn compute_2<const D: usize, const A: usize, const E: usize>(
    x: Tensor<D>,
    a: Tensor<A>,
    kernel: impl Kernel,
) -> Tensor<E> {
    Tensor::from_dispatch(Dispatch::compute_2(x.into_dispatch(), a.into_dispatch(), Arc::new(kernel)).0)
}

/// A kernel of three inputs, of rank `E`, with what it kept.
fn compute_3<const D: usize, const A: usize, const B: usize, const E: usize>(
    x: Tensor<D>,
    a: Tensor<A>,
    b: Tensor<B>,
    kernel: impl Kernel,
) -> (Tensor<E>, Tensor<1>) {
    let (a, b) = (a.into_dispatch(), b.into_dispatch());
    let (y, kept) = Dispatch::compute_3(x.into_dispatch(), a, b, Arc::new(kernel));
    (Tensor::from_dispatch(y), Tensor::from_dispatch(kept))
}
