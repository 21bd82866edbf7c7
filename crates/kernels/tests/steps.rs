//! Layer norms and attention against their definitions in double precision, and their gradients against
//! differences.
#![allow(clippy::unwrap_used)]

mod common;

use common::{assert_close, cases, lay, numbers, pick, slopes, wide};
use nascent_kernels::last::{Grid, Heads, SLACK};
use nascent_kernels::{Attention, LayerNorm, Path};
use proptest::prelude::*;

/// The sum of products, by which a function of many values becomes one whose slopes are gradients.
fn weighed(y: &[f64], weights: &[f32]) -> f64 {
    y.iter().zip(weights).map(|(y, w)| y * f64::from(*w)).sum()
}

fn normalise(s: &LayerNorm, x: &[f64], scale: &[f64], shift: &[f64]) -> Vec<f64> {
    let at = |i: usize| (i / s.steps / s.channels, i / s.steps % s.channels, i % s.steps);
    (0..x.len())
        .map(|i| {
            let (n, c, step) = at(i);
            let of = |c: usize| x[(n * s.channels + c) * s.steps + step];
            let mean = (0..s.channels).map(of).sum::<f64>() / s.channels as f64;
            let variance = (0..s.channels).map(|c| (of(c) - mean).powi(2)).sum::<f64>() / s.channels as f64;
            (x[i] - mean) / (variance + f64::from(s.epsilon)).sqrt() * scale[c] + shift[c]
        })
        .collect()
}

fn attend(s: &Attention, x: &[f64], codes: &[f32]) -> Vec<f64> {
    let each = s.channels / s.heads;
    let projected = s.channels + 2 * s.key_heads * each;
    let mut y = Vec::new();
    for (n, head, i, query) in (0..s.batch * s.channels * s.steps).map(|at| {
        (at / s.steps / s.channels, at / s.steps % s.channels / each, at / s.steps % each, at % s.steps)
    }) {
        let shared = head * s.key_heads / s.heads * each;
        let first = [head * each, s.channels + shared, s.channels + s.key_heads * each + shared];
        let of = |part: usize, i: usize, step: usize| x[(n * projected + first[part] + i) * s.steps + step];
        let live = |step: usize| codes[n * s.steps + step] != 0.0;
        let score = |key: usize| {
            let product: f64 = (0..each).map(|i| of(0, i, query) * of(1, i, key)).sum();
            (product / (each as f64).sqrt()).exp()
        };
        let keys = || (0..s.steps).filter(|key| live(*key) && (!s.causal || *key <= query));
        let total: f64 = keys().map(score).sum();
        let sum: f64 = keys().map(|key| score(key) * of(2, i, key)).sum();
        y.push(if live(query) { sum / total } else { 0.0 });
    }
    y
}

/// `[batch, channels, steps]` with channels and steps exchanged.
fn exchanged(numbers: &[f32], channels: usize, steps: usize) -> Vec<f32> {
    let example =
        |x: &[f32]| (0..x.len()).map(|at| x[at % channels * steps + at / channels]).collect::<Vec<_>>();
    numbers.chunks(channels * steps).flat_map(example).collect()
}

proptest! {
    #![proptest_config(cases(40))]
    #[test]
    fn layer_norm(batch in 0usize..4, channels in 2usize..20, steps in 1usize..20, seed in 0u64..100) {
        let s = LayerNorm { batch, channels, steps, epsilon: 1e-5 };
        // Neighbouring channels lie apart: of values that are nearly equal, neither f32 nor differences say anything.
        let apart = |i: usize| if (i / steps % channels).is_multiple_of(2) { 3.0 } else { -1.0 };
        let x: Vec<f32> =
            numbers(batch * channels * steps, seed + 1).iter().enumerate().map(|(i, x)| x + apart(i)).collect();
        let (scale, shift, dy) = (numbers(channels, 2), numbers(channels, 3), numbers(x.len(), 4));
        let (wx, wscale, wshift) = (wide(&x), wide(&scale), wide(&shift));
        let expected = normalise(&s, &wx, &wscale, &wshift);
        for path in Path::available() {
            let mut y = vec![f32::NAN; x.len()];
            let found = s.forward(path, &x, &scale, &shift, &mut y);
            assert_close("y", &y, &expected, 3e-5);
            let (mut dx, mut dscale, mut dshift) = (x.clone(), scale.clone(), shift.clone());
            s.backward(path, &x, &scale, &found, &dy, &mut dx, &mut dscale, &mut dshift);
            assert_close("dx", &dx, &slopes(&wx, |x| weighed(&normalise(&s, x, &wscale, &wshift), &dy)), 3e-5);
            assert_close("dscale", &dscale, &slopes(&wscale, |scale| weighed(&normalise(&s, &wx, scale, &wshift), &dy)), 3e-5);
            assert_close("dshift", &dshift, &slopes(&wshift, |shift| weighed(&normalise(&s, &wx, &wscale, shift), &dy)), 1e-5);
        }
    }

    #[test]
    fn attention(
        batch in 0usize..3, key_heads in 1usize..3, sharing in 1usize..3, each in 1usize..5, steps in 1usize..24,
        causal: bool, masked: bool, seed in 0u64..100,
    ) {
        let heads = key_heads * sharing;
        let s = Attention { batch, channels: heads * each, steps, heads, key_heads, causal };
        let (len, projected) = (batch * s.channels * steps, (heads + 2 * key_heads) * each);
        let x: Vec<f32> = numbers(batch * projected * steps, seed).iter().map(|x| 2.0 * x).collect();
        // A third is padding, so that some examples of few steps are nothing else.
        let codes: Vec<f32> = numbers(batch * steps, seed + 1).iter().map(|x| if *x < -0.3 { 0.0 } else { 2.0 }).collect();
        let codes = if masked { codes } else { vec![1.0; batch * steps] };
        let (wx, dy) = (wide(&x), numbers(len, seed + 2));
        let expected = attend(&s, &wx, &codes);
        let dx_expected = slopes(&wx, |x| weighed(&attend(&s, x, &codes), &dy));
        for path in Path::available() {
            let (mut y, mut weights) = (vec![f32::NAN; len], vec![f32::NAN; s.weights_len()]);
            s.forward(path, &x, masked.then_some(&codes), &mut weights, &mut y);
            assert_close("y", &y, &expected, 1e-5);
            let mut dx = vec![f32::NAN; x.len()];
            s.backward(path, &x, &weights, &dy, &mut dx);
            assert_close("dx", &dx, &dx_expected, 2e-5);
            // The same from steps that follow each other.
            let grid = Grid::plain(1, steps, projected, path.pitch(projected));
            let answers = Grid::plain(1, steps, s.channels, path.pitch(s.channels));
            let mut all = Heads::new(&grid, &answers, [heads, key_heads], causal, path);
            let laid = lay(&exchanged(&x, projected, steps), &grid, batch);
            let mut weights = vec![f32::NAN; batch * all.weights_len() + SLACK];
            let mut y = vec![f32::NAN; batch * answers.image_len() + SLACK];
            all.forward(batch, &laid, masked.then_some(&codes), &mut weights, &mut y);
            assert_close("y of steps", &exchanged(&pick(&y, &answers, batch), steps, s.channels), &expected, 1e-5);
            let laid_dy = lay(&exchanged(&dy, s.channels, steps), &answers, batch);
            let mut dx = vec![f32::NAN; laid.len()];
            all.gradient(batch, &laid, &weights, &laid_dy, &mut dx);
            assert_close("dx of steps", &exchanged(&pick(&dx, &grid, batch), steps, projected), &dx_expected, 2e-5);
        }
    }
}
