//! Layer normalisation (Ba et al. 2016, arXiv:1607.06450) over the channels of each step.

use crate::lanes::{Lanes, Path, Work};

/// The shape of a layer normalisation over `[batch, channels, steps]`; a vector is one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerNorm {
    /// Examples.
    pub batch: usize,
    /// Channels, which a step's mean and variance are over.
    pub channels: usize,
    /// Steps of an example.
    pub steps: usize,
    /// What is added to variances.
    pub epsilon: f32,
}

impl LayerNorm {
    /// Numbers in the input, and in the output.
    fn total(&self) -> usize {
        self.batch * self.channels * self.steps
    }

    /// Normalises, all of `y` being overwritten; gives the means `[batch, steps]`, then 1 over the deviations.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    #[must_use]
    pub fn forward(&self, path: Path, x: &[f32], scale: &[f32], shift: &[f32], y: &mut [f32]) -> Vec<f32> {
        assert_eq!((x.len(), y.len()), (self.total(), self.total()));
        assert_eq!((scale.len(), shift.len()), (self.channels, self.channels));
        let mut found = vec![0.0; 2 * self.batch * self.steps];
        if !y.is_empty() {
            path.run(Forward { shape: self, x, scale, shift, y, found: &mut found });
        }
        found
    }

    /// Computes the gradients of input, scale and shift, all three being overwritten, from what [`LayerNorm::forward`]
    /// gave.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    #[allow(clippy::too_many_arguments)]
    pub fn backward(
        &self,
        path: Path,
        x: &[f32],
        scale: &[f32],
        found: &[f32],
        dy: &[f32],
        dx: &mut [f32],
        dscale: &mut [f32],
        dshift: &mut [f32],
    ) {
        assert_eq!((x.len(), dy.len(), dx.len()), (self.total(), self.total(), self.total()));
        assert_eq!((scale.len(), dscale.len(), dshift.len()), (self.channels, self.channels, self.channels));
        assert_eq!(found.len(), 2 * self.batch * self.steps);
        dscale.fill(0.0);
        dshift.fill(0.0);
        if !dx.is_empty() {
            path.run(Backward { shape: self, x, scale, found, dy, dx, dscale, dshift });
        }
    }
}

struct Forward<'a> {
    shape: &'a LayerNorm,
    x: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
    y: &'a mut [f32],
    found: &'a mut [f32],
}

impl Work for Forward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape: &LayerNorm { batch, channels, steps, epsilon }, x, scale, shift, y, found } = self;
        let each = channels * steps;
        let (means, inverses) = found.split_at_mut(batch * steps);
        let share = 1.0 / channels as f32;
        // All loops run along the steps, which lie side by side.
        for n in 0..batch {
            let (x, y) = (&x[n * each..][..each], &mut y[n * each..][..each]);
            let (mean, inverse) = (&mut means[n * steps..][..steps], &mut inverses[n * steps..][..steps]);
            for x in x.chunks_exact(steps) {
                mean.iter_mut().zip(x).for_each(|(mean, x)| *mean += x * share);
            }
            for x in x.chunks_exact(steps) {
                for ((sum, x), mean) in inverse.iter_mut().zip(x).zip(&*mean) {
                    *sum += (x - mean) * (x - mean) * share;
                }
            }
            inverse.iter_mut().for_each(|x| *x = 1.0 / (*x + epsilon).sqrt());
            for (c, (x, y)) in x.chunks_exact(steps).zip(y.chunks_exact_mut(steps)).enumerate() {
                let (scale, shift) = (scale[c], shift[c]);
                for (((y, x), mean), inverse) in y.iter_mut().zip(x).zip(&*mean).zip(&*inverse) {
                    *y = (x - mean) * inverse * scale + shift;
                }
            }
        }
    }
}

struct Backward<'a> {
    shape: &'a LayerNorm,
    x: &'a [f32],
    scale: &'a [f32],
    found: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
    dscale: &'a mut [f32],
    dshift: &'a mut [f32],
}

impl Work for Backward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, x, scale, found, dy, dx, dscale, dshift } = self;
        let &LayerNorm { batch, channels, steps, .. } = shape;
        let each = channels * steps;
        let (means, inverses) = found.split_at(batch * steps);
        let share = 1.0 / channels as f32;
        let (mut average, mut tilt) = (vec![0.0; steps], vec![0.0; steps]);
        for n in 0..batch {
            let place = n * each..(n + 1) * each;
            let (x, dy, dx) = (&x[place.clone()], &dy[place.clone()], &mut dx[place]);
            let (mean, inverse) = (&means[n * steps..][..steps], &inverses[n * steps..][..steps]);
            average.fill(0.0);
            tilt.fill(0.0);
            for c in 0..channels {
                let (x, dy) = (&x[c * steps..][..steps], &dy[c * steps..][..steps]);
                let (mut with_input, mut total) = (0.0, 0.0);
                for s in 0..steps {
                    let normal = (x[s] - mean[s]) * inverse[s];
                    average[s] += dy[s] * scale[c] * share;
                    tilt[s] += dy[s] * scale[c] * normal * share;
                    with_input += dy[s] * normal;
                    total += dy[s];
                }
                dscale[c] += with_input;
                dshift[c] += total;
            }
            for c in 0..channels {
                let (x, dy) = (&x[c * steps..][..steps], &dy[c * steps..][..steps]);
                for (s, dx) in dx[c * steps..][..steps].iter_mut().enumerate() {
                    let normal = (x[s] - mean[s]) * inverse[s];
                    *dx = inverse[s] * (dy[s] * scale[c] - average[s] - normal * tilt[s]);
                }
            }
        }
    }
}
