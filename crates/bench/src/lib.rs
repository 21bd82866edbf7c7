//! Benchmark tables, a simulated clock, protocols, and the statistics that compare strategies.
//!
//! Read in this order: [`Table`] and [`import`] (networks that were trained long ago), [`SimulatedWorkers`] (trials that
//! are looked up in simulated time, in the same loop as any study), [`protocol`] (what is searched, and how it is
//! judged), [`Bench`] (many runs, stored as they end), [`Results`] and [`statistics`] (what they say). [`BenchSettings`] is what users write,
//! [`Store`] is where tables are found.

mod clock;
mod error;
mod files;
pub mod import;
pub mod protocol;
mod results;
mod run;
mod settings;
pub mod statistics;
mod store;
mod table;

pub use clock::{Clock, SimulatedWorkers};
pub use error::BenchError;
pub use results::{Comparison, Optimum, Rank, Reported, Results, Row, Summary};
pub use run::{Bench, Contender, Done, Make, Occasion, RunSettings, Trace, Traces, run};
pub use settings::BenchSettings;
pub use store::{Store, Stored};
pub use table::{About, Column, ColumnDescription, Precision, SpaceDescription, Table, about};
