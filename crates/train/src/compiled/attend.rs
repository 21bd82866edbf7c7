//! Attention among steps, and numbers learned for each step.

use super::Step;
use super::store::{Pass, Store, ValueId};
use crate::rotation::rotate;
use nascent_core::architecture::op::SelfAttention;
use nascent_kernels::last::{Grid, Heads, SLACK};

/// Attention from queries, keys and values side by side.
pub(super) struct Attend {
    pub x: ValueId,
    pub y: ValueId,
    pub codes: Option<ValueId>,
    heads: Heads,
    /// Heads of queries and keys.
    turned: usize,
    /// The cosines and sines by which they are turned, `[pairs of a head, steps]`, where they are.
    turns: Option<[Vec<f32>; 2]>,
    /// Who attends to whom, of all examples.
    weights: Vec<f32>,
    /// The codes of all examples, close together.
    live: Vec<f32>,
}

impl Attend {
    pub fn new(
        store: &mut Store,
        (x, y): (ValueId, ValueId),
        codes: Option<ValueId>,
        op: &SelfAttention,
    ) -> Self {
        let (projected, answers) = (store.values[x.0].grid, store.values[y.0].grid);
        let heads = Heads::new(&projected, &answers, [op.heads, op.key_heads], op.causal, store.path)
            .with_slopes(op.slopes());
        store.held.0 += 4 * heads.weights_len() as u64;
        let turns = op.turns(answers.channels / op.heads, answers.width);
        let turned = op.heads + op.key_heads;
        Self { x, y, codes, heads, turned, turns, weights: Vec::new(), live: Vec::new() }
    }

    /// Turns queries and keys that lie in a grid where they are, or back where `way` is -1.
    fn turn(&self, numbers: &mut [f32], grid: &Grid, images: usize, way: f32) {
        let Some([cosines, sines]) = &self.turns else { return };
        let (steps, pairs) = (grid.width, cosines.len() / grid.width);
        for n in 0..images {
            for step in 0..steps {
                let pixel = &mut numbers[n * grid.image_len() + grid.at(0, step)..][..grid.channels];
                // Values come after queries and keys.
                for head in pixel.chunks_exact_mut(2 * pairs).take(self.turned) {
                    let angles = cosines[step..].iter().zip(&sines[step..]).step_by(steps);
                    rotate(head, angles.map(|(cosine, sine)| [*cosine, way * sine]));
                }
            }
        }
    }
}

impl Step for Attend {
    fn forward(&mut self, pass: &mut Pass<'_>) {
        let len = pass.images * self.heads.weights_len() + SLACK;
        if self.weights.len() < len {
            self.weights = vec![0.0; len];
        }
        if self.turns.is_some() {
            // Nothing else reads them.
            let mut x = pass.store.take(self.x);
            self.turn(&mut x, &pass.store.values[self.x.0].grid, pass.images, 1.0);
            pass.store.put(self.x, x);
        }
        let codes = self.codes.map(|codes| {
            self.live.clear();
            pass.store.tell(codes, pass.images, &mut self.live);
            &self.live[..]
        });
        let mut y = pass.store.take(self.y);
        let x = pass.store.images(self.x, 0).numbers;
        self.heads.forward(pass.images, x, codes, &mut self.weights, &mut y);
        pass.store.put(self.y, y);
    }

    fn backward(&mut self, pass: &mut Pass<'_>) {
        pass.store.settle(self.y, pass.images);
        let (mut dx, _) = pass.store.take_gradient(self.x);
        if let Some(dy) = pass.store.gradient(self.y, 0) {
            let x = pass.store.images(self.x, 0).numbers;
            self.heads.gradient(pass.images, x, &self.weights, dy.numbers, &mut dx);
            self.turn(&mut dx, &pass.store.values[self.x.0].flat, pass.images, -1.0);
        }
        pass.store.put_gradient(self.x, dx);
    }
}

/// Adds what was learned for each channel of each step, `[channels, steps]`.
pub(super) struct Positions {
    pub x: ValueId,
    pub y: ValueId,
    pub slot: usize,
}

impl Step for Positions {
    fn forward(&mut self, pass: &mut Pass<'_>) {
        let (x, grid) = (&pass.store.values[self.x.0], pass.store.values[self.y.0].grid);
        let learned = &pass.weights[self.slot];
        let from = x.grid;
        let mut y = pass.store.take(self.y);
        let x = &pass.store.values[self.x.0].numbers;
        for n in 0..pass.images {
            for step in 0..grid.width {
                let from = &x[n * from.image_len() + from.at(0, step)..][..grid.channels];
                let to = &mut y[n * grid.image_len() + grid.at(0, step)..][..grid.channels];
                let learned = learned[step..].iter().step_by(grid.width);
                to.iter_mut().zip(from).zip(learned).for_each(|((to, x), learned)| *to = x + learned);
            }
        }
        pass.store.put(self.y, y);
    }

    fn backward(&mut self, pass: &mut Pass<'_>) {
        pass.store.settle(self.y, pass.images);
        let flat = pass.store.values[self.y.0].flat;
        let len = pass.weights[self.slot].len();
        let mut sum = std::mem::take(pass.store.learn(self.slot, len));
        sum.fill(0.0);
        if let Some(dy) = pass.store.gradient(self.y, 0) {
            for n in 0..pass.images {
                for step in 0..flat.width {
                    let dy = &dy.numbers[n * flat.image_len() + step * flat.pitch..][..flat.channels];
                    let sum = sum[step..].iter_mut().step_by(flat.width);
                    sum.zip(dy).for_each(|(sum, g)| *sum += g);
                }
            }
        }
        *pass.store.learn(self.slot, 0) = sum;
        if pass.store.values[self.x.0].is_tracked {
            let mut dx = pass.store.take_sum(self.x, pass.images);
            if let Some(dy) = pass.store.gradient(self.y, 0) {
                let len = pass.images * flat.image_len();
                dx[..len].iter_mut().zip(dy.numbers).for_each(|(to, g)| *to += g);
            }
            pass.store.put_gradient(self.x, dx);
        }
    }
}
