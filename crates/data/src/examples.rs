use crate::DataError;
use crate::example_file::ExampleFile;
use nascent_core::architecture::Shape;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::ops::Range;
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
    pub inputs: Numbers,
    /// What is to be answered.
    pub targets: Targets,
}

/// The numbers of inputs, one input after another: in memory, or in a file that is read where they are asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers(Kept);

#[derive(Clone, Debug, PartialEq)]
enum Kept {
    Memory(Vec<f32>),
    File {
        file: Arc<ExampleFile>,
        /// The rows of the file, where they are not all of them in their order.
        rows: Option<Vec<u32>>,
    },
}

impl From<Vec<f32>> for Numbers {
    fn from(numbers: Vec<f32>) -> Self {
        Self(Kept::Memory(numbers))
    }
}

impl Numbers {
    /// All rows of a file.
    pub(crate) fn of_file(file: Arc<ExampleFile>) -> Self {
        Self(Kept::File { file, rows: None })
    }

    /// Whether they are read from a file.
    #[must_use]
    pub fn is_in_file(&self) -> bool {
        matches!(self.0, Kept::File { .. })
    }

    /// Those of some of the inputs of `len` numbers: copied where they are in memory.
    pub(crate) fn part(&self, some: &[usize], len: usize) -> Self {
        match &self.0 {
            Kept::Memory(all) => {
                let mut numbers = Vec::with_capacity(some.len() * len);
                some.iter().for_each(|&row| numbers.extend_from_slice(&all[row * len..(row + 1) * len]));
                numbers.into()
            }
            Kept::File { file, rows } => {
                let row = |&i: &usize| rows.as_ref().map_or(i as u32, |rows| rows[i]);
                Self(Kept::File { file: Arc::clone(file), rows: Some(some.iter().map(row).collect()) })
            }
        }
    }
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
    /// Appends the inputs of some examples, in the order of `rows`.
    ///
    /// # Errors
    /// Where they are in a file that cannot be read, or was changed.
    pub fn gather(&self, rows: &[usize], into: &mut Vec<f32>) -> Result<(), DataError> {
        let len = self.shape.len() as usize;
        match &self.inputs.0 {
            Kept::Memory(all) => {
                rows.iter().for_each(|&row| into.extend_from_slice(&all[row * len..(row + 1) * len]));
                Ok(())
            }
            Kept::File { file, rows: Some(kept) } => file.read(rows.iter().map(|&row| kept[row]), into),
            Kept::File { file, rows: None } => file.read(rows.iter().map(|&row| row as u32), into),
        }
    }

    /// The inputs of neighbouring examples; `room` holds them where they are read from a file.
    ///
    /// # Errors
    /// As [`gather`](Self::gather).
    pub fn range<'r>(&'r self, rows: Range<usize>, room: &'r mut Vec<f32>) -> Result<&'r [f32], DataError> {
        let len = self.shape.len() as usize;
        let (file, kept) = match &self.inputs.0 {
            Kept::Memory(all) => return Ok(&all[rows.start * len..rows.end * len]),
            Kept::File { file, rows } => (file, rows),
        };
        room.clear();
        match kept {
            Some(kept) => file.read(kept[rows].iter().copied(), room)?,
            None => file.read(rows.map(|row| row as u32), room)?,
        }
        Ok(room)
    }

    /// All inputs, which must fit into memory.
    ///
    /// # Errors
    /// As [`gather`](Self::gather).
    pub fn all(&self) -> Result<Cow<'_, [f32]>, DataError> {
        if let Kept::Memory(all) = &self.inputs.0 {
            return Ok(Cow::Borrowed(all));
        }
        let mut room = Vec::new();
        self.range(0..self.len(), &mut room)?;
        Ok(Cow::Owned(room))
    }

    /// Some of them, in memory, in the order of `rows`.
    ///
    /// # Errors
    /// As [`gather`](Self::gather).
    pub fn pick(&self, rows: &[usize]) -> Result<Self, DataError> {
        let mut inputs = Vec::with_capacity(rows.len() * self.shape.len() as usize);
        self.gather(rows, &mut inputs)?;
        Ok(Self { shape: self.shape.clone(), inputs: inputs.into(), targets: self.targets.pick(rows) })
    }

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

    /// Asks for what follows each token of running text but the last of a window, which windows that judge ask once where they overlap:
    /// who learns from them is to learn as much as from others. They are in memory.
    pub(crate) fn ask_for_every_token(&mut self) {
        let (Targets::Tokens { length, labels, .. }, Kept::Memory(inputs)) =
            (&mut self.targets, &self.inputs.0)
        else {
            return;
        };
        let windows = labels.chunks_exact_mut((*length).max(1)).zip(inputs.chunks_exact((*length).max(1)));
        for (label, next) in windows.flat_map(|(labels, inputs)| labels.iter_mut().zip(&inputs[1..])) {
            *label = *next as u32;
        }
    }
}
