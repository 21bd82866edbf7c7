//! One function a command.

use std::io::IsTerminal;

mod bench;
mod compare;
mod compress;
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
pub use compress::compress;
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

/// How many cores there are: the threads that are used unless the user says otherwise.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The progress of so many steps, shown on a terminal only.
fn bar(steps: usize, is_hidden: bool) -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::new(steps as u64);
    if is_hidden || !std::io::stderr().is_terminal() {
        bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
    }
    bar
}

/// What is wrong with a file that a command was given.
fn unusable(path: &std::path::Path, reason: impl ToString) -> nascent::Error {
    nascent::Error::File { path: path.into(), reason: reason.to_string() }
}
