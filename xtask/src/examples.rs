//! Builds examples and finds their programs.

use crate::cargo;
use crate::check::spell;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// The programs of these examples, in their order.
///
/// They are built as parts of the workspace, as the tests are: a package by itself may want fewer features of what is
/// below it, and all of that would be built a second time.
pub fn build(root: &Path, names: &[&str]) -> Result<Vec<PathBuf>, String> {
    build_as(root, names, &[])
}

/// The same, as fast programs.
pub fn build_release(root: &Path, names: &[&str]) -> Result<Vec<PathBuf>, String> {
    build_as(root, names, &["--release"])
}

fn build_as(root: &Path, names: &[&str], profile: &[&str]) -> Result<Vec<PathBuf>, String> {
    let mut command = cargo(root, &["build", "--quiet", "--workspace"]);
    command.args(profile);
    names.iter().for_each(|name| {
        command.args(["--example", name]);
    });
    command.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    let line = spell(&command);
    println!("   $ {line}");
    let output = command.output().map_err(|e| format!("`{line}` cannot be started: {e}"))?;
    if !output.status.success() {
        return Err(format!("`{line}` ended with {}", output.status));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let made: Vec<(String, PathBuf)> = messages.lines().filter_map(artifact).collect();
    let find = |name: &&str| {
        let program = made.iter().find(|(n, _)| n == name).map(|(_, path)| path.clone());
        program.ok_or_else(|| format!("`{line}` made no example {name:?}"))
    };
    names.iter().map(find).collect()
}

/// The name and the program of an example that a line of cargo's tells of.
fn artifact(line: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(line).ok()?;
    let is_example = message["target"]["kind"].as_array()?.iter().any(|k| k == "example");
    let name = message["target"]["name"].as_str().filter(|_| is_example)?;
    Some((name.into(), message["executable"].as_str()?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_read_from_what_cargo_says() {
        let line = r#"{"reason":"compiler-artifact","target":{"kind":["example"],"name":"pages"},"executable":"/x/pages"}"#;
        assert_eq!(artifact(line), Some(("pages".into(), "/x/pages".into())));
        assert_eq!(artifact(&line.replace("[\"example\"]", "[\"bin\"]")), None);
        assert_eq!(artifact("no json"), None);
    }
}
