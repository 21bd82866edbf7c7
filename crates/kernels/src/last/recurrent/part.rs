//! Numbers of a state that are computed together.

use crate::activation::exp;

/// Numbers of a state that are computed together: held in registers, they need no look at what may overlap in memory.
pub(super) const TOGETHER: usize = 16;

/// Where numbers are that are computed together: all of [`TOGETHER`], or the last of a state.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Whole(usize),
    Last(usize, usize),
}

/// Does something with each part of a state. What is done is written twice, so that each knows how many numbers it has.
macro_rules! in_parts {
    ($size:expr, |$part:ident| $what:expr) => {{
        let whole = $size / TOGETHER * TOGETHER;
        for at in (0..whole).step_by(TOGETHER) {
            let $part = Part::Whole(at);
            $what;
        }
        if whole < $size {
            let $part = Part::Last(whole, $size - whole);
            $what;
        }
    }};
}
pub(super) use in_parts;

/// The numbers of a part, in each of `N` values of a state's size that stand side by side.
#[inline(always)]
pub(super) fn load<const N: usize>(from: &[f32], size: usize, part: Part) -> [[f32; TOGETHER]; N] {
    let mut some = [[0.0; TOGETHER]; N];
    for (i, some) in some.iter_mut().enumerate() {
        match part {
            // Copies of a length that is known become moves of vectors.
            Part::Whole(at) => some.copy_from_slice(&from[i * size + at..][..TOGETHER]),
            Part::Last(at, live) => some[..live].copy_from_slice(&from[i * size + at..][..live]),
        }
    }
    some
}

/// The same of one value that may not be there, and is zeros then.
#[inline(always)]
pub(super) fn load_one(from: Option<&[f32]>, size: usize, part: Part) -> [f32; TOGETHER] {
    let [one] = if let Some(from) = from { load(from, size, part) } else { [[0.0; TOGETHER]] };
    one
}

#[inline(always)]
pub(super) fn store<const N: usize>(to: &mut [f32], size: usize, part: Part, numbers: [&[f32; TOGETHER]; N]) {
    for (i, numbers) in numbers.into_iter().enumerate() {
        match part {
            Part::Whole(at) => to[i * size + at..][..TOGETHER].copy_from_slice(numbers),
            Part::Last(at, live) => to[i * size + at..][..live].copy_from_slice(&numbers[..live]),
        }
    }
}

/// `tanh(x)`.
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (1.0 + exp(2.0 * x))
}
