//! What all predictors have in common, and which there are.

use super::boosted::Boosted;
use super::calibrated::Calibrated;
use super::encoded::{Encoded, Encoding};
use super::gaussian_process::Gaussian;
use super::graph_network::GraphNetworks;
use super::perceptrons::Perceptrons;
use super::ridge::Ridge;

/// A guess at a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guess {
    /// What it is expected to be.
    pub mean: f64,
    /// The standard deviation of what is not known of it.
    pub deviation: f64,
}

impl Guess {
    /// As if nothing were known but the mean: what decides which guesses are looked at closer.
    pub(crate) fn hopeful(self) -> Self {
        Self { deviation: 0.5, ..self }
    }

    /// What several say on average, and how far they are apart.
    pub(crate) fn of_several(answers: &[f64]) -> Self {
        let count = answers.len().max(1) as f64;
        let mean = answers.iter().sum::<f64>() / count;
        let variance = answers.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / count;
        Self { mean, deviation: variance.sqrt() }
    }
}

/// Guesses what networks are worth that were not trained, from what others were worth.
pub trait Predictor: Send {
    /// Learns from networks and their values, one each, which are centred and of a spread of about 1.
    ///
    /// What was learnt before is forgotten. The same networks, values and seed give the same guesses.
    fn fit(&mut self, networks: &[&Encoded], values: &[f64], seed: u64);

    /// A guess at a network's value, in the units of the values. To be called after [`Predictor::fit`].
    fn guess(&self, network: &Encoded) -> Guess;
}

/// A predictor as it is listed.
pub struct PredictorEntry {
    /// The name users type.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// The paper it is from, or an empty text.
    pub paper: &'static str,
    /// What it can be given, the usual first.
    pub encodings: &'static [Encoding],
    /// Makes it.
    pub make: fn() -> Box<dyn Predictor>,
}

const NUMBERS: &[Encoding] = &[Encoding::Answers, Encoding::Paths, Encoding::Wl];

// The registration: a new predictor is one file and one entry here.
static ALL: &[PredictorEntry] = &[
    PredictorEntry {
        name: "ridge",
        summary: "linear regression, its penalty chosen by leaving one out",
        paper: "",
        encodings: NUMBERS,
        make: || Box::new(Ridge::default()),
    },
    PredictorEntry {
        name: "gp",
        summary: "the Gaussian process of npenas: answers together, one by one, and counted",
        paper: "",
        encodings: NUMBERS,
        make: || Box::new(Gaussian::default()),
    },
    PredictorEntry {
        name: "perceptrons",
        summary: "the ensemble of bananas: five perceptrons from different beginnings",
        paper: "arXiv:1910.11858",
        encodings: NUMBERS,
        make: || Box::new(Calibrated::<Perceptrons>::default()),
    },
    PredictorEntry {
        name: "boosted",
        summary: "five times gradient boosted regression trees, each on a bootstrap sample",
        paper: "doi:10.1214/aos/1013203451",
        encodings: NUMBERS,
        make: || Box::new(Calibrated::<Boosted>::default()),
    },
    PredictorEntry {
        name: "graph",
        summary: "three small networks that pass messages along the network's graph",
        paper: "arXiv:1912.00848",
        encodings: &[Encoding::Graph],
        make: || Box::new(Calibrated::<GraphNetworks>::default()),
    },
];

/// All predictors, in the order they are listed.
#[must_use]
pub fn predictors() -> &'static [PredictorEntry] {
    ALL
}
