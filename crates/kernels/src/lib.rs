//! The hot operations of training on a CPU, as functions on slices.
//!
//! Images are `[batch, channels, height, width]`, row-major, float32; a sequence is an image of height 1. [`Path`] says which instructions are used: the
//! best that the processor has is found at run time. Results are the same from run to run on one path.
//!
//! Read `lanes.rs` first (what a vector is on each path), then `convolution.rs`.

mod activation;
mod attention;
mod convolution;
mod depthwise;
mod embedding;
mod gather;
mod lanes;
pub mod last;
mod layer_norm;
mod layout;
mod norm;
mod numbers;
mod optimizer;
mod pool;
mod tile;

pub use activation::Smooth;
pub use attention::Attention;
pub use convolution::{Conv2d, Scratch};
pub use embedding::Lookup;
pub use lanes::{Path, flush_denormals};
pub use layer_norm::LayerNorm;
pub use norm::{BatchNorm, Statistics, channel_sums};
pub use numbers::{Bins, Grouped, Waves};
pub use optimizer::{AdamW, Sgd};
pub use pool::{Pool2d, Pooling};
