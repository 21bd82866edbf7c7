use super::{Kernel, KernelOps, Kernels};
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend};
use std::sync::Arc;

/// How the gradient of a kernel's output becomes gradients of its `N` inputs.
#[derive(Debug)]
struct Compute;

impl<B: Kernels, const N: usize> Backward<B, N> for Compute {
    /// The inputs, what the kernel kept, and the kernel.
    type State = ([B::FloatTensorPrimitive; N], B::FloatTensorPrimitive, Arc<dyn Kernel>);

    fn backward(self, ops: Ops<Self::State, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let (inputs, kept, kernel) = ops.state;
        // The network's input needs no gradient, and then none is computed.
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let found = B::gradients(&inputs, &kept, &gradient, &*kernel, &wanted);
        for (node, gradient) in ops.parents.into_iter().zip(found) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

/// A tensor whose gradient may be asked for.
type Tracked<B, C> = FloatTensor<Autodiff<B, C>>;

fn tracked<B: Kernels, C: CheckpointStrategy, const N: usize>(
    inputs: [Tracked<B, C>; N],
    kernel: Arc<dyn Kernel>,
) -> (Tracked<B, C>, Tracked<B, C>) {
    let mut nodes = Vec::with_capacity(N);
    let inputs = inputs.map(|input| {
        let (numbers, node) = input.into_parts();
        nodes.push(node);
        numbers
    });
    let (y, kept) = B::values(&inputs, &*kernel);
    // What the kernel kept is remembered, not learned from.
    let found = Autodiff::<B, C>::from_inner(kept.clone());
    let Ok(nodes) = nodes.try_into() else {
        // There are as many nodes as inputs.
        return (Autodiff::<B, C>::from_inner(y), found);
    };
    let y = match Backward::<B, N>::prepare::<C>(Compute, nodes).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish((inputs, kept, kernel), y),
        OpsKind::UnTracked(prepared) => prepared.finish(y),
    };
    (y, found)
}

impl<B: KernelOps + Kernels, C: CheckpointStrategy> KernelOps for Autodiff<B, C> {
    fn compute_1(x: FloatTensor<Self>, kernel: Arc<dyn Kernel>) -> (FloatTensor<Self>, FloatTensor<Self>) {
        tracked::<B, C, 1>([x], kernel)
    }

    fn compute_2(
        x: FloatTensor<Self>,
        a: FloatTensor<Self>,
        kernel: Arc<dyn Kernel>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        tracked::<B, C, 2>([x, a], kernel)
    }

    fn compute_3(
        x: FloatTensor<Self>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        kernel: Arc<dyn Kernel>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        tracked::<B, C, 3>([x, a, b], kernel)
    }
}
