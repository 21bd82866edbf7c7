use nascent_core::architecture::Shape;

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
        }
    }

    /// Whether there are no examples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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
