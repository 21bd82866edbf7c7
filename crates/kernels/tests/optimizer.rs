//! Optimisers: every path gives the numbers of the portable one, to the last bit. What the numbers are is tested where
//! they are used, against PyTorch.

mod common;

use common::numbers;
use nascent_kernels::{AdamW, Path, Sgd};

#[test]
fn every_path_gives_the_same_numbers() {
    for len in (0..40).chain([1_000]) {
        let start = numbers(len, 1);
        let after = |path: Path| {
            let (mut w, mut m, mut v) = (start.clone(), vec![0.0; len], vec![0.0; len]);
            for number in 1..4 {
                let g = numbers(len, number as u64 + 1);
                AdamW::new(number, 0.01, 0.1, 0.5).step(path, &mut w, &g, &mut m, &mut v);
                Sgd { rate: 0.1, decay: 0.01, scale: 2.0 }.step(path, &mut w, &g, &mut m);
            }
            [w, m, v]
        };
        let expected = after(Path::Portable);
        assert!(len == 0 || expected[0] != start);
        for path in Path::available() {
            assert_eq!(after(path), expected, "{path:?}, {len} numbers");
        }
    }
}
