//! Units whose gates take one product with the old state a step.

use super::{Recurrence, carry, gru, lstm, state_at};
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

    /// Values of a state's size that a step leaves to the next.
    fn carried(self) -> usize {
        match self {
            Self::Gru => 1,
            Self::Lstm => 2,
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
    /// State and memory before the first step of each example, one after another; nothing: zeros.
    carried: Vec<f32>,
    /// That state of each example, and the sums of the first step; the same, and the gates that it went into.
    from_carried: Pairs,
    carried_learning: Pairs,
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
            carried: Vec::new(),
            from_carried: none(),
            carried_learning: none(),
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
        let (steps, states, carried) = (self.steps, self.states, self.carried_len());
        let pitches = [self.to_gates.pitch, self.to_states.pitch];
        let (state_len, gates_len) = (states.image_len(), steps * pitches[0]);
        self.from_states = Pairs::new(&[[states.at(0, 0), 0]], count, [state_len, pitches[0]]);
        self.from_gates = Pairs::new(&[[0; 2]], count, [gates_len, pitches[1]]);
        let old: Vec<[usize; 2]> = (1..steps).map(|t| [states.at(0, t - 1), t * pitches[0]]).collect();
        self.learning = Pairs::new(&old, count, [state_len, gates_len]);
        self.from_carried = Pairs::new(&[[0; 2]], count, [carried, pitches[0]]);
        self.carried_learning = Pairs::new(&[[0; 2]], count, [carried, gates_len]);
        self.given = vec![0.0; count * pitches[0]];
        self.dstate = vec![0.0; count * pitches[1]];
        self.dmemory = vec![0.0; count * pitches[1]];
        self.dold = vec![0.0; count * gates_len + SLACK];
        self.room = count;
    }

    /// The state of an example before its first step, or with 1 as part its memory; none where that is zeros.
    #[inline(always)]
    fn carried(&self, example: usize, part: usize) -> Option<&[f32]> {
        let at = (example * self.unit.carried() + part) * self.size;
        (!self.carried.is_empty()).then(|| &self.carried[at..][..self.size])
    }
}

impl Recurrence for Gated {
    fn kept_len(&self) -> usize {
        self.unit.kept() * self.size * self.steps
    }

    fn carried_len(&self) -> usize {
        self.unit.carried() * self.size
    }

    fn begin(&mut self, carried: &[f32]) {
        carry(carried, &mut self.carried);
    }

    fn end(&self, count: usize, kept: &[f32], states: &[f32], carried: &mut Vec<f32>) {
        let (size, Some(last)) = (self.size, self.steps.checked_sub(1)) else { return };
        carried.clear();
        for n in 0..count {
            carried.extend_from_slice(state_at(states, &self.states, n, last));
            if self.unit == Gates::Lstm {
                // The memory is the last that is kept of a step.
                let ends = (n + 1) * self.kept_len();
                carried.extend_from_slice(&kept[ends - size..ends]);
            }
        }
    }

    fn bytes(&self) -> (usize, usize) {
        let steps = (self.steps + 1) * self.to_gates.pitch + 2 * self.to_states.pitch;
        let carried = self.carried_len();
        (4 * (self.weights.len() + self.turned.len()), 4 * (steps + carried) + 8 * (self.steps + 2))
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
        let mut given = std::mem::take(&mut shape.given);
        let Gated { unit, size, steps, to_gates, weights, from_states, from_carried, carried, .. } = &*shape;
        let (size, steps, runs) = (*size, *steps, [Run { offset: 0, len: *size }]);
        let (wide, each) = (unit.count() * size, unit.kept() * size);
        let (gates_len, states_len) = (shape.gates.image_len(), shape.states.image_len());
        for step in 0..steps {
            if step == 0 && carried.is_empty() {
                given.fill(0.0);
            } else {
                let (input, pairs) = match step {
                    0 => (&carried[..], from_carried),
                    _ => (&states[(step - 1) * shape.states.pitch..], from_states),
                };
                Windows { input, images: count, pairs, runs: &runs, begin: Begin::Zero, output: &mut given }
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
                        let before = match step {
                            0 => shape.carried(n, 0),
                            _ => Some(&before[before.len() - shape.states.pitch..][..size]),
                        };
                        gru::advance(gates, old, before, kept, now);
                    }
                    Gates::Lstm => {
                        let before = match step {
                            0 => shape.carried(n, 1),
                            _ => Some(&earlier[earlier.len() - size..]),
                        };
                        lstm::advance(gates, old, before, kept, now);
                    }
                }
            }
        }
        shape.given = given;
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
        let [mut dstate, mut dmemory, mut dold] =
            [&mut shape.dstate, &mut shape.dmemory, &mut shape.dold].map(std::mem::take);
        let Gated { unit, size, steps, to_gates, to_states, turned, from_gates, .. } = &*shape;
        let (size, steps, pitch) = (*size, *steps, to_gates.pitch);
        let (wide, each) = (unit.count() * size, unit.kept() * size);
        let gates = shape.gates;
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
                        let before = match step {
                            0 => shape.carried(n, 0),
                            _ => Some(state_at(states, &shape.states, n, step - 1)),
                        };
                        gru::retreat(known, before, d, dgates, dold);
                    }
                    Gates::Lstm => {
                        let before = match step {
                            0 => shape.carried(n, 1),
                            _ => Some(&kept[at - size..][..size]),
                        };
                        let dmemory = &mut dmemory[n * dpitch..][..size];
                        lstm::retreat(known, before, (d, dmemory), dgates, dold);
                    }
                }
            }
            // Nothing is asked of the state before the first.
            if step > 0 {
                let input = &dold[step * pitch..];
                let (pairs, begin) = (from_gates, Begin::There);
                Windows { input, images: count, pairs, runs: &runs, begin, output: &mut dstate }
                    .panels::<L>(&to_states.panels, turned);
            }
        }
        let runs = [Run { offset: 0, len: size }];
        let mut padded = if pitch == wide { Vec::new() } else { vec![0.0; size * pitch] };
        let output = if pitch == wide { &mut *dweight } else { &mut padded[..] };
        // In a closure, the products would lose the path's instructions.
        for (input, pairs) in [(states, &shape.learning), (&shape.carried[..], &shape.carried_learning)] {
            if !input.is_empty() {
                let (pixels, _) = pairs.of(count);
                Products { input, gradient: &dold, pixels, runs: &runs, output: &mut *output, pitch }
                    .panels::<L>(&to_gates.panels);
            }
        }
        for (to, sums) in dweight.chunks_exact_mut(wide).zip(padded.chunks_exact(pitch)) {
            to.copy_from_slice(&sums[..wide]);
        }
        (shape.dstate, shape.dmemory, shape.dold) = (dstate, dmemory, dold);
    }
}
