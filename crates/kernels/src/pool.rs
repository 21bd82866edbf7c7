//! The largest value or the mean of each window, and where its gradient goes.
//!
//! A row of windows is computed in two steps: the rows that it covers become one line, then the columns of the line
//! become values. Both run along the row, so that vectors are used whatever the window.

use crate::lanes::{Lanes, Path, Work};
use std::hint::select_unpredictable;
use std::ops::Range;

/// What a window keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The largest value; what is not a number is larger than all, as in PyTorch.
    Max,
    /// The mean, cells around the image not counted.
    Average,
}

/// The shape of a pooling of `[batch · channels, height, width]`. Pairs are for rows and columns: a sequence is an image
/// of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool2d {
    /// What a window keeps.
    pub kind: Pooling,
    /// Images times channels.
    pub planes: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Extents of the window, at least 1.
    pub kernel: [usize; 2],
    /// Step between windows, at least 1.
    pub stride: [usize; 2],
    /// Cells at both ends, at most half the window; they never count.
    pub padding: [usize; 2],
}

impl Pool2d {
    /// Rows and columns of the output.
    #[must_use]
    pub fn output_size(&self) -> (usize, usize) {
        let along = |size: usize, i: usize| {
            let rest = (size + 2 * self.padding[i]).checked_sub(self.kernel[i]);
            rest.map_or(0, |rest| rest / self.stride[i] + 1)
        };
        (along(self.height, 0), along(self.width, 1))
    }

    /// Pools each window, all of `y` being overwritten.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    pub fn forward(&self, path: Path, x: &[f32], y: &mut [f32]) {
        self.check(x, y);
        if !y.is_empty() {
            path.run(Forward { shape: self, x, y });
        }
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
        let halves = self.kernel == [2; 2] && self.stride == [2; 2] && self.padding == [0; 2];
        if dy.is_empty() {
            dx.fill(0.0);
        } else if self.kind == Pooling::Max && halves {
            path.run(BackwardHalves { shape: self, x, dy, dx });
        } else {
            dx.fill(0.0);
            path.run(Backward { shape: self, x, dy, dx });
        }
    }

    fn check(&self, x: &[f32], y: &[f32]) {
        let (height, width) = self.output_size();
        assert_eq!(x.len(), self.planes * self.height * self.width);
        assert_eq!(y.len(), self.planes * height * width);
    }

    /// The cells that each window covers along an axis.
    fn spans(&self, places: usize, size: usize, i: usize) -> Vec<Range<usize>> {
        let (kernel, stride, padding) = (self.kernel[i], self.stride[i], self.padding[i]);
        let from = |at: usize| (at * stride).saturating_sub(padding);
        let to = |at: usize| (at * stride + kernel).saturating_sub(padding).min(size);
        (0..places).map(|at| from(at)..to(at)).collect()
    }

    /// What does not change a window's value.
    fn neutral(&self) -> f32 {
        match self.kind {
            Pooling::Max => f32::NEG_INFINITY,
            Pooling::Average => 0.0,
        }
    }
}

/// The larger value. Which one it is nobody can predict: a branch would cost more than all the rest.
#[inline(always)]
fn larger(most: f32, x: f32) -> f32 {
    select_unpredictable((x > most) | x.is_nan(), x, most)
}

#[inline(always)]
fn plus(sum: f32, x: f32) -> f32 {
    sum + x
}

/// Rows of windows, and what they are computed in.
struct Lines {
    rows: Vec<Range<usize>>,
    /// One row with its border, in which nothing is stored but what is neutral.
    line: Vec<f32>,
    /// 1 over the columns that each window covers.
    shares: Vec<f32>,
}

impl Lines {
    fn new(shape: &Pool2d) -> Self {
        let (height, width) = shape.output_size();
        let columns = shape.spans(width, shape.width, 1);
        let reach = (width - 1) * shape.stride[1] + shape.kernel[1];
        Self {
            rows: shape.spans(height, shape.height, 0),
            line: vec![shape.neutral(); reach.max(shape.padding[1] + shape.width)],
            shares: columns.iter().map(|c| 1.0 / c.len() as f32).collect(),
        }
    }

    /// Pools the windows of one row.
    #[inline(always)]
    fn pool(&mut self, shape: &Pool2d, x: &[f32], rows: Range<usize>, y: &mut [f32]) {
        match shape.kind {
            Pooling::Max => self.fold(shape, x, rows, y, larger),
            Pooling::Average => {
                let share = 1.0 / rows.len() as f32;
                self.fold(shape, x, rows, y, plus);
                for (y, columns) in y.iter_mut().zip(&self.shares) {
                    *y *= share * columns;
                }
            }
        }
    }

    #[inline(always)]
    fn fold(
        &mut self,
        shape: &Pool2d,
        x: &[f32],
        rows: Range<usize>,
        y: &mut [f32],
        f: impl Fn(f32, f32) -> f32 + Copy,
    ) {
        let (width, kernel) = (shape.width, shape.kernel[1]);
        let inner = &mut self.line[shape.padding[1]..][..width];
        inner.copy_from_slice(&x[rows.start * width..][..width]);
        for row in rows.start + 1..rows.end {
            for (line, x) in inner.iter_mut().zip(&x[row * width..][..width]) {
                *line = f(*line, *x);
            }
        }
        match (y, shape.stride[1]) {
            ([y], _) => *y = all(&self.line[..kernel], shape.neutral(), f),
            (y, 1) => fold_columns::<1>(&self.line, kernel, 1, y, f),
            (y, 2) => fold_columns::<2>(&self.line, kernel, 2, y, f),
            (y, stride) => fold_columns::<0>(&self.line, kernel, stride, y, f),
        }
    }
}

/// One value from many, several side by side so that they do not wait for each other.
#[inline(always)]
fn all(x: &[f32], neutral: f32, f: impl Fn(f32, f32) -> f32) -> f32 {
    const SIDE: usize = 16;
    let mut lanes = [neutral; SIDE];
    let chunks = x.chunks_exact(SIDE);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = f(*lane, *x);
        }
    }
    lanes.iter().chain(rest).fold(neutral, |folded, x| f(folded, *x))
}

/// Windows along a line; `S` is the stride where it is known to the compiler, else 0.
#[inline(always)]
fn fold_columns<const S: usize>(
    line: &[f32],
    kernel: usize,
    stride: usize,
    y: &mut [f32],
    f: impl Fn(f32, f32) -> f32,
) {
    let stride = if S == 0 { stride } else { S };
    let reach = (y.len() - 1) * stride + 1;
    for tap in 0..kernel {
        let line = &line[tap..][..reach];
        for (i, y) in y.iter_mut().enumerate() {
            let x = line[i * stride];
            *y = if tap == 0 { x } else { f(*y, x) };
        }
    }
}

struct Forward<'a> {
    shape: &'a Pool2d,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Work for Forward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, x, y } = self;
        let (out_height, out_width) = shape.output_size();
        let mut lines = Lines::new(shape);
        let rows = lines.rows.clone();
        let planes = x.chunks_exact(shape.height * shape.width);
        for (x, y) in planes.zip(y.chunks_exact_mut(out_height * out_width)) {
            for (rows, y) in rows.iter().zip(y.chunks_exact_mut(out_width)) {
                lines.pool(shape, x, rows.clone(), y);
            }
        }
    }
}

struct Backward<'a> {
    shape: &'a Pool2d,
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Work for Backward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, x, dy, dx } = self;
        let (out_height, out_width) = shape.output_size();
        let mut lines = Lines::new(shape);
        let rows = lines.rows.clone();
        let plane = shape.height * shape.width;
        let (mut most, mut left) = (vec![0.0; out_width], vec![0.0; out_width]);
        let planes = x.chunks_exact(plane).zip(dx.chunks_exact_mut(plane));
        for ((x, dx), dy) in planes.zip(dy.chunks_exact(out_height * out_width)) {
            for (rows, dy) in rows.iter().zip(dy.chunks_exact(out_width)) {
                match shape.kind {
                    Pooling::Max => {
                        lines.pool(shape, x, rows.clone(), &mut most);
                        left.copy_from_slice(dy);
                        for row in rows.clone() {
                            let place = row * shape.width..(row + 1) * shape.width;
                            hand_out(shape, &x[place.clone()], &most, &mut left, &mut dx[place]);
                        }
                    }
                    Pooling::Average => lines.spread(shape, rows.clone(), dy, dx),
                }
            }
        }
    }
}

/// Gives what is `left` of each window's gradient to the first cell of this row that is the largest.
#[inline(always)]
fn hand_out(shape: &Pool2d, x: &[f32], most: &[f32], left: &mut [f32], dx: &mut [f32]) {
    let (stride, padding) = (shape.stride[1], shape.padding[1]);
    if let ([most], [left]) = (most, &mut *left) {
        let covered = x.len().min(shape.kernel[1] - padding);
        if let Some(at) = x[..covered].iter().position(|x| x == most) {
            dx[at] += *left;
            *left = 0.0;
        }
        return;
    }
    for tap in 0..shape.kernel[1] {
        // The windows whose tap lies within the row.
        let first = padding.saturating_sub(tap).div_ceil(stride);
        let end = (x.len() + padding).saturating_sub(tap).div_ceil(stride).min(most.len());
        if first >= end {
            continue;
        }
        let at = first * stride + tap - padding;
        let windows = most[first..end].iter().zip(&mut left[first..end]);
        let cells = || at..x.len();
        if stride == 1 {
            let cells = x[cells()].iter().zip(&mut dx[cells()]);
            windows.zip(cells).for_each(|((most, left), (x, dx))| take(*x == *most, left, dx));
        } else {
            let cells = x[cells()].iter().step_by(stride).zip(dx[cells()].iter_mut().step_by(stride));
            windows.zip(cells).for_each(|((most, left), (x, dx))| take(*x == *most, left, dx));
        }
    }
}

/// Moves what is left to a cell where it is `hit`: by its bits, for nobody can predict a branch here.
#[inline(always)]
fn take(hit: bool, left: &mut f32, dx: &mut f32) {
    let mask = u32::from(hit).wrapping_neg();
    let bits = left.to_bits();
    *dx += f32::from_bits(bits & mask);
    *left = f32::from_bits(bits & !mask);
}

impl Lines {
    /// Adds the gradient of a row of means to the cells they are of.
    #[inline(always)]
    fn spread(&mut self, shape: &Pool2d, rows: Range<usize>, dy: &[f32], dx: &mut [f32]) {
        let (width, stride) = (shape.width, shape.stride[1]);
        let share = 1.0 / rows.len() as f32;
        self.line.fill(0.0);
        for tap in 0..shape.kernel[1] {
            let each = dy.iter().zip(&self.shares).map(|(dy, columns)| dy * share * columns);
            let line = &mut self.line[tap..];
            if stride == 1 {
                line.iter_mut().zip(each).for_each(|(line, dy)| *line += dy);
            } else {
                line.iter_mut().step_by(stride).zip(each).for_each(|(line, dy)| *line += dy);
            }
        }
        let inner = &self.line[shape.padding[1]..][..width];
        for dx in dx[rows.start * width..rows.end * width].chunks_exact_mut(width) {
            dx.iter_mut().zip(inner).for_each(|(dx, line)| *dx += line);
        }
    }
}

/// The gradient of the maximum over windows of 2×2 that do not overlap, by far the most common.
struct BackwardHalves<'a> {
    shape: &'a Pool2d,
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Work for BackwardHalves<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, x, dy, dx } = self;
        let (out_height, out_width) = shape.output_size();
        let (width, plane) = (shape.width, shape.height * shape.width);
        let planes = x.chunks_exact(plane).zip(dx.chunks_exact_mut(plane));
        for ((x, dx), dy) in planes.zip(dy.chunks_exact(out_height * out_width)) {
            let pairs = x.chunks_exact(2 * width).zip(dx.chunks_exact_mut(2 * width));
            for ((x, dx), dy) in pairs.zip(dy.chunks_exact(out_width)) {
                let ((x0, x1), (dx0, dx1)) = (x.split_at(width), dx.split_at_mut(width));
                quarter(x0, x1, dy, dx0, dx1);
                if width % 2 == 1 {
                    (dx0[width - 1], dx1[width - 1]) = (0.0, 0.0);
                }
            }
            dx[2 * out_height * width..].fill(0.0);
        }
    }
}

/// Two rows of windows of 2×2: the first cell that is the largest gets the gradient, the other three get 0.
#[inline(always)]
fn quarter(x0: &[f32], x1: &[f32], dy: &[f32], dx0: &mut [f32], dx1: &mut [f32]) {
    let n = dy.len();
    let (x0, x1) = (&x0[..2 * n], &x1[..2 * n]);
    let (dx0, dx1) = (&mut dx0[..2 * n], &mut dx1[..2 * n]);
    for i in 0..n {
        let (a, b, c, d) = (x0[2 * i], x0[2 * i + 1], x1[2 * i], x1[2 * i + 1]);
        let most = larger(larger(a, b), larger(c, d));
        let mut left = dy[i];
        let mut take = |x: f32| {
            let taken = if x == most { left } else { 0.0 };
            left = if x == most { 0.0 } else { left };
            taken
        };
        (dx0[2 * i], dx0[2 * i + 1]) = (take(a), take(b));
        (dx1[2 * i], dx1[2 * i + 1]) = (take(c), take(d));
    }
}
