use crate::{Augmentation, Examples, Metric, Preprocessing, Split, Targets};
use nascent_core::Signature;
use nascent_core::architecture::Shape;
use serde::{Deserialize, Serialize};

/// What is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Which class an image belongs to.
    ImageClassification,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ImageClassification => "image-classification",
        })
    }
}

/// What a study is about: data in three parts, and how answers are judged.
///
/// The test part is behind a call of its own, [`Task::test`]: the search has no reason to make it.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// What is to be answered.
    pub kind: Kind,
    /// The metric that judges.
    pub metric: Metric,
    /// Which rows are in which part.
    pub split: Split,
    /// What raw input goes through.
    pub preprocessing: Preprocessing,
    /// All inputs, preprocessed, in the order of rows.
    inputs: Vec<f32>,
    targets: Targets,
}

impl Task {
    /// A task of raw images and their classes, cut and preprocessed.
    pub(crate) fn images(
        name: &str,
        (shape, maximum): (Shape, f32),
        mut raw: Vec<f32>,
        labels: Vec<u32>,
        classes: Vec<String>,
        split: Split,
    ) -> Self {
        let len = shape.len() as usize;
        let training: Vec<f32> =
            split.train.iter().flat_map(|&row| raw[row * len..(row + 1) * len].iter().copied()).collect();
        let preprocessing = Preprocessing::fit(shape, maximum, &training, classes);
        preprocessing.apply(&mut raw);
        let targets = Targets::Classes { classes: preprocessing.classes.len(), labels };
        Self {
            name: name.into(),
            kind: Kind::ImageClassification,
            metric: Metric::Accuracy,
            split,
            preprocessing,
            inputs: raw,
            targets,
        }
    }

    /// What a network for this task takes and gives.
    #[must_use]
    pub fn signature(&self) -> Signature {
        Signature::plain(&self.preprocessing.shape, self.targets.outputs())
    }

    /// The metrics by which answers can be judged, the default first.
    #[must_use]
    pub fn metrics(&self) -> Vec<Metric> {
        Metric::all(&self.targets).to_vec()
    }

    /// The examples to learn from.
    #[must_use]
    pub fn train(&self) -> Examples {
        self.part(&self.split.train)
    }

    /// The examples that judge during a search.
    #[must_use]
    pub fn validation(&self) -> Examples {
        self.part(&self.split.validation)
    }

    /// Everything but the test part, for a network whose settings are decided.
    #[must_use]
    pub fn train_and_validation(&self) -> Examples {
        let mut rows = [&self.split.train[..], &self.split.validation[..]].concat();
        rows.sort_unstable();
        self.part(&rows)
    }

    /// The test part: to be looked at once, when the winner and the baselines are fixed.
    #[must_use]
    pub fn test(&self) -> Examples {
        self.part(&self.split.test)
    }

    /// How training images are varied at a level from 0 to 2.
    #[must_use]
    pub fn augmentation(&self, level: u8) -> Augmentation {
        Augmentation::new(level, self.preprocessing.background())
    }

    fn part(&self, rows: &[usize]) -> Examples {
        let shape = self.signature().shape();
        let len = shape.len() as usize;
        let inputs = rows.iter().flat_map(|&r| self.inputs[r * len..(r + 1) * len].iter().copied()).collect();
        Examples { shape, inputs, targets: self.targets.pick(rows) }
    }
}
