use super::{Kernel, compute_3};
use burn::tensor::Tensor;
use nascent_kernels::{BatchNorm, LayerNorm, Path};

#[derive(Debug)]
struct Normalise {
    shape: BatchNorm,
    extents: Vec<usize>,
}

impl Kernel for Normalise {
    fn output(&self) -> Vec<usize> {
        self.extents.clone()
    }

    /// What is kept are the means, then the variances.
    fn forward(&self, inputs: &[&[f32]]) -> (Vec<f32>, Vec<f32>) {
        let mut y = vec![0.0; self.shape.len()];
        let found = self.shape.forward(Path::best(), inputs[0], inputs[1], inputs[2], &mut y);
        (y, [found.mean, found.variance].concat())
    }

    fn backward(&self, inputs: &[&[f32]], kept: &[f32], dy: &[f32], _: &[bool]) -> Vec<Option<Vec<f32>>> {
        let channels = self.shape.channels;
        let (mut dx, mut dscale) = (vec![0.0; self.shape.len()], vec![0.0; channels]);
        let mut dshift = dscale.clone();
        self.shape.backward(
            Path::best(),
            (inputs[0], inputs[1], inputs[2]),
            kept.split_at(channels),
            dy,
            &mut dx,
            &mut dscale,
            &mut dshift,
        );
        vec![Some(dx), Some(dscale), Some(dshift)]
    }
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
    let (batch, channels, plane) = (dims[0], dims[1], dims[2..].iter().product());
    let shape = BatchNorm { batch, channels, plane, epsilon, relu };
    let (y, found) = compute_3(x, scale, shift, Normalise { shape, extents: dims.to_vec() });
    (y, found.clone().narrow(0, 0, channels), found.narrow(0, channels, channels))
}

#[derive(Debug)]
struct NormaliseLayer {
    shape: LayerNorm,
    extents: Vec<usize>,
}

impl Kernel for NormaliseLayer {
    fn output(&self) -> Vec<usize> {
        self.extents.clone()
    }

    fn forward(&self, inputs: &[&[f32]]) -> (Vec<f32>, Vec<f32>) {
        let mut y = vec![0.0; inputs[0].len()];
        let found = self.shape.forward(Path::best(), inputs[0], inputs[1], inputs[2], &mut y);
        (y, found)
    }

    fn backward(&self, inputs: &[&[f32]], kept: &[f32], dy: &[f32], _: &[bool]) -> Vec<Option<Vec<f32>>> {
        let (mut dx, mut dscale) = (vec![0.0; inputs[0].len()], vec![0.0; inputs[1].len()]);
        let mut dshift = dscale.clone();
        let (x, scale) = (inputs[0], inputs[1]);
        self.shape.backward(Path::best(), x, scale, kept, dy, &mut dx, &mut dscale, &mut dshift);
        vec![Some(dx), Some(dscale), Some(dshift)]
    }
}

/// A layer normalisation of `[batch, channels, …]` over the channels.
pub(crate) fn normalise_layer<const D: usize>(
    x: Tensor<D>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    let dims = x.dims();
    let (batch, channels, steps) = (dims[0], dims[1], dims[2..].iter().product());
    let shape = LayerNorm { batch, channels, steps, epsilon: epsilon as f32 };
    compute_3(x, scale, shift, NormaliseLayer { shape, extents: dims.to_vec() }).0
}
