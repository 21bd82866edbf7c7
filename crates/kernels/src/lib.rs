//! The hot operations of training on a CPU, as functions on slices.
//!
//! Images are `[batch, channels, height, width]`, row-major, float32. [`Path`] says which instructions are used: the
//! best that the processor has is found at run time. Results are the same from run to run on one path.
//!
//! Read `lanes.rs` first (what a vector is on each path), then `convolution.rs`.

mod activation;
mod convolution;
mod depthwise;
mod gather;
mod lanes;
mod layout;
mod norm;
mod pool;
mod tile;

pub use activation::Smooth;
pub use convolution::{Conv2d, Scratch};
pub use lanes::Path;
pub use norm::{BatchNorm, Statistics};
pub use pool::MaxPool2d;
