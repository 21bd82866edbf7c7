//! Everything that must hold before a change is taken, in the order of how fast it fails.

use crate::{cargo, codegen, house, runner};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// What a step that did not fail has to say.
enum Passed {
    Ok,
    /// Not done on this machine, and how to have it done.
    Skipped(&'static str),
    /// The test runner's own closing line.
    Tests(String),
}

struct Step {
    name: &'static str,
    /// What to do where it fails.
    hint: &'static str,
    run: fn(&Path) -> Result<Passed, String>,
}

const STEPS: &[Step] = &[
    Step {
        name: "format",
        hint: "run `cargo fmt --all`",
        run: |root| finish(cargo(root, &["fmt", "--all", "--check"])),
    },
    Step {
        name: "lints",
        hint: "mend what clippy names",
        run: |root| {
            finish(cargo(root, &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))
        },
    },
    Step {
        name: "dependency rules",
        hint: "remove the dependency, or argue for the new arrow in docs/design and add it to xtask/src/house.rs",
        run: |root| house::check(root).map(|()| Passed::Ok),
    },
    Step {
        name: "licences and sources",
        hint: "see deny.toml: replace the crate, or argue for it there",
        run: deny,
    },
    Step {
        name: "generated pages",
        hint: "run `cargo xtask codegen`, and read what changed",
        run: |root| codegen::check(root).map(|()| Passed::Ok),
    },
    Step {
        name: "tests",
        hint: "the failed tests are named above",
        run: |root| runner::run(root).map(Passed::Tests),
    },
    Step {
        name: "doc tests",
        hint: "mend the examples in the documentation named above",
        run: |root| finish(cargo(root, &["test", "--quiet", "--doc", "--workspace"])),
    },
    Step {
        name: "documentation",
        hint: "mend what rustdoc names",
        run: |root| {
            let mut doc = cargo(root, &["doc", "--workspace", "--no-deps"]);
            doc.env("RUSTDOCFLAGS", "--deny warnings");
            finish(doc)
        },
    },
];

/// Runs every step, stops at the first that fails, and ends with the test runner's closing line.
pub fn run(root: &Path) -> Result<(), String> {
    let begin = Instant::now();
    let mut tests = None;
    for (i, step) in STEPS.iter().enumerate() {
        println!("── {}/{} {}", i + 1, STEPS.len(), step.name);
        let start = Instant::now();
        let result = (step.run)(root);
        let seconds = start.elapsed().as_secs_f64();
        let outcome = match result {
            Ok(Passed::Ok) => "ok".to_string(),
            Ok(Passed::Skipped(reason)) => format!("not run: {reason}"),
            Ok(Passed::Tests(summary)) => {
                tests = Some(summary);
                "ok".to_string()
            }
            Err(reason) => {
                println!("   {}: failed after {seconds:.1} s", step.name);
                return Err(format!("{}: {reason}; {}", step.name, step.hint));
            }
        };
        println!("   {}: {outcome}, {seconds:.1} s", step.name);
    }
    println!("── all {} steps passed in {:.1} s", STEPS.len(), begin.elapsed().as_secs_f64());
    // Last, so that whoever reads only the end of the output sees how many tests ran.
    if let Some(summary) = tests {
        println!("{summary}");
    }
    Ok(())
}

/// Advisories are left out: they need the network, and change without any change to the project.
fn deny(root: &Path) -> Result<Passed, String> {
    let there = cargo(root, &["deny", "--version"]).output().is_ok_and(|o| o.status.success());
    if !there {
        return Ok(Passed::Skipped(
            "cargo-deny is not installed; `cargo install --locked cargo-deny` adds it",
        ));
    }
    finish(cargo(root, &["deny", "check", "bans", "licenses", "sources"]))
}

fn finish(mut command: Command) -> Result<Passed, String> {
    let line = spell(&command);
    println!("   $ {line}");
    let status = command.status().map_err(|e| format!("`{line}` cannot be started: {e}"))?;
    if status.success() { Ok(Passed::Ok) } else { Err(format!("`{line}` ended with {status}")) }
}

/// A cargo command as a person would type it.
pub fn spell(command: &Command) -> String {
    let words = command.get_args().map(|a| a.to_string_lossy());
    std::iter::once("cargo".into()).chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_spelled_as_typed() {
        assert_eq!(spell(&cargo(Path::new("."), &["fmt", "--all"])), "cargo fmt --all");
    }

    #[test]
    fn a_failing_command_is_named() {
        let mut command = cargo(Path::new("."), &["no-such-subcommand"]);
        command.stderr(std::process::Stdio::null());
        let reason = finish(command).err().unwrap();
        assert!(reason.starts_with("`cargo no-such-subcommand` ended with"), "{reason}");
        assert!(finish(cargo(Path::new("."), &["--version"])).is_ok());
    }
}
