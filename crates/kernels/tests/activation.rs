//! Smooth nonlinearities against their definitions in double precision, on every path.

use nascent_kernels::{Path, Smooth};

/// The error function by its series, and by its continued fraction where the series would cancel.
fn erf(z: f64) -> f64 {
    if z.abs() > 3.0 {
        let fraction = (1..=60).rev().fold(0.0, |below, k| f64::from(k) / 2.0 / (z.abs() + below));
        let tail = (-z * z).exp() / std::f64::consts::PI.sqrt() / (z.abs() + fraction);
        return (1.0 - tail).copysign(z);
    }
    let (mut term, mut sum) = (z, z);
    for n in 1..80 {
        term *= -z * z / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    2.0 / std::f64::consts::PI.sqrt() * sum
}

fn value(function: Smooth, x: f64) -> f64 {
    match function {
        Smooth::Silu => x / (1.0 + (-x).exp()),
        Smooth::Gelu => x * 0.5 * (1.0 + erf(x / 2f64.sqrt())),
    }
}

#[test]
fn values_and_gradients_are_those_of_the_definition() {
    let x: Vec<f32> = (-3000..=3000).map(|i| i as f32 * 0.005).chain([-80.0, 80.0, -1e4, 1e4, 0.0]).collect();
    for path in Path::available() {
        for function in [Smooth::Silu, Smooth::Gelu] {
            let (mut y, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            function.forward(path, &x, &mut y);
            function.backward(path, &x, &vec![2.0; x.len()], &mut dx);
            for ((&x, y), dx) in x.iter().zip(y).zip(dx) {
                let x = f64::from(x);
                let expected = value(function, x);
                assert!(
                    (f64::from(y) - expected).abs() <= 3e-6 * (1.0 + x.abs()),
                    "{path:?} {function:?} {x}: {y}"
                );
                let slope = (value(function, x + 1e-4) - value(function, x - 1e-4)) / 1e-4;
                assert!((f64::from(dx) - slope).abs() <= 1e-5, "{path:?} {function:?} {x}: {dx} {slope}");
            }
        }
    }
}

#[test]
fn what_is_no_number_stays_none() {
    for function in [Smooth::Silu, Smooth::Gelu] {
        let mut y = [0.0; 2];
        function.forward(Path::best(), &[f32::NAN, 1.0], &mut y);
        assert!(y[0].is_nan() && y[1] > 0.7);
    }
}
