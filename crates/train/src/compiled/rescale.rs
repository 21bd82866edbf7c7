//! Products, dropout and norms over channels.

use super::Step;
use super::store::{Held, Pass, ValueId, from_image};
use nascent_core::architecture::op::NORM_EPSILON as EPSILON;
use nascent_kernels::last::{Grid, LayerNorms};

/// The product of a value and a gate, which is of its shape or has a number a channel.
pub(super) struct Multiply {
    pub x: ValueId,
    pub gate: ValueId,
    pub y: ValueId,
}

/// Calls `f` with the start of each row of some images, in each of three grids; rows are of one length, which comes first.
fn rows(grids: [&Grid; 3], images: usize, mut f: impl FnMut(usize, usize, [usize; 3])) {
    let [x, gate, y] = grids;
    let is_each = (gate.height, gate.width) == (x.height, x.width);
    for n in 0..images {
        for row in 0..x.height {
            let own = |grid: &Grid| n * grid.image_len() + grid.at(row, 0);
            let of_gate = if is_each { own(gate) } else { n * gate.image_len() };
            f(
                x.width * x.pitch,
                if is_each { x.width * x.pitch } else { gate.pitch },
                [own(x), of_gate, own(y)],
            );
        }
    }
}

impl Step for Multiply {
    fn forward(&mut self, pass: &mut Pass<'_>) {
        let mut y = pass.store.take(self.y);
        let [x, gate, to] = [self.x, self.gate, self.y].map(|value| &pass.store.values[value.0]);
        rows([&x.grid, &gate.grid, &to.grid], pass.images, |len, repeat, [a, b, c]| {
            let gate = &gate.numbers[b..b + repeat];
            for (y, x) in y[c..c + len].chunks_exact_mut(repeat).zip(x.numbers[a..].chunks_exact(repeat)) {
                y.iter_mut().zip(x).zip(gate).for_each(|((y, x), gate)| *y = x * gate);
            }
        });
        pass.store.put(self.y, y);
    }

    fn backward(&mut self, pass: &mut Pass<'_>) {
        pass.store.settle(self.y, pass.images);
        for (to, other) in [(self.x, self.gate), (self.gate, self.x)] {
            if !pass.store.values[to.0].is_tracked {
                continue;
            }
            let mut sum = pass.store.take_sum(to, pass.images);
            let store = &*pass.store;
            let Some(dy) = store.gradient(self.y, 0) else { continue };
            let (own, other) = (&store.values[to.0].flat, &store.values[other.0]);
            let is_value = to == self.x;
            let (x, gate) = if is_value { (own, &other.grid) } else { (&other.grid, own) };
            rows([x, gate, dy.grid], pass.images, |len, repeat, [a, b, c]| {
                let dy = dy.numbers[c..c + len].chunks_exact(repeat);
                if is_value {
                    let gate = &other.numbers[b..b + repeat];
                    for (to, dy) in sum[a..a + len].chunks_exact_mut(repeat).zip(dy) {
                        to.iter_mut().zip(dy).zip(gate).for_each(|((to, g), gate)| *to += g * gate);
                    }
                } else {
                    let to = &mut sum[b..b + repeat];
                    for (x, dy) in other.numbers[a..a + len].chunks_exact(repeat).zip(dy) {
                        to.iter_mut().zip(dy).zip(x).for_each(|((to, g), x)| *to += g * x);
                    }
                }
            });
            pass.store.put_gradient(to, sum);
        }
    }
}

/// Random zeroing while training.
pub(super) struct Dropout {
    pub x: ValueId,
    pub y: ValueId,
    pub per_mille: u16,
    /// What each number was multiplied with, without borders.
    pub mask: Vec<f32>,
}

impl Step for Dropout {
    fn forward(&mut self, pass: &mut Pass<'_>) {
        let keep = 1.0 - f64::from(self.per_mille) / 1000.0;
        let kept = (1.0 / keep) as f32;
        let flat = pass.store.values[self.y.0].flat;
        let is_training = pass.is_training();
        if let Some(dropout) = &mut pass.dropout {
            self.mask.resize(pass.images * flat.image_len(), 0.0);
            // In the order in which other engines lay numbers out: what is dropped does not depend on who computes.
            for image in self.mask.chunks_exact_mut(flat.image_len().max(1)) {
                for channel in 0..flat.channels {
                    for pixel in image.chunks_exact_mut(flat.pitch) {
                        pixel[channel] = if dropout.unit() < keep { kept } else { 0.0 };
                    }
                }
            }
        }
        let mut y = pass.store.take(self.y);
        let [x, to] = [self.x, self.y].map(|value| &pass.store.values[value.0]);
        rows([&x.grid, &flat, &to.grid], pass.images, |len, _, [a, b, c]| {
            let (y, x) = (&mut y[c..c + len], &x.numbers[a..a + len]);
            if is_training {
                y.iter_mut().zip(x).zip(&self.mask[b..b + len]).for_each(|((y, x), mask)| *y = x * mask);
            } else {
                y.copy_from_slice(x);
            }
        });
        pass.store.put(self.y, y);
    }

    fn backward(&mut self, pass: &mut Pass<'_>) {
        if !pass.store.values[self.x.0].is_tracked {
            return;
        }
        pass.store.settle(self.y, pass.images);
        let mut dx = pass.store.take_sum(self.x, pass.images);
        if let Some(dy) = pass.store.gradient(self.y, 0) {
            dx.iter_mut().zip(dy.numbers).zip(&self.mask).for_each(|((to, g), mask)| *to += g * mask);
        }
        pass.store.put_gradient(self.x, dx);
    }
}

/// A norm over the channels of each pixel.
pub(super) struct LayerNorm {
    pub x: ValueId,
    pub y: ValueId,
    pub slot: usize,
    pub kept: Vec<f32>,
}

impl Step for LayerNorm {
    fn forward(&mut self, pass: &mut Pass<'_>) {
        let (grid, path) = (pass.store.values[self.y.0].grid, pass.store.path);
        self.kept.resize(2 * pass.images * grid.pixels(), 0.0);
        let mut y = pass.store.take(self.y);
        let learned = (&pass.weights[self.slot][..], &pass.weights[self.slot + 1][..]);
        let (x, to) = (pass.store.images(self.x, 0), from_image(&mut y, &grid, 0));
        LayerNorms { epsilon: EPSILON as f32 }.forward(path, pass.images, x, learned, &mut self.kept, to);
        pass.store.put(self.y, y);
    }

    fn backward(&mut self, pass: &mut Pass<'_>) {
        pass.store.settle(self.y, pass.images);
        let channels = pass.weights[self.slot].len();
        let [mut scale, mut shift] = [0, 1].map(|part| {
            let mut sums = std::mem::take(pass.store.learn(self.slot + part, channels));
            sums.fill(0.0);
            sums
        });
        let Held { flat, is_tracked, .. } = pass.store.values[self.x.0];
        // The gradient of what is not tracked goes nowhere.
        let mut dx = if is_tracked {
            pass.store.take_sum(self.x, pass.images)
        } else {
            vec![0.0; pass.images * flat.image_len()]
        };
        let store = &*pass.store;
        if let Some(dy) = store.gradient(self.y, 0) {
            let x = store.images(self.x, 0);
            let to = from_image(&mut dx, &flat, 0);
            let weights = &pass.weights[self.slot];
            let learned = (&mut scale[..], &mut shift[..]);
            LayerNorms::add_gradient(store.path, pass.images, x, weights, &self.kept, dy, to, learned);
        }
        for (part, numbers) in [scale, shift].into_iter().enumerate() {
            *pass.store.learn(self.slot + part, 0) = numbers;
        }
        if is_tracked {
            pass.store.put_gradient(self.x, dx);
        }
    }
}
