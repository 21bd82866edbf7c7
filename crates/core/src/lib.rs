//! The words of Nascent and the loop that uses them: no I/O, no tensors, no threads, no clock.
//!
//! Read in this order: [`architecture`] (a network as data), [`question`], [`Space`] and [`chooser`] (how networks
//! are described), [`Strategy`], [`Evaluator`] and [`Workers`] (who proposes and who measures), [`event`], [`Log`]
//! and [`History`] (what is remembered), and [`study`] (the loop). [`pareto`] and [`statistics`] judge the results.

pub mod architecture;
pub mod chooser;
mod decisions;
mod evaluator;
pub mod event;
mod feasibility;
mod history;
mod log;
mod nearest;
pub mod objective;
pub mod pareto;
pub mod question;
pub mod rng;
mod settings;
mod signature;
mod space;
pub mod statistics;
mod strategy;
pub mod study;
mod workers;

pub use decisions::{Decisions, PathKey};
pub use evaluator::{Continued, Control, EvaluateError, Evaluator, Identity, Job, Progress};
pub use event::{Event, TrialId};
pub use feasibility::{Feasibility, feasibility};
pub use history::{History, HistoryError, State, Test, Trial};
pub use log::{Log, LogError, MemoryLog};
pub use nearest::{did_you_mean, nearest};
pub use objective::{Metrics, Objectives};
pub use settings::{Optimizer, Settings};
pub use signature::{Features, Signature};
pub use space::{Candidate, Chooser, Space, SpaceError};
pub use strategy::{AskContext, Next, Strategy, StrategyError, draw};
pub use study::Study;
pub use workers::{Inline, Message, WorkerError, Workers, run_job};
