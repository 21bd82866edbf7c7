use super::grid::{Images, ImagesMut, Stretches};
use crate::lanes::{Lanes, Path, Work};
use crate::numbers::dot;

/// Layer normalisation over the channels of each pixel (Ba et al. 2016, arXiv:1607.06450).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerNorms {
    /// What is added to variances.
    pub epsilon: f32,
}

impl LayerNorms {
    /// Normalises the pixels of `count` images, and keeps of each its mean and one over its deviation, all of `kept` that they
    /// need being overwritten: two numbers a pixel.
    ///
    /// # Panics
    /// Where pitches differ, or slices are too short.
    pub fn forward(
        &self,
        path: Path,
        count: usize,
        x: Images<'_>,
        (scale, shift): (&[f32], &[f32]),
        kept: &mut [f32],
        y: ImagesMut<'_>,
    ) {
        assert!(x.grid.pitch == y.grid.pitch && scale.len() == x.grid.channels && shift.len() == scale.len());
        assert!(kept.len() >= 2 * count * x.grid.pixels());
        path.run(Forward { epsilon: self.epsilon, count, x, scale, shift, kept, y });
    }

    /// Adds the gradients of input, scale and shift to what is there.
    ///
    /// # Panics
    /// As [`LayerNorms::forward`].
    #[allow(clippy::too_many_arguments)]
    pub fn add_gradient(
        path: Path,
        count: usize,
        x: Images<'_>,
        scale: &[f32],
        kept: &[f32],
        dy: Images<'_>,
        dx: ImagesMut<'_>,
        (dscale, dshift): (&mut [f32], &mut [f32]),
    ) {
        assert!(x.grid.pitch == dy.grid.pitch && x.grid.pitch == dx.grid.pitch);
        assert!([scale.len(), dscale.len(), dshift.len()] == [x.grid.channels; 3]);
        assert!(kept.len() >= 2 * count * x.grid.pixels());
        path.run(Backward { count, x, scale, kept, dy, dx, dscale, dshift });
    }
}

struct Forward<'a> {
    epsilon: f32,
    count: usize,
    x: Images<'a>,
    scale: &'a [f32],
    shift: &'a [f32],
    kept: &'a mut [f32],
    y: ImagesMut<'a>,
}

impl Work for Forward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { epsilon, count, x, scale, shift, kept, y } = self;
        let (pitch, n) = (x.grid.pitch, x.grid.channels as f32);
        let mut kept = kept.chunks_exact_mut(2);
        for stretch in Stretches::new(count, [x.grid, y.grid]).each() {
            let from = x.numbers[stretch.of(x.grid)].chunks_exact(pitch);
            let to = y.numbers[stretch.of(y.grid)].chunks_exact_mut(pitch);
            for ((x, y), kept) in from.zip(to).zip(&mut kept) {
                let x = &x[..scale.len()];
                let mean = total(x) / n;
                y.iter_mut().zip(x).for_each(|(y, x)| *y = x - mean);
                let y = &mut y[..scale.len()];
                let inverse = 1.0 / (dot(y, y) / n + epsilon).sqrt();
                y.iter_mut().zip(scale).zip(shift).for_each(|((y, a), b)| *y = *y * inverse * a + b);
                (kept[0], kept[1]) = (mean, inverse);
            }
        }
    }
}

/// The sum of some numbers, several side by side.
#[inline(always)]
fn total(x: &[f32]) -> f32 {
    let mut sides = [0.0f32; 16];
    let chunks = x.chunks_exact(16);
    let rest: f32 = chunks.remainder().iter().sum();
    for chunk in chunks {
        sides.iter_mut().zip(chunk).for_each(|(sum, x)| *sum += x);
    }
    sides.iter().sum::<f32>() + rest
}

struct Backward<'a> {
    count: usize,
    x: Images<'a>,
    scale: &'a [f32],
    kept: &'a [f32],
    dy: Images<'a>,
    dx: ImagesMut<'a>,
    dscale: &'a mut [f32],
    dshift: &'a mut [f32],
}

impl Work for Backward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { count, x, scale, kept, dy, dx, dscale, dshift } = self;
        let (pitch, channels) = (x.grid.pitch, scale.len());
        let mut kept = kept.chunks_exact(2);
        for stretch in Stretches::new(count, [x.grid, dy.grid, dx.grid]).each() {
            let from = x.numbers[stretch.of(x.grid)].chunks_exact(pitch);
            let gradient = dy.numbers[stretch.of(dy.grid)].chunks_exact(pitch);
            let to = dx.numbers[stretch.of(dx.grid)].chunks_exact_mut(pitch);
            for (((x, g), to), kept) in from.zip(gradient).zip(to).zip(&mut kept) {
                let (x, g, to) = (&x[..channels], &g[..channels], &mut to[..channels]);
                let (mean, inverse) = (kept[0], kept[1]);
                let (mut plain, mut along) = ([0.0f32; 16], [0.0f32; 16]);
                for (i, ((x, g), a)) in x.chunks(16).zip(g.chunks(16)).zip(scale.chunks(16)).enumerate() {
                    let (dscale, dshift) = (&mut dscale[i * 16..], &mut dshift[i * 16..]);
                    for (j, ((x, g), a)) in x.iter().zip(g).zip(a).enumerate() {
                        let normal = (x - mean) * inverse;
                        dscale[j] += g * normal;
                        dshift[j] += g;
                        plain[j] += g * a;
                        along[j] += g * a * normal;
                    }
                }
                let n = channels as f32;
                let (plain, along) = (plain.iter().sum::<f32>() / n, along.iter().sum::<f32>() / n);
                for (((to, x), g), a) in to.iter_mut().zip(x).zip(g).zip(scale) {
                    *to += inverse * (g * a - plain - (x - mean) * inverse * along);
                }
            }
        }
    }
}
