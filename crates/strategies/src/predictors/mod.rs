//! What guesses results before they are in: encodings of decisions, and models in plain `f64`.

pub(crate) mod acquisition;
pub(crate) mod autoencoder;
pub(crate) mod cholesky;
pub(crate) mod encoding;
pub(crate) mod ensemble;
pub(crate) mod gaussian_process;
pub(crate) mod kernel;
pub(crate) mod lessons;
pub(crate) mod normal;
pub(crate) mod surrogate;
pub(crate) mod tape;
