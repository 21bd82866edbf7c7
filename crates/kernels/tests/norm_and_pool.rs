//! Normalisation and pooling against their definitions in double precision, and their gradients against differences.
#![allow(clippy::unwrap_used)]

mod common;

use common::{assert_close, cases, numbers, slopes, wide};
use nascent_kernels::{BatchNorm, Path, Pool2d, Pooling};
use proptest::prelude::*;

/// The definition; also the means and variances.
fn normalise(s: &BatchNorm, x: &[f64], scale: &[f64], shift: &[f64]) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let count = (s.batch * s.plane) as f64;
    let channel = |i: usize| i / s.plane % s.channels;
    let (mut mean, mut variance) = (vec![0.0; s.channels], vec![0.0; s.channels]);
    x.iter().enumerate().for_each(|(i, x)| mean[channel(i)] += x / count);
    x.iter().enumerate().for_each(|(i, x)| variance[channel(i)] += (x - mean[channel(i)]).powi(2) / count);
    let y = x.iter().enumerate().map(|(i, x)| {
        let c = channel(i);
        let y = (x - mean[c]) / (variance[c] + s.epsilon).sqrt() * scale[c] + shift[c];
        if s.relu { y.max(0.0) } else { y }
    });
    (y.collect(), mean, variance)
}

proptest! {
    #![proptest_config(cases(100))]
    #[test]
    fn normalisation(batch in 2usize..6, channels in 1usize..4, plane in 1usize..40, relu: bool, seed in 0u64..1000) {
        let s = BatchNorm { batch, channels, plane, epsilon: 1e-5, relu };
        let x: Vec<f32> = numbers(s.len(), seed + 1).iter().map(|x| 3.0 * x + 1.0).collect();
        let (scale, shift, dy) = (numbers(channels, 2), numbers(channels, 3), numbers(s.len(), 4));
        let (wx, wscale, wshift, wdy) = (wide(&x), wide(&scale), wide(&shift), wide(&dy));
        let (expected, mean, variance) = normalise(&s, &wx, &wscale, &wshift);
        // Where a kink or a variance near 0 is close, differences say nothing.
        let plain = normalise(&BatchNorm { relu: false, ..s }, &wx, &wscale, &wshift).0;
        prop_assume!(variance.iter().all(|v| *v > 0.1) && (!relu || plain.iter().all(|y| y.abs() > 1e-4)));
        let loss = |y: &[f64]| y.iter().zip(&wdy).map(|(y, d)| y * d).sum::<f64>();
        let dx_expected = slopes(&wx, |x| loss(&normalise(&s, x, &wscale, &wshift).0));
        let dscale_expected = slopes(&wscale, |scale| loss(&normalise(&s, &wx, scale, &wshift).0));
        let dshift_expected = slopes(&wshift, |shift| loss(&normalise(&s, &wx, &wscale, shift).0));
        for path in Path::available() {
            let mut y = vec![f32::NAN; s.len()];
            let found = s.forward(path, &x, &scale, &shift, &mut y);
            assert_close("y", &y, &expected, 1e-5);
            assert_close("mean", &found.mean, &mean, 1e-6);
            assert_close("variance", &found.variance, &variance, 1e-6);
            let (mut dx, mut dscale, mut dshift) = (y.clone(), scale.clone(), shift.clone());
            let statistics = (&found.mean[..], &found.variance[..]);
            s.backward(path, (&x, &scale, &shift), statistics, &dy, &mut dx, &mut dscale, &mut dshift);
            assert_close("dx", &dx, &dx_expected, 1e-5);
            assert_close("dscale", &dscale, &dscale_expected, 1e-5);
            assert_close("dshift", &dshift, &dshift_expected, 1e-5);
        }
    }

    #[test]
    fn pooling(
        sizes in (1usize..5, 1usize..9, 1usize..40),
        rows in (1usize..5, 1usize..4, 0usize..3), columns in (1usize..5, 1usize..4, 0usize..3),
        square: bool, seed in 0u64..1000,
    ) {
        let (planes, height, width) = sizes;
        let rows = if square { columns } else { rows };
        let (kernel, stride, padding) = ([rows.0, columns.0], [rows.1, columns.1], [rows.2, columns.2]);
        let s = Pool2d { kind: Pooling::Max, planes, height, width, kernel, stride, padding };
        prop_assume!(2 * padding[0] <= kernel[0] && 2 * padding[1] <= kernel[1]);
        prop_assume!(s.output_size().0 * s.output_size().1 > 0);
        check_pool(&s, seed);
    }
}

/// Calls `f(window, cell)` with the positions of every cell that every window covers, in rows.
fn cells(s: &Pool2d, mut f: impl FnMut(usize, usize)) {
    let (out_height, out_width) = s.output_size();
    for window in 0..s.planes * out_height * out_width {
        let (p, oy, ox) =
            (window / (out_height * out_width), window / out_width % out_height, window % out_width);
        for (ky, kx) in (0..s.kernel[0]).flat_map(|y| (0..s.kernel[1]).map(move |x| (y, x))) {
            let sy = (oy * s.stride[0] + ky).wrapping_sub(s.padding[0]);
            let sx = (ox * s.stride[1] + kx).wrapping_sub(s.padding[1]);
            if sy < s.height && sx < s.width {
                f(window, (p * s.height + sy) * s.width + sx);
            }
        }
    }
}

fn check_pool(s: &Pool2d, seed: u64) {
    let (out_height, out_width) = s.output_size();
    // Few values, so that there are ties.
    let x: Vec<f32> =
        numbers(s.planes * s.height * s.width, seed + 1).iter().map(|x| (x * 3.0).round() - 5.0).collect();
    let dy = numbers(s.planes * out_height * out_width, seed + 2);
    let mut best: Vec<Option<usize>> = vec![None; dy.len()];
    let mut sums = vec![(0.0, 0.0); dy.len()];
    cells(s, |window, cell| {
        if best[window].is_none_or(|b| x[cell] > x[b]) {
            best[window] = Some(cell);
        }
        sums[window].0 += f64::from(x[cell]);
        sums[window].1 += 1.0;
    });
    let mut largest_gradient = vec![0.0; x.len()];
    best.iter().zip(&dy).for_each(|(best, dy)| largest_gradient[best.unwrap()] += f64::from(*dy));
    let mut mean_gradient = vec![0.0; x.len()];
    cells(s, |window, cell| mean_gradient[cell] += f64::from(dy[window]) / sums[window].1);
    let largest: Vec<f64> = best.iter().map(|b| f64::from(x[b.unwrap()])).collect();
    let means: Vec<f64> = sums.iter().map(|(sum, count)| sum / count).collect();
    let (mut y, mut dx) = (vec![f32::NAN; dy.len()], vec![f32::NAN; x.len()]);
    for path in Path::available() {
        for (kind, values, gradient) in
            [(Pooling::Max, &largest, &largest_gradient), (Pooling::Average, &means, &mean_gradient)]
        {
            let s = Pool2d { kind, ..*s };
            s.forward(path, &x, &mut y);
            s.backward(path, &x, &dy, &mut dx);
            assert_close(&format!("{s:?}"), &y, values, if kind == Pooling::Max { 0.0 } else { 1e-6 });
            assert_close(&format!("gradient of {s:?}"), &dx, gradient, 1e-6);
        }
    }
}

#[test]
fn pooling_of_whole_images_and_sequences_and_of_what_is_no_number() {
    let pool = |height, width, kernel| Pool2d {
        kind: Pooling::Max,
        planes: 3,
        height,
        width,
        kernel,
        stride: [1; 2],
        padding: [0; 2],
    };
    check_pool(&pool(9, 37, [9, 37]), 1);
    check_pool(&pool(1, 203, [1, 203]), 2);
    for path in Path::available() {
        for s in [pool(2, 2, [2, 2]), Pool2d { stride: [2; 2], ..pool(2, 2, [2, 2]) }] {
            let x = [0.0, f32::NAN, 1.0, 2.0, 3.0, 1.0, f32::NAN, 0.0, 1.0, 2.0, 3.0, 3.0];
            let (mut y, mut dx) = ([0.0; 3], [0.5; 12]);
            s.forward(path, &x, &mut y);
            assert!(y[0].is_nan() && y[1].is_nan() && y[2] == 3.0, "{y:?}");
            s.backward(path, &x, &[1.0; 3], &mut dx);
            assert_eq!(dx, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        }
    }
}
