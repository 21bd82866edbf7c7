use super::{Kernel, compute_2};
use burn::tensor::Tensor;
use nascent_kernels::Path;
use nascent_kernels::last::{Grid, Recurrence, SLACK, Unit};

/// Sequences of a batch, each channel's numbers together.
#[derive(Debug)]
struct Recur {
    unit: Unit,
    batch: usize,
    size: usize,
    steps: usize,
}

impl Recur {
    fn grid(&self, channels: usize) -> Grid {
        Grid::plain(1, self.steps, channels, Path::best().pitch(channels))
    }

    /// The steps, and how gates and states lie there.
    fn kernel(&self, weight: &[f32], for_gradients: bool) -> (Box<dyn Recurrence>, Grid, Grid) {
        let (gates, states) = (self.grid(self.unit.gates() * self.size), self.grid(self.size));
        let mut kernel = self.unit.steps(&gates, &states, Path::best());
        kernel.set_weights(weight, for_gradients);
        (kernel, gates, states)
    }

    /// Lays numbers out with the channels of a step side by side.
    fn side_by_side(&self, from: &[f32], grid: &Grid) -> Vec<f32> {
        let mut to = vec![0.0; self.batch * grid.image_len() + SLACK];
        for (row, from) in from.chunks_exact(self.steps.max(1)).enumerate() {
            let start = row / grid.channels * grid.image_len() + row % grid.channels;
            from.iter().zip(to[start..].iter_mut().step_by(grid.pitch)).for_each(|(x, to)| *to = *x);
        }
        to
    }

    /// The other way round.
    fn apart(&self, from: &[f32], grid: &Grid) -> Vec<f32> {
        let mut to = vec![0.0; self.batch * grid.channels * self.steps];
        for (row, to) in to.chunks_exact_mut(self.steps.max(1)).enumerate() {
            let start = row / grid.channels * grid.image_len() + row % grid.channels;
            to.iter_mut().zip(from[start..].iter().step_by(grid.pitch)).for_each(|(to, x)| *to = *x);
        }
        to
    }
}

impl Kernel for Recur {
    fn output(&self) -> Vec<usize> {
        vec![self.batch, self.size, 1, self.steps]
    }

    /// Keeps what the kernel keeps, then the states as it lays them.
    fn forward(&self, inputs: &[&[f32]]) -> (Vec<f32>, Vec<f32>) {
        let (mut kernel, gates, states) = self.kernel(inputs[1], false);
        let mut kept = vec![0.0; self.batch * kernel.kept_len() + SLACK];
        let mut y = vec![0.0; self.batch * states.image_len() + SLACK];
        kernel.forward(self.batch, &self.side_by_side(inputs[0], &gates), &mut kept, &mut y);
        let apart = self.apart(&y, &states);
        kept.append(&mut y);
        (apart, kept)
    }

    fn backward(&self, inputs: &[&[f32]], kept: &[f32], dy: &[f32], _: &[bool]) -> Vec<Option<Vec<f32>>> {
        let (mut kernel, gates, states) = self.kernel(inputs[1], true);
        let known = kept.split_at(self.batch * kernel.kept_len() + SLACK);
        let dy = self.side_by_side(dy, &states);
        let mut dgates = vec![0.0; self.batch * gates.image_len()];
        let mut dweight = vec![0.0; inputs[1].len()];
        kernel.gradient(self.batch, known, &dy, &mut dgates, &mut dweight);
        vec![Some(self.apart(&dgates, &gates)), Some(dweight)]
    }
}

/// The states of a recurrent unit, from what the input gives its gates, `[batch, gates · size, 1, steps]`, and its weights.
pub(crate) fn recur(unit: Unit, gates: Tensor<4>, weight: Tensor<1>) -> Tensor<4> {
    let [batch, wide, _, steps] = gates.dims();
    let size = wide / unit.gates();
    compute_2(gates, weight, Recur { unit, batch, size, steps })
}
