use std::path::PathBuf;

/// Why a device cannot be measured or used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// A file cannot be used.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A device was not measured for what a space's networks need.
    #[error(
        "device {device} was not measured for {operations}, which networks of this space have; measure them with \
         --measure-missing on that machine, or measure the device for this space"
    )]
    Missing {
        /// The device.
        device: String,
        /// The operations.
        operations: String,
    },
    /// A network cannot be run.
    #[error("a network of {parameters} parameters cannot be run by {runtime}: {reason}")]
    Run {
        /// What was to run it.
        runtime: String,
        /// How large it is.
        parameters: u64,
        /// What is wrong.
        reason: String,
    },
    /// A command that measures elsewhere did not answer as it must.
    #[error("the command {command:?} {reason}")]
    Via {
        /// The command.
        command: String,
        /// What it did, and what it should.
        reason: String,
    },
    /// There is no runtime of this name.
    #[error("there is no runtime {name:?}; there are: {known}")]
    Runtime {
        /// What was asked for.
        name: String,
        /// All names.
        known: String,
    },
    /// ONNX Runtime is not there.
    #[error("ONNX Runtime is not used: {0}")]
    NoRuntime(String),
    /// ONNX Runtime does not do what it is asked for.
    #[error("ONNX Runtime refuses a file or an input: {0}")]
    OnnxRuntime(String),
    /// Too little was measured.
    #[error("{0}")]
    TooFew(String),
}
