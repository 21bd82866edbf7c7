//! Norms, sums and a nonlinearity in one go over memory, and the gradient of the nonlinearity.

use super::grid::{Images, ImagesMut, Stretches};
use crate::activation::{Smooth, sigmoid};
use crate::lanes::{Lanes, Path, Work};

/// One of the terms of a sum.
#[derive(Clone, Copy, Debug)]
pub struct Term<'a> {
    /// Its numbers.
    pub images: Images<'a>,
    /// What each channel is multiplied with, if anything: as many numbers as the pitch.
    pub factor: Option<&'a [f32]>,
}

/// A nonlinearity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bend {
    /// `max(0, x)`.
    Relu,
    /// One of the smooth ones.
    Smooth(Smooth),
    /// `tanh(x)`.
    Tanh,
    /// `1 / (1 + exp(−x))`.
    Sigmoid,
}

impl Bend {
    /// Whether the gradient follows from the output, so that the input need not be kept.
    #[must_use]
    pub fn follows_from_output(self) -> bool {
        !matches!(self, Self::Smooth(_))
    }

    /// Writes `Σ terms + shift` to `raw`, and what the nonlinearity makes of it to `bent`, for `count` images.
    ///
    /// # Panics
    /// Where pitches or sizes differ, images are fewer than `count`, or neither output is asked for.
    pub fn sum(
        path: Path,
        count: usize,
        terms: &[Term<'_>],
        shift: Option<&[f32]>,
        raw: Option<ImagesMut<'_>>,
        bent: Option<(Self, ImagesMut<'_>)>,
    ) {
        let grid = raw.as_ref().or(bent.as_ref().map(|b| &b.1)).map(|images| *images.grid);
        let Some(grid) = grid else { panic!("an output is needed") };
        let grids = terms.iter().map(|t| t.images.grid).chain(bent.iter().map(|b| b.1.grid));
        assert!(grids.into_iter().all(|g| g.pitch == grid.pitch));
        assert!(terms.iter().filter_map(|t| t.factor).chain(shift).all(|f| f.len() == grid.pitch));
        path.run(SumUp { count, terms, shift, raw, bent });
    }

    /// Writes to `gradient` that of the sum: `gradient · f′`, to which `raw` is added.
    ///
    /// `known` is the output of the nonlinearity where its gradient follows from that, else its input.
    ///
    /// # Panics
    /// Where pitches or sizes differ, or images are fewer than `count`.
    pub fn gradient(
        self,
        path: Path,
        count: usize,
        known: Images<'_>,
        raw: Option<Images<'_>>,
        gradient: ImagesMut<'_>,
    ) {
        let pitch = gradient.grid.pitch;
        assert!(known.grid.pitch == pitch && raw.is_none_or(|r| r.grid.pitch == pitch));
        path.run(Unbend { bend: self, count, known, raw, gradient });
    }

    #[inline(always)]
    fn bend(self, x: &[f32], y: &mut [f32]) {
        let pairs = y.iter_mut().zip(x);
        match self {
            Self::Relu => pairs.for_each(|(y, x)| *y = relu(*x)),
            Self::Smooth(f) => f.each(x, y),
            Self::Tanh => pairs.for_each(|(y, x)| *y = 2.0 * sigmoid(2.0 * x) - 1.0),
            Self::Sigmoid => pairs.for_each(|(y, x)| *y = sigmoid(*x)),
        }
    }

    /// Multiplies gradients with the slopes.
    #[inline(always)]
    fn slope(self, known: &[f32], gradient: &mut [f32]) {
        let pairs = gradient.iter_mut().zip(known);
        match self {
            Self::Relu => pairs.for_each(|(g, y)| *g = pass(*g, *y > 0.0)),
            Self::Smooth(f) => f.each_slope(known, gradient),
            Self::Tanh => pairs.for_each(|(g, y)| *g *= 1.0 - y * y),
            Self::Sigmoid => pairs.for_each(|(g, y)| *g *= y * (1.0 - y)),
        }
    }
}

/// What is no number stays none.
#[inline(always)]
fn relu(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

/// A number where it passes, else 0, without a branch.
#[inline(always)]
fn pass(x: f32, passes: bool) -> f32 {
    f32::from_bits(x.to_bits() & if passes { u32::MAX } else { 0 })
}

struct SumUp<'a> {
    count: usize,
    terms: &'a [Term<'a>],
    shift: Option<&'a [f32]>,
    raw: Option<ImagesMut<'a>>,
    bent: Option<(Bend, ImagesMut<'a>)>,
}

impl Work for SumUp<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { count, terms, shift, mut raw, mut bent } = self;
        let outputs = [raw.as_ref().map(|r| r.grid), bent.as_ref().map(|b| b.1.grid)];
        let grids = terms.iter().map(|t| t.images.grid).chain(outputs.into_iter().flatten());
        for stretch in Stretches::new(count, grids).each() {
            let sum: &mut [f32] = match (&mut raw, &mut bent) {
                (Some(raw), _) => &mut raw.numbers[stretch.of(raw.grid)],
                (None, Some((_, bent))) => &mut bent.numbers[stretch.of(bent.grid)],
                (None, None) => return,
            };
            let pitch = sum.len() / stretch.pixels.max(1);
            match shift {
                Some(shift) => {
                    sum.chunks_exact_mut(pitch.max(1)).for_each(|pixel| pixel.copy_from_slice(shift))
                }
                None => sum.fill(0.0),
            }
            for term in terms {
                let x = &term.images.numbers[stretch.of(term.images.grid)];
                match term.factor {
                    Some(factor) => add_scaled::<L>(x, factor, sum),
                    None => sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += x),
                }
            }
            match (&raw, &mut bent) {
                (Some(raw), Some((bend, bent))) => {
                    let to = stretch.of(bent.grid);
                    bend.bend(&raw.numbers[stretch.of(raw.grid)], &mut bent.numbers[to]);
                }
                (None, Some((bend, bent))) => {
                    let to = stretch.of(bent.grid);
                    bend.bend_in_place(&mut bent.numbers[to]);
                }
                _ => {}
            }
        }
    }
}

impl Bend {
    #[inline(always)]
    fn bend_in_place(self, x: &mut [f32]) {
        match self {
            Self::Relu => x.iter_mut().for_each(|x| *x = relu(*x)),
            Self::Smooth(f) => f.each_in_place(x),
            Self::Tanh => x.iter_mut().for_each(|x| *x = 2.0 * sigmoid(2.0 * *x) - 1.0),
            Self::Sigmoid => x.iter_mut().for_each(|x| *x = sigmoid(*x)),
        }
    }
}

/// `sum += factor · x`, a factor a channel.
#[inline(always)]
fn add_scaled<L: Lanes>(x: &[f32], factor: &[f32], sum: &mut [f32]) {
    let pitch = factor.len();
    assert!(x.len() == sum.len() && x.len().is_multiple_of(pitch));
    for c in (0..pitch).step_by(L::WIDTH) {
        // SAFETY: a vector of channels of each pixel lies in both, whose lengths are multiples of the pitch.
        unsafe {
            let factor = L::load(factor.as_ptr().add(c));
            for at in (c..x.len()).step_by(pitch) {
                let to = sum.as_mut_ptr().add(at);
                L::store(to, L::multiply_add(factor, L::load(x.as_ptr().add(at)), L::load(to)));
            }
        }
    }
}

struct Unbend<'a> {
    bend: Bend,
    count: usize,
    known: Images<'a>,
    raw: Option<Images<'a>>,
    gradient: ImagesMut<'a>,
}

impl Work for Unbend<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { bend, count, known, raw, gradient } = self;
        let grids = [known.grid, gradient.grid, raw.map_or(known.grid, |raw| raw.grid)];
        for stretch in Stretches::new(count, grids).each() {
            let to = &mut gradient.numbers[stretch.of(gradient.grid)];
            bend.slope(&known.numbers[stretch.of(known.grid)], to);
            if let Some(raw) = raw {
                let more = &raw.numbers[stretch.of(raw.grid)];
                to.iter_mut().zip(more).for_each(|(to, more)| *to += more);
            }
        }
    }
}
