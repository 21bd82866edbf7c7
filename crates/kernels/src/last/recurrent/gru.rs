//! What a gated recurrent unit does with the gates of a step.

use super::part::{Part, TOGETHER, in_parts, load, load_one, store, tanh};
use crate::activation::sigmoid;

/// Values of a state's size that the gradient needs of a step: reset, update, candidate, and what the state gave the candidate.
pub(super) const KEPT: usize = 4;

/// One step, from what the input and the old state gave the gates; `before` is the old state.
#[inline(always)]
pub(super) fn advance(
    given: &[f32],
    old: &[f32],
    before: Option<&[f32]>,
    kept: &mut [f32],
    state: &mut [f32],
) {
    let size = state.len();
    in_parts!(size, |part| advance_part(given, old, before, kept, state, part));
}

#[inline(always)]
fn advance_part(
    given: &[f32],
    old: &[f32],
    before: Option<&[f32]>,
    kept: &mut [f32],
    state: &mut [f32],
    part: Part,
) {
    let size = state.len();
    let [given_r, given_z, given_n] = load(given, size, part);
    let [old_r, old_z, old_n] = load(old, size, part);
    let h = load_one(before, size, part);
    let [mut r, mut z, mut n, mut now] = [[0.0; TOGETHER]; 4];
    for i in 0..TOGETHER {
        r[i] = sigmoid(given_r[i] + old_r[i]);
        z[i] = sigmoid(given_z[i] + old_z[i]);
        n[i] = tanh(given_n[i] + r[i] * old_n[i]);
        now[i] = n[i] + z[i] * (h[i] - n[i]);
    }
    store(kept, size, part, [&r, &z, &n, &old_n]);
    store(state, size, part, [&now]);
}

/// One step back: the gradient of the state becomes that part of the older state's which went around the gates, and the
/// gradients of what input and old state gave the gates.
#[inline(always)]
pub(super) fn retreat(
    kept: &[f32],
    before: Option<&[f32]>,
    dstate: &mut [f32],
    dgiven: &mut [f32],
    dold: &mut [f32],
) {
    let size = dstate.len();
    in_parts!(size, |part| retreat_part(kept, before, dstate, dgiven, dold, part));
}

#[inline(always)]
fn retreat_part(
    kept: &[f32],
    before: Option<&[f32]>,
    dstate: &mut [f32],
    dgiven: &mut [f32],
    dold: &mut [f32],
    part: Part,
) {
    let size = dstate.len();
    let [r, z, n, fed] = load(kept, size, part);
    let h = load_one(before, size, part);
    let [mut d] = load(dstate, size, part);
    let [mut dreset, mut dupdate, mut dcandidate, mut dfed] = [[0.0; TOGETHER]; 4];
    for i in 0..TOGETHER {
        dcandidate[i] = d[i] * (1.0 - z[i]) * (1.0 - n[i] * n[i]);
        dupdate[i] = d[i] * (h[i] - n[i]) * z[i] * (1.0 - z[i]);
        dreset[i] = dcandidate[i] * fed[i] * r[i] * (1.0 - r[i]);
        dfed[i] = dcandidate[i] * r[i];
        d[i] *= z[i];
    }
    store(dgiven, size, part, [&dreset, &dupdate, &dcandidate]);
    store(dold, size, part, [&dreset, &dupdate, &dfed]);
    store(dstate, size, part, [&d]);
}
