//! The event log in SQLite, and worker processes with their protocol.
