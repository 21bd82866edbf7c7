use crate::{
    Answering, Augmentation, Examples, Findings, Input, Metric, Numbers, Preprocessing, Split, Targets,
};
use nascent_core::{Features, Signature};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What the inputs are and what is answered; written `image-classification`, `table-regression` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    /// What inputs are.
    pub input: Input,
    /// What is answered.
    pub answering: Answering,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.input, self.answering)
    }
}

impl std::str::FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (input, answering) = text.split_once('-').ok_or_else(|| {
            format!("{text:?} is no kind of task: such as image-classification or table-regression")
        })?;
        Ok(Self { input: input.parse()?, answering: answering.parse()? })
    }
}

impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a study of a task starts from where the user says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// The space's name.
    pub space: &'static str,
    /// The most epochs of one training.
    pub epochs: u32,
    /// The most epochs of what is handed over, where it may have more than a training of the search.
    pub final_epochs: Option<u32>,
    /// Examples a step.
    pub batch_size: usize,
}

impl Defaults {
    /// Those of a task whose final networks are trained as those of the search are.
    #[must_use]
    pub const fn of(space: &'static str, epochs: u32, batch_size: usize) -> Self {
        Self { space, epochs, final_epochs: None, batch_size }
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
    /// Whether training pictures may be mirrored.
    pub(crate) flip: bool,
    /// All inputs, preprocessed, in the order of rows.
    inputs: Numbers,
    targets: Targets,
    findings: Findings,
}

/// The parts of a task but its inputs, made by whoever read the data.
pub(crate) struct Made {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) split: Split,
    pub(crate) preprocessing: Preprocessing,
    pub(crate) targets: Targets,
    pub(crate) findings: Findings,
}

impl Made {
    /// The task, of inputs that are preprocessed and in the order of rows.
    pub(crate) fn with(self, inputs: Numbers) -> Task {
        let Self { name, kind, split, preprocessing, targets, mut findings } = self;
        let metric = Metric::all(&targets).first().copied().unwrap_or(Metric::Accuracy);
        findings.kind = kind.to_string();
        findings.inputs = describe(&preprocessing.inputs.features());
        Task { name, kind, metric, split, preprocessing, flip: false, inputs, targets, findings }
    }
}

fn describe(features: &Features) -> String {
    let count = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let channels_of = |n: usize| count(n, "channel", "channels");
    let numbers_of = |n: usize| count(n, "number", "numbers");
    match features {
        Features::Image { channels, height, width } => {
            format!("{} of {height}×{width} pixels", channels_of(*channels))
        }
        Features::Series { channels, steps } => format!("{} of {steps} steps", channels_of(*channels)),
        Features::Vector { numbers } => numbers_of(*numbers),
        Features::Table { numbers, categories, codes } => {
            let categories = count(*categories, "category", "categories");
            format!("{} and {categories} of {} values", numbers_of(*numbers), codes - 1)
        }
        Features::Tokens { length, vocabulary } => format!("windows of {length} tokens of {vocabulary}"),
        Features::Text { tokens, vocabulary, grams, buckets } => {
            format!("{tokens} tokens of {vocabulary} and {grams} n-grams hashed to {buckets}")
        }
    }
}

impl Task {
    /// What a network for this task takes and gives.
    #[must_use]
    pub fn signature(&self) -> Signature {
        self.preprocessing.signature()
    }

    /// Whether its inputs are read from a file, for they are more than memory is to hold.
    #[must_use]
    pub fn is_in_file(&self) -> bool {
        self.inputs.is_in_file()
    }

    /// The names of the classes; none where a value is answered.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.preprocessing.classes
    }

    /// What was found in the data and what is done with them.
    #[must_use]
    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    /// Adds a note to the findings.
    pub(crate) fn note(&mut self, note: String) {
        self.findings.notes.push(note);
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

    /// The first of them, at most so many.
    #[must_use]
    pub fn some_of_train(&self, most: usize) -> Examples {
        self.part(&self.split.train[..most.min(self.split.train.len())])
    }

    /// The examples that judge during a search.
    #[must_use]
    pub fn validation(&self) -> Examples {
        self.part(&self.split.validation)
    }

    /// Training and validation examples cut anew ([`Split::fold`]), to judge what was chosen on the given validation part.
    #[must_use]
    pub fn fold(&self, number: u32) -> (Examples, Examples) {
        let (train, validation) = self.split.fold(number);
        (self.part(&train), self.part(&validation))
    }

    /// Everything but the test part, for a network whose settings are decided. Of running text all tokens are asked for.
    #[must_use]
    pub fn train_and_validation(&self) -> Examples {
        let mut rows = [&self.split.train[..], &self.split.validation[..]].concat();
        rows.sort_unstable();
        let mut all = self.part(&rows);
        all.ask_for_every_token();
        all
    }

    /// The test part: to be looked at once, when the winner and the baselines are fixed.
    #[must_use]
    pub fn test(&self) -> Examples {
        self.part(&self.split.test)
    }

    /// How training inputs are varied at a level from 0 to 2.
    #[must_use]
    pub fn augmentation(&self, level: u8) -> Augmentation {
        Augmentation::of(&self.preprocessing.inputs, level, self.flip)
    }

    /// The space, epochs and batch size that suit the kind and the number of rows.
    #[must_use]
    pub fn defaults(&self) -> Defaults {
        let rows = self.split.train.len().max(1);
        // Small sets need many passes, large ones few; a step should be about a fiftieth of an epoch or less.
        let epochs = |examples: usize, least: u32, most: u32| ((examples / rows) as u32).clamp(least, most);
        let batch = |least: usize, most: usize| (rows / 50).next_power_of_two().clamp(least, most);
        match self.kind.input {
            Input::Image => Defaults::of("convnet", epochs(200_000, 8, 30), batch(32, 64)),
            Input::Table => Defaults::of("mlp", epochs(400_000, 10, 150), batch(32, 512)),
            Input::Series => Defaults::of("conv1d", epochs(80_000, 20, 100), batch(16, 64)),
            // Many small steps teach more of a text than few large ones.
            Input::Text if self.kind.answering == Answering::Modelling => {
                // Windows overlap by half.
                let passes = |n: usize| (n * rows).div_ceil(2 * self.examples_of_an_epoch().max(1)) as u32;
                let whole = Defaults::of("language", passes(8).clamp(10, 80), 4);
                Defaults { final_epochs: Some(passes(20).clamp(whole.epochs, 200)), ..whole }
            }
            Input::Text => Defaults::of("text", epochs(200_000, 6, 40), batch(32, 128)),
        }
    }

    /// How many examples an epoch learns from ([`Targets::of_an_epoch`]).
    #[must_use]
    pub fn examples_of_an_epoch(&self) -> usize {
        self.split.train.len().min(self.targets.of_an_epoch())
    }

    fn part(&self, rows: &[usize]) -> Examples {
        let shape = self.signature().shape();
        let inputs = self.inputs.part(rows, shape.len() as usize);
        Examples { shape, inputs, targets: self.targets.pick(rows) }
    }
}
