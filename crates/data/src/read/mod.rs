//! One file a format: each gives plain raw data, and an error that names the place where the data are not what they
//! should be.
//!
//! No reader panics, and none sets memory aside for what a header promises before the bytes are there.

mod any_table;
mod array;
mod cifar;
mod csv_file;
mod dates;
mod foreign;
mod idx;
mod json_lines;
mod layout;
mod npz;
mod parquet_file;
mod parquet_pages;
mod source;
mod ts;

pub use any_table::read_table;
pub(crate) use any_table::{TableFormat, is_parquet};
pub use array::{Array, Values};
pub use cifar::{Cifar, read_cifar};
pub(crate) use csv_file::dates_of;
pub use csv_file::{CsvForm, read_csv};
pub(crate) use dates::DateForm;
pub(crate) use foreign::refuse as refuse_foreign;
pub use idx::read_idx;
pub use json_lines::read_json_lines;
pub use npz::read_npz;
pub(crate) use parquet_file::ParquetColumns;
pub use parquet_file::read_parquet;
pub use source::Source;
pub use ts::{RawSeries, SeriesFile, read_ts};
