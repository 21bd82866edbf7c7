use super::grid::Grid;
use super::tile::{Begin, Pairs, Panels, SLACK, Windows, pack};
use crate::activation::{exp, sigmoid};
use crate::lanes::{Lanes, Path, Work};
use crate::tile::{Products, Run};

/// The steps of a gated recurrent unit (Cho et al. 2014, arXiv:1406.1078), and the gradient back through them.
///
/// Each step holds what the input gives reset, update and candidate, side by side, and then the state, which starts at zeros. With `h` the
/// state and `W` of `[size, 3 · size]`: `r = σ(x_r + h·W_r)`, `z = σ(x_z + h·W_z)`, `n = tanh(x_n + r ⊙ h·W_n)`, and the new state is
/// `(1 − z) ⊙ n + z ⊙ h`. The examples of a batch take each step together, so that weights are read once for all.
#[derive(Clone, Debug)]
pub struct Gru {
    path: Path,
    size: usize,
    steps: usize,
    gates: Grid,
    states: Grid,
    /// From old states to what they give the gates, and back: weights as the panels want them.
    to_gates: Panels,
    to_states: Panels,
    weights: Vec<f32>,
    turned: Vec<f32>,
    /// Examples that there is room for.
    room: usize,
    /// The state of the first step of each example, and its gates.
    from_states: Pairs,
    /// The gates of the first step of each example in a buffer of theirs, and its state in another.
    from_gates: Pairs,
    /// Each old state, and the gates that it went into.
    learning: Pairs,
    /// What the old states of one step give the gates; the gradient of a step's states.
    given: Vec<f32>,
    dstate: Vec<f32>,
    /// Gradients of what old states give the gates, of all steps.
    dold: Vec<f32>,
}

impl Gru {
    /// Steps from gates in one grid to states in another; both are of sequences, the gates without a border.
    ///
    /// # Panics
    /// Where the grids do not fit each other.
    #[must_use]
    pub fn new(gates: &Grid, states: &Grid, path: Path) -> Self {
        let (size, steps) = (states.channels, states.width);
        assert_eq!((gates.channels, gates.height, gates.width), (3 * size, 1, steps));
        assert!(gates.is_plain() && states.height == 1);
        let (to_gates, to_states) = (Panels::new(path, 3 * size), Panels::new(path, size));
        let none = || Pairs::new(&[], 0, [0; 2]);
        Self {
            weights: vec![0.0; size * to_gates.pitch],
            turned: vec![0.0; 3 * size * to_states.pitch],
            path,
            size,
            steps,
            gates: *gates,
            states: *states,
            to_gates,
            to_states,
            room: 0,
            from_states: none(),
            from_gates: none(),
            learning: none(),
            given: Vec::new(),
            dstate: Vec::new(),
            dold: Vec::new(),
        }
    }

    /// Numbers that the gradient needs of one example's way there: gates, and what the state gave the candidate.
    #[must_use]
    pub fn kept_len(&self) -> usize {
        4 * self.size * self.steps
    }

    /// Bytes held here: for the weights, and for each example.
    #[must_use]
    pub fn bytes(&self) -> (usize, usize) {
        let steps = (self.steps + 1) * self.to_gates.pitch + self.to_states.pitch;
        (4 * (self.weights.len() + self.turned.len()), 4 * steps + 8 * self.steps)
    }

    /// Lays out weights, `[size, 3 · size]`; `for_gradients` says whether gradients will be asked for.
    ///
    /// # Panics
    /// Where there are not as many as the shape says.
    pub fn set_weights(&mut self, weight: &[f32], for_gradients: bool) {
        assert_eq!(weight.len(), 3 * self.size * self.size);
        self.path.run(Lay { shape: self, weight, for_gradients });
    }

    /// Computes the states of `count` examples; all of theirs in `kept` is overwritten, [`Gru::kept_len`] an example.
    ///
    /// # Panics
    /// Where a slice is shorter than that.
    pub fn forward(&mut self, count: usize, gates: &[f32], kept: &mut [f32], states: &mut [f32]) {
        self.make_room(count);
        if count * self.steps * self.size > 0 {
            self.path.run(Forward { shape: self, count, gates, kept, states });
        }
    }

    /// Computes the gradients of the gates' input, and of the weights, both being overwritten; those of the states lie without a border.
    ///
    /// # Panics
    /// As [`Gru::forward`]; [`SLACK`] more numbers are needed behind `states`.
    pub fn gradient(
        &mut self,
        count: usize,
        (kept, states): (&[f32], &[f32]),
        dstates: &[f32],
        dgates: &mut [f32],
        dweight: &mut [f32],
    ) {
        assert_eq!(dweight.len(), 3 * self.size * self.size);
        self.make_room(count);
        dweight.fill(0.0);
        if count * self.steps * self.size > 0 {
            self.path.run(Backward { shape: self, count, kept, states, dstates, dgates, dweight });
        }
    }

    fn make_room(&mut self, count: usize) {
        if count <= self.room {
            return;
        }
        let Self { steps, states, to_gates, to_states, .. } = self;
        let pitches = [to_gates.pitch, to_states.pitch];
        let one = [states.at(0, 0), 0];
        self.from_states = Pairs::new(&[one], count, [states.image_len(), pitches[0]]);
        self.from_gates = Pairs::new(&[[0; 2]], count, [*steps * pitches[0], pitches[1]]);
        let old: Vec<[usize; 2]> = (1..*steps).map(|t| [states.at(0, t - 1), t * pitches[0]]).collect();
        self.learning = Pairs::new(&old, count, [states.image_len(), *steps * pitches[0]]);
        self.given = vec![0.0; count * pitches[0]];
        self.dstate = vec![0.0; count * pitches[1]];
        self.dold = vec![0.0; count * *steps * pitches[0] + SLACK];
        self.room = count;
    }
}

/// `tanh(x)`.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (1.0 + exp(2.0 * x))
}

struct Lay<'a> {
    shape: &'a mut Gru,
    weight: &'a [f32],
    for_gradients: bool,
}

impl Work for Lay<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape: Gru { size, to_gates, to_states, weights, turned, .. }, weight, for_gradients } =
            self;
        let wide = 3 * *size;
        pack::<L>(weights, to_gates, (*size, wide), weight, |state, gate| state * wide + gate);
        if for_gradients {
            pack::<L>(turned, to_states, (wide, *size), weight, |gate, state| state * wide + gate);
        }
    }
}

struct Forward<'a> {
    shape: &'a mut Gru,
    count: usize,
    gates: &'a [f32],
    kept: &'a mut [f32],
    states: &'a mut [f32],
}

impl Work for Forward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, count, gates, kept, states } = self;
        let Gru { size, steps, to_gates, weights, from_states, given, .. } = shape;
        let (size, steps, runs) = (*size, *steps, [Run { offset: 0, len: *size }]);
        let (gates_len, states_len) = (shape.gates.image_len(), shape.states.image_len());
        for step in 0..steps {
            if step == 0 {
                given.fill(0.0);
            } else {
                let input = &states[(step - 1) * shape.states.pitch..];
                let (pairs, begin) = (&*from_states, Begin::Zero);
                Windows { input, images: count, pairs, runs: &runs, begin, output: given }
                    .panels::<L>(&to_gates.panels, weights);
            }
            for n in 0..count {
                let kept = &mut kept[(n * steps + step) * 4 * size..][..4 * size];
                let gates = &gates[n * gates_len + step * shape.gates.pitch..][..3 * size];
                let (before, now) = states[n * states_len..].split_at_mut(shape.states.at(0, step));
                let before = if step == 0 { None } else { before.len().checked_sub(shape.states.pitch) }
                    .map(|at| &before[at..][..size]);
                advance(gates, &given[n * to_gates.pitch..][..3 * size], before, kept, &mut now[..size]);
            }
        }
    }
}

/// Numbers of a state that are computed together: held in registers, they need no look at what may overlap in memory.
const TOGETHER: usize = 16;

/// Where numbers are that are computed together: all of [`TOGETHER`], or the last of a state.
#[derive(Clone, Copy)]
enum Part {
    Whole(usize),
    Last(usize, usize),
}

/// The numbers of a part, in each of `N` values of a state's size that stand side by side.
#[inline(always)]
fn load<const N: usize>(from: &[f32], size: usize, part: Part) -> [[f32; TOGETHER]; N] {
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

#[inline(always)]
fn store<const N: usize>(to: &mut [f32], size: usize, part: Part, numbers: [&[f32; TOGETHER]; N]) {
    for (i, numbers) in numbers.into_iter().enumerate() {
        match part {
            Part::Whole(at) => to[i * size + at..][..TOGETHER].copy_from_slice(numbers),
            Part::Last(at, live) => to[i * size + at..][..live].copy_from_slice(&numbers[..live]),
        }
    }
}

/// One step: `kept` gets reset, update, candidate, and what the state gave the candidate.
#[inline(always)]
fn advance(given: &[f32], old: &[f32], before: Option<&[f32]>, kept: &mut [f32], state: &mut [f32]) {
    let size = state.len();
    let whole = size / TOGETHER * TOGETHER;
    for at in (0..whole).step_by(TOGETHER) {
        advance_part(given, old, before, kept, state, Part::Whole(at));
    }
    if whole < size {
        advance_part(given, old, before, kept, state, Part::Last(whole, size - whole));
    }
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
    let [h] = if let Some(before) = before { load(before, size, part) } else { [[0.0; TOGETHER]] };
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

struct Backward<'a> {
    shape: &'a mut Gru,
    count: usize,
    kept: &'a [f32],
    states: &'a [f32],
    dstates: &'a [f32],
    dgates: &'a mut [f32],
    dweight: &'a mut [f32],
}

impl Work for Backward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, count, kept, states, dstates, dgates, dweight } = self;
        let Gru { size, steps, to_gates, to_states, turned, from_gates, dstate, dold, .. } = shape;
        let (size, steps, wide) = (*size, *steps, to_gates.pitch);
        let (gates, own) = (shape.gates, shape.states);
        dstate.fill(0.0);
        let runs = [Run { offset: 0, len: 3 * size }];
        let dpitch = to_states.pitch;
        for step in (0..steps).rev() {
            for n in 0..count {
                let d = &mut dstate[n * dpitch..][..size];
                let dy = &dstates[(n * steps + step) * dpitch..][..size];
                d.iter_mut().zip(dy).for_each(|(d, dy)| *d += dy);
                let kept = &kept[(n * steps + step) * 4 * size..][..4 * size];
                let before = (step > 0).then(|| &states[n * own.image_len() + own.at(0, step - 1)..][..size]);
                let to = n * gates.image_len() + step * gates.pitch;
                let dgates = &mut dgates[to..][..3 * size];
                retreat(kept, before, d, dgates, &mut dold[(n * steps + step) * wide..][..3 * size]);
            }
            if step > 0 {
                let input = &dold[step * wide..];
                let (pairs, begin) = (&*from_gates, Begin::There);
                Windows { input, images: count, pairs, runs: &runs, begin, output: dstate }
                    .panels::<L>(&to_states.panels, turned);
            }
        }
        let (pixels, _) = shape.learning.of(count);
        let runs = [Run { offset: 0, len: size }];
        if wide == 3 * size {
            Products { input: states, gradient: dold, pixels, runs: &runs, output: dweight, pitch: wide }
                .panels::<L>(&to_gates.panels);
            return;
        }
        let mut sums = vec![0.0; size * wide];
        Products { input: states, gradient: dold, pixels, runs: &runs, output: &mut sums, pitch: wide }
            .panels::<L>(&to_gates.panels);
        for (to, sums) in dweight.chunks_exact_mut(3 * size).zip(sums.chunks_exact(wide)) {
            to.copy_from_slice(&sums[..3 * size]);
        }
    }
}

/// One step back: the gradient of the state becomes that part of the older state's which went around the gates, and the
/// gradients of what input and old state gave the gates.
#[inline(always)]
fn retreat(kept: &[f32], before: Option<&[f32]>, dstate: &mut [f32], dgiven: &mut [f32], dold: &mut [f32]) {
    let size = dstate.len();
    let whole = size / TOGETHER * TOGETHER;
    for at in (0..whole).step_by(TOGETHER) {
        retreat_part(kept, before, dstate, dgiven, dold, Part::Whole(at));
    }
    if whole < size {
        retreat_part(kept, before, dstate, dgiven, dold, Part::Last(whole, size - whole));
    }
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
    let [h] = if let Some(before) = before { load(before, size, part) } else { [[0.0; TOGETHER]] };
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
