/// Why a network could not be written for another program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The numbers are not those of the graph.
    #[error(
        "the network has a place {name:?} for {expected} numbers, the weights have {got}: they belong to another network"
    )]
    Weights {
        /// The place.
        name: String,
        /// How many numbers it has.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// What the preprocessing says does not fit the graph.
    #[error(
        "the preprocessing makes inputs of {inputs} and knows {answers} answers, the network takes {takes} and gives {gives}: they belong to different networks"
    )]
    Preprocessing {
        /// The inputs that the preprocessing makes.
        inputs: String,
        /// The answers that it has a meaning for.
        answers: u64,
        /// The inputs that the network takes.
        takes: String,
        /// The answers that the network gives.
        gives: u64,
    },
    /// An operation got other inputs than it takes.
    #[error("node {node} ({label}) cannot be written: {reason}")]
    Node {
        /// The node's position.
        node: usize,
        /// The operation.
        label: String,
        /// What is wrong.
        reason: String,
    },
    /// A file's format refused its content.
    #[error("{file} cannot be made: {reason}")]
    Format {
        /// The file.
        file: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// There is no exporter of this name.
    #[error("there is no format {name:?}; there are: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// All names.
        known: String,
    },
}
