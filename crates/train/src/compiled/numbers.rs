//! Operations whose kernels want each channel's numbers together: embeddings of numbers. They are small beside what follows them, so that
//! laying their numbers out costs little.

use super::Step;
use super::store::{Held, Pass, Store, ValueId};
use nascent_kernels::last::Grid;
use nascent_kernels::{Bins, Grouped, Waves};

/// What is computed.
#[derive(Clone, Copy)]
pub(super) enum Apart {
    /// How far each number fills each of its bins.
    Bins(usize),
    /// A linear layer for each feature, so many of so many outputs.
    Grouped { groups: usize, outputs: usize },
    /// Sines and cosines at so many frequencies.
    Waves(usize),
}

/// The step.
pub(super) struct Numbers {
    x: ValueId,
    y: ValueId,
    slot: usize,
    apart: Apart,
    /// Input, output and their gradients, each channel's numbers together.
    from: Vec<f32>,
    to: Vec<f32>,
    dto: Vec<f32>,
    dfrom: Vec<f32>,
}

impl Numbers {
    pub fn new(store: &mut Store, (x, y): (ValueId, ValueId), slot: usize, apart: Apart) -> Self {
        let [input, output] = [x, y].map(|value| store.values[value.0].flat);
        let len = |grid: Grid| grid.channels * grid.pixels();
        store.held.0 += 4 * (2 * len(input) + 2 * len(output)) as u64;
        let none = Vec::new;
        Self { x, y, slot, apart, from: none(), to: none(), dto: none(), dfrom: none() }
    }
}

/// Where each number of some images lies, in the order of images, channels and pixels.
fn places(grid: &Grid, images: usize) -> impl Iterator<Item = usize> + use<> {
    let grid = *grid;
    (0..images).flat_map(move |n| {
        (0..grid.channels).flat_map(move |c| {
            let pixels =
                (0..grid.height).flat_map(move |row| (0..grid.width).map(move |column| (row, column)));
            pixels.map(move |(row, column)| n * grid.image_len() + grid.at(row, column) + c)
        })
    })
}

impl Step for Numbers {
    fn forward(&mut self, pass: &mut Pass<'_>) {
        let Held { grid, numbers, .. } = &pass.store.values[self.x.0];
        self.from.clear();
        self.from.extend(places(grid, pass.images).map(|at| numbers[at]));
        let (path, batch) = (pass.store.path, pass.images);
        let output = pass.store.values[self.y.0].grid;
        self.to.resize(batch * output.channels * output.pixels(), 0.0);
        let (x, y, each) = (&self.from[..], &mut self.to[..], grid.channels);
        let weight = pass.weights.get(self.slot).map_or(&[][..], Vec::as_slice);
        match self.apart {
            Apart::Bins(bins) => Bins { numbers: x.len(), bins }.forward(path, x, y),
            Apart::Grouped { groups, outputs } => {
                let shape = Grouped { batch, groups, inputs: each / groups, outputs };
                shape.forward(path, x, weight, &pass.weights[self.slot + 1], y);
            }
            Apart::Waves(frequencies) => {
                Waves { batch, numbers: each, frequencies }.forward(path, x, weight, y)
            }
        }
        let mut y = pass.store.take(self.y);
        places(&output, batch).zip(&self.to).for_each(|(at, x)| y[at] = *x);
        pass.store.put(self.y, y);
    }

    fn backward(&mut self, pass: &mut Pass<'_>) {
        pass.store.settle(self.y, pass.images);
        let (path, batch) = (pass.store.path, pass.images);
        self.dto.clear();
        if let Some(dy) = pass.store.gradient(self.y, 0) {
            self.dto.extend(places(dy.grid, batch).map(|at| dy.numbers[at]));
        }
        self.dfrom.resize(self.from.len(), 0.0);
        let (x, dy, dx) = (&self.from[..], &self.dto[..], &mut self.dfrom[..]);
        let Held { flat, is_tracked, .. } = pass.store.values[self.x.0];
        let weights = pass.weights;
        let mut learned = |part: usize| {
            let len = weights[self.slot + part].len();
            std::mem::take(pass.store.learn(self.slot + part, len))
        };
        match self.apart {
            Apart::Bins(bins) => Bins { numbers: x.len(), bins }.backward(path, x, dy, dx),
            Apart::Grouped { groups, outputs } => {
                let shape = Grouped { batch, groups, inputs: flat.channels / groups, outputs };
                let (mut weight, mut bias) = (learned(0), learned(1));
                let wanted = is_tracked.then_some(dx);
                shape.backward(path, x, &weights[self.slot], dy, wanted, &mut weight, &mut bias);
                *pass.store.learn(self.slot, 0) = weight;
                *pass.store.learn(self.slot + 1, 0) = bias;
            }
            Apart::Waves(frequencies) => {
                let shape = Waves { batch, numbers: flat.channels, frequencies };
                let mut own = learned(0);
                shape.backward(
                    path,
                    x,
                    &weights[self.slot],
                    &self.to,
                    dy,
                    is_tracked.then_some(dx),
                    &mut own,
                );
                *pass.store.learn(self.slot, 0) = own;
            }
        }
        if is_tracked {
            let mut sum = pass.store.take_sum(self.x, batch);
            places(&flat, batch).zip(&self.dfrom).for_each(|(at, g)| sum[at] += g);
            pass.store.put_gradient(self.x, sum);
        }
    }
}
