//! What guesses results before they are in: encodings of networks, and models in plain `f64`.
//!
//! A [`Predictor`] learns from networks that [`encode`] made comparable; [`predictors`] lists them.

mod accuracy;
pub(crate) mod acquisition;
pub(crate) mod autoencoder;
mod boosted;
mod calibrated;
pub(crate) mod cholesky;
mod encoded;
pub(crate) mod encoding;
pub(crate) mod ensemble;
pub(crate) mod gaussian_process;
mod graph_network;
pub(crate) mod kernel;
pub(crate) mod lessons;
pub(crate) mod normal;
mod perceptrons;
mod predictor;
mod ridge;
pub(crate) mod surrogate;
pub(crate) mod tape;

pub use accuracy::{Accuracy, GUESSED, Known, Row, try_predictors};
pub use encoded::{Encoded, Encoding, encode};
pub use normal::Quantiles;
pub use predictor::{Guess, Predictor, PredictorEntry, predictors};
