//! Smooth nonlinearities and their gradients, without a branch, so that every path's vectors are used.

use crate::lanes::{Lanes, Path, Work};

/// A smooth pointwise nonlinearity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Smooth {
    /// `x · sigmoid(x)` (Elfwing et al. 2017, arXiv:1702.03118).
    Silu,
    /// `x · Φ(x)` (Hendrycks & Gimpel 2016, arXiv:1606.08415), Φ to an absolute error of 2·10⁻⁷.
    Gelu,
}

impl Smooth {
    /// Computes the function of each number, all of `y` being overwritten.
    ///
    /// # Panics
    /// Where the slices are not of one length.
    pub fn forward(self, path: Path, x: &[f32], y: &mut [f32]) {
        assert_eq!(x.len(), y.len());
        path.run(Forward { function: self, x, y });
    }

    /// Computes the gradient of the input, all of `dx` being overwritten.
    ///
    /// # Panics
    /// Where the slices are not of one length.
    pub fn backward(self, path: Path, x: &[f32], dy: &[f32], dx: &mut [f32]) {
        assert_eq!(x.len(), dy.len());
        assert_eq!(x.len(), dx.len());
        path.run(Backward { function: self, x, dy, dx });
    }
}

/// `exp(x)` to a relative error of 3·10⁻⁷ for `x` from −87 to 87, and its value at the nearer end elsewhere.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const HIGH: f32 = 0.693_359_4;
    const LOW: f32 = -2.121_944_4e-4;
    // Adding one and a half times 2^23 rounds to a whole number, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 87.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let whole = rounded - ROUND;
    let rest = (x - whole * HIGH) - whole * LOW;
    // The series of the exponential, of which seven terms suffice for rests of at most half of ln 2.
    let mut sum = 1.0 / 720.0;
    for term in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        sum = sum * rest + term;
    }
    let power = f32::from_bits(rounded.to_bits().wrapping_add(127) << 23);
    sum * power
}

#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The normal distribution's probability below `x`, and its density there.
///
/// The error function is formula 7.1.26 of Abramowitz & Stegun 1964, which shares its exponential with the density.
#[inline(always)]
fn normal(x: f32) -> (f32, f32) {
    let bell = exp(-0.5 * x * x);
    let t = 1.0 / (1.0 + 0.327_591_1 * std::f32::consts::FRAC_1_SQRT_2 * x.abs());
    let mut sum = 1.061_405_4;
    for term in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6, 0.0] {
        sum = sum * t + term;
    }
    let tail = 0.5 * sum * bell;
    const DENSITY: f32 = 0.398_942_3;
    (if x >= 0.0 { 1.0 - tail } else { tail }, DENSITY * bell)
}

struct Forward<'a> {
    function: Smooth,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Smooth {
    #[inline(always)]
    pub(crate) fn each(self, x: &[f32], y: &mut [f32]) {
        let pairs = y.iter_mut().zip(x);
        match self {
            Self::Silu => pairs.for_each(|(y, &x)| *y = x * sigmoid(x)),
            Self::Gelu => pairs.for_each(|(y, &x)| *y = x * normal(x).0),
        }
    }

    #[inline(always)]
    pub(crate) fn each_in_place(self, x: &mut [f32]) {
        match self {
            Self::Silu => x.iter_mut().for_each(|x| *x *= sigmoid(*x)),
            Self::Gelu => x.iter_mut().for_each(|x| *x *= normal(*x).0),
        }
    }

    /// Multiplies gradients with the slopes at `x`.
    #[inline(always)]
    pub(crate) fn each_slope(self, x: &[f32], gradient: &mut [f32]) {
        let pairs = gradient.iter_mut().zip(x);
        match self {
            Self::Silu => pairs.for_each(|(g, &x)| {
                let s = sigmoid(x);
                *g *= s * (1.0 + x * (1.0 - s));
            }),
            Self::Gelu => pairs.for_each(|(g, &x)| {
                let (below, density) = normal(x);
                *g *= below + x * density;
            }),
        }
    }
}

impl Work for Forward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        self.function.each(self.x, self.y);
    }
}

struct Backward<'a> {
    function: Smooth,
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Work for Backward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        self.dx.copy_from_slice(self.dy);
        self.function.each_slope(self.x, self.dx);
    }
}
