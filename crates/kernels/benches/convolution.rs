//! Convolutions of small networks, with their multiply-accumulates as throughput:
//! `cargo bench -p nascent-kernels`.
#![allow(missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nascent_kernels::{BatchNorm, Conv2d, Path, Pool2d, Pooling, Scratch};
use std::hint::black_box;

fn convolutions(c: &mut Criterion) {
    let base = Conv2d {
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
    let shapes = [
        ("8x8 1-32", Conv2d { channels: 1, outputs: 32, ..base }),
        ("8x8 32-64", base),
        ("4x4 64-64", Conv2d { channels: 64, height: 4, width: 4, ..base }),
        ("8x8 1x1 64-64", Conv2d { channels: 64, kernel: [1; 2], padding: [0; 2], ..base }),
        ("32x32 16-16", Conv2d { channels: 16, outputs: 16, height: 32, width: 32, ..base }),
        ("8x8 depthwise 64", Conv2d { channels: 64, groups: 64, ..base }),
        ("1x64 of 7, 32-64", Conv2d { height: 1, width: 64, kernel: [1, 7], padding: [0, 3], ..base }),
    ];
    for (name, shape) in shapes {
        let mut group = c.benchmark_group(name);
        let (height, width) = shape.output_size();
        let macs = shape.batch * height * width * shape.weight_len();
        group.throughput(Throughput::Elements(macs as u64));
        let (x, w) = (vec![0.5; shape.input_len()], vec![0.5; shape.weight_len()]);
        let (mut y, mut dx, mut dw) = (vec![0.5; shape.output_len()], x.clone(), w.clone());
        let mut scratch = Scratch::default();
        let path = Path::best();
        group.bench_function("forward", |b| {
            b.iter(|| shape.forward(path, black_box(&x), &w, None, &mut y, &mut scratch));
        });
        let dy = y.clone();
        group.bench_function("gradient of the input", |b| {
            b.iter(|| shape.input_gradient(path, &w, black_box(&dy), &mut dx, &mut scratch));
        });
        group.bench_function("gradient of the weights", |b| {
            b.iter(|| shape.weight_gradient(path, black_box(&x), &dy, &mut dw, &mut scratch));
        });
    }
}

fn norms_and_pools(c: &mut Criterion) {
    for (plane, side) in [(64, 8), (16, 4)] {
        let norm = BatchNorm { batch: 64, channels: 64, plane, epsilon: 1e-5, relu: true };
        let x: Vec<f32> = (0..norm.len()).map(|i| (i as f32 * i as f32 * 0.017).sin()).collect();
        let (mut y, mut dx, ones) = (x.clone(), x.clone(), vec![1.0; 64]);
        let (mut dscale, mut dshift) = (ones.clone(), ones.clone());
        let path = Path::best();
        let mut group = c.benchmark_group(format!("64x64x{side}x{side}"));
        group.throughput(Throughput::Bytes(4 * norm.len() as u64));
        group.bench_function("norm", |b| b.iter(|| norm.forward(path, black_box(&x), &ones, &ones, &mut y)));
        let found = norm.forward(path, &x, &ones, &ones, &mut y);
        group.bench_function("gradient of the norm", |b| {
            b.iter(|| {
                let statistics = (&found.mean[..], &found.variance[..]);
                let seen = (black_box(&x[..]), &ones[..], &ones[..]);
                norm.backward(path, seen, statistics, &y, &mut dx, &mut dscale, &mut dshift);
            });
        });
        for (name, kind, kernel, stride, padding) in [
            ("maximum 2/2", Pooling::Max, 2, 2, 0),
            ("maximum 3/1", Pooling::Max, 3, 1, 1),
            ("mean 2/2", Pooling::Average, 2, 2, 0),
            ("mean 3/1", Pooling::Average, 3, 1, 1),
        ] {
            let (kernel, stride, padding) = ([kernel; 2], [stride; 2], [padding; 2]);
            let pool = Pool2d { kind, planes: 4096, height: side, width: side, kernel, stride, padding };
            let (height, width) = pool.output_size();
            let mut y = vec![0.5; 4096 * height * width];
            group.bench_function(name, |b| b.iter(|| pool.forward(path, black_box(&x), &mut y)));
            group.bench_function(format!("gradient of the {name}"), |b| {
                b.iter(|| pool.backward(path, black_box(&x), &y, &mut dx));
            });
        }
    }
}

criterion_group!(benches, convolutions, norms_and_pools);
criterion_main!(benches);
