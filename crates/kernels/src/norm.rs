//! Batch normalisation (Ioffe & Szegedy 2015, arXiv:1502.03167), with a rectifier behind it where asked.

use crate::lanes::{Lanes, Path, Work};

/// The shape of a batch normalisation over `[batch, channels, plane]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNorm {
    /// Examples.
    pub batch: usize,
    /// Channels, each with a mean and a variance of its own.
    pub channels: usize,
    /// Numbers of one channel of one example.
    pub plane: usize,
    /// What is added to variances.
    pub epsilon: f64,
    /// Whether `max(0, ·)` follows.
    pub relu: bool,
}

/// What a normalisation found in its batch, one number a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// The means.
    pub mean: Vec<f32>,
    /// The variances, divided by the count.
    pub variance: Vec<f32>,
}

impl BatchNorm {
    /// Numbers in the input, and in the output.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch * self.channels * self.plane
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Normalises by the batch's own statistics, all of `y` being overwritten.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    #[must_use]
    pub fn forward(&self, path: Path, x: &[f32], scale: &[f32], shift: &[f32], y: &mut [f32]) -> Statistics {
        assert_eq!((x.len(), y.len()), (self.len(), self.len()));
        assert_eq!((scale.len(), shift.len()), (self.channels, self.channels));
        let mut statistics =
            Statistics { mean: vec![0.0; self.channels], variance: vec![0.0; self.channels] };
        if !self.is_empty() {
            path.run(Forward { shape: self, x, scale, shift, y, statistics: &mut statistics });
        }
        statistics
    }

    /// Computes the gradients of input, scale and shift, all three being overwritten.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    #[allow(clippy::too_many_arguments)]
    pub fn backward(
        &self,
        path: Path,
        (x, scale, shift): (&[f32], &[f32], &[f32]),
        statistics: (&[f32], &[f32]),
        dy: &[f32],
        dx: &mut [f32],
        dscale: &mut [f32],
        dshift: &mut [f32],
    ) {
        assert_eq!((x.len(), dy.len(), dx.len()), (self.len(), self.len(), self.len()));
        let channels =
            [scale.len(), shift.len(), statistics.0.len(), statistics.1.len(), dscale.len(), dshift.len()];
        assert_eq!(channels, [self.channels; 6]);
        if self.is_empty() {
            dscale.fill(0.0);
            dshift.fill(0.0);
            return;
        }
        path.run(Backward { shape: self, x, scale, shift, statistics, dy, dx, dscale, dshift });
    }

    /// The stretches of memory of one channel, one an example.
    #[inline(always)]
    fn planes(&self, channel: usize) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let (plane, step, first) = (self.plane, self.channels * self.plane, channel * self.plane);
        (0..self.batch).map(move |n| n * step + first..n * step + first + plane)
    }

    fn count(&self) -> f64 {
        (self.batch * self.plane) as f64
    }
}

/// Sums kept side by side, so that they fill vectors.
const SIDE: usize = 16;

/// A sum in float32 over stretches, moved to float64 before it grows long.
struct Sum {
    lanes: [f32; SIDE],
    added: usize,
    total: f64,
}

impl Sum {
    #[inline(always)]
    fn new() -> Self {
        Self { lanes: [0.0; SIDE], added: 0, total: 0.0 }
    }

    /// Adds `f(i)` for all `i` below `len`.
    #[inline(always)]
    fn add(&mut self, len: usize, f: impl Fn(usize) -> f32) {
        let mut lanes = self.lanes;
        let mut at = 0;
        while at + SIDE <= len {
            for (j, lane) in lanes.iter_mut().enumerate() {
                *lane += f(at + j);
            }
            at += SIDE;
        }
        for (i, lane) in (at..len).zip(&mut lanes) {
            *lane += f(i);
        }
        self.lanes = lanes;
        self.added += len;
        if self.added > 64 * SIDE {
            self.flush();
        }
    }

    #[inline(always)]
    fn flush(&mut self) {
        self.total += self.lanes.iter().map(|x| f64::from(*x)).sum::<f64>();
        self.lanes = [0.0; SIDE];
        self.added = 0;
    }

    #[inline(always)]
    fn total(mut self) -> f64 {
        self.flush();
        self.total
    }
}

/// Adds up each channel of `[batch, channels, plane]`, all of `sums`, one a channel, being overwritten.
///
/// # Panics
/// Where the numbers are not whole examples.
pub fn channel_sums(path: Path, plane: usize, x: &[f32], sums: &mut [f32]) {
    assert!(x.is_empty() || x.len().is_multiple_of(plane * sums.len()));
    path.run(ChannelSums { plane, x, sums });
}

struct ChannelSums<'a> {
    plane: usize,
    x: &'a [f32],
    sums: &'a mut [f32],
}

impl Work for ChannelSums<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { plane, x, sums } = self;
        let step = (plane * sums.len()).max(1);
        for (c, sum) in sums.iter_mut().enumerate() {
            let mut total = Sum::new();
            for example in x.chunks_exact(step) {
                let x = &example[c * plane..][..plane];
                total.add(plane, |i| x[i]);
            }
            *sum = total.total() as f32;
        }
    }
}

struct Forward<'a> {
    shape: &'a BatchNorm,
    x: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
    y: &'a mut [f32],
    statistics: &'a mut Statistics,
}

impl Work for Forward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, x, scale, shift, y, statistics } = self;
        let count = shape.count();
        // A rectifier that is not there has its floor below everything.
        let floor = if shape.relu { 0.0 } else { f32::NEG_INFINITY };
        for c in 0..shape.channels {
            let mut total = Sum::new();
            for range in shape.planes(c) {
                let x = &x[range];
                total.add(x.len(), |i| x[i]);
            }
            let mean = (total.total() / count) as f32;
            let mut squares = Sum::new();
            for range in shape.planes(c) {
                let x = &x[range];
                squares.add(x.len(), |i| (x[i] - mean) * (x[i] - mean));
            }
            let variance = squares.total() / count;
            let slope = (f64::from(scale[c]) / (variance + shape.epsilon).sqrt()) as f32;
            for range in shape.planes(c) {
                for (y, x) in y[range.clone()].iter_mut().zip(&x[range]) {
                    let normal = (x - mean) * slope + shift[c];
                    // Written so that what is not a number stays so.
                    *y = if normal < floor { floor } else { normal };
                }
            }
            statistics.mean[c] = mean;
            statistics.variance[c] = variance as f32;
        }
    }
}

struct Backward<'a> {
    shape: &'a BatchNorm,
    x: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
    statistics: (&'a [f32], &'a [f32]),
    dy: &'a [f32],
    dx: &'a mut [f32],
    dscale: &'a mut [f32],
    dshift: &'a mut [f32],
}

impl Work for Backward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, x, scale, shift, statistics, dy, dx, dscale, dshift } = self;
        let count = shape.count();
        let floor = if shape.relu { 0.0 } else { f32::NEG_INFINITY };
        for c in 0..shape.channels {
            let mean = statistics.0[c];
            let inverse = 1.0 / (f64::from(statistics.1[c]) + shape.epsilon).sqrt();
            let (slope, shift) = ((f64::from(scale[c]) * inverse) as f32, shift[c]);
            // The gradient before the rectifier is written to dx, so that it is computed once.
            let (mut total, mut with_input) = (Sum::new(), Sum::new());
            for range in shape.planes(c) {
                let (x, dy, dx) = (&x[range.clone()], &dy[range.clone()], &mut dx[range]);
                for ((dx, dy), x) in dx.iter_mut().zip(dy).zip(x) {
                    // The only condition is on numbers: with another, this would be a branch that nobody can predict.
                    *dx = if (x - mean) * slope + shift > floor { *dy } else { 0.0 };
                }
                let (dx, x) = (&dx[..], &x[..dx.len()]);
                total.add(dx.len(), |i| dx[i]);
                with_input.add(dx.len(), |i| dx[i] * (x[i] - mean));
            }
            let (total, with_input) = (total.total(), with_input.total());
            dshift[c] = total as f32;
            dscale[c] = (with_input * inverse) as f32;
            let (average, tilt) = ((total / count) as f32, (with_input * inverse * inverse / count) as f32);
            for range in shape.planes(c) {
                for (dx, x) in dx[range.clone()].iter_mut().zip(&x[range]) {
                    *dx = slope * (*dx - average - (x - mean) * tilt);
                }
            }
        }
    }
}
