//! The project's own chores, run as `cargo xtask …`.
//!
//! [`check`] is the one test command, [`house`] the rules of who may depend on whom, [`runner`] how tests are run
//! and summed up, [`codegen`] writes pages from the code, [`mod@bench`] measures the hot paths, [`strategy`] writes the first version of a new strategy.

// Chores are timed for the person who waits for them.
#![allow(clippy::disallowed_methods)]

mod bench;
mod check;
mod codegen;
mod examples;
mod house;
mod runner;
mod strategy;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const USAGE: &str = "\
usage: cargo xtask check                  format, lints, dependency rules, tests, documentation
       cargo xtask codegen [--check]      write the pages of docs/ that follow from the code, or compare them
       cargo xtask bench [PART …]         how fast the hot paths are, each against a baseline measured beside it
       cargo xtask new strategy NAME      write crates/strategies/src/NAME.rs and register it";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["check"] => check::run(&root()),
        ["codegen"] => codegen::write(&root()),
        ["codegen", "--check"] => codegen::check(&root()),
        ["bench", ref rest @ ..] => bench::run(&root(), rest),
        ["new", "strategy", name] => strategy::add(&root(), name),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("error: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace: asked when run, because a shared target folder outlives a moved checkout.
fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let here = here.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    here.parent().map(Path::to_path_buf).unwrap_or(here)
}

/// The cargo that runs this chore, in the workspace.
fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root);
    command
}
