//! The search strategies that come with Nascent, one file each.
