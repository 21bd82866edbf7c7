//! What the numbers of a table are embedded with (Gorishniy et al. 2022, arXiv:2203.05556).

use crate::lanes::{Lanes, Path, Work};

/// How far each number fills each of some equal bins from 0 to 1: `[numbers]` to `[numbers, bins]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bins {
    /// Numbers, those of all examples.
    pub numbers: usize,
    /// Bins of a number.
    pub bins: usize,
}

impl Bins {
    /// Fills the bins, all of `y` being overwritten.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    pub fn forward(&self, path: Path, x: &[f32], y: &mut [f32]) {
        assert_eq!((x.len(), y.len()), (self.numbers, self.numbers * self.bins));
        path.run(BinsForward { bins: self.bins, x, y });
    }

    /// Computes the gradient of the numbers, all of `dx` being overwritten: only the bin that a number lies in counts.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    pub fn backward(&self, path: Path, x: &[f32], dy: &[f32], dx: &mut [f32]) {
        assert_eq!((x.len(), dy.len()), (self.numbers, self.numbers * self.bins));
        assert_eq!(x.len(), dx.len());
        path.run(BinsBackward { bins: self.bins, x, dy, dx });
    }
}

struct BinsForward<'a> {
    bins: usize,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Work for BinsForward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        for (x, y) in self.x.iter().zip(self.y.chunks_exact_mut(self.bins.max(1))) {
            let filled = x * self.bins as f32;
            for (bin, y) in y.iter_mut().enumerate() {
                *y = (filled - bin as f32).clamp(0.0, 1.0);
            }
        }
    }
}

struct BinsBackward<'a> {
    bins: usize,
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Work for BinsBackward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let bins = self.bins as f32;
        for ((x, dx), dy) in self.x.iter().zip(self.dx).zip(self.dy.chunks_exact(self.bins.max(1))) {
            let filled = x * bins;
            // Conversion of what is no number gives 0, so that is asked first.
            let inside = filled >= 0.0 && filled < bins;
            *dx = if inside { bins * dy.get(filled as usize).copied().unwrap_or(0.0) } else { 0.0 };
        }
    }
}

/// A linear layer of its own for each group of features: `[batch, groups, inputs]` to `[batch, groups, outputs]`, with
/// weights `[groups, inputs, outputs]` and biases `[groups, outputs]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grouped {
    /// Examples.
    pub batch: usize,
    /// Groups.
    pub groups: usize,
    /// Numbers that a group takes.
    pub inputs: usize,
    /// Numbers that a group gives.
    pub outputs: usize,
}

impl Grouped {
    /// Computes the layers, all of `y` being overwritten.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    pub fn forward(&self, path: Path, x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
        self.check(x, weight, bias, y);
        path.run(GroupedForward { shape: self, x, weight, bias, y });
    }

    /// Computes the gradients, that of the input where it is asked for; all are overwritten.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    #[allow(clippy::too_many_arguments)]
    pub fn backward(
        &self,
        path: Path,
        x: &[f32],
        weight: &[f32],
        dy: &[f32],
        dx: Option<&mut [f32]>,
        dweight: &mut [f32],
        dbias: &mut [f32],
    ) {
        self.check(x, weight, dbias, dy);
        assert_eq!(weight.len(), dweight.len());
        assert!(dx.as_ref().is_none_or(|dx| dx.len() == x.len()));
        path.run(GroupedBackward { shape: self, x, weight, dy, dx, dweight, dbias });
    }

    fn check(&self, x: &[f32], weight: &[f32], bias: &[f32], y: &[f32]) {
        let Self { batch, groups, inputs, outputs } = *self;
        assert_eq!((x.len(), y.len()), (batch * groups * inputs, batch * groups * outputs));
        assert_eq!((weight.len(), bias.len()), (groups * inputs * outputs, groups * outputs));
    }
}

struct GroupedForward<'a> {
    shape: &'a Grouped,
    x: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    y: &'a mut [f32],
}

impl Work for GroupedForward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape: &Grouped { batch, groups, inputs, outputs }, x, weight, bias, y } = self;
        for group in 0..groups {
            let weight = &weight[group * inputs * outputs..][..inputs * outputs];
            let bias = &bias[group * outputs..][..outputs];
            for example in 0..batch {
                let at = example * groups + group;
                let y = &mut y[at * outputs..][..outputs];
                y.copy_from_slice(bias);
                for (x, weight) in x[at * inputs..][..inputs].iter().zip(weight.chunks_exact(outputs.max(1)))
                {
                    y.iter_mut().zip(weight).for_each(|(y, w)| *y += x * w);
                }
            }
        }
    }
}

struct GroupedBackward<'a> {
    shape: &'a Grouped,
    x: &'a [f32],
    weight: &'a [f32],
    dy: &'a [f32],
    dx: Option<&'a mut [f32]>,
    dweight: &'a mut [f32],
    dbias: &'a mut [f32],
}

impl Work for GroupedBackward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, x, weight, dy, mut dx, dweight, dbias } = self;
        let &Grouped { batch, groups, inputs, outputs } = shape;
        dweight.fill(0.0);
        dbias.fill(0.0);
        for group in 0..groups {
            let of_group = group * inputs * outputs..(group + 1) * inputs * outputs;
            let (weight, dweight) = (&weight[of_group.clone()], &mut dweight[of_group]);
            let dbias = &mut dbias[group * outputs..][..outputs];
            for example in 0..batch {
                let at = example * groups + group;
                let dy = &dy[at * outputs..][..outputs];
                dbias.iter_mut().zip(dy).for_each(|(b, dy)| *b += dy);
                let x = &x[at * inputs..][..inputs];
                for (x, dweight) in x.iter().zip(dweight.chunks_exact_mut(outputs.max(1))) {
                    dweight.iter_mut().zip(dy).for_each(|(w, dy)| *w += x * dy);
                }
                if let Some(dx) = &mut dx {
                    let dx = dx[at * inputs..][..inputs].iter_mut();
                    for (dx, weight) in dx.zip(weight.chunks_exact(outputs.max(1))) {
                        *dx = dot(weight, dy);
                    }
                }
            }
        }
    }
}

/// The sum of products, several side by side.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    const SIDE: usize = 16;
    let mut lanes = [0.0; SIDE];
    let (a_chunks, b_chunks) = (a.chunks_exact(SIDE), b.chunks_exact(SIDE));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// Sines and cosines of `2π · frequency · x`: `[batch, numbers]` with `[numbers, frequencies]` to
/// `[batch, numbers, 2 · frequencies]`, a number's sines first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waves {
    /// Examples.
    pub batch: usize,
    /// Numbers of an example.
    pub numbers: usize,
    /// Frequencies of a number.
    pub frequencies: usize,
}

impl Waves {
    /// Computes sines and cosines, all of `y` being overwritten.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    pub fn forward(&self, path: Path, x: &[f32], frequency: &[f32], y: &mut [f32]) {
        self.check(x, frequency, y);
        path.run(WavesForward { shape: self, x, frequency, y });
    }

    /// Computes the gradients from the output and its gradient, that of the input where it is asked for; all are
    /// overwritten.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    #[allow(clippy::too_many_arguments)]
    pub fn backward(
        &self,
        path: Path,
        x: &[f32],
        frequency: &[f32],
        y: &[f32],
        dy: &[f32],
        dx: Option<&mut [f32]>,
        dfrequency: &mut [f32],
    ) {
        self.check(x, frequency, y);
        assert_eq!((y.len(), frequency.len()), (dy.len(), dfrequency.len()));
        assert!(dx.as_ref().is_none_or(|dx| dx.len() == x.len()));
        path.run(WavesBackward { shape: self, x, frequency, y, dy, dx, dfrequency });
    }

    fn check(&self, x: &[f32], frequency: &[f32], y: &[f32]) {
        let Self { batch, numbers, frequencies } = *self;
        assert_eq!((x.len(), frequency.len()), (batch * numbers, numbers * frequencies));
        assert_eq!(y.len(), batch * numbers * 2 * frequencies);
    }
}

/// Sine and cosine of an angle in turns, to an absolute error of 2·10⁻⁷.
#[inline(always)]
fn sine_and_cosine(turns: f32) -> (f32, f32) {
    let rest = turns - turns.round_ties_even();
    let size = rest.abs();
    // A quarter turn either way is all that the series needs to be good for.
    let quarter = if size > 0.25 { 0.5 - size } else { size };
    (series(quarter).copysign(rest), series(0.25 - size))
}

/// The sine of at most a quarter turn, by its Taylor series.
#[inline(always)]
fn series(turns: f32) -> f32 {
    let x = turns * std::f32::consts::TAU;
    let square = x * x;
    let mut sum = -1.0 / 39_916_800.0;
    for term in [1.0 / 362_880.0, -1.0 / 5040.0, 1.0 / 120.0, -1.0 / 6.0, 1.0] {
        sum = sum * square + term;
    }
    sum * x
}

struct WavesForward<'a> {
    shape: &'a Waves,
    x: &'a [f32],
    frequency: &'a [f32],
    y: &'a mut [f32],
}

impl Work for WavesForward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape: &Waves { numbers, frequencies, .. }, x, frequency, y } = self;
        for ((i, x), y) in x.iter().enumerate().zip(y.chunks_exact_mut((2 * frequencies).max(1))) {
            let frequency = &frequency[i % numbers * frequencies..][..frequencies];
            let (sines, cosines) = y.split_at_mut(frequencies);
            for ((sine, cosine), c) in sines.iter_mut().zip(cosines).zip(frequency) {
                (*sine, *cosine) = sine_and_cosine(x * c);
            }
        }
    }
}

struct WavesBackward<'a> {
    shape: &'a Waves,
    x: &'a [f32],
    frequency: &'a [f32],
    y: &'a [f32],
    dy: &'a [f32],
    dx: Option<&'a mut [f32]>,
    dfrequency: &'a mut [f32],
}

impl Work for WavesBackward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape: &Waves { numbers, frequencies, .. }, x, frequency, y, dy, mut dx, dfrequency } =
            self;
        let each = (2 * frequencies).max(1);
        let mut dturns = vec![0.0; frequencies];
        dfrequency.fill(0.0);
        for (i, ((x, y), dy)) in x.iter().zip(y.chunks_exact(each)).zip(dy.chunks_exact(each)).enumerate() {
            let place = i % numbers * frequencies..(i % numbers + 1) * frequencies;
            let ((sine, cosine), (dsine, dcosine)) = (y.split_at(frequencies), dy.split_at(frequencies));
            for (j, (d, dfrequency)) in dturns.iter_mut().zip(&mut dfrequency[place.clone()]).enumerate() {
                *d = std::f32::consts::TAU * (dsine[j] * cosine[j] - dcosine[j] * sine[j]);
                *dfrequency += x * *d;
            }
            if let Some(dx) = &mut dx {
                dx[i] = dot(&dturns, &frequency[place]);
            }
        }
    }
}
