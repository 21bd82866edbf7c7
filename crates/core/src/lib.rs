//! The words of Nascent and the loop that uses them: no I/O, no tensors, no threads, no clock.
//!
//! Read in this order: [`architecture`] (a network as data), [`question`], [`Space`] and [`chooser`] (how networks
//! are described), [`Strategy`], [`Evaluator`] and [`Workers`] (who proposes and who measures), [`Event`], [`Log`]
//! and [`History`] (what is remembered), and [`Study`] (the loop). [`pareto`] and [`statistics`] judge the results.

pub mod architecture;
pub mod chooser;
mod decisions;
pub mod question;
pub mod rng;
mod settings;
mod space;

pub use decisions::{Decisions, PathKey};
pub use settings::{Optimizer, Settings};
pub use space::{Candidate, Chooser, Space, SpaceError};
