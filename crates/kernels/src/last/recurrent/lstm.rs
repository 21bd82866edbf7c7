//! What a long short-term memory does with the gates of a step.

use super::part::{Part, TOGETHER, in_parts, load, load_one, store, tanh};
use crate::activation::sigmoid;

/// Values of a state's size that the gradient needs of a step: input gate, forget gate, candidate, output gate, and the memory at the
/// end, where the next step finds it.
pub(super) const KEPT: usize = 5;

/// One step, from what the input and the old state gave the gates; `before` is the old memory.
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
    let [mut i, mut f, mut n, mut o] = load(given, size, part);
    let [old_i, old_f, old_n, old_o] = load(old, size, part);
    let mut memory = load_one(before, size, part);
    let mut now = [0.0; TOGETHER];
    for at in 0..TOGETHER {
        i[at] = sigmoid(i[at] + old_i[at]);
        f[at] = sigmoid(f[at] + old_f[at]);
        n[at] = tanh(n[at] + old_n[at]);
        o[at] = sigmoid(o[at] + old_o[at]);
        memory[at] = f[at] * memory[at] + i[at] * n[at];
        now[at] = o[at] * tanh(memory[at]);
    }
    store(kept, size, part, [&i, &f, &n, &o, &memory]);
    store(state, size, part, [&now]);
}

/// One step back: the gradient of the state becomes nothing, for all of it went through the gates, that of the memory becomes the older
/// memory's; and the gradient of what input and old state gave the gates, which is one and the same.
#[inline(always)]
pub(super) fn retreat(
    kept: &[f32],
    before: Option<&[f32]>,
    (dstate, dmemory): (&mut [f32], &mut [f32]),
    dgiven: &mut [f32],
    dold: &mut [f32],
) {
    let size = dstate.len();
    in_parts!(size, |part| retreat_part(kept, before, (&mut *dstate, &mut *dmemory), dgiven, dold, part));
}

#[inline(always)]
fn retreat_part(
    kept: &[f32],
    before: Option<&[f32]>,
    (dstate, dmemory): (&mut [f32], &mut [f32]),
    dgiven: &mut [f32],
    dold: &mut [f32],
    part: Part,
) {
    let size = dstate.len();
    let [i, f, n, o, memory] = load(kept, size, part);
    let older = load_one(before, size, part);
    let [d] = load(dstate, size, part);
    let [mut dm] = load(dmemory, size, part);
    let [mut di, mut df, mut dn, mut dout] = [[0.0; TOGETHER]; 4];
    for at in 0..TOGETHER {
        let bent = tanh(memory[at]);
        dm[at] += d[at] * o[at] * (1.0 - bent * bent);
        dout[at] = d[at] * bent * o[at] * (1.0 - o[at]);
        di[at] = dm[at] * n[at] * i[at] * (1.0 - i[at]);
        df[at] = dm[at] * older[at] * f[at] * (1.0 - f[at]);
        dn[at] = dm[at] * i[at] * (1.0 - n[at] * n[at]);
        dm[at] *= f[at];
    }
    store(dgiven, size, part, [&di, &df, &dn, &dout]);
    store(dold, size, part, [&di, &df, &dn, &dout]);
    store(dstate, size, part, [&[0.0; TOGETHER]]);
    store(dmemory, size, part, [&dm]);
}
