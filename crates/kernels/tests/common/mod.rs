//! Numbers and differences for the tests of this crate.
#![allow(dead_code)]

use nascent_kernels::last::{Grid, SLACK};
use proptest::test_runner::{Config, RngSeed};

/// So many cases, the same ones on each run: a failure is there for everybody.
pub fn cases(count: u32) -> Config {
    Config { cases: count, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..Config::default() }
}

/// Numbers in (-1, 1) that look random.
pub fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

/// The same numbers in double precision.
pub fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|x| f64::from(*x)).collect()
}

/// The slope of `f` at each position of `x`, by central differences.
pub fn slopes(x: &[f64], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
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

/// Fails where a number is further off than `tolerance`, of the largest or of 1.
pub fn assert_close(what: &str, got: &[f32], expected: &[f64], tolerance: f64) {
    let size = expected.iter().fold(1.0f64, |m, x| m.max(x.abs()));
    assert_eq!(got.len(), expected.len(), "{what}");
    for (got, e) in got.iter().zip(expected) {
        assert!((f64::from(*got) - e).abs() <= tolerance * size, "{what}: {got} for {e}");
    }
}

/// Once for each program of tests, for each holds the kernels that it asks for.
#[test]
fn no_vector_instruction_is_a_call() {
    nascent_testkit::vectors_are_inlined();
}

/// Steps as a grid wants them, with slack behind.
pub fn lay(numbers: &[f32], grid: &Grid, batch: usize) -> Vec<f32> {
    let mut laid = vec![0.0; batch * grid.image_len() + SLACK];
    for (at, step) in numbers.chunks_exact(grid.channels).enumerate() {
        let to = at / grid.width * grid.image_len() + grid.at(0, at % grid.width);
        laid[to..][..grid.channels].copy_from_slice(step);
    }
    laid
}

/// The steps of a grid, close together.
pub fn pick(laid: &[f32], grid: &Grid, batch: usize) -> Vec<f32> {
    let places =
        (0..batch * grid.width).map(|at| at / grid.width * grid.image_len() + grid.at(0, at % grid.width));
    places.flat_map(|at| laid[at..][..grid.channels].to_vec()).collect()
}
