//! The command line of Nascent: arguments and printing, nothing else.
#![allow(clippy::print_stdout, clippy::print_stderr)]

/// Prints a line; a reader that has gone, such as `head`, is no error.
macro_rules! out {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

mod arguments;
mod command;
mod complaint;
mod live;

use arguments::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;

/// Training asks for large blocks of memory at every step, and gives them back: an allocator that keeps them saves the
/// kernel's clearing of each page, an eighth of a step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Search(options) => command::search(*options),
        Command::Resume(options) => command::resume(options),
        Command::Inspect(options) => command::inspect(&options),
        Command::Show(options) => command::show(&options),
        Command::Report(options) => command::report(&options),
        Command::Predict(options) => command::predict(&options),
        Command::Generate(options) => command::generate(&options),
        Command::Export(options) => command::export(options),
        Command::Compress(options) => command::compress(options),
        Command::Compare(options) => command::compare(&options),
        Command::List(options) => command::list(&options),
        Command::Space(options) => command::space(&options),
        Command::Score(options) => command::score(*options),
        Command::Predictors(options) => command::predictors(options),
        Command::Bench(options) => command::bench(*options),
        Command::Device(options) => command::device(options),
        Command::Worker => return nascent::serve(),
    };
    done.unwrap_or_else(|error| complaint::print(&error))
}
