//! Trained networks as files for other programs.
//!
//! Read [`Model`] first: a network with its numbers and what its inputs and answers mean. An [`Exporter`] makes files of
//! one; [`all`] lists them. `onnx/` writes a graph that any runtime computes, `safetensors` the numbers with the graph as
//! data, `pytorch/` a module in source. [`int8`] makes networks of whole numbers, which ONNX files can hold.

mod error;
mod exporter;
pub mod int8;
mod model;
pub mod onnx;
mod pytorch;
mod safetensors;

pub use error::ExportError;
pub use exporter::{Exporter, File, Stepwise, all, find};
pub use model::Model;
