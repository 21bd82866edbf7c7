use crate::architecture::Shape;
use serde::{Deserialize, Serialize};

/// What a network for a task takes and gives: all that a space needs to know of the data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// What one input is made of.
    pub features: Features,
    /// How many numbers are answered: one a class, or one for a value; for running text, one a token that may follow, at each step.
    pub outputs: usize,
}

/// What the numbers of one input mean.
///
/// Codes are whole numbers written as float32; 0 stands for "nothing here", as padding does, and never has weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Features {
    /// A picture, `[channels, height, width]`.
    Image {
        /// Colours.
        channels: usize,
        /// Rows of pixels.
        height: usize,
        /// Columns of pixels.
        width: usize,
    },
    /// A series, `[channels, steps]`.
    Series {
        /// Values measured at each step.
        channels: usize,
        /// Steps.
        steps: usize,
    },
    /// Numbers of which nothing more is known, `[numbers]`.
    Vector {
        /// How many there are.
        numbers: usize,
    },
    /// A row of a table, `[2 · numbers + categories]`: the standardised numbers, the same numbers as their quantile in
    /// the training rows (0 to 1), then one code a categorical column.
    Table {
        /// Columns of numbers, indicators of missing values among them.
        numbers: usize,
        /// Columns of categories.
        categories: usize,
        /// Codes over all categorical columns; each column has a range of its own within 1 to `codes - 1`.
        codes: usize,
    },
    /// A text, `[tokens + grams]`: the codes of its first tokens, then codes of its hashed n-grams, each padded with 0.
    Text {
        /// Tokens that are kept.
        tokens: usize,
        /// Codes of tokens, 0 to `vocabulary - 1`.
        vocabulary: usize,
        /// N-grams that are kept.
        grams: usize,
        /// Codes of n-grams, 0 to `buckets - 1`.
        buckets: usize,
    },
    /// Running text, `[length]`: the codes of neighbouring tokens; what follows each is answered.
    Tokens {
        /// Tokens of one input.
        length: usize,
        /// Codes of tokens, 0 to `vocabulary - 1`.
        vocabulary: usize,
    },
}

impl Signature {
    /// The signature for inputs of which only the shape is known: three extents are a picture, two a series.
    #[must_use]
    pub fn plain(shape: &Shape, outputs: usize) -> Self {
        let features = match *shape.extents() {
            [channels, height, width] => Features::Image { channels, height, width },
            [channels, steps] => Features::Series { channels, steps },
            _ => Features::Vector { numbers: shape.len() as usize },
        };
        Self { features, outputs }
    }

    /// The shape of one input.
    #[must_use]
    pub fn shape(&self) -> Shape {
        match self.features {
            Features::Image { channels, height, width } => Shape::new(&[channels, height, width]),
            Features::Series { channels, steps } => Shape::new(&[channels, steps]),
            Features::Vector { numbers } => Shape::new(&[numbers]),
            Features::Table { numbers, categories, .. } => Shape::new(&[2 * numbers + categories]),
            Features::Text { tokens, grams, .. } => Shape::new(&[tokens + grams]),
            Features::Tokens { length, .. } => Shape::new(&[length]),
        }
    }

    /// The shape of one answer: `[outputs]`, or `[outputs, length]` for running text.
    #[must_use]
    pub fn answer(&self) -> Shape {
        match self.features {
            Features::Tokens { length, .. } => Shape::new(&[self.outputs, length]),
            _ => Shape::new(&[self.outputs]),
        }
    }
}
