use serde::{Deserialize, Serialize};

/// How a network is trained: what a space may ask about besides the architecture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The optimiser.
    pub optimizer: Optimizer,
    /// The highest learning rate of the schedule, above 0.
    pub learning_rate: f64,
    /// Decay of the weights a step, decoupled for AdamW; 0 or more. Norms and biases do not decay.
    pub weight_decay: f64,
    /// How strongly training examples are varied, 0 (not at all) to 2; what that means is the task's.
    pub augmentation: u8,
    /// Examples a step, at least 1.
    pub batch_size: usize,
    /// The part of all steps over which the learning rate rises to its highest, 0 to below 1.
    pub warmup: f64,
    /// Gradients are scaled so that their norm over all weights does not exceed this; 0 leaves them alone.
    pub clip_norm: f64,
    /// Mass that the target class gives to all classes alike, 0 to below 1.
    pub label_smoothing: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            optimizer: Optimizer::AdamW,
            learning_rate: 3e-3,
            weight_decay: 1e-2,
            augmentation: 1,
            batch_size: 64,
            warmup: 0.1,
            clip_norm: 5.0,
            label_smoothing: 0.0,
        }
    }
}

/// An optimiser with PyTorch's defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2017, arXiv:1711.05101).
    AdamW,
    /// Stochastic gradient descent with momentum 0.9 and no dampening.
    Sgd,
}

impl Settings {
    /// A stable digest: equal for equal settings.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let Self {
            optimizer,
            learning_rate,
            weight_decay,
            augmentation,
            batch_size,
            warmup,
            clip_norm,
            label_smoothing,
        } = *self;
        crate::rng::mix(&[
            optimizer as u64,
            learning_rate.to_bits(),
            weight_decay.to_bits(),
            u64::from(augmentation),
            batch_size as u64,
            warmup.to_bits(),
            clip_norm.to_bits(),
            label_smoothing.to_bits(),
        ])
    }
}
