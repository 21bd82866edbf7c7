use nascent_core::architecture::Shape;
use serde::{Deserialize, Serialize};

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

impl Targets {
    /// The number of examples.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Classes { labels, .. } => labels.len(),
            Self::Values { values, .. } => values.len(),
        }
    }

    /// Whether there are no examples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many numbers a network answers with.
    #[must_use]
    pub fn outputs(&self) -> usize {
        match self {
            Self::Classes { classes, .. } => *classes,
            Self::Values { .. } => 1,
        }
    }

    /// The targets of some examples, in the order of `rows`.
    #[must_use]
    pub fn pick(&self, rows: &[usize]) -> Self {
        match self {
            Self::Classes { classes, labels } => {
                Self::Classes { classes: *classes, labels: rows.iter().map(|&r| labels[r]).collect() }
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
