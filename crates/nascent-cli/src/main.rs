//! The command line of Nascent.
fn main() {}
