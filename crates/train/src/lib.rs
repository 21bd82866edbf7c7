//! From an architecture to trained weights.
