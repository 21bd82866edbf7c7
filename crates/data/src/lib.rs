//! Data sets and tasks: reading, splits, transforms and batches.
