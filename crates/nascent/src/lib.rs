//! Runs a study from settings to files: the library behind the command line, and for programs of your own.
//!
//! [`Settings`] is what can be asked, [`Setup`] checks it, [`run`] does it and leaves a run folder, [`load`] reads one.
//! [`fn@export`] writes a network for other programs, [`fn@compress`] a smaller one. [`fn@generate`] continues text. [`fn@score`] scores networks without training them. [`measure_predictors`] says how well models guess results. [`mod@bench`] compares strategies on tables. [`search_in_process`]
//! searches with a space, strategy, evaluator or objective of your own: the crate's examples show one each.

mod adapt;
mod answers;
mod baselines;
pub mod bench;
mod budget;
mod choice;
mod compare;
mod compress;
mod devices;
mod earlier;
mod effort;
mod error;
mod evidence;
mod export;
mod generate;
mod handover;
mod in_process;
mod known;
mod outside;
mod parallel;
mod pick;
mod planned;
mod predict;
mod predictors;
mod run;
mod schema;
mod score;
mod settings;
mod setup;
mod speed;
mod stored;
mod summary;
mod together;
mod tolerance;
mod trees;
mod wanted;
mod worker;
mod wrapped;

pub use adapt::{Adapting, Choice, LeftOut, leave_one_out, predict_device, to_measure};
pub use baselines::BASELINES;
pub use choice::rule;
pub use compare::{Comparison, Pair, compare};
pub use compress::{Change, Compressed, Compressing, Precision, Share, Side, TaughtBy, compress};
pub use devices::{MeasuringDevice, measure_device, measure_missing};
pub use earlier::Spelled;
pub use error::{Error, InputError};
pub use evidence::Evidence;
pub use export::{Exported, Exporting, export};
pub use generate::{Generating, generate};
pub use in_process::search_in_process;
pub use known::read_task;
pub use outside::Outside;
pub use pick::Pick;
pub use predict::{Answered, Prediction, Predictions, ask, predict};
pub use predictors::{PredictorStudy, PredictorTable, measure_predictors};
pub use run::{Finish, Progress, Start, run};
pub use schema::schemas;
pub use score::{Measured, Scored, Scores, Scoring, score, score_networks};
pub use settings::{Budget, Estimator, Memory, Settings, Size, StopWhen, StudyFile};
pub use setup::Setup;
pub use stored::{Stored, load, write_report};
pub use summary::Summary;
pub use together::Trust;
pub use wanted::known_objectives;
pub use worker::serve;

pub use nascent_core as core;
pub use nascent_data as data;
pub use nascent_device as device;
pub use nascent_export as exporters;
pub use nascent_report::diagram;
pub use nascent_runtime as runtime;
pub use nascent_spaces as spaces;
pub use nascent_strategies as strategies;
pub use nascent_train as train;
