//! What a node of a cell does with the sums of a step.

use super::CellFunction;
use super::part::{Part, TOGETHER, in_parts, load, load_one, store, tanh};
use crate::activation::sigmoid;

/// Values of a state's size that the gradient needs of a node: its gate, its value, and what it gives.
pub(super) const KEPT: usize = 3;

/// What a node gives, among what is kept of a step.
#[inline(always)]
pub(super) fn given_by(kept: &[f32], node: usize, size: usize) -> &[f32] {
    &kept[(KEPT * node + 2) * size..][..size]
}

/// One node of a step: `own` gets its gate, its value and what it gives. What the step's input gives is added to the sums.
#[inline(always)]
pub(super) fn advance(
    function: CellFunction,
    sums: &[f32],
    given: Option<&[f32]>,
    before: Option<&[f32]>,
    own: &mut [f32],
) {
    let size = own.len() / KEPT;
    in_parts!(size, |part| advance_part(function, sums, given, before, own, part));
}

#[inline(always)]
fn advance_part(
    function: CellFunction,
    sums: &[f32],
    given: Option<&[f32]>,
    before: Option<&[f32]>,
    own: &mut [f32],
    part: Part,
) {
    let size = own.len() / KEPT;
    let [mut gate, mut value] = load(sums, size, part);
    let before = load_one(before, size, part);
    if let Some(given) = given {
        let [gate_given, value_given] = load(given, size, part);
        for i in 0..TOGETHER {
            gate[i] += gate_given[i];
            value[i] += value_given[i];
        }
    }
    function.bend(&mut value);
    let mut now = [0.0; TOGETHER];
    for i in 0..TOGETHER {
        gate[i] = sigmoid(gate[i]);
        now[i] = before[i] + gate[i] * (value[i] - before[i]);
    }
    store(own, size, part, [&gate, &value, &now]);
}

/// The state: the mean of what the loose ends give.
#[inline(always)]
pub(super) fn average(kept: &[f32], ends: &[usize], state: &mut [f32]) {
    let size = state.len();
    in_parts!(size, |part| average_part(kept, ends, state, part));
}

#[inline(always)]
fn average_part(kept: &[f32], ends: &[usize], state: &mut [f32], part: Part) {
    let size = state.len();
    let share = 1.0 / ends.len() as f32;
    let mut sum = [0.0; TOGETHER];
    for end in ends {
        let [one] = load(given_by(kept, *end, size), size, part);
        for i in 0..TOGETHER {
            sum[i] += share * one[i];
        }
    }
    store(state, size, part, [&sum]);
}

impl CellFunction {
    #[inline(always)]
    fn bend(self, x: &mut [f32; TOGETHER]) {
        match self {
            Self::Tanh => {
                for x in x {
                    *x = tanh(*x);
                }
            }
            Self::Relu => {
                for x in x {
                    // What is no number stays none.
                    *x = if *x < 0.0 { 0.0 } else { *x };
                }
            }
            Self::Sigmoid => {
                for x in x {
                    *x = sigmoid(*x);
                }
            }
            Self::Identity => {}
        }
    }

    /// Multiplies gradients with the slopes where the function gave `y`.
    #[inline(always)]
    fn slope(self, y: &[f32; TOGETHER], gradient: &mut [f32; TOGETHER]) {
        match self {
            Self::Tanh => {
                for i in 0..TOGETHER {
                    gradient[i] *= 1.0 - y[i] * y[i];
                }
            }
            Self::Relu => {
                for i in 0..TOGETHER {
                    gradient[i] = if y[i] > 0.0 { gradient[i] } else { 0.0 };
                }
            }
            Self::Sigmoid => {
                for i in 0..TOGETHER {
                    gradient[i] *= y[i] * (1.0 - y[i]);
                }
            }
            Self::Identity => {}
        }
    }
}

/// One node of a step back: adds that part of its gradient to what it reads which goes around its sums, and writes the gradients of
/// these.
#[inline(always)]
pub(super) fn retreat(
    function: CellFunction,
    known: &[f32],
    before: Option<&[f32]>,
    d: &[f32],
    dread: &mut [f32],
    dsums: &mut [f32],
) {
    let size = d.len();
    in_parts!(size, |part| retreat_part(function, known, before, d, dread, dsums, part));
}

#[inline(always)]
fn retreat_part(
    function: CellFunction,
    known: &[f32],
    before: Option<&[f32]>,
    d: &[f32],
    dread: &mut [f32],
    dsums: &mut [f32],
    part: Part,
) {
    let size = d.len();
    let [gate, value, _] = load(known, size, part);
    let before = load_one(before, size, part);
    let [d] = load(d, size, part);
    let [mut around] = load(dread, size, part);
    let [mut dgate, mut dvalue] = [[0.0; TOGETHER]; 2];
    for i in 0..TOGETHER {
        dgate[i] = d[i] * (value[i] - before[i]) * gate[i] * (1.0 - gate[i]);
        dvalue[i] = d[i] * gate[i];
        around[i] += d[i] * (1.0 - gate[i]);
    }
    function.slope(&value, &mut dvalue);
    store(dsums, size, part, [&dgate, &dvalue]);
    store(dread, size, part, [&around]);
}
