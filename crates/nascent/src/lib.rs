//! Runs a study from settings to files: the library behind the command line, and for programs of your own.
//!
//! [`Settings`] is what can be asked, [`Setup`] checks it, [`run`] does it and leaves a run folder, [`load`] reads one.
//! [`mod@bench`] compares strategies on tables. For a study of your own space, strategy, evaluator or objective see the
//! crate's examples: they use [`core`] directly.

mod answers;
pub mod bench;
mod budget;
mod choice;
mod compare;
mod effort;
mod error;
mod evidence;
mod handover;
mod predict;
mod run;
mod schema;
mod settings;
mod setup;
mod stored;
mod summary;
mod trees;
mod worker;

pub use choice::rule;
pub use compare::{Comparison, Pair, compare};
pub use error::{Error, InputError};
pub use evidence::Evidence;
pub use predict::{Answered, Prediction, Predictions, predict, raw_input};
pub use run::{Finish, Progress, Start, run};
pub use schema::schemas;
pub use settings::{Budget, Memory, Settings, StudyFile};
pub use setup::{BASELINES, Setup, known_objectives};
pub use stored::{Stored, load, write_report};
pub use summary::Summary;
pub use worker::serve;

pub use nascent_core as core;
pub use nascent_data as data;
pub use nascent_report::diagram;
pub use nascent_runtime as runtime;
pub use nascent_spaces as spaces;
pub use nascent_strategies as strategies;
