use super::{Kernel, compute_2, compute_3};
use burn::tensor::Tensor;
use nascent_kernels::{Conv2d, Path, Scratch, channel_sums};
use std::cell::RefCell;

thread_local! {
    /// What convolutions work in, kept because a training step is many calls and fresh memory is slow.
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::default());
}

#[derive(Debug)]
struct Convolve(Conv2d);

impl Kernel for Convolve {
    fn output(&self) -> Vec<usize> {
        let (height, width) = self.0.output_size();
        vec![self.0.batch, self.0.outputs, height, width]
    }

    fn forward(&self, inputs: &[&[f32]]) -> (Vec<f32>, Vec<f32>) {
        let mut y = vec![0.0; self.0.output_len()];
        let (x, weight, bias) = (inputs[0], inputs[1], inputs.get(2).copied());
        SCRATCH.with_borrow_mut(|scratch| self.0.forward(Path::best(), x, weight, bias, &mut y, scratch));
        (y, Vec::new())
    }

    fn backward(&self, inputs: &[&[f32]], _: &[f32], dy: &[f32], wanted: &[bool]) -> Vec<Option<Vec<f32>>> {
        let (shape, path) = (self.0, Path::best());
        let dx = wanted[0].then(|| {
            let mut dx = vec![0.0; shape.input_len()];
            SCRATCH.with_borrow_mut(|scratch| shape.input_gradient(path, inputs[1], dy, &mut dx, scratch));
            dx
        });
        let dweight = wanted[1].then(|| {
            let mut dweight = vec![0.0; shape.weight_len()];
            SCRATCH
                .with_borrow_mut(|scratch| shape.weight_gradient(path, inputs[0], dy, &mut dweight, scratch));
            dweight
        });
        let dbias = wanted.get(2).is_some_and(|wanted| *wanted).then(|| {
            let (height, width) = shape.output_size();
            let mut dbias = vec![0.0; shape.outputs];
            channel_sums(path, height * width, dy, &mut dbias);
            dbias
        });
        vec![dx, dweight, dbias]
    }
}

/// A convolution of `[batch, channels, height, width]` with `[outputs, channels / groups, rows, columns]`.
pub(crate) fn convolve(x: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>, shape: Conv2d) -> Tensor<4> {
    match bias {
        Some(bias) => compute_3(x, weight, bias, Convolve(shape)).0,
        None => compute_2(x, weight, Convolve(shape)),
    }
}
