//! Runs a study from settings to files: the library that users call.
