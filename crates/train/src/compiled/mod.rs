//! A network compiled for the processor: its graph as a list of steps over buffers that are made once.
//!
//! The channels of a pixel lie side by side from the first step to the last, so that nothing is laid out anew. A norm, the sum it
//! goes into and the nonlinearity behind are one step; a convolution takes the gradient of a norm behind it a few images at a
//! time, while they are in the core's own cache, and so that gradient is never stored. `docs/design/engine.md` says what was measured.
//!
//! Read `plan.rs` first (how a graph becomes steps), then `store.rs` (the buffers), then a step. What cannot be compiled is left to
//! Burn, which is also what all of this is checked against.

mod attend;
mod buffers;
mod convolve;
mod join;
mod loss;
mod numbers;
mod plan;
mod pool;
mod recur;
mod rescale;
mod store;
mod sum;
mod table;

use crate::network::{Carried, Wanted};
use crate::optimizer::Gradient;
use crate::weights::Weights;
use nascent_core::architecture::Architecture;
use nascent_core::rng::Rng;
use plan::{Planned, plan};
use store::{Pass, Store, ValueId};

/// One thing that is computed, and how its gradient flows back.
trait Step: Send {
    /// Computes outputs from inputs.
    fn forward(&mut self, pass: &mut Pass<'_>);
    /// Adds to the gradients of inputs and weights, from those of outputs.
    fn backward(&mut self, pass: &mut Pass<'_>);
}

/// A network that computes by steps.
pub struct Compiled {
    /// Each step, and whether its gradient depends on anything that is trained.
    steps: Vec<(Box<dyn Step>, bool)>,
    store: Store,
    input: ValueId,
    output: ValueId,
    input_len: usize,
    outputs: usize,
}

impl Compiled {
    /// The steps of a graph, or the name of the first operation that has none here.
    pub fn new(graph: &Architecture) -> Result<Self, String> {
        let Planned { steps, store, input, output } = plan(graph)?;
        let input_len = graph.input_shape().len() as usize;
        let outputs = graph.output_shape().len() as usize;
        Ok(Self { steps, store, input, output, input_len, outputs })
    }

    /// What a batch teaches: its mean loss; gradients and statistics are asked for afterwards.
    pub fn learn(
        &mut self,
        weights: &Weights,
        inputs: &[f32],
        (wanted, label_smoothing): (Wanted<'_>, f64),
        dropout: &mut Rng,
        carried: Option<&mut Carried>,
    ) -> f64 {
        let images = inputs.len() / self.input_len.max(1);
        self.store.begin(images);
        self.store.give(self.input, inputs);
        let weights = &weights.values;
        let mut pass = Pass { images, weights, dropout: Some(dropout), carried, store: &mut self.store };
        for (step, _) in &mut self.steps {
            step.forward(&mut pass);
        }
        let loss = loss::of(pass.store, self.output, images, wanted, label_smoothing);
        for (step, _) in self.steps.iter_mut().rev().filter(|(_, is_tracked)| *is_tracked) {
            step.backward(&mut pass);
        }
        loss
    }

    /// The answers to the last batch, of so many examples.
    pub fn said(&self, images: usize) -> Vec<f32> {
        let mut answers = Vec::with_capacity(images * self.outputs);
        self.store.tell(self.output, images, &mut answers);
        answers
    }

    /// The gradient of each slot that the last batch taught.
    pub fn gradients(&self) -> &[Option<Gradient>] {
        &self.store.learned
    }

    /// What norms found in the last batch, by the slot that remembers it.
    pub fn statistics(&self) -> &[(usize, Vec<f32>)] {
        &self.store.statistics
    }

    /// The answers to a batch, `[examples × outputs]`, as after training.
    pub fn answers(&mut self, weights: &Weights, inputs: &[f32]) -> Vec<f32> {
        let total = inputs.len() / self.input_len.max(1);
        let mut answers = Vec::with_capacity(total * self.outputs);
        // Buffers that training has made are used as they are.
        let most = self.store.capacity().max(BATCH);
        for inputs in inputs.chunks((most * self.input_len).max(1)) {
            let images = inputs.len() / self.input_len.max(1);
            self.store.begin(images);
            self.store.give(self.input, inputs);
            let store = &mut self.store;
            let mut pass = Pass { images, weights: &weights.values, dropout: None, carried: None, store };
            for (step, _) in &mut self.steps {
                step.forward(&mut pass);
            }
            self.store.tell(self.output, images, &mut answers);
        }
        answers
    }

    /// Bytes that training takes at a batch size: buffers of values and gradients, laid-out weights, and what steps keep.
    pub fn bytes(&self, batch: usize) -> u64 {
        self.store.bytes(batch)
    }
}

/// What of a network no step of ours computes, so that Burn trains all of it on a processor too; none where it is compiled.
#[must_use]
pub fn left_to_burn(graph: &Architecture) -> Option<String> {
    plan(graph).err()
}

/// Examples that are answered together where training has not said how many there are.
const BATCH: usize = 64;
