use super::grid::{Images, ImagesMut, Stretches};
use crate::lanes::{Lanes, Path, Work};

/// Sums of each channel's numbers and of their squares, kept while chunks of images come by.
///
/// Numbers are counted from a shift near their mean, so that the squares of a channel far from zero do not lose what tells it from
/// others; a stretch is summed in single precision, stretches in double.
#[derive(Clone, Debug)]
pub struct Moments {
    shift: Vec<f32>,
    sums: Vec<f64>,
    products: Vec<f64>,
    count: usize,
}

impl Moments {
    /// No numbers yet, of so many channels.
    #[must_use]
    pub fn new(pitch: usize) -> Self {
        Self { shift: vec![0.0; pitch], sums: vec![0.0; pitch], products: vec![0.0; pitch], count: 0 }
    }

    /// Forgets all numbers; those to come are counted from `shift`.
    pub fn begin(&mut self, shift: &[f32]) {
        self.shift.fill(0.0);
        let len = shift.len().min(self.shift.len());
        self.shift[..len].copy_from_slice(&shift[..len]);
        self.sums.fill(0.0);
        self.products.fill(0.0);
        self.count = 0;
    }

    /// Adds the numbers of some images and their squares.
    ///
    /// # Panics
    /// Where the images have another pitch, or are fewer than `count`.
    pub fn add(&mut self, path: Path, count: usize, x: Images<'_>) {
        self.add_products(path, count, x, x, true);
    }

    /// Adds the numbers of some images, and their products with those of others, which are what is counted from the shift.
    ///
    /// # Panics
    /// Where the images have other pitches, or are fewer than `count`.
    pub fn add_with(&mut self, path: Path, count: usize, x: Images<'_>, other: Images<'_>) {
        self.add_products(path, count, x, other, false);
    }

    fn add_products(
        &mut self,
        path: Path,
        count: usize,
        x: Images<'_>,
        other: Images<'_>,
        shifts_both: bool,
    ) {
        assert!(x.grid.pitch == self.shift.len() && other.grid.pitch == self.shift.len());
        self.count += count * x.grid.pixels();
        path.run(Add { moments: self, count, x, other, shifts_both });
    }

    /// How many numbers a channel had so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The mean of a channel's numbers, and their variance.
    #[must_use]
    pub fn mean_and_variance(&self, channel: usize) -> (f64, f64) {
        let n = self.count.max(1) as f64;
        let mean = self.sums[channel] / n;
        let variance = (self.products[channel] / n - mean * mean).max(0.0);
        (mean + f64::from(self.shift[channel]), variance)
    }

    /// The sum of a channel's numbers, and that of the products.
    #[must_use]
    pub fn sums(&self, channel: usize) -> (f64, f64) {
        (self.sums[channel], self.products[channel])
    }
}

struct Add<'a> {
    moments: &'a mut Moments,
    count: usize,
    x: Images<'a>,
    other: Images<'a>,
    shifts_both: bool,
}

/// Pixels summed side by side, so that sums do not wait for each other.
const SIDE: usize = 4;

impl Work for Add<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { moments, count, x, other, shifts_both } = self;
        let pitch = x.grid.pitch;
        for stretch in Stretches::new(count, [x.grid, other.grid]).each() {
            let (a, b) = (&x.numbers[stretch.of(x.grid)], &other.numbers[stretch.of(other.grid)]);
            for c in (0..pitch).step_by(L::WIDTH) {
                // SAFETY: a vector of channels of each pixel lies in its stretch, whose length is pixels times pitch.
                let (sum, product) = unsafe {
                    let shift = L::load(moments.shift.as_ptr().add(c));
                    channel::<L>(a, b, c, pitch, stretch.pixels, shift, shifts_both)
                };
                for (i, (s, p)) in sum.iter().zip(&product).enumerate().take(L::WIDTH) {
                    moments.sums[c + i] += f64::from(*s);
                    moments.products[c + i] += f64::from(*p);
                }
            }
        }
    }
}

/// Sums and products of one vector of channels.
///
/// # Safety
/// `a` and `b` must have `pixels` times `pitch` numbers, and `c` with a vector must lie within the pitch.
#[inline(always)]
unsafe fn channel<L: Lanes>(
    a: &[f32],
    b: &[f32],
    c: usize,
    pitch: usize,
    pixels: usize,
    shift: L::Vector,
    shifts_both: bool,
) -> ([f32; 16], [f32; 16]) {
    let one = L::splat(1.0);
    let mut sums = [L::splat(0.0); SIDE];
    let mut products = [L::splat(0.0); SIDE];
    for first in (0..pixels - pixels % SIDE).step_by(SIDE) {
        for side in 0..SIDE {
            // SAFETY: the pixel lies in both, says the caller.
            let (x, y) = unsafe { pair::<L>(a, b, (first + side) * pitch + c, shift, shifts_both) };
            sums[side] = L::multiply_add(x, one, sums[side]);
            products[side] = L::multiply_add(x, y, products[side]);
        }
    }
    for pixel in pixels - pixels % SIDE..pixels {
        // SAFETY: as above.
        let (x, y) = unsafe { pair::<L>(a, b, pixel * pitch + c, shift, shifts_both) };
        sums[0] = L::multiply_add(x, one, sums[0]);
        products[0] = L::multiply_add(x, y, products[0]);
    }
    (total::<L>(sums), total::<L>(products))
}

/// The numbers at one place, the second shifted; with `shifts_both`, the second twice.
///
/// # Safety
/// A vector must be readable there in both.
#[inline(always)]
unsafe fn pair<L: Lanes>(
    a: &[f32],
    b: &[f32],
    at: usize,
    shift: L::Vector,
    shifts_both: bool,
) -> (L::Vector, L::Vector) {
    // SAFETY: says the caller.
    let (x, y) = unsafe { (L::load(a.as_ptr().add(at)), L::load(b.as_ptr().add(at))) };
    let y = L::multiply_add(shift, L::splat(-1.0), y);
    (if shifts_both { y } else { x }, y)
}

/// What the sums at all sides are together.
#[inline(always)]
fn total<L: Lanes>(sides: [L::Vector; SIDE]) -> [f32; 16] {
    let one = L::splat(1.0);
    let pairs = [L::multiply_add(sides[0], one, sides[1]), L::multiply_add(sides[2], one, sides[3])];
    let mut lanes = [0.0f32; 16];
    // SAFETY: no path has vectors of more than 16 numbers.
    unsafe { L::store(lanes.as_mut_ptr(), L::multiply_add(pairs[0], one, pairs[1])) };
    lanes
}

/// `to = of_gradient · gradient + of_value · value + rest`, each factor a number a channel: how the gradient of a norm's output
/// becomes that of its input.
#[derive(Clone, Debug)]
pub struct Affine {
    /// What the gradient is multiplied with.
    pub of_gradient: Vec<f32>,
    /// What the norm's input is multiplied with.
    pub of_value: Vec<f32>,
    /// What is added.
    pub rest: Vec<f32>,
}

impl Affine {
    /// Nothing but zeros.
    #[must_use]
    pub fn new(pitch: usize) -> Self {
        Self { of_gradient: vec![0.0; pitch], of_value: vec![0.0; pitch], rest: vec![0.0; pitch] }
    }

    /// Computes it for some images, borders left as they are.
    ///
    /// # Panics
    /// Where images have other pitches, or are fewer than `count`.
    pub fn apply(
        &self,
        path: Path,
        count: usize,
        gradient: Images<'_>,
        value: Images<'_>,
        to: ImagesMut<'_>,
    ) {
        let pitch = self.rest.len();
        assert!([gradient.grid, value.grid, to.grid].iter().all(|g| g.pitch == pitch));
        path.run(Apply { affine: self, count, gradient, value, to });
    }
}

struct Apply<'a> {
    affine: &'a Affine,
    count: usize,
    gradient: Images<'a>,
    value: Images<'a>,
    to: ImagesMut<'a>,
}

impl Work for Apply<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { affine, count, gradient, value, to } = self;
        let pitch = affine.rest.len();
        for stretch in Stretches::new(count, [gradient.grid, value.grid, to.grid]).each() {
            let g = &gradient.numbers[stretch.of(gradient.grid)];
            let x = &value.numbers[stretch.of(value.grid)];
            let y = &mut to.numbers[stretch.of(to.grid)];
            for c in (0..pitch).step_by(L::WIDTH) {
                // SAFETY: a vector of channels of each pixel lies in its stretch, whose length is pixels times pitch.
                unsafe {
                    let of_gradient = L::load(affine.of_gradient.as_ptr().add(c));
                    let of_value = L::load(affine.of_value.as_ptr().add(c));
                    let rest = L::load(affine.rest.as_ptr().add(c));
                    for at in (c..stretch.pixels * pitch).step_by(pitch) {
                        let sum = L::multiply_add(of_value, L::load(x.as_ptr().add(at)), rest);
                        let sum = L::multiply_add(of_gradient, L::load(g.as_ptr().add(at)), sum);
                        L::store(y.as_mut_ptr().add(at), sum);
                    }
                }
            }
        }
    }
}
