//! What the trained network must agree on with the graph it came from. One binary: linking Burn is slow.
#![allow(clippy::unwrap_used)]

mod engine;
mod evaluator;
mod files;
mod graphs;
mod language;
mod operations;
mod reference;
mod scores;
mod training;
