//! One function a command.

mod bench;
mod list;
mod show;
mod study;

pub use bench::bench;
pub use list::{list, space};
pub use show::{compare, predict, report, show};
pub use study::{resume, search};
