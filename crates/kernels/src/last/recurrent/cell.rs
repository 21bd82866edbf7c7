//! Cells put together of nodes, each with a product of its own.

use super::node::{KEPT, advance, average, given_by, retreat};
use super::{CellNode, Recurrence, carry, state_at};
use crate::lanes::{Lanes, Path, Work};
use crate::last::grid::Grid;
use crate::last::tile::{Begin, Pairs, Panels, SLACK, Windows, pack};
use crate::tile::{Products, Run};

/// The steps of a cell.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    path: Path,
    size: usize,
    steps: usize,
    nodes: Vec<CellNode>,
    /// The nodes that no other reads.
    ends: Vec<usize>,
    gates: Grid,
    states: Grid,
    /// From what a node reads to its gate and value, and back: weights of all nodes as the panels want them.
    to_gates: Panels,
    to_states: Panels,
    weights: Vec<f32>,
    turned: Vec<f32>,
    /// Gradients of a node's weights, as the panels want them.
    learned: Vec<f32>,
    /// Examples that there is room for.
    room: usize,
    /// The state of the first step of each example, and its sums.
    from_states: Pairs,
    /// What a node gives in the first step of each example, and the sums of one that reads it.
    from_nodes: Pairs,
    /// The gradients of a node's sums in the first step of each example, and of what it reads.
    from_sums: Pairs,
    /// Each old state, and the gradients of the sums that it went into; the same of what nodes give.
    states_learning: Pairs,
    nodes_learning: Pairs,
    /// The state before the first step of each example, one after another; nothing: zeros.
    carried: Vec<f32>,
    /// That state of each example, and the sums of the first step; the same, and the gradients of the sums that it went into.
    from_carried: Pairs,
    carried_learning: Pairs,
    /// The sums of one node in one step.
    sums: Vec<f32>,
    /// The gradients of what the nodes give in one step, and of the old state.
    dnodes: Vec<f32>,
    dstate: Vec<f32>,
    /// The gradients of the sums of all nodes in all steps.
    dsums: Vec<f32>,
}

impl Cell {
    /// Steps from gates in one grid to states in another.
    pub fn new(nodes: &[CellNode], gates: &Grid, states: &Grid, path: Path) -> Self {
        let reads_earlier =
            |(i, node): (usize, &CellNode)| node.reads.map_or(i == 0, |read| i > 0 && read < i);
        assert!(!nodes.is_empty() && nodes.iter().enumerate().all(reads_earlier));
        let (size, count) = (states.channels, nodes.len());
        let is_read = |i: &usize| nodes.iter().any(|node| node.reads == Some(*i));
        let (to_gates, to_states) = (Panels::new(path, 2 * size), Panels::new(path, size));
        let none = || Pairs::new(&[], 0, [0; 2]);
        Self {
            path,
            size,
            steps: states.width,
            nodes: nodes.to_vec(),
            ends: (0..count).filter(|i| !is_read(i)).collect(),
            gates: *gates,
            states: *states,
            weights: vec![0.0; count * size * to_gates.pitch],
            turned: vec![0.0; count * 2 * size * to_states.pitch],
            learned: vec![0.0; size * to_gates.pitch],
            to_gates,
            to_states,
            room: 0,
            from_states: none(),
            from_nodes: none(),
            from_sums: none(),
            states_learning: none(),
            nodes_learning: none(),
            carried: Vec::new(),
            from_carried: none(),
            carried_learning: none(),
            sums: Vec::new(),
            dnodes: Vec::new(),
            dstate: Vec::new(),
            dsums: Vec::new(),
        }
    }

    /// Numbers that the gradient needs of one example's step.
    fn kept_of_step(&self) -> usize {
        KEPT * self.nodes.len() * self.size
    }

    fn make_room(&mut self, count: usize) {
        if count <= self.room {
            return;
        }
        let (steps, nodes, kept) = (self.steps, self.nodes.len(), self.kept_of_step());
        let pitches = [self.to_gates.pitch, self.to_states.pitch];
        // The numbers of one example in each buffer.
        let (state_len, kept_len, sums_len) =
            (self.states.image_len(), steps * kept, steps * nodes * pitches[0]);
        let states = self.states;
        self.from_states = Pairs::new(&[[states.at(0, 0), 0]], count, [state_len, pitches[0]]);
        self.from_nodes = Pairs::new(&[[0; 2]], count, [kept_len, pitches[0]]);
        self.from_sums = Pairs::new(&[[0; 2]], count, [sums_len, pitches[1]]);
        let old: Vec<[usize; 2]> =
            (1..steps).map(|t| [states.at(0, t - 1), t * nodes * pitches[0]]).collect();
        self.states_learning = Pairs::new(&old, count, [state_len, sums_len]);
        let read: Vec<[usize; 2]> = (0..steps).map(|t| [t * kept, t * nodes * pitches[0]]).collect();
        self.nodes_learning = Pairs::new(&read, count, [kept_len, sums_len]);
        self.from_carried = Pairs::new(&[[0; 2]], count, [self.size, pitches[0]]);
        self.carried_learning = Pairs::new(&[[0; 2]], count, [self.size, sums_len]);
        self.sums = vec![0.0; count * pitches[0]];
        self.dnodes = vec![0.0; nodes * count * pitches[1]];
        self.dstate = vec![0.0; count * pitches[1]];
        self.dsums = vec![0.0; count * sums_len + SLACK];
        self.room = count;
    }

    /// The state of an example before its first step; none where that is zeros.
    #[inline(always)]
    fn carried(&self, example: usize) -> Option<&[f32]> {
        (!self.carried.is_empty()).then(|| &self.carried[example * self.size..][..self.size])
    }
}

impl Recurrence for Cell {
    fn kept_len(&self) -> usize {
        self.kept_of_step() * self.steps
    }

    fn carried_len(&self) -> usize {
        self.size
    }

    fn begin(&mut self, carried: &[f32]) {
        carry(carried, &mut self.carried);
    }

    fn end(&self, count: usize, _: &[f32], states: &[f32], carried: &mut Vec<f32>) {
        let Some(last) = self.steps.checked_sub(1) else { return };
        carried.clear();
        for n in 0..count {
            carried.extend_from_slice(state_at(states, &self.states, n, last));
        }
    }

    fn bytes(&self) -> (usize, usize) {
        let (nodes, pairs) = (self.nodes.len(), 2 * self.steps + 4);
        let sums = (self.steps * nodes + 1) * self.to_gates.pitch;
        let fixed = self.weights.len() + self.turned.len() + self.learned.len();
        (4 * fixed, 4 * (sums + self.size + (nodes + 1) * self.to_states.pitch) + 8 * pairs)
    }

    fn set_weights(&mut self, weight: &[f32], for_gradients: bool) {
        assert_eq!(weight.len(), 2 * self.nodes.len() * self.size * self.size);
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
        assert_eq!(dweight.len(), 2 * self.nodes.len() * self.size * self.size);
        self.make_room(count);
        dweight.fill(0.0);
        if count * self.steps * self.size > 0 {
            self.path.run(Backward { shape: self, count, kept, states, dstates, dgates, dweight });
        }
    }
}

struct Lay<'a> {
    shape: &'a mut Cell,
    weight: &'a [f32],
    for_gradients: bool,
}

impl Work for Lay<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, weight, for_gradients } = self;
        let Cell { nodes, size, to_gates, to_states, weights, turned, .. } = shape;
        let (size, wide) = (*size, 2 * *size);
        let (len, turned_len) = (size * to_gates.pitch, wide * to_states.pitch);
        for i in 0..nodes.len() {
            let weight = &weight[i * size * wide..][..size * wide];
            let own = &mut weights[i * len..][..len];
            pack::<L>(own, to_gates, (size, wide), weight, |state, gate| state * wide + gate);
            if for_gradients {
                let own = &mut turned[i * turned_len..][..turned_len];
                pack::<L>(own, to_states, (wide, size), weight, |gate, state| state * wide + gate);
            }
        }
    }
}

struct Forward<'a> {
    shape: &'a mut Cell,
    count: usize,
    gates: &'a [f32],
    kept: &'a mut [f32],
    states: &'a mut [f32],
}

impl Work for Forward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, count, gates, kept, states } = self;
        let (each, gates_grid, grid) = (shape.kept_of_step(), shape.gates, shape.states);
        let mut sums = std::mem::take(&mut shape.sums);
        let Cell { size, steps, nodes, ends, to_gates, weights, carried, .. } = &*shape;
        let Cell { from_states, from_nodes, from_carried, .. } = &*shape;
        let (size, steps, wide, pitch) = (*size, *steps, 2 * *size, to_gates.pitch);
        let runs = [Run { offset: 0, len: size }];
        for step in 0..steps {
            for (i, node) in nodes.iter().enumerate() {
                let (input, pairs) = match node.reads {
                    Some(read) => (&kept[step * each + (KEPT * read + 2) * size..], from_nodes),
                    None if step == 0 => (&carried[..], from_carried),
                    None => (&states[(step - 1) * grid.pitch..], from_states),
                };
                if input.is_empty() {
                    sums.fill(0.0);
                } else {
                    let weights = &weights[i * size * pitch..][..size * pitch];
                    Windows {
                        input,
                        images: count,
                        pairs,
                        runs: &runs,
                        begin: Begin::Zero,
                        output: &mut sums,
                    }
                    .panels::<L>(&to_gates.panels, weights);
                }
                for n in 0..count {
                    let own = &mut kept[(n * steps + step) * each..][..each];
                    let (earlier, own) = own.split_at_mut(KEPT * i * size);
                    let own = &mut own[..KEPT * size];
                    let sums = &sums[n * pitch..][..wide];
                    let (before, given) = match node.reads {
                        Some(read) => (Some(given_by(earlier, read, size)), None),
                        None => {
                            let old = match step {
                                0 => shape.carried(n),
                                _ => Some(state_at(states, &grid, n, step - 1)),
                            };
                            let at = n * gates_grid.image_len() + step * gates_grid.pitch;
                            (old, Some(&gates[at..][..wide]))
                        }
                    };
                    advance(node.function, sums, given, before, own);
                }
            }
            for n in 0..count {
                let own = &kept[(n * steps + step) * each..][..each];
                let state = &mut states[n * grid.image_len() + grid.at(0, step)..][..size];
                average(own, ends, state);
            }
        }
        shape.sums = sums;
    }
}

struct Backward<'a> {
    shape: &'a mut Cell,
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
        let (each, gates_grid, grid, room) = (shape.kept_of_step(), shape.gates, shape.states, shape.room);
        let [mut dnodes, mut dstate, mut dsums, mut learned] =
            [&mut shape.dnodes, &mut shape.dstate, &mut shape.dsums, &mut shape.learned].map(std::mem::take);
        let Cell { size, steps, nodes, ends, to_gates, to_states, turned, from_sums, .. } = &*shape;
        let (size, steps, wide) = (*size, *steps, 2 * *size);
        let (pitch, dpitch) = (to_gates.pitch, to_states.pitch);
        let (of_node, turned_len) = (room * dpitch, wide * dpitch);
        let runs = [Run { offset: 0, len: wide }];
        let share = 1.0 / ends.len() as f32;
        dstate.fill(0.0);
        for step in (0..steps).rev() {
            dnodes.fill(0.0);
            for n in 0..count {
                let d = &mut dstate[n * dpitch..][..size];
                let dy = &dstates[(n * steps + step) * dpitch..][..size];
                for (d, dy) in d.iter_mut().zip(dy) {
                    *d = share * (*d + dy);
                }
                for end in ends {
                    dnodes[end * of_node + n * dpitch..][..size].copy_from_slice(d);
                }
                d.fill(0.0);
            }
            for (i, node) in nodes.iter().enumerate().rev() {
                let (earlier, own) = dnodes.split_at_mut(i * of_node);
                let dread = match node.reads {
                    Some(read) => &mut earlier[read * of_node..][..of_node],
                    None => &mut dstate[..],
                };
                for n in 0..count {
                    let known = &kept[(n * steps + step) * each..][..each];
                    let before = match node.reads {
                        Some(read) => Some(given_by(known, read, size)),
                        None if step == 0 => shape.carried(n),
                        None => Some(state_at(states, &grid, n, step - 1)),
                    };
                    let known = &known[KEPT * i * size..][..KEPT * size];
                    let dsums = &mut dsums[((n * steps + step) * nodes.len() + i) * pitch..][..wide];
                    let (d, dread) = (&own[n * dpitch..][..size], &mut dread[n * dpitch..][..size]);
                    retreat(node.function, known, before, d, dread, dsums);
                    if node.reads.is_none() {
                        let to = n * gates_grid.image_len() + step * gates_grid.pitch;
                        dgates[to..][..wide].copy_from_slice(dsums);
                    }
                }
                // Nothing is asked of the state before the first.
                if node.reads.is_some() || step > 0 {
                    let input = &dsums[(step * nodes.len() + i) * pitch..];
                    let turned = &turned[i * turned_len..][..turned_len];
                    let (pairs, begin) = (from_sums, Begin::There);
                    Windows { input, images: count, pairs, runs: &runs, begin, output: dread }
                        .panels::<L>(&to_states.panels, turned);
                }
            }
        }
        let runs = [Run { offset: 0, len: size }];
        for (i, node) in nodes.iter().enumerate() {
            let (of_steps, of_first) = match node.reads {
                Some(read) => ((&kept[(KEPT * read + 2) * size..], &shape.nodes_learning), None),
                None => {
                    let carried = (&shape.carried[..], &shape.carried_learning);
                    (
                        (states, &shape.states_learning),
                        Some(carried).filter(|(carried, _)| !carried.is_empty()),
                    )
                }
            };
            learned.fill(0.0);
            let gradient = &dsums[i * pitch..];
            for (input, pairs) in std::iter::once(of_steps).chain(of_first) {
                let (pixels, _) = pairs.of(count);
                Products { input, gradient, pixels, runs: &runs, output: &mut learned, pitch }
                    .panels::<L>(&to_gates.panels);
            }
            let own = &mut dweight[i * size * wide..][..size * wide];
            for (to, learned) in own.chunks_exact_mut(wide).zip(learned.chunks_exact(pitch)) {
                to.copy_from_slice(&learned[..wide]);
            }
        }
        (shape.dnodes, shape.dstate, shape.dsums, shape.learned) = (dnodes, dstate, dsums, learned);
    }
}
