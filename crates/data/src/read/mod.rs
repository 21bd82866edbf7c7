//! One file a format: each gives plain raw data, and an error that names the place where the data are not what they
//! should be.
//!
//! No reader panics, and none sets memory aside for what a header promises before the bytes are there.

mod array;
mod cifar;
mod csv_file;
mod dates;
mod idx;
mod layout;
mod source;
mod ts;

pub use array::{Array, Values};
pub use cifar::{Cifar, read_cifar};
pub(crate) use csv_file::dates_of;
pub use csv_file::{CsvForm, read_csv};
pub(crate) use dates::DateForm;
pub use idx::read_idx;
pub use source::Source;
pub use ts::{RawSeries, SeriesFile, read_ts};
