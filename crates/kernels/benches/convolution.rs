//! Convolutions of small networks, with their multiply-accumulates as throughput:
//! `cargo bench -p nascent-kernels`.
#![allow(missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nascent_kernels::{Conv2d, Path, Scratch};
use std::hint::black_box;

fn convolutions(c: &mut Criterion) {
    let base = Conv2d {
        batch: 64,
        channels: 32,
        height: 8,
        width: 8,
        outputs: 64,
        kernel: 3,
        stride: 1,
        padding: 1,
        dilation: 1,
        groups: 1,
    };
    let shapes = [
        ("8x8 1-32", Conv2d { channels: 1, outputs: 32, ..base }),
        ("8x8 32-64", base),
        ("4x4 64-64", Conv2d { channels: 64, height: 4, width: 4, ..base }),
        ("8x8 1x1 64-64", Conv2d { channels: 64, kernel: 1, padding: 0, ..base }),
        ("32x32 16-16", Conv2d { channels: 16, outputs: 16, height: 32, width: 32, ..base }),
        ("8x8 depthwise 64", Conv2d { channels: 64, groups: 64, ..base }),
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

criterion_group!(benches, convolutions);
criterion_main!(benches);
