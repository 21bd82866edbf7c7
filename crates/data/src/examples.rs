use nascent_core::architecture::Shape;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a network is asked to answer, one per example.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// Class numbers, each below `classes`.
    Classes {
        /// The number of classes.
        classes: usize,
        /// One class number per example.
        labels: Vec<u32>,
    },
    /// What follows each step of running text.
    Tokens {
        /// Codes of tokens.
        vocabulary: usize,
        /// Steps of an example.
        length: usize,
        /// The code of what follows each step, `[examples × length]`; 0 where nothing is asked.
        labels: Vec<u32>,
        /// How many bytes of text each code stands for.
        bytes: Arc<[u16]>,
    },
    /// Values, standardised by the training rows' mean and deviation.
    Values {
        /// One standardised value per example.
        values: Vec<f32>,
        /// How they come back to the target's unit.
        scale: Scale,
    },
}

/// How a standardised value comes back to its unit: `value · deviation + mean`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// The mean of the training rows.
    pub mean: f64,
    /// Their standard deviation, above 0.
    pub deviation: f64,
}

/// Examples ready for a network: inputs already preprocessed, all of one shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    /// The shape of one input.
    pub shape: Shape,
    /// All inputs one after another: `len() × shape.len()` values.
    pub inputs: Vec<f32>,
    /// What is to be answered.
    pub targets: Targets,
}

/// Tokens of an epoch of running text.
const EPOCH_TOKENS: usize = 100_000;

impl Targets {
    /// The number of examples.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Classes { labels, .. } => labels.len(),
            Self::Tokens { length, labels, .. } => labels.len() / (*length).max(1),
            Self::Values { values, .. } => values.len(),
        }
    }

    /// Whether there are no examples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many examples an epoch learns from, drawn anew each time: all, but of running text, which may be long, as much as
    /// has some 100,000 tokens.
    #[must_use]
    pub fn of_an_epoch(&self) -> usize {
        match self {
            Self::Tokens { length, .. } => (EPOCH_TOKENS / (*length).max(1)).clamp(1, self.len().max(1)),
            _ => self.len(),
        }
    }

    /// The shape of a network's answer to one example.
    #[must_use]
    pub fn answer(&self) -> Shape {
        match self {
            Self::Classes { classes, .. } => Shape::new(&[*classes]),
            Self::Tokens { vocabulary, length, .. } => Shape::new(&[*vocabulary, *length]),
            Self::Values { .. } => Shape::new(&[1]),
        }
    }

    /// The targets of some examples, in the order of `rows`.
    #[must_use]
    pub fn pick(&self, rows: &[usize]) -> Self {
        match self {
            Self::Classes { classes, labels } => {
                Self::Classes { classes: *classes, labels: rows.iter().map(|&r| labels[r]).collect() }
            }
            Self::Tokens { vocabulary, length, labels, bytes } => {
                let own = |&row: &usize| &labels[row * length..(row + 1) * length];
                let labels = rows.iter().flat_map(own).copied().collect();
                Self::Tokens { vocabulary: *vocabulary, length: *length, labels, bytes: bytes.clone() }
            }
            Self::Values { values, scale } => {
                Self::Values { values: rows.iter().map(|&r| values[r]).collect(), scale: *scale }
            }
        }
    }
}

impl Examples {
    /// The number of examples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }
}
