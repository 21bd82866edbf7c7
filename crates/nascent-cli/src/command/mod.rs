//! One function a command.

mod list;
mod show;
mod study;

pub use list::{list, space};
pub use show::{compare, predict, report, show};
pub use study::{resume, search};
