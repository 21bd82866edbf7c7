//! Data sets and tasks: reading, splits, transforms and batches.
//!
//! A [`Task`] is what a study is about: its parts, its metric, and the [`Preprocessing`] that raw input goes through.
//! [`load`] makes one from a user's files and a few [`Options`]; [`registry`] has those that come with Nascent. [`read`]
//! has one reader a format, and [`Findings`] say what was found in data and what was made of it.

mod augmentation;
mod digits;
mod error;
mod example_file;
mod examples;
mod findings;
mod image_file;
mod load;
mod metric;
mod options;
pub mod preprocessing;
mod raw_input;
pub mod read;
pub mod registry;
mod split;
mod table;
mod task;

pub use augmentation::Augmentation;
pub use error::DataError;
pub use example_file::Room;
pub use examples::{Examples, Numbers, Scale, Targets};
pub use findings::{ClassCounts, ColumnFinding, Findings, PartCounts, ValueRange};
pub(crate) use image_file::picture;
pub use image_file::{Resize, png, read_image};
pub use load::{inspect, load, load_within};
pub use metric::{Metric, judge, most_probable};
pub use options::{Answering, Bytes, Input, Options, SplitRule, Tokens};
pub use preprocessing::{Inputs, Preprocessing};
pub use raw_input::Rows;
pub use split::{Split, stratified};
pub use table::{Cells, Column, Dictionary, Table};
pub use task::{Defaults, Kind, Task};
