use super::{KernelGradients, KernelOps};
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend};
use nascent_kernels::{BatchNorm, Conv2d, MaxPool2d, Smooth};

#[derive(Debug)]
struct Convolve;

impl<B: KernelGradients> Backward<B, 2> for Convolve {
    type State = (B::FloatTensorPrimitive, B::FloatTensorPrimitive, Conv2d);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let ([x_node, weight_node], (x, weight, shape)) = (ops.parents, ops.state);
        if let Some(node) = weight_node {
            grads.register::<B>(node.id, B::convolve_weight(x, gradient.clone(), shape));
        }
        // The network's input needs no gradient, and then none is computed.
        if let Some(node) = x_node {
            grads.register::<B>(node.id, B::convolve_input(weight, gradient, shape));
        }
    }
}

#[derive(Debug)]
struct Normalise;

impl<B: KernelGradients> Backward<B, 3> for Normalise {
    type State = ([B::FloatTensorPrimitive; 5], BatchNorm);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let (seen, shape) = ops.state;
        let found = B::normalise_inputs(seen, gradient, shape);
        for (node, gradient) in ops.parents.into_iter().zip(found) {
            if let Some(node) = node {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct PoolMax;

impl<B: KernelGradients> Backward<B, 1> for PoolMax {
    type State = (B::FloatTensorPrimitive, MaxPool2d);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let ([node], (x, shape)) = (ops.parents, ops.state);
        if let Some(node) = node {
            grads.register::<B>(node.id, B::pool_max_input(x, gradient, shape));
        }
    }
}

#[derive(Debug)]
struct Bend;

impl<B: KernelGradients> Backward<B, 1> for Bend {
    type State = (B::FloatTensorPrimitive, Smooth);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let ([node], (x, function)) = (ops.parents, ops.state);
        if let Some(node) = node {
            grads.register::<B>(node.id, B::bend_input(x, gradient, function));
        }
    }
}

impl<B: KernelOps + KernelGradients, C: CheckpointStrategy> KernelOps for Autodiff<B, C> {
    fn convolve(x: FloatTensor<Self>, weight: FloatTensor<Self>, shape: Conv2d) -> FloatTensor<Self> {
        let ((x, x_node), (weight, weight_node)) = (x.into_parts(), weight.into_parts());
        let y = B::convolve(x.clone(), weight.clone(), shape);
        match Convolve.prepare::<C>([x_node, weight_node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((x, weight, shape), y),
            OpsKind::UnTracked(prepared) => prepared.finish(y),
        }
    }

    fn normalise(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        shape: BatchNorm,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (x, x_node) = x.into_parts();
        let ((scale, scale_node), (shift, shift_node)) = (scale.into_parts(), shift.into_parts());
        let (y, mean, variance) = B::normalise(x.clone(), scale.clone(), shift.clone(), shape);
        // What the batch was like is remembered, not learned from.
        let found = (Self::from_inner(mean.clone()), Self::from_inner(variance.clone()));
        let nodes = [x_node, scale_node, shift_node];
        let y = match Normalise.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(([x, scale, shift, mean, variance], shape), y),
            OpsKind::UnTracked(prepared) => prepared.finish(y),
        };
        (y, found.0, found.1)
    }

    fn pool_max(x: FloatTensor<Self>, shape: MaxPool2d) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        let y = B::pool_max(x.clone(), shape);
        match PoolMax.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((x, shape), y),
            OpsKind::UnTracked(prepared) => prepared.finish(y),
        }
    }

    fn bend(x: FloatTensor<Self>, function: Smooth) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        let y = B::bend(x.clone(), function);
        match Bend.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((x, function), y),
            OpsKind::UnTracked(prepared) => prepared.finish(y),
        }
    }
}
