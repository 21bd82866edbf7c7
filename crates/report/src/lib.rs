//! From a study's events to a page a person can read.
