//! Units whose gates take one product with the old state a step.

use super::{Recurrence, gru, lstm};
use crate::lanes::{Lanes, Path, Work};
use crate::last::grid::Grid;
use crate::last::tile::{Begin, Pairs, Panels, SLACK, Windows, pack};
use crate::tile::{Products, Run};

/// Which unit it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gates {
    Gru,
    Lstm,
}

impl Gates {
    /// Gates of each number of the state.
    fn count(self) -> usize {
        match self {
            Self::Gru => 3,
            Self::Lstm => 4,
        }
    }

    /// Values of a state's size that the gradient needs of a step.
    fn kept(self) -> usize {
        match self {
            Self::Gru => gru::KEPT,
            Self::Lstm => lstm::KEPT,
        }
    }
}

/// The steps of such a unit.
#[derive(Clone, Debug)]
pub(super) struct Gated {
    unit: Gates,
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
    /// What the old states of one step give the gates; the gradients of a step's states and memories.
    given: Vec<f32>,
    dstate: Vec<f32>,
    dmemory: Vec<f32>,
    /// Gradients of what old states give the gates, of all steps.
    dold: Vec<f32>,
}

impl Gated {
    /// Steps from gates in one grid to states in another.
    pub fn new(unit: Gates, gates: &Grid, states: &Grid, path: Path) -> Self {
        let (size, steps) = (states.channels, states.width);
        let (to_gates, to_states) = (Panels::new(path, unit.count() * size), Panels::new(path, size));
        let none = || Pairs::new(&[], 0, [0; 2]);
        Self {
            unit,
            weights: vec![0.0; size * to_gates.pitch],
            turned: vec![0.0; unit.count() * size * to_states.pitch],
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
            dmemory: Vec::new(),
            dold: Vec::new(),
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
        self.dmemory = vec![0.0; count * pitches[1]];
        self.dold = vec![0.0; count * *steps * pitches[0] + SLACK];
        self.room = count;
    }
}

impl Recurrence for Gated {
    fn kept_len(&self) -> usize {
        self.unit.kept() * self.size * self.steps
    }

    fn bytes(&self) -> (usize, usize) {
        let steps = (self.steps + 1) * self.to_gates.pitch + 2 * self.to_states.pitch;
        (4 * (self.weights.len() + self.turned.len()), 4 * steps + 8 * self.steps)
    }

    fn set_weights(&mut self, weight: &[f32], for_gradients: bool) {
        assert_eq!(weight.len(), self.unit.count() * self.size * self.size);
        self.path.run(Lay { shape: self, weight, for_gradients });
    }

    fn forward(&mut self, count: usize, gates: &[f32], kept: &mut [f32], states: &mut [f32]) {
        self.make_room(count);
        if count * self.steps * self.size > 0 {
            self.path.run(Forward { shape: self, count, gates, kept, states });
        }
    }

    fn gradient(
        &mut self,
        count: usize,
        (kept, states): (&[f32], &[f32]),
        dstates: &[f32],
        dgates: &mut [f32],
        dweight: &mut [f32],
    ) {
        assert_eq!(dweight.len(), self.unit.count() * self.size * self.size);
        self.make_room(count);
        dweight.fill(0.0);
        if count * self.steps * self.size > 0 {
            self.path.run(Backward { shape: self, count, kept, states, dstates, dgates, dweight });
        }
    }
}

struct Lay<'a> {
    shape: &'a mut Gated,
    weight: &'a [f32],
    for_gradients: bool,
}

impl Work for Lay<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, weight, for_gradients } = self;
        let Gated { unit, size, to_gates, to_states, weights, turned, .. } = shape;
        let wide = unit.count() * *size;
        pack::<L>(weights, to_gates, (*size, wide), weight, |state, gate| state * wide + gate);
        if for_gradients {
            pack::<L>(turned, to_states, (wide, *size), weight, |gate, state| state * wide + gate);
        }
    }
}

struct Forward<'a> {
    shape: &'a mut Gated,
    count: usize,
    gates: &'a [f32],
    kept: &'a mut [f32],
    states: &'a mut [f32],
}

impl Work for Forward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, count, gates, kept, states } = self;
        let Gated { unit, size, steps, to_gates, weights, from_states, given, .. } = shape;
        let (size, steps, runs) = (*size, *steps, [Run { offset: 0, len: *size }]);
        let (wide, each) = (unit.count() * size, unit.kept() * size);
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
                let (earlier, kept) = kept.split_at_mut((n * steps + step) * each);
                let kept = &mut kept[..each];
                let gates = &gates[n * gates_len + step * shape.gates.pitch..][..wide];
                let old = &given[n * to_gates.pitch..][..wide];
                let (before, now) = states[n * states_len..].split_at_mut(shape.states.at(0, step));
                let now = &mut now[..size];
                match unit {
                    Gates::Gru => {
                        let from =
                            if step == 0 { None } else { before.len().checked_sub(shape.states.pitch) };
                        gru::advance(gates, old, from.map(|at| &before[at..][..size]), kept, now);
                    }
                    Gates::Lstm => {
                        let from = if step == 0 { None } else { earlier.len().checked_sub(size) };
                        lstm::advance(gates, old, from.map(|at| &earlier[at..]), kept, now);
                    }
                }
            }
        }
    }
}

struct Backward<'a> {
    shape: &'a mut Gated,
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
        let Gated {
            unit, size, steps, to_gates, to_states, turned, from_gates, dstate, dmemory, dold, ..
        } = shape;
        let (size, steps, pitch) = (*size, *steps, to_gates.pitch);
        let (wide, each) = (unit.count() * size, unit.kept() * size);
        let (gates, own) = (shape.gates, shape.states);
        dstate.fill(0.0);
        dmemory.fill(0.0);
        let runs = [Run { offset: 0, len: wide }];
        let dpitch = to_states.pitch;
        for step in (0..steps).rev() {
            for n in 0..count {
                let d = &mut dstate[n * dpitch..][..size];
                let dy = &dstates[(n * steps + step) * dpitch..][..size];
                d.iter_mut().zip(dy).for_each(|(d, dy)| *d += dy);
                let at = (n * steps + step) * each;
                let to = n * gates.image_len() + step * gates.pitch;
                let dgates = &mut dgates[to..][..wide];
                let dold = &mut dold[(n * steps + step) * pitch..][..wide];
                let known = &kept[at..][..each];
                match unit {
                    Gates::Gru => {
                        let before =
                            (step > 0).then(|| &states[n * own.image_len() + own.at(0, step - 1)..][..size]);
                        gru::retreat(known, before, d, dgates, dold);
                    }
                    Gates::Lstm => {
                        let before = (step > 0).then(|| &kept[at - size..][..size]);
                        let dmemory = &mut dmemory[n * dpitch..][..size];
                        lstm::retreat(known, before, (d, dmemory), dgates, dold);
                    }
                }
            }
            if step > 0 {
                let input = &dold[step * pitch..];
                let (pairs, begin) = (&*from_gates, Begin::There);
                Windows { input, images: count, pairs, runs: &runs, begin, output: dstate }
                    .panels::<L>(&to_states.panels, turned);
            }
        }
        let (pixels, _) = shape.learning.of(count);
        let runs = [Run { offset: 0, len: size }];
        if pitch == wide {
            Products { input: states, gradient: dold, pixels, runs: &runs, output: dweight, pitch }
                .panels::<L>(&to_gates.panels);
            return;
        }
        let mut sums = vec![0.0; size * pitch];
        Products { input: states, gradient: dold, pixels, runs: &runs, output: &mut sums, pitch }
            .panels::<L>(&to_gates.panels);
        for (to, sums) in dweight.chunks_exact_mut(wide).zip(sums.chunks_exact(pitch)) {
            to.copy_from_slice(&sums[..wide]);
        }
    }
}
