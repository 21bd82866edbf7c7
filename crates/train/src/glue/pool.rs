use super::{Kernel, compute_1};
use burn::tensor::Tensor;
use nascent_kernels::{Path, Pool2d};

#[derive(Debug)]
struct Pool {
    shape: Pool2d,
    batch: usize,
}

impl Kernel for Pool {
    fn output(&self) -> Vec<usize> {
        let (height, width) = self.shape.output_size();
        vec![self.batch, self.shape.planes / self.batch.max(1), height, width]
    }

    fn forward(&self, inputs: &[&[f32]]) -> (Vec<f32>, Vec<f32>) {
        let (height, width) = self.shape.output_size();
        let mut y = vec![0.0; self.shape.planes * height * width];
        self.shape.forward(Path::best(), inputs[0], &mut y);
        (y, Vec::new())
    }

    fn backward(&self, inputs: &[&[f32]], _: &[f32], dy: &[f32], _: &[bool]) -> Vec<Option<Vec<f32>>> {
        let mut dx = vec![0.0; inputs[0].len()];
        self.shape.backward(Path::best(), inputs[0], dy, &mut dx);
        vec![Some(dx)]
    }
}

/// A pooling of `[batch, channels, height, width]`.
pub(crate) fn pool(x: Tensor<4>, shape: Pool2d) -> Tensor<4> {
    let batch = x.dims()[0];
    compute_1(x, Pool { shape, batch })
}
