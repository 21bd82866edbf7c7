//! The search spaces that come with Nascent: one file or folder each, registered in [`registry`].
//!
//! A space is made from its parameters, the task's input shape and the number of outputs: by its name with
//! [`registry::build`], from a file that narrows one with [`SpaceFile`], or from Rust with [`Nb201Params`],
//! [`ConvnetParams`] or [`MlpParams`]. All of them ask the same questions about training, unless told not to.

mod columns;
mod conv1d;
mod convnet;
mod error;
mod file;
mod language;
mod mlp;
mod narrow;
mod nb101;
mod nb201;
mod options;
mod parameters;
mod recurrent;
mod reference;
pub mod registry;
mod text;
mod tokens;
mod training;

pub use columns::{ColumnQuestion, Columns, ColumnsError};
pub use conv1d::{Conv1dParams, Conv1dSpace};
pub use convnet::{Convnet, ConvnetParams};
pub use error::{DefinitionError, Problem};
pub use file::SpaceFile;
pub use language::{LanguageParams, LanguageSpace};
pub use mlp::{Mlp, MlpParams};
pub use narrow::{Narrowed, Narrowing};
pub use nb101::{Nb101, Nb101Cell};
pub use nb201::{Nb201, Nb201Cell, Nb201Op, Nb201Params};
pub use parameters::{Parameter, Range};
pub use recurrent::{RecurrentParams, RecurrentSpace};
pub use text::{TextParams, TextSpace};
