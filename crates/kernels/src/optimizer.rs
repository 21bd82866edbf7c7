//! Steps of optimisers over vectors of weights; every path gives the same numbers to the last bit.

use crate::lanes::{Lanes, Path, Work};

// PyTorch's defaults.
const MOMENTUM: f32 = 0.9;
const BETA1: f32 = 0.9;
const BETA2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// A step of Adam with decoupled weight decay (Loshchilov & Hutter 2017, arXiv:1711.05101).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// The learning rate.
    pub rate: f32,
    /// Decay of the weights.
    pub decay: f32,
    /// What gradients are multiplied with first.
    pub scale: f32,
    /// What the first moment is divided by, for it began at 0.
    bias1: f32,
    /// What the root of the second moment is divided by.
    bias2: f32,
}

impl AdamW {
    /// The step of this number, from 1.
    #[must_use]
    pub fn new(number: i32, rate: f32, decay: f32, scale: f32) -> Self {
        Self { rate, decay, scale, bias1: 1.0 - BETA1.powi(number), bias2: (1.0 - BETA2.powi(number)).sqrt() }
    }

    /// Moves weights along their gradients, and both moments.
    ///
    /// # Panics
    /// Where the vectors are not of one length.
    pub fn step(
        &self,
        path: Path,
        values: &mut [f32],
        gradient: &[f32],
        first: &mut [f32],
        second: &mut [f32],
    ) {
        let len = values.len();
        assert!([gradient.len(), first.len(), second.len()] == [len; 3], "vectors of one length");
        path.run(Adam { step: *self, values, gradient, first, second });
    }
}

/// A step of gradient descent with momentum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// The learning rate.
    pub rate: f32,
    /// Decay of the weights, as a part of their gradient.
    pub decay: f32,
    /// What gradients are multiplied with first.
    pub scale: f32,
}

impl Sgd {
    /// Moves weights along the momentum of their gradients.
    ///
    /// # Panics
    /// Where the vectors are not of one length.
    pub fn step(&self, path: Path, values: &mut [f32], gradient: &[f32], momentum: &mut [f32]) {
        assert!([gradient.len(), momentum.len()] == [values.len(); 2], "vectors of one length");
        path.run(Descent { step: *self, values, gradient, momentum });
    }
}

struct Adam<'a> {
    step: AdamW,
    values: &'a mut [f32],
    gradient: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
}

impl Work for Adam<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let AdamW { rate, decay, scale, bias1, bias2 } = self.step;
        let numbers = self.values.iter_mut().zip(self.gradient).zip(self.first).zip(self.second);
        for (((w, g), m), v) in numbers {
            let g = g * scale;
            *w -= rate * decay * *w;
            *m = BETA1 * *m + (1.0 - BETA1) * g;
            *v = BETA2 * *v + (1.0 - BETA2) * g * g;
            *w -= rate / bias1 * *m / (v.sqrt() / bias2 + EPSILON);
        }
    }
}

struct Descent<'a> {
    step: Sgd,
    values: &'a mut [f32],
    gradient: &'a [f32],
    momentum: &'a mut [f32],
}

impl Work for Descent<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Sgd { rate, decay, scale } = self.step;
        for ((w, g), m) in self.values.iter_mut().zip(self.gradient).zip(self.momentum) {
            *m = MOMENTUM * *m + (g * scale + decay * *w);
            *w -= rate * *m;
        }
    }
}
