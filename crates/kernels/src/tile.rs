//! The innermost loops of dense convolutions: a block of sums held in registers.

// Plain counted loops are what surely becomes straight code in registers.
#![allow(clippy::needless_range_loop)]

use crate::gather::{Gather, Tap};
use crate::lanes::Lanes;

/// Numbers that may be read past the last pixel of a bordered layout.
pub(crate) const SLACK: usize = 32;

/// A range of output channels computed together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panel {
    pub first: usize,
    /// Vectors in it: 4, 2 or 1.
    pub vectors: usize,
}

/// Covers `outputs` channels, the last vector possibly in part.
pub(crate) fn panels(width: usize, outputs: usize) -> Vec<Panel> {
    // As many as leave registers for the rest: 32 of 16 numbers, else 16.
    let most = if width == 16 { 4 } else { 2 };
    let (mut panels, mut first, mut left) = (Vec::new(), 0, outputs.div_ceil(width));
    while left > 0 {
        let vectors = if left >= most { most } else { (left / 2 * 2).clamp(1, 2) };
        panels.push(Panel { first, vectors });
        first += vectors * width;
        left -= vectors;
    }
    panels
}

/// `channels` numbers side by side, `offset` from a window's start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub offset: usize,
    pub len: usize,
}

/// The taps of a window as stretches of memory, neighbours joined.
pub(crate) fn runs(taps: &[Tap], channels: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for tap in taps {
        match runs.last_mut() {
            Some(run) if run.offset + run.len == tap.offset => run.len += channels,
            _ => runs.push(Run { offset: tap.offset, len: channels }),
        }
    }
    runs
}

/// Sums over windows for one panel: `weights` is `[numbers of all runs, panel width]`.
///
/// `input` holds `images` images of `image_len` numbers, `output` pixels of `pitch` numbers.
pub(crate) struct Sums<'a> {
    pub input: &'a [f32],
    pub image_len: usize,
    pub images: usize,
    pub gather: &'a Gather,
    pub runs: &'a [Run],
    pub output: &'a mut [f32],
    pub pitch: usize,
    /// Pixels of one output image.
    pub pixels: usize,
}

impl Sums<'_> {
    #[inline(always)]
    pub fn panel<L: Lanes>(&mut self, panel: Panel, weights: &[f32]) {
        match (panel.vectors, L::WIDTH == 16) {
            (4, _) => self.rows::<L, 6, 4>(panel.first, weights),
            (2, true) => self.rows::<L, 12, 2>(panel.first, weights),
            (2, false) => self.rows::<L, 6, 2>(panel.first, weights),
            _ => self.rows::<L, 12, 1>(panel.first, weights),
        }
    }

    #[inline(always)]
    fn rows<L: Lanes, const R: usize, const V: usize>(&mut self, first: usize, weights: &[f32]) {
        let each = self.gather.bases.len();
        let total = each * self.images;
        let longest = self.runs.iter().map(|r| r.offset + r.len).max().unwrap_or(0);
        let numbers: usize = self.runs.iter().map(|r| r.len).sum();
        assert!(weights.len() >= numbers * V * L::WIDTH);
        for start in (0..total).step_by(R) {
            let live = R.min(total - start);
            let (mut from, mut to) = ([0; R], [0; R]);
            for r in 0..R {
                // Rows beyond the last repeat it, and are not stored.
                let pixel = start + r.min(live - 1);
                let (image, at) = (pixel / each, pixel % each);
                from[r] = image * self.image_len + self.gather.bases[at];
                to[r] = (image * self.pixels + self.gather.places[at]) * self.pitch + first;
                assert!(from[r] + longest <= self.input.len());
                assert!(to[r] + V * L::WIDTH <= self.output.len());
            }
            // SAFETY: every window lies in `input`, the weights are as long as all runs, both asserted above.
            let sums = unsafe { block::<L, R, V>(self.input.as_ptr(), &from, self.runs, weights.as_ptr()) };
            for (row, to) in sums.iter().zip(to).take(live) {
                for (v, sum) in row.iter().enumerate() {
                    // SAFETY: the pixel's numbers of this panel lie in `output`, asserted above.
                    unsafe { L::store(self.output.as_mut_ptr().add(to + v * L::WIDTH), *sum) };
                }
            }
        }
    }
}

/// `R` windows times `V` vectors of weights.
///
/// # Safety
/// All runs from all of `from` must be readable, and as many rows of `V` vectors of weights as the runs have numbers.
#[inline(always)]
pub(crate) unsafe fn block<L: Lanes, const R: usize, const V: usize>(
    input: *const f32,
    from: &[usize; R],
    runs: &[Run],
    mut weights: *const f32,
) -> [[L::Vector; V]; R] {
    let mut sums = [[L::splat(0.0); V]; R];
    for run in runs {
        let mut at = [input; R];
        for r in 0..R {
            // SAFETY: within `input`, says the caller.
            at[r] = unsafe { input.add(from[r] + run.offset) };
        }
        for k in 0..run.len {
            let mut row = [L::splat(0.0); V];
            for v in 0..V {
                // SAFETY: there is a row of weights for each number of each run.
                row[v] = unsafe { L::load(weights.add(v * L::WIDTH)) };
            }
            for r in 0..R {
                // SAFETY: the run is readable.
                let x = L::splat(unsafe { *at[r].add(k) });
                for v in 0..V {
                    sums[r][v] = L::multiply_add(x, row[v], sums[r][v]);
                }
            }
            // SAFETY: at most one past the end of the weights.
            weights = unsafe { weights.add(V * L::WIDTH) };
        }
    }
    sums
}

/// Sums over pixels: the gradient of the weights, `[numbers of all runs, pitch]`, added to what is there.
pub(crate) struct Products<'a> {
    pub input: &'a [f32],
    pub gradient: &'a [f32],
    /// Where each output pixel's window starts in `input`, and where its gradient starts in `gradient`.
    pub pixels: &'a [[u32; 2]],
    pub runs: &'a [Run],
    pub output: &'a mut [f32],
    pub pitch: usize,
}

impl Products<'_> {
    /// All panels.
    #[inline(always)]
    pub fn panels<L: Lanes>(&mut self, panels: &[Panel]) {
        // In a closure that is compiled apart it would lose the path's instructions.
        for panel in panels {
            self.panel::<L>(*panel);
        }
    }

    #[inline(always)]
    fn panel<L: Lanes>(&mut self, panel: Panel) {
        match (panel.vectors, L::WIDTH == 16) {
            (4, _) => self.rows::<L, 6, 4>(panel.first),
            (2, true) => self.rows::<L, 12, 2>(panel.first),
            (2, false) => self.rows::<L, 6, 2>(panel.first),
            _ => self.rows::<L, 12, 1>(panel.first),
        }
    }

    #[inline(always)]
    fn rows<L: Lanes, const R: usize, const V: usize>(&mut self, first: usize) {
        let longest = self.runs.iter().map(|r| r.offset + r.len).max().unwrap_or(0);
        let numbers: usize = self.runs.iter().map(|r| r.len).sum();
        assert!(numbers * self.pitch <= self.output.len() && first + V * L::WIDTH <= self.pitch);
        for pair in self.pixels {
            let [from, gradient] = pair.map(|at| at as usize);
            // A block may read past its run, into what follows or the slack; those rows are not stored.
            assert!(from + longest + R <= self.input.len());
            assert!(gradient + first + V * L::WIDTH <= self.gradient.len());
        }
        // The panel's gradients of some pixels, side by side: where they lie they may be far apart, at distances by which they
        // push each other out of the cache.
        let mut packed = [[L::splat(0.0); V]; STRETCH];
        for pixels in self.pixels.chunks(STRETCH) {
            for (to, [_, at]) in packed.iter_mut().zip(pixels) {
                for v in 0..V {
                    // SAFETY: the pixel's gradient is readable, asserted above.
                    to[v] =
                        unsafe { L::load(self.gradient.as_ptr().add(*at as usize + first + v * L::WIDTH)) };
                }
            }
            let mut row = 0;
            for run in self.runs {
                for k in (0..run.len).step_by(R) {
                    // SAFETY: every pixel's window is readable, asserted above.
                    let sums =
                        unsafe { outer::<L, R, V>(self.input.as_ptr().add(run.offset + k), &packed, pixels) };
                    for (sum, r) in sums.iter().zip(row + k..row + run.len) {
                        for (v, sum) in sum.iter().enumerate() {
                            // SAFETY: row and panel lie in `output`, asserted above.
                            unsafe {
                                let to = self.output.as_mut_ptr().add(r * self.pitch + first + v * L::WIDTH);
                                L::store(to, L::multiply_add(*sum, L::splat(1.0), L::load(to)));
                            }
                        }
                    }
                }
                row += run.len;
            }
        }
    }
}

/// Pixels whose gradients are packed at a time.
const STRETCH: usize = 64;

/// # Safety
/// `R` numbers must be readable from each pixel's window.
#[inline(always)]
unsafe fn outer<L: Lanes, const R: usize, const V: usize>(
    input: *const f32,
    gradients: &[[L::Vector; V]; STRETCH],
    pixels: &[[u32; 2]],
) -> [[L::Vector; V]; R] {
    let mut sums = [[L::splat(0.0); V]; R];
    for (row, [from, _]) in gradients.iter().zip(pixels) {
        for r in 0..R {
            // SAFETY: the pixel's window is readable.
            let x = L::splat(unsafe { *input.add(*from as usize + r) });
            for v in 0..V {
                sums[r][v] = L::multiply_add(x, row[v], sums[r][v]);
            }
        }
    }
    sums
}
