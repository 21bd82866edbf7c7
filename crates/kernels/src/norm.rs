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

/// Sums kept side by side, so that they fill vectors and do not wait for each other.
const SIDE: usize = 32;

/// `Σ f(i)` over a stretch, in an order that does not depend on the path.
#[inline(always)]
fn sum(len: usize, f: impl Fn(usize) -> f32) -> f64 {
    let mut sums = [0.0f32; SIDE];
    let whole = len / SIDE * SIDE;
    let mut i = 0;
    while i < whole {
        for (j, sum) in sums.iter_mut().enumerate() {
            *sum += f(i + j);
        }
        i += SIDE;
    }
    let mut rest = 0.0;
    while i < len {
        rest += f(i);
        i += 1;
    }
    f64::from(sums.iter().sum::<f32>() + rest)
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
            let mut total = 0.0;
            for range in shape.planes(c) {
                let x = &x[range];
                total += sum(x.len(), |i| x[i]);
            }
            let mean = (total / count) as f32;
            let mut squares = 0.0;
            for range in shape.planes(c) {
                let x = &x[range];
                squares += sum(x.len(), |i| (x[i] - mean) * (x[i] - mean));
            }
            let variance = squares / count;
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
        for c in 0..shape.channels {
            let mean = statistics.0[c];
            let inverse = 1.0 / (f64::from(statistics.1[c]) + shape.epsilon).sqrt();
            let slope = (f64::from(scale[c]) * inverse) as f32;
            // The gradient before the rectifier is written to dx, so that it is computed once.
            let (mut total, mut with_input) = (0.0, 0.0);
            for range in shape.planes(c) {
                let (x, dy, dx) = (&x[range.clone()], &dy[range.clone()], &mut dx[range]);
                for ((dx, dy), x) in dx.iter_mut().zip(dy).zip(x) {
                    let passes = !shape.relu || (x - mean) * slope + shift[c] > 0.0;
                    *dx = if passes { *dy } else { 0.0 };
                }
                total += sum(dx.len(), |i| dx[i]);
                with_input += sum(dx.len(), |i| dx[i] * (x[i] - mean));
            }
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
