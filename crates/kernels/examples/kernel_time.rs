//! Times kernels on this processor's best path beside the portable one, and the convolution beside plain loops:
//! `cargo run --release -p nascent-kernels --example kernel_time`; `--json` prints it for programs.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

use nascent_kernels::{BatchNorm, Conv2d, Path, Pool2d, Pooling, Scratch};
use std::hint::black_box;
use std::time::Instant;

/// Seconds of one call, the shortest of several rounds.
fn seconds(mut work: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..7 {
        let start = Instant::now();
        (0..20).for_each(|_| work());
        best = best.min(start.elapsed().as_secs_f64() / 20.0);
    }
    best
}

fn say(what: &str, seconds: f64, baseline: &str, beside: f64) {
    if std::env::args().any(|a| a == "--json") {
        println!(
            "{{\"what\": \"{what}\", \"seconds\": {seconds:e}, \"baseline\": \"{baseline}\", \
             \"baseline_seconds\": {beside:e}}}"
        );
    } else {
        println!("{what}: {:.1} µs ({baseline}: {:.1} µs)", seconds * 1e6, beside * 1e6);
    }
}

/// A 3×3 convolution with padding 1, as one would write it down.
fn plain(shape: &Conv2d, x: &[f32], w: &[f32], y: &mut [f32]) {
    let (c, h, wide) = (shape.channels, shape.height, shape.width);
    for (n, image) in y.chunks_exact_mut(shape.outputs * h * wide).enumerate() {
        for (o, plane) in image.chunks_exact_mut(h * wide).enumerate() {
            for (at, out) in plane.iter_mut().enumerate() {
                let (row, column) = (at / wide, at % wide);
                let mut sum = 0.0;
                for i in 0..c {
                    for (k, weight) in w[(o * c + i) * 9..][..9].iter().enumerate() {
                        let (r, q) = (row + k / 3, column + k % 3);
                        if (1..=h).contains(&r) && (1..=wide).contains(&q) {
                            sum += weight * x[((n * c + i) * h + r - 1) * wide + q - 1];
                        }
                    }
                }
                *out = sum;
            }
        }
    }
}

fn main() {
    let shape = Conv2d {
        batch: 64,
        channels: 32,
        height: 8,
        width: 8,
        outputs: 64,
        kernel: [3; 2],
        stride: [1; 2],
        padding: [1; 2],
        dilation: [1; 2],
        groups: 1,
    };
    let x: Vec<f32> = (0..shape.input_len()).map(|i| (i as f32 * 0.37).sin()).collect();
    let w: Vec<f32> = (0..shape.weight_len()).map(|i| (i as f32 * 0.11).cos()).collect();
    let (mut y, mut expected) = (vec![0.0; shape.output_len()], vec![0.0; shape.output_len()]);
    let mut scratch = Scratch::default();
    let best = seconds(|| shape.forward(Path::best(), black_box(&x), &w, None, &mut y, &mut scratch));
    let bare = seconds(|| plain(&shape, black_box(&x), &w, &mut expected));
    let apart = y.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart < 1e-3, "the plain loops compute something else: {apart}");
    say("convolution 3x3, 64 images of 8x8, 32 to 64 channels", best, "plain loops", bare);

    let norm = BatchNorm { batch: 64, channels: 64, plane: 64, epsilon: 1e-5, relu: true };
    let x: Vec<f32> = (0..norm.len()).map(|i| (i as f32 * 0.37).sin()).collect();
    let (ones, mut y) = (vec![1.0; 64], vec![0.0; norm.len()]);
    let mut on = |path| seconds(|| drop(norm.forward(path, black_box(&x), &ones, &ones, &mut y)));
    say(
        "batch norm and rectifier, 64 images of 64 channels of 8x8",
        on(Path::best()),
        "the portable path",
        on(Path::Portable),
    );

    let pool = Pool2d {
        kind: Pooling::Max,
        planes: 4096,
        height: 8,
        width: 8,
        kernel: [3; 2],
        stride: [1; 2],
        padding: [1; 2],
    };
    let mut on = |path| seconds(|| pool.forward(path, black_box(&x), &mut y));
    say("maximum 3x3, 4096 planes of 8x8", on(Path::best()), "the portable path", on(Path::Portable));
}
