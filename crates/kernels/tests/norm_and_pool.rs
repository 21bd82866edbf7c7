//! Normalisation and pooling against their definitions in double precision, and their gradients against differences.
#![allow(clippy::unwrap_used)]

use nascent_kernels::{BatchNorm, MaxPool2d, Path};
use proptest::prelude::*;

fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|x| f64::from(*x)).collect()
}

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

/// The slope of `f` at each position of `x`, by central differences.
fn slopes(x: &[f64], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let mut x = x.to_vec();
    let h = 1e-6;
    (0..x.len())
        .map(|i| {
            let here = x[i];
            x[i] = here + h;
            let up = f(&x);
            x[i] = here - h;
            let down = f(&x);
            x[i] = here;
            (up - down) / (2.0 * h)
        })
        .collect()
}

fn assert_close(what: &str, got: &[f32], expected: &[f64], tolerance: f64) {
    let size = expected.iter().fold(1.0f64, |m, x| m.max(x.abs()));
    for (got, e) in got.iter().zip(expected) {
        assert!((f64::from(*got) - e).abs() <= tolerance * size, "{what}: {got} for {e}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]
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
        sizes in (1usize..5, 1usize..9, 1usize..9),
        kernel in 1usize..5, stride in 1usize..4, padding in 0usize..3, seed in 0u64..1000,
    ) {
        let (planes, height, width) = sizes;
        let s = MaxPool2d { planes, height, width, kernel, stride, padding };
        let (out_height, out_width) = s.output_size();
        prop_assume!(2 * padding <= kernel && out_height * out_width > 0);
        // Few values, so that there are ties.
        let x: Vec<f32> = numbers(planes * height * width, seed + 1).iter().map(|x| (x * 3.0).round() - 5.0).collect();
        let dy = numbers(planes * out_height * out_width, seed + 2);
        let (mut y_expected, mut dx_expected) = (Vec::new(), vec![0.0f32; x.len()]);
        for p in 0..planes {
            for (oy, ox) in (0..out_height).flat_map(|y| (0..out_width).map(move |x| (y, x))) {
                let mut best: Option<usize> = None;
                for (ky, kx) in (0..kernel).flat_map(|y| (0..kernel).map(move |x| (y, x))) {
                    let (sy, sx) = ((oy * stride + ky).wrapping_sub(padding), (ox * stride + kx).wrapping_sub(padding));
                    if sy < height && sx < width {
                        let at = (p * height + sy) * width + sx;
                        if best.is_none_or(|b| x[at] > x[b]) {
                            best = Some(at);
                        }
                    }
                }
                dx_expected[best.unwrap()] += dy[y_expected.len()];
                y_expected.push(x[best.unwrap()]);
            }
        }
        let (mut y, mut dx) = (vec![f32::NAN; dy.len()], vec![f32::NAN; x.len()]);
        for path in Path::available() {
            s.forward(path, &x, &mut y);
            s.backward(path, &x, &dy, &mut dx);
            prop_assert_eq!(&y, &y_expected);
            prop_assert_eq!(&dx, &dx_expected);
        }
    }
}
