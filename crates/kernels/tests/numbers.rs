//! Embeddings of numbers and codes against their definitions in double precision, and their gradients against
//! differences.
#![allow(clippy::unwrap_used)]

mod common;

use common::{assert_close, cases, numbers, slopes, wide};
use nascent_kernels::{Bins, Grouped, Lookup, Path, Waves, channel_sums};
use proptest::prelude::*;

/// The sum of products, by which a function of many values becomes one whose slopes are gradients.
fn weighed(y: &[f64], weights: &[f32]) -> f64 {
    y.iter().zip(weights).map(|(y, w)| y * f64::from(*w)).sum()
}

proptest! {
    #![proptest_config(cases(60))]
    #[test]
    fn bins(n in 0usize..40, bins in 1usize..40, seed in 0u64..1000) {
        let s = Bins { numbers: n, bins };
        let x: Vec<f32> = numbers(n, seed).iter().map(|x| 0.5 + 0.7 * x).collect();
        // At the edge of a bin there are two slopes.
        prop_assume!(x.iter().all(|x| (x * bins as f32 - (x * bins as f32).round()).abs() > 1e-3));
        let dy = numbers(n * bins, seed + 1);
        let fill = |x: &[f64]| -> Vec<f64> {
            let of = |x: f64, t: usize| (x.clamp(0.0, 1.0) * bins as f64 - t as f64).clamp(0.0, 1.0);
            x.iter().flat_map(|x| (0..bins).map(move |t| of(*x, t))).collect()
        };
        for path in Path::available() {
            let (mut y, mut dx) = (vec![f32::NAN; n * bins], vec![f32::NAN; n]);
            s.forward(path, &x, &mut y);
            s.backward(path, &x, &dy, &mut dx);
            assert_close("y", &y, &fill(&wide(&x)), 1e-5);
            assert_close("dx", &dx, &slopes(&wide(&x), |x| weighed(&fill(x), &dy)), 1e-4);
        }
    }

    #[test]
    fn a_linear_layer_a_group(batch in 0usize..4, groups in 1usize..4, inputs in 1usize..20, outputs in 1usize..40) {
        let s = Grouped { batch, groups, inputs, outputs };
        let (x, w) = (numbers(batch * groups * inputs, 1), numbers(groups * inputs * outputs, 2));
        let (b, dy) = (numbers(groups * outputs, 3), numbers(batch * groups * outputs, 4));
        let compute = |x: &[f64], w: &[f64], b: &[f64]| -> Vec<f64> {
            (0..batch * groups * outputs)
                .map(|at| {
                    let (n, g, o) = (at / outputs / groups, at / outputs % groups, at % outputs);
                    let product = |i| x[(n * groups + g) * inputs + i] * w[(g * inputs + i) * outputs + o];
                    b[g * outputs + o] + (0..inputs).map(product).sum::<f64>()
                })
                .collect()
        };
        let (wx, ww, wb) = (wide(&x), wide(&w), wide(&b));
        for path in Path::available() {
            let mut y = vec![f32::NAN; dy.len()];
            s.forward(path, &x, &w, &b, &mut y);
            assert_close("y", &y, &compute(&wx, &ww, &wb), 1e-5);
            let (mut dx, mut dw, mut db) = (x.clone(), w.clone(), b.clone());
            s.backward(path, &x, &w, &dy, Some(&mut dx), &mut dw, &mut db);
            assert_close("dx", &dx, &slopes(&wx, |x| weighed(&compute(x, &ww, &wb), &dy)), 1e-5);
            assert_close("dw", &dw, &slopes(&ww, |w| weighed(&compute(&wx, w, &wb), &dy)), 1e-5);
            assert_close("db", &db, &slopes(&wb, |b| weighed(&compute(&wx, &ww, b), &dy)), 1e-5);
        }
    }

    #[test]
    fn waves(batch in 0usize..4, n in 1usize..5, frequencies in 1usize..40, scale in 0.1f32..30.0) {
        let s = Waves { batch, numbers: n, frequencies };
        let x: Vec<f32> = numbers(batch * n, 1).iter().map(|x| scale * x).collect();
        let (c, dy) = (numbers(n * frequencies, 2), numbers(2 * frequencies * batch * n, 3));
        let compute = |x: &[f64], c: &[f64]| -> Vec<f64> {
            let at = |i: usize, l: usize| std::f64::consts::TAU * x[i] * c[i % n * frequencies + l];
            let each = |i: usize| {
                (0..frequencies).map(|l| at(i, l).sin()).chain((0..frequencies).map(|l| at(i, l).cos())).collect()
            };
            (0..batch * n).flat_map(|i| -> Vec<f64> { each(i) }).collect()
        };
        let (wx, wc) = (wide(&x), wide(&c));
        for path in Path::available() {
            let mut y = vec![f32::NAN; dy.len()];
            s.forward(path, &x, &c, &mut y);
            // The product of number and frequency is rounded before the sine sees it.
            let rounding = 1e-6 + 8.0 * f64::from(scale) * 6e-8;
            assert_close("y", &y, &compute(&wx, &wc), rounding);
            let (mut dx, mut dc) = (x.clone(), c.clone());
            s.backward(path, &x, &c, &y, &dy, Some(&mut dx), &mut dc);
            assert_close("dx", &dx, &slopes(&wx, |x| weighed(&compute(x, &wc), &dy)), 20.0 * rounding);
            assert_close("dc", &dc, &slopes(&wc, |c| weighed(&compute(&wx, c), &dy)), 20.0 * rounding);
        }
    }

    #[test]
    fn lookups(batch in 0usize..4, codes in 1usize..6, size in 1usize..20, seed in 0u64..100) {
        let s = Lookup { batch, codes, size };
        let rows = 4;
        let places: Vec<u32> =
            numbers(batch * codes, seed).iter().map(|x| ((x + 1.0) * 2.5) as u32).collect();
        let table = numbers(rows * size, seed + 1);
        let row = |table: &[f64], place: u32, j: usize| if place == 0 { 0.0 } else { table[(place as usize - 1) * size + j] };
        let sequence = |table: &[f64]| -> Vec<f64> {
            (0..batch * size * codes)
                .map(|at| row(table, places[at / (size * codes) * codes + at % codes], at / codes % size))
                .collect()
        };
        let mean = |table: &[f64]| -> Vec<f64> {
            (0..batch * size)
                .map(|at| {
                    let places = &places[at / size * codes..][..codes];
                    let count = places.iter().filter(|p| **p > 0).count().max(1);
                    places.iter().map(|p| row(table, *p, at % size)).sum::<f64>() / count as f64
                })
                .collect()
        };
        let wt = wide(&table);
        let (mut y, dy) = (vec![f32::NAN; batch * size * codes], numbers(batch * size * codes, 5));
        s.sequence(&table, &places, &mut y);
        assert_close("sequence", &y, &sequence(&wt), 0.0);
        let mut d = vec![0.0; table.len()];
        s.sequence_gradient(&places, &dy, &mut d);
        assert_close("gradient of the sequence", &d, &slopes(&wt, |t| weighed(&sequence(t), &dy)), 1e-6);
        let (mut y, dy) = (vec![f32::NAN; batch * size], numbers(batch * size, 6));
        s.mean(&table, &places, &mut y);
        assert_close("mean", &y, &mean(&wt), 1e-6);
        let mut d = vec![0.0; table.len()];
        s.mean_gradient(&places, &dy, &mut d);
        assert_close("gradient of the mean", &d, &slopes(&wt, |t| weighed(&mean(t), &dy)), 1e-6);
    }

    #[test]
    fn sums_of_channels(batch in 0usize..4, channels in 1usize..4, plane in 1usize..70) {
        let x = numbers(batch * channels * plane, 1);
        let mut expected = vec![0.0; channels];
        x.iter().enumerate().for_each(|(i, x)| expected[i / plane % channels] += f64::from(*x));
        for path in Path::available() {
            let mut sums = vec![f32::NAN; channels];
            channel_sums(path, plane, &x, &mut sums);
            assert_close("sums", &sums, &expected, 1e-5);
        }
    }
}

#[test]
fn what_is_no_number_fills_no_bin_and_teaches_nothing() {
    let s = Bins { numbers: 4, bins: 3 };
    let x = [f32::NAN, f32::INFINITY, -f32::INFINITY, 1.0];
    let (mut y, mut dx) = ([0.0; 12], [0.5; 4]);
    s.forward(Path::best(), &x, &mut y);
    s.backward(Path::best(), &x, &[1.0; 12], &mut dx);
    assert!(y[..3].iter().all(|y| y.is_nan()));
    assert_eq!(y[3..], [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    assert_eq!(dx, [0.0; 4]);
}
