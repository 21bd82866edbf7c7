use super::{Kernel, compute_1, compute_2, compute_3};
use burn::tensor::Tensor;
use nascent_kernels::{Bins, Grouped, Path, Waves};

#[derive(Debug)]
struct FillBins(Bins, usize);

impl Kernel for FillBins {
    fn output(&self) -> Vec<usize> {
        vec![self.1, self.0.numbers / self.1.max(1) * self.0.bins]
    }

    fn forward(&self, inputs: &[&[f32]]) -> (Vec<f32>, Vec<f32>) {
        let mut y = vec![0.0; self.0.numbers * self.0.bins];
        self.0.forward(Path::best(), inputs[0], &mut y);
        (y, Vec::new())
    }

    fn backward(&self, inputs: &[&[f32]], _: &[f32], dy: &[f32], _: &[bool]) -> Vec<Option<Vec<f32>>> {
        let mut dx = vec![0.0; self.0.numbers];
        self.0.backward(Path::best(), inputs[0], dy, &mut dx);
        vec![Some(dx)]
    }
}

/// How far the numbers of `[batch, n]` fill equal bins from 0 to 1, `[batch, n · bins]`.
pub(crate) fn fill_bins(x: Tensor<2>, bins: usize) -> Tensor<2> {
    let [batch, n] = x.dims();
    compute_1(x, FillBins(Bins { numbers: batch * n, bins }, batch))
}

#[derive(Debug)]
struct ConnectFeatures(Grouped);

impl Kernel for ConnectFeatures {
    fn output(&self) -> Vec<usize> {
        vec![self.0.batch, self.0.groups * self.0.outputs]
    }

    fn forward(&self, inputs: &[&[f32]]) -> (Vec<f32>, Vec<f32>) {
        let mut y = vec![0.0; self.0.batch * self.0.groups * self.0.outputs];
        self.0.forward(Path::best(), inputs[0], inputs[1], inputs[2], &mut y);
        (y, Vec::new())
    }

    fn backward(&self, inputs: &[&[f32]], _: &[f32], dy: &[f32], wanted: &[bool]) -> Vec<Option<Vec<f32>>> {
        let mut dx = wanted[0].then(|| vec![0.0; inputs[0].len()]);
        let (mut dweight, mut dbias) = (vec![0.0; inputs[1].len()], vec![0.0; inputs[2].len()]);
        let (x, weight) = (inputs[0], inputs[1]);
        self.0.backward(Path::best(), x, weight, dy, dx.as_deref_mut(), &mut dweight, &mut dbias);
        vec![dx, Some(dweight), Some(dbias)]
    }
}

/// A linear layer of its own for each feature: `[batch, features · k]` with `[features, k, size]`.
pub(crate) fn connect_features(x: Tensor<2>, weight: Tensor<3>, bias: Tensor<1>) -> Tensor<2> {
    let [groups, inputs, outputs] = weight.dims();
    let shape = Grouped { batch: x.dims()[0], groups, inputs, outputs };
    compute_3(x, weight, bias, ConnectFeatures(shape)).0
}

#[derive(Debug)]
struct Wave(Waves);

impl Kernel for Wave {
    fn output(&self) -> Vec<usize> {
        vec![self.0.batch, self.0.numbers * 2 * self.0.frequencies]
    }

    fn forward(&self, inputs: &[&[f32]]) -> (Vec<f32>, Vec<f32>) {
        let mut y = vec![0.0; self.0.batch * self.0.numbers * 2 * self.0.frequencies];
        self.0.forward(Path::best(), inputs[0], inputs[1], &mut y);
        // The gradient of a sine is the cosine, which is there already.
        (y.clone(), y)
    }

    fn backward(
        &self,
        inputs: &[&[f32]],
        kept: &[f32],
        dy: &[f32],
        wanted: &[bool],
    ) -> Vec<Option<Vec<f32>>> {
        let mut dx = wanted[0].then(|| vec![0.0; inputs[0].len()]);
        let mut dfrequency = vec![0.0; inputs[1].len()];
        let (x, frequency) = (inputs[0], inputs[1]);
        self.0.backward(Path::best(), x, frequency, kept, dy, dx.as_deref_mut(), &mut dfrequency);
        vec![dx, Some(dfrequency)]
    }
}

/// Sines and cosines of the numbers of `[batch, n]` at the frequencies `[n, frequencies]`.
pub(crate) fn wave(x: Tensor<2>, frequency: Tensor<2>) -> Tensor<2> {
    let [numbers, frequencies] = frequency.dims();
    let shape = Waves { batch: x.dims()[0], numbers, frequencies };
    compute_2(x, frequency, Wave(shape))
}
