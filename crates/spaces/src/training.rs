//! The questions about training, the same in every space.

use crate::options::Options;
use nascent_core::question::{Path, Scale, Topic};
use nascent_core::{Chooser, Settings, SpaceError};

static PLACE: Path<'static> = Path::new("training");

/// Asks how a network is trained, or leaves the settings at their defaults.
#[derive(Clone, Debug)]
pub(crate) struct Training(Option<Asked>);

#[derive(Clone, Debug)]
struct Asked {
    learning_rate: Options<f64>,
    weight_decay: Options<f64>,
    /// Not where examples cannot be varied.
    augmentation: Option<Options<u8>>,
}

impl Training {
    /// `is_varied` says whether training examples can be varied, as pictures can.
    pub(crate) fn new(asked: bool, is_varied: bool) -> Self {
        Self(asked.then(|| Asked {
            // Near enough to equal steps of the logarithm, a factor of 20 around what AdamW takes on small networks.
            learning_rate: Options::sizes(
                Topic::Training,
                vec![5e-4, 7e-4, 1e-3, 1.5e-3, 2e-3, 3e-3, 5e-3, 7e-3, 1e-2],
            ),
            weight_decay: Options::sizes(Topic::Training, vec![0.0, 1e-3, 1e-2, 5e-2, 1e-1]),
            augmentation: is_varied.then(|| {
                Options::named(Scale::Ordered, Topic::Training, &[("none", 0), ("light", 1), ("strong", 2)])
            }),
        }))
    }

    pub(crate) fn ask(&self, chooser: &mut dyn Chooser) -> Result<Settings, SpaceError> {
        let Some(asked) = &self.0 else { return Ok(Settings::default()) };
        Ok(Settings {
            learning_rate: asked.learning_rate.ask(chooser, PLACE.child("learning_rate"))?,
            weight_decay: asked.weight_decay.ask(chooser, PLACE.child("weight_decay"))?,
            augmentation: match &asked.augmentation {
                Some(options) => options.ask(chooser, PLACE.child("augmentation"))?,
                None => 0,
            },
            ..Settings::default()
        })
    }
}

/// What a good practitioner starts with.
pub(crate) fn wanted(path: &str) -> Option<&'static str> {
    match path {
        "training.learning_rate" => Some("0.003"),
        "training.weight_decay" => Some("0.01"),
        "training.augmentation" => Some("light"),
        _ => None,
    }
}
