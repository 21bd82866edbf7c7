//! Values side by side, and images as vectors.

use super::Step;
use super::store::{Pass, ValueId};
use nascent_kernels::last::Grid;

/// Copies ranges of channels from some values to one, or back.
pub(super) struct Concat {
    /// Each value, and where its channels begin.
    pub parts: Vec<(ValueId, usize)>,
    pub y: ValueId,
}

/// Where each pixel of some images begins.
fn pixels(grid: &Grid, images: usize) -> impl Iterator<Item = usize> + use<> {
    let grid = *grid;
    (0..images).flat_map(move |n| {
        (0..grid.height).flat_map(move |row| {
            (0..grid.width).map(move |column| n * grid.image_len() + grid.at(row, column))
        })
    })
}

impl Step for Concat {
    fn forward(&mut self, pass: &mut Pass<'_>) {
        let grid = pass.store.values[self.y.0].grid;
        let mut y = pass.store.take(self.y);
        for (value, first) in &self.parts {
            let x = &pass.store.values[value.0];
            for (from, to) in pixels(&x.grid, pass.images).zip(pixels(&grid, pass.images)) {
                y[to + first..][..x.grid.channels].copy_from_slice(&x.numbers[from..][..x.grid.channels]);
            }
        }
        pass.store.put(self.y, y);
    }

    fn backward(&mut self, pass: &mut Pass<'_>) {
        pass.store.settle(self.y, pass.images);
        for (value, first) in &self.parts {
            if !pass.store.values[value.0].is_tracked {
                continue;
            }
            let mut dx = pass.store.take_sum(*value, pass.images);
            let grid = pass.store.values[value.0].flat;
            if let Some(dy) = pass.store.gradient(self.y, 0) {
                for (to, from) in pixels(&grid, pass.images).zip(pixels(dy.grid, pass.images)) {
                    let dy = &dy.numbers[from + first..][..grid.channels];
                    dx[to..][..grid.channels].iter_mut().zip(dy).for_each(|(to, g)| *to += g);
                }
            }
            pass.store.put_gradient(*value, dx);
        }
    }
}

/// All extents in one: the numbers of a channel together, one channel after another.
pub(super) struct Flatten {
    pub x: ValueId,
    pub y: ValueId,
}

impl Step for Flatten {
    fn forward(&mut self, pass: &mut Pass<'_>) {
        let mut y = pass.store.take(self.y);
        let (x, pitch) = (&pass.store.values[self.x.0], pass.store.values[self.y.0].grid.pitch);
        let (channels, count) = (x.grid.channels, x.grid.pixels());
        for (i, from) in pixels(&x.grid, pass.images).enumerate() {
            let to = y[i / count * pitch + i % count..].iter_mut().step_by(count);
            to.zip(&x.numbers[from..from + channels]).for_each(|(to, x)| *to = *x);
        }
        pass.store.put(self.y, y);
    }

    fn backward(&mut self, pass: &mut Pass<'_>) {
        if !pass.store.values[self.x.0].is_tracked {
            return;
        }
        pass.store.settle(self.y, pass.images);
        let mut dx = pass.store.take_sum(self.x, pass.images);
        let grid = pass.store.values[self.x.0].flat;
        if let Some(dy) = pass.store.gradient(self.y, 0) {
            let count = grid.pixels();
            for (i, to) in pixels(&grid, pass.images).enumerate() {
                let from = dy.numbers[i / count * dy.grid.pitch + i % count..].iter().step_by(count);
                dx[to..to + grid.channels].iter_mut().zip(from).for_each(|(to, g)| *to += g);
            }
        }
        pass.store.put_gradient(self.x, dx);
    }
}

/// A range of channels, or of a vector's numbers.
pub(super) struct Slice {
    pub x: ValueId,
    pub y: ValueId,
    pub first: usize,
}

impl Step for Slice {
    fn forward(&mut self, pass: &mut Pass<'_>) {
        let mut y = pass.store.take(self.y);
        let (x, grid) = (&pass.store.values[self.x.0], pass.store.values[self.y.0].grid);
        for (from, to) in pixels(&x.grid, pass.images).zip(pixels(&grid, pass.images)) {
            y[to..to + grid.channels].copy_from_slice(&x.numbers[from + self.first..][..grid.channels]);
        }
        pass.store.put(self.y, y);
    }

    fn backward(&mut self, pass: &mut Pass<'_>) {
        if !pass.store.values[self.x.0].is_tracked {
            return;
        }
        pass.store.settle(self.y, pass.images);
        let mut dx = pass.store.take_sum(self.x, pass.images);
        let grid = pass.store.values[self.x.0].flat;
        if let Some(dy) = pass.store.gradient(self.y, 0) {
            for (to, from) in pixels(&grid, pass.images).zip(pixels(dy.grid, pass.images)) {
                let dy = &dy.numbers[from..from + dy.grid.channels];
                dx[to + self.first..].iter_mut().zip(dy).for_each(|(to, g)| *to += g);
            }
        }
        pass.store.put_gradient(self.x, dx);
    }
}

/// A sequence moved to later steps, zeros first.
pub(super) struct Delay {
    pub x: ValueId,
    pub y: ValueId,
    pub steps: usize,
}

impl Step for Delay {
    fn forward(&mut self, pass: &mut Pass<'_>) {
        let mut y = pass.store.take(self.y);
        let (x, grid) = (&pass.store.values[self.x.0], pass.store.values[self.y.0].grid);
        for n in 0..pass.images {
            let (from, to) = (n * x.grid.image_len(), n * grid.image_len());
            for step in 0..grid.width {
                let to = &mut y[to + grid.at(0, step)..][..grid.channels];
                match step.checked_sub(self.steps) {
                    Some(before) => {
                        to.copy_from_slice(&x.numbers[from + x.grid.at(0, before)..][..grid.channels])
                    }
                    None => to.fill(0.0),
                }
            }
        }
        pass.store.put(self.y, y);
    }

    fn backward(&mut self, pass: &mut Pass<'_>) {
        if !pass.store.values[self.x.0].is_tracked {
            return;
        }
        pass.store.settle(self.y, pass.images);
        let mut dx = pass.store.take_sum(self.x, pass.images);
        let grid = pass.store.values[self.x.0].flat;
        if let Some(dy) = pass.store.gradient(self.y, 0) {
            for n in 0..pass.images {
                let (to, from) = (n * grid.image_len(), n * dy.grid.image_len());
                for step in self.steps..grid.width {
                    let dy = &dy.numbers[from + dy.grid.at(0, step)..][..grid.channels];
                    let dx = &mut dx[to + grid.at(0, step - self.steps)..][..grid.channels];
                    dx.iter_mut().zip(dy).for_each(|(to, g)| *to += g);
                }
            }
        }
        pass.store.put_gradient(self.x, dx);
    }
}
