//! From a study's events to a page a person can read.

pub mod diagram;
pub mod escape;
pub mod format;
