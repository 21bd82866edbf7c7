//! Recurrent units.

use super::Step;
use super::store::{Pass, Store, ValueId};
use nascent_kernels::last::{Recurrence, SLACK, Unit};

/// The states of a recurrent unit, from what the input gives its gates.
pub(super) struct Recur {
    x: ValueId,
    y: ValueId,
    slot: usize,
    kernel: Box<dyn Recurrence>,
    kept: Vec<f32>,
}

/// Numbers that are kept on the way where nothing is learned: then they serve the next examples.
const KEPT_AT_ONCE: usize = 1 << 23;

impl Recur {
    pub fn new(store: &mut Store, (x, y): (ValueId, ValueId), slot: usize, unit: &Unit) -> Self {
        let kernel = unit.steps(&store.values[x.0].grid, &store.values[y.0].grid, store.path);
        let (fixed, each) = kernel.bytes();
        // What is carried lies between the batches as well as here.
        store.held.0 += (each + 4 * (kernel.kept_len() + kernel.carried_len())) as u64;
        store.held.1 += (fixed + 4 * SLACK) as u64;
        Self { x, y, slot, kernel, kept: Vec::new() }
    }
}

impl Step for Recur {
    fn forward(&mut self, pass: &mut Pass<'_>) {
        self.kernel.set_weights(&pass.weights[self.slot], pass.is_training());
        let carried = pass.carried.as_ref().and_then(|carried| carried.get(&self.slot));
        self.kernel.begin(carried.map_or(&[], |carried| carried));
        let at_once = match pass.is_training() {
            true => pass.images,
            false => pass.images.min((KEPT_AT_ONCE / self.kernel.kept_len().max(1)).max(1)),
        };
        let kept = at_once * self.kernel.kept_len() + SLACK;
        if self.kept.len() < kept {
            self.kept.resize(kept, 0.0);
        }
        let mut y = pass.store.take(self.y);
        let each = pass.store.values[self.y.0].grid.image_len();
        for first in (0..pass.images).step_by(at_once.max(1)) {
            let count = at_once.min(pass.images - first);
            let x = pass.store.images(self.x, first).numbers;
            self.kernel.forward(count, x, &mut self.kept, &mut y[first * each..]);
        }
        pass.store.put(self.y, y);
    }

    fn backward(&mut self, pass: &mut Pass<'_>) {
        pass.store.settle(self.y, pass.images);
        let len = pass.weights[self.slot].len();
        let mut learned = std::mem::take(pass.store.learn(self.slot, len));
        let (mut dx, _) = pass.store.take_gradient(self.x);
        if let Some(dy) = pass.store.gradient(self.y, 0) {
            let known = (&self.kept[..], pass.store.images(self.y, 0).numbers);
            self.kernel.gradient(pass.images, known, dy.numbers, &mut dx, &mut learned);
            if let Some(carried) = &mut pass.carried {
                self.kernel.end(pass.images, known.0, known.1, carried.entry(self.slot).or_default());
            }
        }
        pass.store.put_gradient(self.x, dx);
        *pass.store.learn(self.slot, 0) = learned;
    }
}
