//! Gated recurrent units.

use super::Step;
use super::store::{Pass, Store, ValueId};
use nascent_kernels::last::Gru;

/// The states of a gated recurrent unit, from what the input gives its gates.
pub(super) struct Recur {
    x: ValueId,
    y: ValueId,
    slot: usize,
    kernel: Gru,
    kept: Vec<f32>,
}

impl Recur {
    pub fn new(store: &mut Store, (x, y): (ValueId, ValueId), slot: usize) -> Self {
        let kernel = Gru::new(&store.values[x.0].grid, &store.values[y.0].grid, store.path);
        let (fixed, each) = kernel.bytes();
        store.held.0 += (each + 4 * kernel.kept_len()) as u64;
        store.held.1 += fixed as u64;
        Self { x, y, slot, kernel, kept: Vec::new() }
    }
}

impl Step for Recur {
    fn forward(&mut self, pass: &mut Pass<'_>) {
        self.kernel.set_weights(&pass.weights[self.slot], pass.is_training());
        self.kept.resize(pass.images * self.kernel.kept_len(), 0.0);
        let mut y = pass.store.take(self.y);
        let x = pass.store.images(self.x, 0).numbers;
        self.kernel.forward(pass.images, x, &mut self.kept, &mut y);
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
        }
        pass.store.put_gradient(self.x, dx);
        *pass.store.learn(self.slot, 0) = learned;
    }
}
