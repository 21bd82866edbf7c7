//! The search spaces that come with Nascent.
