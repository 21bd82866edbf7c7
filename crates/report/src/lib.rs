//! From a study's events to a page a person can read.
//!
//! Give it a [`Report`]; [`page`] makes the HTML file, [`card::markdown`] the model card, [`diagram`] a picture of any
//! network, [`front`] one of a study's best for terminals, [`comparison()`] the page of a bench. All are pure functions of their input: no files, no clock, no printing.

pub mod card;
mod chart;
mod comparison;
pub mod diagram;
mod effect;
pub mod escape;
pub mod format;
pub mod front;
mod input;
mod page;
mod verdict;

pub use comparison::{Cell, Comparison, PairRow, Panel, comparison};
pub use input::{
    Baseline, ClassesTested, ColumnFacts, DataFacts, Duplicates, Mistake, OfSize, Report, Seconds,
    SpaceFacts, TaskFacts, Tested, ValuesTested,
};
pub use page::page;
