//! Benchmark tables, a simulated clock, protocols, and the statistics that compare strategies.
//!
//! Read in this order: [`Table`] and [`import`] (networks that were trained long ago).

mod error;
mod files;
pub mod import;
mod table;

pub use error::BenchError;
pub use table::{About, Column, ColumnDescription, Precision, SpaceDescription, Table, about};
