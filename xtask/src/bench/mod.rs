//! `cargo xtask bench`: how fast the hot paths are, as ratios to something measured in the same run.
//!
//! Seconds differ from machine to machine and from hour to hour; a ratio of two things measured one after the other
//! says more. A part is a file of this folder with a `PART`, and a line in [`PARTS`].

mod data;
mod engine;
mod inference;
mod kernels;
mod overhead;
mod python;
mod scores;
mod stepper;
mod strategies;
mod training;

use crate::cargo;
use crate::check::spell;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

/// One thing that can be measured.
pub struct Part {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What is measured, against what.
    pub about: &'static str,
    /// Is it run where no part is named? What takes many minutes is not.
    pub by_default: bool,
    /// Measures and prints; the words are what follows the part's name on the command line.
    pub run: fn(&Path, &[&str]) -> Result<(), String>,
}

const PARTS: &[&Part] = &[
    &overhead::PART,
    &kernels::PART,
    &training::PART,
    &data::PART,
    &strategies::PART,
    &scores::PART,
    &engine::PART,
    &inference::PART,
];

/// Measures the named part, or all that are quick.
pub fn run(root: &Path, words: &[&str]) -> Result<(), String> {
    let [name, rest @ ..] = words else {
        return PARTS.iter().filter(|p| p.by_default).try_for_each(|part| measure(part, root, &[]));
    };
    let part = PARTS.iter().find(|p| p.name == *name).ok_or_else(|| {
        let known: Vec<String> = PARTS.iter().map(|p| format!("\n  {:12} {}", p.name, p.about)).collect();
        format!("there is no benchmark {name:?}; there are:{}", known.concat())
    })?;
    measure(part, root, rest)
}

fn measure(part: &Part, root: &Path, words: &[&str]) -> Result<(), String> {
    println!("── {}: {}", part.name, part.about);
    (part.run)(root, words)
}

/// Runs an example in release mode, which prints one JSON object a measurement, and prints them as a table.
///
/// The keys are `what` and `seconds`, and `baseline` and `baseline_seconds` for what it stands beside. Lines that are no
/// objects are passed over.
fn example(root: &Path, package: &str, name: &str, words: &[&str]) -> Result<(), String> {
    let mut command = cargo(root, &["run", "--quiet", "--release", "--package", package, "--example", name]);
    command.arg("--").arg("--json").args(words).stderr(Stdio::inherit());
    let line = spell(&command);
    println!("   $ {line}");
    let output = command.output().map_err(|e| format!("`{line}` cannot be started: {e}"))?;
    if !output.status.success() {
        return Err(format!("`{line}` ended with {}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let rows: Vec<String> = text.lines().filter_map(|l| row(&serde_json::from_str(l).ok()?)).collect();
    if rows.is_empty() {
        return Err(format!("`{line}` printed no measurement"));
    }
    rows.iter().for_each(|row| println!("   {row}"));
    Ok(())
}

/// Runs a program to its end, which must be a good one.
fn ended(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|e| format!("{command:?}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}")) }
}

/// A measurement as people read it.
fn row(value: &Value) -> Option<String> {
    let (what, baseline) = (value["what"].as_str()?, value["baseline"].as_str()?);
    let (seconds, beside) = (value["seconds"].as_f64()?, value["baseline_seconds"].as_f64()?);
    let ratio = seconds / beside;
    Some(format!("{what}: {} — {ratio:.2} × {baseline} ({})", time(seconds), time(beside)))
}

fn time(seconds: f64) -> String {
    match seconds {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 1e-3 => format!("{:.2} ms", s * 1e3),
        s => format!("{:.2} µs", s * 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn measurements_are_ratios() {
        let value = json!({"what": "a", "seconds": 0.03, "baseline": "b", "baseline_seconds": 0.02});
        assert_eq!(row(&value).unwrap(), "a: 30.00 ms — 1.50 × b (20.00 ms)");
        assert_eq!(row(&json!({"what": "a"})), None);
        assert_eq!(row(&json!(3)), None);
    }

    #[test]
    fn an_unknown_part_is_answered_with_those_that_are() {
        let error = run(Path::new("."), &["no-such"]).unwrap_err();
        assert!(error.contains("\"no-such\"") && error.contains("overhead"), "{error}");
    }
}
