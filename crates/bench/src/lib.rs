//! Benchmark tables, a simulated clock, protocols, and the statistics that compare strategies.
//!
//! Read in this order: [`Table`] and [`import`] (networks that were trained long ago), [`SimulatedWorkers`] (trials that
//! are looked up in simulated time, in the same loop as any study), [`protocol`] (what is searched, and how it is
//! judged), [`Bench`] (many runs, stored as they end), [`Results`] and [`statistics`] (what they say).

mod clock;
mod error;
mod files;
pub mod import;
pub mod protocol;
mod results;
mod run;
pub mod statistics;
mod table;

pub use clock::{Clock, SimulatedWorkers};
pub use error::BenchError;
pub use results::{Comparison, Optimum, Rank, Reported, Results, Row, Summary};
pub use run::{Bench, Contender, Done, Make, Occasion, RunSettings, Trace, Traces, run};
pub use table::{About, Column, ColumnDescription, Precision, SpaceDescription, Table, about};
