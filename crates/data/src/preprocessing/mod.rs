//! What raw input goes through before a network sees it, and what a network's answer means.

mod bpe;
mod category;
mod date;
mod grams;
mod image;
mod language;
mod notation;
mod number;
mod quantiles;
pub(crate) mod series;
pub(crate) mod table;
pub(crate) mod text;
mod vocabulary;

pub use category::CategoryRule;
pub use date::DatePart;
pub use image::ImageInputs;
pub(crate) use image::ImageSums;
pub(crate) use language::MOST_LENGTH;
pub use language::{Codes, LanguageInputs};
pub use notation::Notation;
pub use number::NumberRule;
pub use quantiles::Quantiles;
pub use series::{SeriesColumns, SeriesInputs};
pub use table::{ColumnInput, ColumnRule, DateNumber, DateOrder, TableInputs};
pub use text::TextInputs;
pub use vocabulary::Vocabulary;

use crate::Scale;
use nascent_core::{Features, Signature};
use serde::{Deserialize, Serialize};

/// What raw input goes through before a network sees it, fitted on training rows only and stored with the model.
///
/// A network trained again on training and validation rows keeps the preprocessing fitted on the training rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Preprocessing {
    /// The version of this format, 2.
    pub schema: u32,
    /// What becomes of inputs.
    pub inputs: Inputs,
    /// What is answered, such as a column's name.
    pub target: String,
    /// The classes' names, in the order of outputs; none where a value is answered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// How an answered value comes back to the target's unit, where one is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<Scale>,
}

/// What becomes of inputs, by their kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inputs {
    /// Pictures.
    Image(ImageInputs),
    /// Rows of a table.
    Table(TableInputs),
    /// Series.
    Series(SeriesInputs),
    /// Texts.
    Text(TextInputs),
    /// Running text.
    Language(LanguageInputs),
}

/// What a file holds, before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: u32,
    inputs: Inputs,
    target: String,
    #[serde(default)]
    classes: Vec<String>,
    scale: Option<Scale>,
}

const SCHEMA: u32 = 2;

impl TryFrom<Stored> for Preprocessing {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        let Stored { schema, inputs, target, classes, scale } = stored;
        if schema != SCHEMA {
            return Err(format!("schema {schema} is not {SCHEMA}, which this version reads"));
        }
        let fine = match &inputs {
            Inputs::Image(inputs) => inputs.valid(),
            Inputs::Table(inputs) => inputs.valid(),
            Inputs::Series(inputs) => inputs.valid(),
            Inputs::Text(inputs) => inputs.valid(),
            Inputs::Language(inputs) => inputs.valid(),
        };
        if !fine {
            return Err("some rule of the inputs has no finite values, a deviation of 0, or a length that does not fit".into());
        }
        match scale {
            _ if matches!(inputs, Inputs::Language(_)) => {
                if scale.is_some() || !classes.is_empty() {
                    return Err("running text has neither classes nor a scale of values".into());
                }
                Ok(Self { schema, inputs, target, classes, scale })
            }
            None if classes.is_empty() => Err("there are neither classes nor a scale of values".into()),
            Some(_) if !classes.is_empty() => Err("there are both classes and a scale of values".into()),
            Some(s) if !(s.deviation > 0.0 && s.deviation.is_finite() && s.mean.is_finite()) => {
                Err(format!("the target's deviation {} is not above 0", s.deviation))
            }
            _ => Ok(Self { schema, inputs, target, classes, scale }),
        }
    }
}

impl Preprocessing {
    /// For a task that answers one of some classes.
    #[must_use]
    pub fn of_classes(inputs: Inputs, target: String, classes: Vec<String>) -> Self {
        Self { schema: SCHEMA, inputs, target, classes, scale: None }
    }

    /// For a task that answers a value.
    #[must_use]
    pub fn of_values(inputs: Inputs, target: String, scale: Scale) -> Self {
        Self { schema: SCHEMA, inputs, target, classes: Vec::new(), scale: Some(scale) }
    }

    /// For a task that answers what follows in running text.
    #[must_use]
    pub fn of_tokens(inputs: LanguageInputs) -> Self {
        let target = "what follows".into();
        Self { schema: SCHEMA, inputs: Inputs::Language(inputs), target, classes: Vec::new(), scale: None }
    }

    /// What a network takes and gives.
    #[must_use]
    pub fn signature(&self) -> Signature {
        let outputs = match &self.inputs {
            Inputs::Language(inputs) => inputs.codes.size(),
            _ => self.classes.len().max(1),
        };
        Signature { features: self.inputs.features(), outputs }
    }

    /// What an uncovered part of a picture looks like to the network, for each channel; nothing for other inputs.
    #[must_use]
    pub fn background(&self) -> Vec<f32> {
        match &self.inputs {
            Inputs::Image(inputs) => inputs.background(),
            _ => Vec::new(),
        }
    }
}

impl Inputs {
    /// What the inputs' numbers mean.
    #[must_use]
    pub fn features(&self) -> Features {
        match self {
            Self::Image(inputs) => Signature::plain(&inputs.shape, 1).features,
            Self::Table(inputs) => inputs.features(),
            Self::Series(inputs) => inputs.features(),
            Self::Text(inputs) => inputs.features(),
            Self::Language(inputs) => inputs.features(),
        }
    }
}
