//! Data sets and tasks: reading, splits, transforms and batches.
//!
//! A [`Task`] is what a study is about: its parts, its metric, and the [`Preprocessing`] that raw input goes through.
//! [`registry`] has the tasks that come with Nascent.

mod augmentation;
mod digits;
mod error;
mod examples;
mod image_file;
mod metric;
mod preprocessing;
pub mod registry;
mod split;
mod task;

pub use augmentation::Augmentation;
pub use error::DataError;
pub use examples::{Examples, Scale, Targets};
pub use image_file::{Resize, read_image};
pub use metric::{Metric, judge, most_probable};
pub use preprocessing::Preprocessing;
pub use split::{Split, stratified};
pub use task::{Kind, Task};
