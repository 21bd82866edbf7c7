//! The largest value of each window, and where its gradient goes.

use crate::lanes::{Lanes, Path, Work};
use std::hint::select_unpredictable;

/// The shape of a maximum over square windows of `[batch · channels, height, width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool2d {
    /// Images times channels.
    pub planes: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Side of the window, at least 1.
    pub kernel: usize,
    /// Step between windows, at least 1.
    pub stride: usize,
    /// Cells around the image, at most half the window; they never count.
    pub padding: usize,
}

impl MaxPool2d {
    /// Rows and columns of the output.
    #[must_use]
    pub fn output_size(&self) -> (usize, usize) {
        let along = |size: usize| {
            (size + 2 * self.padding).checked_sub(self.kernel).map_or(0, |rest| rest / self.stride + 1)
        };
        (along(self.height), along(self.width))
    }

    /// Takes the largest value of each window, all of `y` being overwritten.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    pub fn forward(&self, path: Path, x: &[f32], y: &mut [f32]) {
        self.check(x, y);
        path.run(Forward { shape: self, x, y });
    }

    /// Computes the gradient of the input, all of `dx` being overwritten.
    ///
    /// The first of a window's largest values gets its gradient; none does where one is not a number.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    pub fn backward(&self, path: Path, x: &[f32], dy: &[f32], dx: &mut [f32]) {
        self.check(x, dy);
        assert_eq!(x.len(), dx.len());
        dx.fill(0.0);
        path.run(Backward { shape: self, x, dy, dx });
    }

    fn check(&self, x: &[f32], y: &[f32]) {
        let (height, width) = self.output_size();
        assert_eq!(x.len(), self.planes * self.height * self.width);
        assert_eq!(y.len(), self.planes * height * width);
    }

    /// The rows or columns that each window covers along an axis.
    fn spans(&self, places: usize, size: usize) -> Vec<(usize, usize)> {
        let from = |at: usize| (at * self.stride).saturating_sub(self.padding);
        let to = |at: usize| (at * self.stride + self.kernel).saturating_sub(self.padding).min(size);
        (0..places).map(|at| (from(at), to(at))).collect()
    }
}

/// The largest value of a window.
#[inline(always)]
fn largest(x: &[f32], width: usize, (top, bottom): (usize, usize), (left, right): (usize, usize)) -> f32 {
    let mut most = f32::NEG_INFINITY;
    for row in top..bottom {
        for &value in &x[row * width..][left..right] {
            // What is not a number wins, as in PyTorch. Which value wins nobody can predict: branches would cost more
            // than all the rest, here and below.
            most = select_unpredictable((value > most) | value.is_nan(), value, most);
        }
    }
    most
}

struct Forward<'a> {
    shape: &'a MaxPool2d,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Work for Forward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let MaxPool2d { height, width, .. } = *self.shape;
        let (out_height, out_width) = self.shape.output_size();
        let (rows, columns) = (self.shape.spans(out_height, height), self.shape.spans(out_width, width));
        let windows = rows.iter().flat_map(|r| columns.iter().map(move |c| (*r, *c)));
        let planes = self.x.chunks_exact((height * width).max(1));
        for (x, y) in planes.zip(self.y.chunks_exact_mut((out_height * out_width).max(1))) {
            for ((rows, columns), y) in windows.clone().zip(y) {
                *y = largest(x, width, rows, columns);
            }
        }
    }
}

struct Backward<'a> {
    shape: &'a MaxPool2d,
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Work for Backward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let MaxPool2d { height, width, .. } = *self.shape;
        let (out_height, out_width) = self.shape.output_size();
        let (rows, columns) = (self.shape.spans(out_height, height), self.shape.spans(out_width, width));
        let plane = (height * width).max(1);
        let planes = self.x.chunks_exact(plane).zip(self.dx.chunks_exact_mut(plane));
        for ((x, dx), dy) in planes.zip(self.dy.chunks_exact((out_height * out_width).max(1))) {
            for (&rows, dy) in rows.iter().zip(dy.chunks_exact(out_width)) {
                for (&columns, dy) in columns.iter().zip(dy) {
                    let most = largest(x, width, rows, columns);
                    let mut left = *dy;
                    for row in rows.0..rows.1 {
                        let place = row * width + columns.0..row * width + columns.1;
                        for (x, dx) in x[place.clone()].iter().zip(&mut dx[place]) {
                            *dx += select_unpredictable(*x == most, left, 0.0);
                            left = select_unpredictable(*x == most, 0.0, left);
                        }
                    }
                }
            }
        }
    }
}
