//! Every path against the definition in double precision, over shapes that no vector width divides.
#![allow(clippy::unwrap_used)]

mod common;

use common::{cases, numbers};
use nascent_kernels::last::{Convolution, Grid, SLACK};
use nascent_kernels::{Conv2d, Path, Scratch};
use proptest::prelude::*;

/// Calls `f(input, weight, output)` with the positions of every product in the definition.
fn products(s: &Conv2d, mut f: impl FnMut(usize, usize, usize)) {
    let (height, width) = s.output_size();
    let (inputs, outputs) = (s.channels / s.groups, s.outputs / s.groups);
    for n in 0..s.batch {
        for o in 0..s.outputs {
            for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                for i in 0..inputs {
                    for (ky, kx) in (0..s.kernel[0]).flat_map(|ky| (0..s.kernel[1]).map(move |kx| (ky, kx))) {
                        let sy = (y * s.stride[0] + ky * s.dilation[0]).wrapping_sub(s.padding[0]);
                        let sx = (x * s.stride[1] + kx * s.dilation[1]).wrapping_sub(s.padding[1]);
                        if sy < s.height && sx < s.width {
                            let channel = o / outputs * inputs + i;
                            f(
                                ((n * s.channels + channel) * s.height + sy) * s.width + sx,
                                ((o * inputs + i) * s.kernel[0] + ky) * s.kernel[1] + kx,
                                ((n * s.outputs + o) * height + y) * width + x,
                            );
                        }
                    }
                }
            }
        }
    }
}

/// The sums, and the sums of absolute values that bound their rounding.
fn sums(
    len: usize,
    shape: &Conv2d,
    mut term: impl FnMut(usize, usize, usize) -> (usize, f64),
) -> Vec<(f64, f64)> {
    let mut sums = vec![(0.0, 0.0); len];
    products(shape, |i, w, o| {
        let (at, x) = term(i, w, o);
        sums[at].0 += x;
        sums[at].1 += x.abs();
    });
    sums
}

fn assert_close(what: &str, path: Path, shape: &Conv2d, got: &[f32], expected: &[(f64, f64)]) {
    for (i, (got, (expected, size))) in got.iter().zip(expected).enumerate() {
        let error = (f64::from(*got) - expected).abs();
        assert!(error <= 1e-5 * size.max(1e-3), "{what}[{i}], {path:?}, {shape:?}: {got} for {expected}");
    }
}

fn check(shape: &Conv2d, with_bias: bool) {
    let (x, w) = (numbers(shape.input_len(), 1), numbers(shape.weight_len(), 2));
    let (dy, bias) = (numbers(shape.output_len(), 3), numbers(shape.outputs, 4));
    let f = f64::from;
    let mut y_expected = sums(dy.len(), shape, |i, k, o| (o, f(x[i]) * f(w[k])));
    let (height, width) = shape.output_size();
    if with_bias {
        for (o, y) in y_expected.iter_mut().enumerate() {
            let bias = f(bias[o / (height * width) % shape.outputs]);
            *y = (y.0 + bias, y.1 + bias.abs());
        }
    }
    let dx_expected = sums(x.len(), shape, |i, k, o| (i, f(dy[o]) * f(w[k])));
    let dw_expected = sums(w.len(), shape, |i, k, o| (k, f(dy[o]) * f(x[i])));
    // One scratch for all: what a call leaves must not show in the next.
    let mut scratch = Scratch::default();
    for path in Path::available() {
        let mut y = vec![f32::NAN; dy.len()];
        shape.forward(path, &x, &w, with_bias.then_some(&bias), &mut y, &mut scratch);
        assert_close("y", path, shape, &y, &y_expected);
        let (mut dx, mut dw) = (vec![f32::NAN; x.len()], vec![f32::NAN; w.len()]);
        shape.input_gradient(path, &w, &dy, &mut dx, &mut scratch);
        shape.weight_gradient(path, &x, &dy, &mut dw, &mut scratch);
        assert_close("dx", path, shape, &dx, &dx_expected);
        assert_close("dw", path, shape, &dw, &dw_expected);
        if Convolution::fits(shape) {
            let bias = with_bias.then_some(&bias[..]);
            let (y, dx, dw) = channels_last(path, shape, (&x, &w, bias, &dy));
            assert_close("y, channels last", path, shape, &y, &y_expected);
            assert_close("dx, channels last", path, shape, &dx, &dx_expected);
            assert_close("dw, channels last", path, shape, &dw, &dw_expected);
        }
    }
}

/// Images with their channels side by side; what means nothing is no number.
fn lay(grid: &Grid, images: &[f32]) -> Vec<f32> {
    let count = images.len() / (grid.channels * grid.pixels());
    let mut to = vec![0.0; count * grid.image_len() + SLACK];
    for (n, image) in images.chunks_exact(grid.channels * grid.pixels()).enumerate() {
        for pixel in 0..grid.pixels() {
            let at = n * grid.image_len() + grid.at(pixel / grid.width, pixel % grid.width);
            to[at..at + grid.pitch].fill(f32::NAN);
            for c in 0..grid.channels {
                to[at + c] = image[c * grid.pixels() + pixel];
            }
        }
    }
    to
}

fn unlay(grid: &Grid, from: &[f32], len: usize) -> Vec<f32> {
    let each = grid.channels * grid.pixels();
    let at = |i: usize| {
        let (n, c, pixel) = (i / each, i % each / grid.pixels(), i % grid.pixels());
        n * grid.image_len() + grid.at(pixel / grid.width, pixel % grid.width) + c
    };
    (0..len).map(|i| from[at(i)]).collect()
}

/// The same convolution with its channels side by side, in chunks of two images, and borders wider than it needs.
#[allow(clippy::type_complexity)]
fn channels_last(
    path: Path,
    shape: &Conv2d,
    (x, w, bias, dy): (&[f32], &[f32], Option<&[f32]>, &[f32]),
) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let (before, after) = Convolution::border(shape);
    let (height, width) = shape.output_size();
    let wide = |[a, b]: [usize; 2]| [a + 1, b + 2];
    // Depthwise convolutions read whole vectors; others may read pixels that lie close.
    let pitch = if shape.is_depthwise() { path.pitch(shape.channels) } else { shape.channels + 1 };
    let input =
        Grid::plain(shape.height, shape.width, shape.channels, pitch).with_border(wide(before), wide(after));
    let output =
        Grid::plain(height, width, shape.outputs, path.pitch(shape.outputs)).with_border([1, 0], [0, 1]);
    let gradient = Convolution::gradient_grid(shape, path);
    let mut convolution = Convolution::new(shape, &input, &output, 2, path);
    convolution.set_weights(w, bias, false, true);
    let (x, dy) = (lay(&input, x), lay(&gradient, dy));
    let dx_grid = convolution.input_gradient_grid();
    let mut y = vec![0.0; shape.batch * output.image_len()];
    let mut dx = vec![1.0; shape.batch * dx_grid.image_len()];
    convolution.clear_weight_gradient();
    for first in (0..shape.batch).step_by(2) {
        let images = 2.min(shape.batch - first);
        let (x, dy) = (&x[first * input.image_len()..], &dy[first * gradient.image_len()..]);
        convolution.forward(images, x, &mut y[first * output.image_len()..]);
        let dx = &mut dx[first * dx_grid.image_len()..];
        // Once anew, once added to what is there.
        convolution.input_gradient(images, dy, dx, false);
        convolution.input_gradient(images, dy, dx, true);
        convolution.add_weight_gradient(images, x, dy);
    }
    let mut dw = vec![f32::NAN; w.len()];
    convolution.weight_gradient(false, &mut dw);
    let dx: Vec<f32> = unlay(&dx_grid, &dx, shape.input_len()).into_iter().map(|dx| dx / 2.0).collect();
    (unlay(&output, &y, shape.output_len()), dx, dw)
}

fn shapes() -> impl Strategy<Value = Conv2d> {
    let axis = || (1usize..12, 1usize..6, 1usize..4, 0usize..4, 1usize..4);
    // Square windows, other windows, and sequences.
    let row = (Just(1usize), Just(1usize), Just(1usize), Just(0usize), Just(1usize));
    let axes = prop_oneof![
        (1usize..12, axis()).prop_map(|(height, axis)| ((height, axis.1, axis.2, axis.3, axis.4), axis)),
        (axis(), axis()),
        (row, axis()),
    ];
    let channels = prop_oneof![
        (1usize..4, 1usize..9, 1usize..9).prop_map(|(g, i, o)| (g, g * i, g * o)),
        (2usize..40).prop_map(|c| (c, c, c)),
        (1usize..70, 1usize..150).prop_map(|(i, o)| (1, i, o)),
    ];
    (1usize..6, axes, channels).prop_filter_map(
        "the window must fit",
        |(batch, (rows, columns), channels)| {
            let (groups, channels, outputs) = channels;
            let (height, width) = (rows.0, columns.0);
            let (kernel, stride) = ([rows.1, columns.1], [rows.2, columns.2]);
            let (padding, dilation) = ([rows.3, columns.3], [rows.4, columns.4]);
            let shape =
                Conv2d { batch, channels, height, width, outputs, kernel, stride, padding, dilation, groups };
            let (out_height, out_width) = shape.output_size();
            (out_height > 0 && out_width > 0).then_some(shape)
        },
    )
}

proptest! {
    #![proptest_config(cases(300))]
    #[test]
    fn every_path_equals_the_definition(shape in shapes(), with_bias: bool) {
        check(&shape, with_bias);
    }
}

#[test]
fn shapes_of_real_networks_and_of_several_chunks() {
    let base = Conv2d {
        batch: 7,
        channels: 16,
        height: 32,
        width: 32,
        outputs: 16,
        kernel: [3; 2],
        stride: [1; 2],
        padding: [1; 2],
        dilation: [1; 2],
        groups: 1,
    };
    check(&base, false);
    check(&Conv2d { outputs: 32, stride: [2; 2], ..base }, false);
    check(&Conv2d { kernel: [1; 2], padding: [0; 2], outputs: 64, stride: [2; 2], ..base }, true);
    check(&Conv2d { channels: 24, outputs: 24, groups: 24, kernel: [5; 2], padding: [2; 2], ..base }, false);
    let sequence =
        Conv2d { height: 1, width: 500, kernel: [1, 9], padding: [0, 16], dilation: [1, 4], ..base };
    check(&sequence, true);
    check(&Conv2d { stride: [1, 2], groups: 16, ..sequence }, false);
    check(&Conv2d { channels: 1, outputs: 33, batch: 40, height: 8, width: 8, ..base }, false);
}

#[test]
fn nothing_in_gives_nothing_out_and_not_a_number_goes_through() {
    let shape = Conv2d {
        batch: 0,
        channels: 2,
        height: 4,
        width: 4,
        outputs: 3,
        kernel: [3; 2],
        stride: [1; 2],
        padding: [1; 2],
        dilation: [1; 2],
        groups: 1,
    };
    let (w, mut dw, mut scratch) = (numbers(54, 1), vec![f32::NAN; 54], Scratch::default());
    for path in Path::available() {
        shape.forward(path, &[], &w, None, &mut [], &mut scratch);
        shape.input_gradient(path, &w, &[], &mut [], &mut scratch);
        shape.weight_gradient(path, &[], &[], &mut dw, &mut scratch);
        assert!(dw.iter().all(|x| *x == 0.0));
        let one = Conv2d { batch: 1, ..shape };
        let (mut x, mut y) = (numbers(32, 2), vec![0.0; 48]);
        x[0] = f32::NAN;
        one.forward(path, &x, &w, None, &mut y, &mut scratch);
        assert!(y[0].is_nan() && y[15].is_finite());
        x[0] = 0.0;
        one.forward(path, &x, &w, None, &mut y, &mut scratch);
        assert!(y.iter().all(|y| y.is_finite()));
    }
}
