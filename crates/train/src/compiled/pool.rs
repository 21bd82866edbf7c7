//! Means and maxima over windows.

use super::Step;
use super::store::{Pass, ValueId, from_image};
use nascent_kernels::last::Windows;

/// The step.
pub(super) struct Pool {
    pub x: ValueId,
    pub y: ValueId,
    pub windows: Windows,
}

impl Step for Pool {
    fn forward(&mut self, pass: &mut Pass<'_>) {
        let grid = pass.store.values[self.y.0].grid;
        let mut y = pass.store.take(self.y);
        let to = from_image(&mut y, &grid, 0);
        self.windows.forward(pass.store.path, pass.images, pass.store.images(self.x, 0), to);
        pass.store.put(self.y, y);
    }

    fn backward(&mut self, pass: &mut Pass<'_>) {
        if !pass.store.values[self.x.0].is_tracked {
            return;
        }
        let flat = pass.store.values[self.x.0].flat;
        pass.store.settle(self.y, pass.images);
        let mut dx = pass.store.take_sum(self.x, pass.images);
        let store = &*pass.store;
        if let Some(dy) = store.gradient(self.y, 0) {
            let (x, y) = (store.images(self.x, 0), store.images(self.y, 0));
            self.windows.add_gradient(store.path, pass.images, x, y, dy, from_image(&mut dx, &flat, 0));
        }
        pass.store.put_gradient(self.x, dx);
    }
}

/// Mean or maximum over the steps whose code is something; zero where there are none.
pub(super) struct PoolLive {
    pub x: ValueId,
    pub codes: ValueId,
    pub y: ValueId,
    pub is_max: bool,
}

impl PoolLive {
    /// The steps of an example that count.
    fn live(pass: &Pass<'_>, codes: ValueId, image: usize, steps: usize) -> impl Iterator<Item = usize> {
        let codes = pass.store.images(codes, image).numbers;
        (0..steps).filter(move |step| codes[*step] != 0.0)
    }
}

impl Step for PoolLive {
    fn forward(&mut self, pass: &mut Pass<'_>) {
        let mut y = pass.store.take(self.y);
        let grid = pass.store.values[self.y.0].grid;
        for n in 0..pass.images {
            let x = pass.store.images(self.x, n);
            let to = &mut y[n * grid.image_len()..][..grid.channels];
            let mut count = 0;
            to.fill(0.0);
            for step in Self::live(pass, self.codes, n, x.grid.width) {
                let from = &x.numbers[x.grid.at(0, step)..];
                let pairs = to.iter_mut().zip(from);
                match self.is_max {
                    true if count > 0 => {
                        pairs.for_each(|(y, x)| *y = if *x > *y || x.is_nan() { *x } else { *y })
                    }
                    true => pairs.for_each(|(y, x)| *y = *x),
                    false => pairs.for_each(|(y, x)| *y += x),
                }
                count += 1;
            }
            if !self.is_max && count > 0 {
                to.iter_mut().for_each(|y| *y /= count as f32);
            }
        }
        pass.store.put(self.y, y);
    }

    fn backward(&mut self, pass: &mut Pass<'_>) {
        pass.store.settle(self.y, pass.images);
        let mut dx = pass.store.take_sum(self.x, pass.images);
        let flat = pass.store.values[self.x.0].flat;
        for n in 0..pass.images {
            let (x, y) = (pass.store.images(self.x, n), pass.store.images(self.y, n));
            let Some(dy) = pass.store.gradient(self.y, n) else { break };
            let count = Self::live(pass, self.codes, n, flat.width).count().max(1) as f32;
            let dx = &mut dx[n * flat.image_len()..];
            for channel in 0..flat.channels {
                // Of equal largest numbers the first has it all.
                let mut rest = dy.numbers[channel];
                for step in Self::live(pass, self.codes, n, flat.width) {
                    let to = &mut dx[step * flat.pitch + channel];
                    if !self.is_max {
                        *to += rest / count;
                    } else if x.numbers[x.grid.at(0, step) + channel] == y.numbers[channel] {
                        *to += std::mem::take(&mut rest);
                    }
                }
            }
        }
        pass.store.put_gradient(self.x, dx);
    }
}
