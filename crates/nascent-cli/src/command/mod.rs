//! One function a command.

mod bench;
mod compare;
mod device;
mod export;
mod generate;
mod inspect;
mod list;
mod predict;
mod predictors;
mod score;
mod show;
mod study;

pub use bench::bench;
pub use compare::compare;
pub use device::device;
pub use export::export;
pub use generate::generate;
pub use inspect::inspect;
pub use list::{list, space};
pub use predict::predict;
pub use predictors::predictors;
pub use score::score;
pub use show::{report, show};
pub use study::{resume, search};

/// What is wrong with a file that a command was given.
fn unusable(path: &std::path::Path, reason: impl ToString) -> nascent::Error {
    nascent::Error::File { path: path.into(), reason: reason.to_string() }
}
