//! One file a format: each gives plain raw data, and an error that names the place where the data are not what they
//! should be.
//!
//! No reader panics, and none sets memory aside for what a header promises before the bytes are there.

mod csv_file;
mod dates;
mod layout;
mod source;

pub(crate) use csv_file::dates_of;
pub use csv_file::{CsvForm, read_csv};
pub(crate) use dates::DateForm;
pub use source::Source;
