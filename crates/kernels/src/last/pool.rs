use super::grid::{Grid, Images, ImagesMut};
use crate::lanes::{Lanes, Path, Work};
use crate::pool::Pooling;

/// Mean or maximum over windows; padding never counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// What a window keeps.
    pub kind: Pooling,
    /// Rows and columns of a window.
    pub kernel: [usize; 2],
    /// Steps between windows.
    pub stride: [usize; 2],
    /// Rows and columns of padding at both ends.
    pub padding: [usize; 2],
}

/// Channels that a gradient is handed out for at a time.
const BLOCK: usize = 64;

impl Windows {
    /// Pools `count` images, borders of `y` left as they are.
    ///
    /// # Panics
    /// Where pitches or channels differ, or images are fewer than `count`.
    pub fn forward(&self, path: Path, count: usize, x: Images<'_>, y: ImagesMut<'_>) {
        assert!(x.grid.pitch == y.grid.pitch);
        path.run(Forward { windows: self, count, x, y });
    }

    /// Adds to `dx`, images without a border, the gradient of the input.
    ///
    /// Of equal largest numbers of a window the first has it all.
    ///
    /// # Panics
    /// Where pitches or channels differ, or images are fewer than `count`.
    pub fn add_gradient(
        &self,
        path: Path,
        count: usize,
        x: Images<'_>,
        y: Images<'_>,
        dy: Images<'_>,
        dx: ImagesMut<'_>,
    ) {
        assert!([x.grid, y.grid, dx.grid].iter().all(|g| g.pitch == dy.grid.pitch));
        path.run(Backward { windows: self, count, x, y, dy, dx });
    }

    /// The part of an axis that a window sees, from and to.
    #[inline(always)]
    fn seen(&self, axis: usize, place: usize, size: usize) -> (usize, usize) {
        let from = place * self.stride[axis];
        let to = (from + self.kernel[axis]).saturating_sub(self.padding[axis]).min(size);
        (from.saturating_sub(self.padding[axis]), to)
    }

    /// Each pixel of an output image, with the rows and the columns that its window sees.
    #[inline(always)]
    fn places(&self, input: Grid, output: Grid) -> impl Iterator<Item = (usize, [(usize, usize); 2])> {
        (0..output.height).flat_map(move |row| {
            (0..output.width).map(move |column| {
                let seen = [self.seen(0, row, input.height), self.seen(1, column, input.width)];
                (output.at(row, column), seen)
            })
        })
    }
}

struct Forward<'a> {
    windows: &'a Windows,
    count: usize,
    x: Images<'a>,
    y: ImagesMut<'a>,
}

impl Work for Forward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { windows, count, x, y } = self;
        let pitch = x.grid.pitch;
        for image in 0..count {
            let from = &x.numbers[image * x.grid.image_len()..][..x.grid.image_len()];
            let to = &mut y.numbers[image * y.grid.image_len()..][..y.grid.image_len()];
            for (place, [rows, columns]) in windows.places(*x.grid, *y.grid) {
                let to = &mut to[place..][..pitch];
                let is_max = windows.kind == Pooling::Max;
                to.fill(if is_max { f32::NEG_INFINITY } else { 0.0 });
                for row in rows.0..rows.1 {
                    let from = &from[x.grid.at(row, columns.0)..][..(columns.1 - columns.0) * pitch];
                    for pixel in from.chunks_exact(pitch) {
                        let pairs = to.iter_mut().zip(pixel);
                        if is_max {
                            pairs.for_each(|(y, x)| *y = if *x > *y || x.is_nan() { *x } else { *y });
                        } else {
                            pairs.for_each(|(y, x)| *y += x);
                        }
                    }
                }
                if !is_max {
                    let share = 1.0 / ((rows.1 - rows.0) * (columns.1 - columns.0)).max(1) as f32;
                    to.iter_mut().for_each(|y| *y *= share);
                }
            }
        }
    }
}

struct Backward<'a> {
    windows: &'a Windows,
    count: usize,
    x: Images<'a>,
    y: Images<'a>,
    dy: Images<'a>,
    dx: ImagesMut<'a>,
}

impl Work for Backward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { windows, count, x, y, dy, dx } = self;
        let pitch = x.grid.pitch;
        for image in 0..count {
            let from = &x.numbers[image * x.grid.image_len()..][..x.grid.image_len()];
            let most = &y.numbers[image * y.grid.image_len()..][..y.grid.image_len()];
            let gradient = &dy.numbers[image * dy.grid.image_len()..][..dy.grid.image_len()];
            let to = &mut dx.numbers[image * dx.grid.image_len()..][..dx.grid.image_len()];
            for ((place, [rows, columns]), (own, _)) in
                windows.places(*x.grid, *y.grid).zip(windows.places(*x.grid, *dy.grid))
            {
                let share = 1.0 / ((rows.1 - rows.0) * (columns.1 - columns.0)).max(1) as f32;
                for first in (0..pitch).step_by(BLOCK) {
                    let len = BLOCK.min(pitch - first);
                    let mut rest = [0.0; BLOCK];
                    let rest = &mut rest[..len];
                    rest.copy_from_slice(&gradient[own + first..][..len]);
                    if windows.kind == Pooling::Average {
                        rest.iter_mut().for_each(|g| *g *= share);
                    }
                    let most = &most[place + first..][..len];
                    for row in rows.0..rows.1 {
                        for column in columns.0..columns.1 {
                            let to = &mut to[dx.grid.at(row, column) + first..][..len];
                            if windows.kind == Pooling::Average {
                                to.iter_mut().zip(&*rest).for_each(|(to, g)| *to += g);
                                continue;
                            }
                            let from = &from[x.grid.at(row, column) + first..][..len];
                            for (((to, rest), x), most) in to.iter_mut().zip(&mut *rest).zip(from).zip(most) {
                                let own = if *x == *most { *rest } else { 0.0 };
                                *to += own;
                                *rest -= own;
                            }
                        }
                    }
                }
            }
        }
    }
}
