//! The steps of a gated recurrent unit (Cho et al. 2014, arXiv:1406.1078), and the gradient back through them.

use crate::activation::{exp, sigmoid};
use crate::lanes::{Lanes, Path, Work};
use crate::numbers::dot;

/// The shape of a gated recurrent unit on `[batch, 3 · size, steps]`: what the input gives reset, update and candidate.
///
/// With `h` the state, starting at zeros, and `W` of `[size, 3 · size]`: `r = σ(x_r + h·W_r)`, `z = σ(x_z + h·W_z)`,
/// `n = tanh(x_n + r ⊙ h·W_n)`, and the new state is `(1 − z) ⊙ n + z ⊙ h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gru {
    /// Examples.
    pub batch: usize,
    /// Numbers in the state.
    pub size: usize,
    /// Steps of an example.
    pub steps: usize,
}

impl Gru {
    /// Numbers that the gradient needs of the way there: states, gates and what the state gave the candidate.
    #[must_use]
    pub fn kept_len(&self) -> usize {
        5 * self.total()
    }

    fn total(&self) -> usize {
        self.batch * self.size * self.steps
    }

    /// Computes the state at each step, `[batch, size, steps]`, all of `y` and `kept` being overwritten.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    pub fn forward(&self, path: Path, gates: &[f32], weight: &[f32], kept: &mut [f32], y: &mut [f32]) {
        self.check(gates, weight, kept, y);
        if !y.is_empty() {
            path.run(Forward { shape: self, gates, weight, kept, y });
        }
    }

    /// Computes the gradients of the gates' input and of the weights, both being overwritten.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    pub fn backward(
        &self,
        path: Path,
        weight: &[f32],
        kept: &[f32],
        dy: &[f32],
        dgates: &mut [f32],
        dweight: &mut [f32],
    ) {
        self.check(dgates, weight, kept, dy);
        assert_eq!(weight.len(), dweight.len());
        dweight.fill(0.0);
        if !dy.is_empty() {
            path.run(Backward { shape: self, weight, kept, dy, dgates, dweight });
        }
    }

    fn check(&self, gates: &[f32], weight: &[f32], kept: &[f32], y: &[f32]) {
        assert_eq!((gates.len(), y.len()), (3 * self.total(), self.total()));
        assert_eq!((weight.len(), kept.len()), (3 * self.size * self.size, self.kept_len()));
    }
}

/// `tanh(x)`.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (1.0 + exp(2.0 * x))
}

struct Forward<'a> {
    shape: &'a Gru,
    gates: &'a [f32],
    weight: &'a [f32],
    kept: &'a mut [f32],
    y: &'a mut [f32],
}

impl Work for Forward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape: &Gru { batch, size, steps }, gates, weight, kept, y } = self;
        let mut given = vec![0.0; 3 * size];
        let mut old = vec![0.0; 3 * size];
        for n in 0..batch {
            let (gates, y) = (&gates[3 * n * size * steps..], &mut y[n * size * steps..]);
            let kept = &mut kept[5 * n * size * steps..][..5 * size * steps];
            let mut state = vec![0.0; size];
            for step in 0..steps {
                for (given, row) in given.iter_mut().zip(gates.chunks_exact(steps)) {
                    *given = row[step];
                }
                products(&state, weight, &mut old);
                let kept = &mut kept[5 * step * size..][..5 * size];
                advance(&given, &old, &mut state, kept);
                for (row, state) in y.chunks_exact_mut(steps).zip(&state) {
                    row[step] = *state;
                }
            }
        }
    }
}

/// `state · weight`.
#[inline(always)]
fn products(state: &[f32], weight: &[f32], to: &mut [f32]) {
    to.fill(0.0);
    for (h, row) in state.iter().zip(weight.chunks_exact(to.len())) {
        to.iter_mut().zip(row).for_each(|(to, w)| *to += h * w);
    }
}

/// One step: `kept` gets the old state, reset, update, candidate, and what the state gave the candidate.
#[inline(always)]
fn advance(given: &[f32], old: &[f32], state: &mut [f32], kept: &mut [f32]) {
    let size = state.len();
    let (given, old) = (&given[..3 * size], &old[..3 * size]);
    let (before, kept) = kept.split_at_mut(size);
    let (reset, kept) = kept.split_at_mut(size);
    let (update, kept) = kept.split_at_mut(size);
    let (candidate, fed) = kept.split_at_mut(size);
    let fed = &mut fed[..size];
    for i in 0..size {
        let r = sigmoid(given[i] + old[i]);
        let z = sigmoid(given[size + i] + old[size + i]);
        let n = tanh(given[2 * size + i] + r * old[2 * size + i]);
        (before[i], reset[i], update[i], candidate[i], fed[i]) = (state[i], r, z, n, old[2 * size + i]);
        state[i] = n + z * (state[i] - n);
    }
}

struct Backward<'a> {
    shape: &'a Gru,
    weight: &'a [f32],
    kept: &'a [f32],
    dy: &'a [f32],
    dgates: &'a mut [f32],
    dweight: &'a mut [f32],
}

impl Work for Backward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape: &Gru { batch, size, steps }, weight, kept, dy, dgates, dweight } = self;
        let mut dgiven = vec![0.0; 3 * size];
        let mut dold = vec![0.0; 3 * size];
        for n in 0..batch {
            let (dy, dgates) = (&dy[n * size * steps..], &mut dgates[3 * n * size * steps..]);
            let kept = &kept[5 * n * size * steps..][..5 * size * steps];
            let mut dstate = vec![0.0; size];
            for step in (0..steps).rev() {
                for (dstate, row) in dstate.iter_mut().zip(dy.chunks_exact(steps)) {
                    *dstate += row[step];
                }
                let kept = &kept[5 * step * size..][..5 * size];
                retreat(kept, &mut dstate, &mut dgiven, &mut dold);
                for (row, dgiven) in dgates.chunks_exact_mut(steps).zip(&dgiven) {
                    row[step] = *dgiven;
                }
                let rows = weight.chunks_exact(3 * size).zip(dweight.chunks_exact_mut(3 * size));
                for (((weight, dweight), before), dstate) in rows.zip(kept).zip(&mut dstate) {
                    dweight.iter_mut().zip(&dold).for_each(|(dw, d)| *dw += before * d);
                    *dstate += dot(weight, &dold);
                }
            }
        }
    }
}

/// One step back: the gradient of the state becomes that part of the older state's which went around the gates, and the
/// gradients of what input and old state gave the gates.
#[inline(always)]
fn retreat(kept: &[f32], dstate: &mut [f32], dgiven: &mut [f32], dold: &mut [f32]) {
    let size = dstate.len();
    let part = |i: usize| &kept[i * size..][..size];
    let (before, reset, update, candidate, fed) = (part(0), part(1), part(2), part(3), part(4));
    let (dgiven, dold) = (&mut dgiven[..3 * size], &mut dold[..3 * size]);
    for i in 0..size {
        let (r, z, n, d) = (reset[i], update[i], candidate[i], dstate[i]);
        let dcandidate = d * (1.0 - z) * (1.0 - n * n);
        let dupdate = d * (before[i] - n) * z * (1.0 - z);
        let dreset = dcandidate * fed[i] * r * (1.0 - r);
        (dgiven[i], dgiven[size + i], dgiven[2 * size + i]) = (dreset, dupdate, dcandidate);
        (dold[i], dold[size + i], dold[2 * size + i]) = (dreset, dupdate, dcandidate * r);
        dstate[i] = d * z;
    }
}
