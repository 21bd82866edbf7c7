//! Convolutions whose channels do not mix: vectors run along the channels.

use crate::convolution::{Conv2d, Scratch, pixel_pairs, zeros};
use crate::gather::Tap;
use crate::lanes::{Lanes, Work};
use crate::last::Begin;
use crate::layout::Bordered;

/// Pixels, or taps, summed side by side, so that sums do not wait for each other.
pub(crate) const ROWS: usize = 8;

pub(crate) struct Forward<'a> {
    pub shape: &'a Conv2d,
    pub x: &'a [f32],
    pub weight: &'a [f32],
    pub bias: Option<&'a [f32]>,
    pub y: &'a mut [f32],
    pub scratch: &'a mut Scratch,
}

pub(crate) struct InputGradient<'a> {
    pub shape: &'a Conv2d,
    pub weight: &'a [f32],
    pub dy: &'a [f32],
    pub dx: &'a mut [f32],
    pub scratch: &'a mut Scratch,
}

pub(crate) struct WeightGradient<'a> {
    pub shape: &'a Conv2d,
    pub x: &'a [f32],
    pub dy: &'a [f32],
    pub dweight: &'a mut [f32],
    pub scratch: &'a mut Scratch,
}

/// Weights as `[taps, pitch]`, the channels of a tap side by side.
fn pack_weights(shape: &Conv2d, pitch: usize, weight: &[f32], to: &mut Vec<f32>) {
    let to = zeros(to, shape.taps() * pitch);
    for (c, kernel) in weight.chunks_exact(shape.taps()).enumerate() {
        for (tap, x) in kernel.iter().enumerate() {
            to[tap * pitch + c] = *x;
        }
    }
}

impl Work for Forward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, x, weight, bias, y, scratch } = self;
        let pitch = shape.channels.next_multiple_of(L::WIDTH);
        let layout = shape.window().input_layout(pitch);
        let gather = shape.window().forward(&layout);
        let (height, width) = shape.output_size();
        let (pixels, plain) = (height * width, Bordered { before: (0, 0), height, width, pitch });
        let chunk = shape.images(layout.len() + pixels * pitch);
        let (x_len, y_len) = (x.len() / shape.batch, y.len() / shape.batch);
        pack_weights(shape, pitch, weight, &mut scratch.weights);
        let input = zeros(&mut scratch.input, chunk * layout.len());
        let sums = zeros(&mut scratch.sums, chunk * pixels * pitch);
        for (x, y) in x.chunks(chunk * x_len).zip(y.chunks_mut(chunk * y_len)) {
            shape.input_part(0, shape.channels).pack::<L>(x, &layout, input);
            let images = x.len() / x_len;
            pixel_pairs(&gather, images, (layout.len(), &plain), &mut scratch.pixels);
            let (places, weights) = (&scratch.pixels, &scratch.weights);
            slide::<L>(input, places, &gather.taps, weights, pitch, Begin::Zero, sums);
            shape.output_part(0, shape.outputs).unpack::<L>(sums, pitch, bias, y);
        }
    }
}

impl Work for WeightGradient<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, x, dy, dweight, scratch } = self;
        let pitch = shape.channels.next_multiple_of(L::WIDTH);
        let layout = shape.window().input_layout(pitch);
        let gather = shape.window().forward(&layout);
        let (height, width) = shape.output_size();
        let plain = Bordered { before: (0, 0), height, width, pitch };
        let chunk = shape.images(layout.len() + plain.len());
        let (x_len, dy_len) = (x.len() / shape.batch, dy.len() / shape.batch);
        let input = zeros(&mut scratch.input, chunk * layout.len());
        let gradient = zeros(&mut scratch.gradient, chunk * plain.len());
        let sums = zeros(&mut scratch.weight_sums, shape.taps() * pitch);
        for (x, dy) in x.chunks(chunk * x_len).zip(dy.chunks(chunk * dy_len)) {
            shape.input_part(0, shape.channels).pack::<L>(x, &layout, input);
            shape.output_part(0, shape.outputs).pack::<L>(dy, &plain, gradient);
            pixel_pairs(&gather, x.len() / x_len, (layout.len(), &plain), &mut scratch.pixels);
            for (t, taps) in gather.taps.chunks(ROWS).enumerate() {
                for c in (0..pitch).step_by(L::WIDTH) {
                    let to = &mut sums[t * ROWS * pitch + c..];
                    correlate::<L>(&input[c..], &gradient[c..], &scratch.pixels, taps, pitch, to);
                }
            }
        }
        for (c, kernel) in dweight.chunks_exact_mut(shape.taps()).enumerate() {
            for (tap, x) in kernel.iter_mut().enumerate() {
                *x = sums[tap * pitch + c];
            }
        }
    }
}

impl Work for InputGradient<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, weight, dy, dx, scratch } = self;
        let pitch = shape.channels.next_multiple_of(L::WIDTH);
        let layout = shape.window().output_layout(pitch);
        let gathers = shape.window().backward(&layout);
        let (height, width) = (shape.height, shape.width);
        let (pixels, plain) = (height * width, Bordered { before: (0, 0), height, width, pitch });
        let chunk = shape.images(layout.len() + pixels * pitch);
        let (dx_len, dy_len) = (dx.len() / shape.batch, dy.len() / shape.batch);
        pack_weights(shape, pitch, weight, &mut scratch.weights);
        let gradient = zeros(&mut scratch.gradient, chunk * layout.len());
        let sums = zeros(&mut scratch.sums, chunk * pixels * pitch);
        for (dy, dx) in dy.chunks(chunk * dy_len).zip(dx.chunks_mut(chunk * dx_len)) {
            shape.output_part(0, shape.outputs).pack::<L>(dy, &layout, gradient);
            for gather in &gathers {
                pixel_pairs(gather, dx.len() / dx_len, (layout.len(), &plain), &mut scratch.pixels);
                let (places, weights) = (&scratch.pixels, &scratch.weights);
                slide::<L>(gradient, places, &gather.taps, weights, pitch, Begin::Zero, sums);
            }
            shape.input_part(0, shape.channels).unpack::<L>(sums, pitch, None, dx);
        }
    }
}

/// Sums over windows, vectors of channels at a time; `places` are where a window starts, and where its sums go.
#[inline(always)]
pub(crate) fn slide<L: Lanes>(
    input: &[f32],
    places: &[[u32; 2]],
    taps: &[Tap],
    weights: &[f32],
    pitch: usize,
    begin: Begin<'_>,
    output: &mut [f32],
) {
    let reach = taps.iter().map(|t| t.offset).max().unwrap_or(0) + pitch;
    assert!(taps.iter().all(|t| (t.weight + 1) * pitch <= weights.len()));
    if let Begin::With(bias) = begin {
        assert!(pitch <= bias.len());
    }
    for places in places.chunks(ROWS) {
        let (mut from, mut to) = ([0; ROWS], [0; ROWS]);
        for r in 0..ROWS {
            // Rows beyond the last repeat it, and are not stored.
            [from[r], to[r]] = places[r.min(places.len() - 1)].map(|at| at as usize);
            assert!(from[r] + reach <= input.len() && to[r] + pitch <= output.len());
        }
        for c in (0..pitch).step_by(L::WIDTH) {
            let mut sums = [L::splat(0.0); ROWS];
            match begin {
                Begin::Zero => {}
                // SAFETY: a vector of channels lies in `bias`, asserted above.
                Begin::With(bias) => sums = [unsafe { L::load(bias.as_ptr().add(c)) }; ROWS],
                Begin::There => {
                    for r in 0..ROWS {
                        // SAFETY: the sums lie in `output`, asserted above.
                        sums[r] = unsafe { L::load(output.as_ptr().add(to[r] + c)) };
                    }
                }
            }
            for tap in taps {
                // SAFETY: every tap of every window, its weights and its sums lie in their slices, asserted above.
                unsafe {
                    let weight = L::load(weights.as_ptr().add(tap.weight * pitch + c));
                    for r in 0..ROWS {
                        let x = L::load(input.as_ptr().add(from[r] + tap.offset + c));
                        sums[r] = L::multiply_add(x, weight, sums[r]);
                    }
                }
            }
            for r in 0..places.len().min(ROWS) {
                // SAFETY: as above.
                unsafe { L::store(output.as_mut_ptr().add(to[r] + c), sums[r]) };
            }
        }
    }
}

/// Adds to `output`, `[taps, pitch]`, what each tap saw times the gradient there, for one vector of channels.
#[inline(always)]
pub(crate) fn correlate<L: Lanes>(
    input: &[f32],
    gradient: &[f32],
    pixels: &[[u32; 2]],
    taps: &[Tap],
    pitch: usize,
    output: &mut [f32],
) {
    let mut offsets = [0; ROWS];
    for (offset, tap) in offsets.iter_mut().zip(taps) {
        *offset = tap.offset;
    }
    let reach = offsets.iter().max().copied().unwrap_or(0) + L::WIDTH;
    let mut sums = [L::splat(0.0); ROWS];
    for pair in pixels {
        let [from, at] = pair.map(|at| at as usize);
        assert!(from + reach <= input.len() && at + L::WIDTH <= gradient.len());
        // SAFETY: every tap of the window and the gradient lie in their slices, as was just asserted.
        unsafe {
            let gradient = L::load(gradient.as_ptr().add(at));
            for r in 0..ROWS {
                let x = L::load(input.as_ptr().add(from + offsets[r]));
                sums[r] = L::multiply_add(x, gradient, sums[r]);
            }
        }
    }
    for (r, sum) in sums.iter().enumerate().take(taps.len()) {
        assert!(r * pitch + L::WIDTH <= output.len());
        // SAFETY: the tap's sums lie in `output`, as was just asserted.
        unsafe {
            let to = output.as_mut_ptr().add(r * pitch);
            L::store(to, L::multiply_add(*sum, L::splat(1.0), L::load(to)));
        }
    }
}
