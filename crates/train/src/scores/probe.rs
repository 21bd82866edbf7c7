use super::ScoreError;
use crate::network::{Asked, Of, Seen, Signs, Wanted, look};
use crate::weights::{Slot, SlotKind};
use crate::{Device, Weights};
use nascent_core::architecture::{Architecture, Op};
use nascent_core::rng::{Rng, mix};
use nascent_data::{Examples, Targets};
use std::cell::OnceCell;

/// The examples that scores look at: two batches, the same for every network.
#[derive(Clone, Debug)]
pub struct Batches([Batch; 2]);

/// Examples that are looked at together.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) inputs: Vec<f32>,
    pub(super) targets: Targets,
}

impl Batch {
    pub(super) fn len(&self) -> usize {
        self.targets.len()
    }
}

/// Examples of a batch.
const EXAMPLES: usize = Signs::EXAMPLES;
/// The fewest examples of a batch: of one alone nothing can be compared, and norms would see no variance.
const LEAST_EXAMPLES: usize = 2;

impl Batches {
    /// Two batches of up to 64 examples, drawn without repetition.
    ///
    /// # Errors
    /// Where there are fewer than four examples, or they cannot be read.
    pub fn draw(examples: &Examples, seed: u64) -> Result<Self, ScoreError> {
        let found = examples.len();
        let each = EXAMPLES.min(found / 2);
        if each < LEAST_EXAMPLES {
            return Err(ScoreError::Batch { least: LEAST_EXAMPLES, found });
        }
        let mut rows: Vec<usize> = (0..found).collect();
        Rng::new(mix(&[seed, 4]), 0).shuffle(&mut rows);
        let batch = |rows: &[usize]| -> Result<Batch, ScoreError> {
            let mut inputs = Vec::new();
            examples.gather(rows, &mut inputs)?;
            Ok(Batch { inputs, targets: examples.targets.pick(rows) })
        };
        Ok(Self([batch(&rows[..each])?, batch(&rows[each..2 * each])?]))
    }
}

/// One network, fresh, with what scores look at. A pass that several scores need is made once.
pub struct Probe<'a> {
    pub(super) graph: &'a Architecture,
    batches: &'a Batches,
    seed: u64,
    device: Device,
    weights: OnceCell<Weights>,
    signs: OnceCell<Signs>,
    learned: [OnceCell<Seen>; 2],
    heads: OnceCell<Seen>,
    jacobian: OnceCell<Vec<f32>>,
}

impl<'a> Probe<'a> {
    /// A network that answers to such examples; `seed` decides its weights, and noise.
    #[must_use]
    pub fn new(graph: &'a Architecture, batches: &'a Batches, seed: u64, device: Device) -> Self {
        Self {
            graph,
            batches,
            seed,
            device,
            weights: OnceCell::new(),
            signs: OnceCell::new(),
            learned: Default::default(),
            heads: OnceCell::new(),
            jacobian: OnceCell::new(),
        }
    }

    /// Whether a network looks codes up, of categories or of tokens.
    #[must_use]
    pub fn has_codes(graph: &Architecture) -> bool {
        graph.nodes().iter().any(|node| matches!(node.op, Op::Embedding(_) | Op::EmbeddingBag(_)))
    }

    /// Whether the answers depend on the input at all.
    pub(super) fn has_flow(&self) -> bool {
        let nodes = self.graph.nodes();
        let mut reached = vec![true; nodes.len()];
        for (i, node) in nodes.iter().enumerate().skip(1) {
            reached[i] = node.inputs.iter().any(|input| reached[input.index()]);
        }
        reached[self.graph.output().index()]
    }

    /// Whether a class is answered.
    pub(super) fn has_classes(&self) -> bool {
        matches!(self.batch(0).targets, Targets::Classes { .. })
    }

    /// One of the two batches.
    pub(super) fn batch(&self, number: usize) -> &'a Batch {
        &self.batches.0[number]
    }

    /// Fresh weights, as a training begins with.
    pub(super) fn weights(&self) -> &Weights {
        self.weights.get_or_init(|| Weights::fresh(self.graph, self.seed))
    }

    /// The fresh weights of each convolution and linear layer, in the order of [`Seen::weights`].
    pub(super) fn layers(&self) -> impl Iterator<Item = &[f32]> {
        layers(self.weights())
    }

    /// The slots of those weights.
    pub(super) fn layer_slots(&self) -> impl Iterator<Item = &Slot> {
        self.weights().slots.iter().filter(|slot| slot.kind == SlotKind::Weight)
    }

    /// Standard normal numbers in place of weights that belong to convolutions and linear layers.
    pub(super) fn normal_weights(&self) -> Weights {
        let mut weights = self.weights().clone();
        for (i, (slot, values)) in weights.slots.iter().zip(&mut weights.values).enumerate() {
            if slot.kind == SlotKind::Weight {
                let mut rng = Rng::new(mix(&[self.seed, 5]), i as u64);
                values.fill_with(|| rng.normal() as f32);
            }
        }
        weights
    }

    /// Standard normal numbers in place of the inputs of a batch.
    pub(super) fn noise(&self, stream: u64) -> Vec<f32> {
        let mut rng = Rng::new(mix(&[self.seed, 6]), stream);
        (0..self.batch(0).inputs.len()).map(|_| rng.normal() as f32).collect()
    }

    /// A pass with other weights or inputs than the network's own.
    pub(super) fn look(&self, weights: &Weights, pass: (&[f32], Of<'_>), asked: &Asked) -> Seen {
        look((self.graph, weights), self.device, pass, asked)
    }

    /// What one batch would teach weights.
    pub(super) fn teach(&self, weights: &Weights, batch: usize, asked: &Asked) -> Seen {
        let Batch { inputs, targets } = self.batch(batch);
        let wanted = match targets {
            Targets::Classes { labels, .. } => Wanted::Classes(labels),
            Targets::Tokens { labels, .. } => Wanted::Tokens(labels),
            Targets::Values { values, .. } => Wanted::Values(values),
        };
        self.look(weights, (inputs, Of::Loss(wanted)), asked)
    }

    /// The gradients of the loss of one of the batches.
    pub(super) fn learned(&self, batch: usize) -> &Seen {
        self.learned[batch].get_or_init(|| self.teach(self.weights(), batch, &Asked::default()))
    }

    /// The gradients of the loss of the first batch with what the heads of attention do there.
    pub(super) fn heads(&self) -> &Seen {
        let asked = Asked { heads: true, ..Asked::default() };
        self.heads.get_or_init(|| self.teach(self.weights(), 0, &asked))
    }

    /// Which activations let which examples of the first batch through.
    pub(super) fn signs(&self) -> &Signs {
        self.signs.get_or_init(|| {
            let asked = Asked { signs: true, ..Asked::default() };
            self.look(self.weights(), (&self.batch(0).inputs, Of::Nothing), &asked).signs
        })
    }

    /// The gradient of the sum of all answers by the inputs of the first batch, a row an example, and the number of rows.
    pub(super) fn jacobian(&self) -> (&[f32], usize) {
        let found = self.jacobian.get_or_init(|| {
            let asked = Asked { inputs: true, ..Asked::default() };
            self.look(self.weights(), (&self.batch(0).inputs, Of::Sum), &asked).inputs
        });
        (found, self.batch(0).len())
    }
}

/// The numbers of each convolution and linear layer.
pub(super) fn layers(weights: &Weights) -> impl Iterator<Item = &[f32]> {
    let layers = weights.slots.iter().zip(&weights.values).filter(|(slot, _)| slot.kind == SlotKind::Weight);
    layers.map(|(_, values)| values.as_slice())
}

/// The sum of a function of each number of two equally long lists.
pub(super) fn sum_of(a: &[f32], b: &[f32], f: impl Fn(f64, f64) -> f64) -> f64 {
    a.iter().zip(b).map(|(a, b)| f(f64::from(*a), f64::from(*b))).sum()
}
