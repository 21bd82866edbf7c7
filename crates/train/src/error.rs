use nascent_data::DataError;
use std::path::PathBuf;

/// Why a network could not be trained, stored or read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The loss stopped being a number.
    #[error("the loss became {loss} in epoch {epoch}, step {step}: the learning rate is likely too high")]
    Diverged {
        /// The epoch, from 1.
        epoch: u32,
        /// The step within the epoch, from 1.
        step: usize,
        /// The loss.
        loss: f64,
    },
    /// The observer ended the training within an epoch.
    #[error("training was stopped in epoch {epoch}")]
    Stopped {
        /// The epoch, from 1.
        epoch: u32,
    },
    /// Examples and network do not fit.
    #[error("{0}")]
    Mismatch(String),
    /// A weights file could not be read or written.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// This build has no such device.
    #[error(
        "there is no device {name:?} in this build; there are: {known}. Others come with cargo features of their name"
    )]
    Device {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Examples could not be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// No thread could be had.
    #[error("no thread for training could be started: {0}")]
    Thread(String),
}
