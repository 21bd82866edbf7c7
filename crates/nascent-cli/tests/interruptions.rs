//! Studies that are paused, shared, damaged, or out of space: the real binary, and the log that survives.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

const BINARY: &str = env!("CARGO_BIN_EXE_nascent");

fn nascent(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(BINARY).args(arguments).current_dir(folder).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A study of small networks that would take minutes.
const LONG: [&str; 10] =
    ["search", "digits", "--space", "mlp", "--trials", "200", "--baseline", "none", "--out", "run"];

fn start(folder: &Path) -> Child {
    let mut command = Command::new(BINARY);
    let child = command.args(LONG).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    child.unwrap()
}

fn summary(folder: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(folder.join("run/summary.json")).unwrap()).unwrap()
}

fn finished(folder: &Path) -> usize {
    String::from_utf8_lossy(&nascent(folder, &["show", "run", "--json"]).stdout)
        .matches("\"finished\"")
        .count()
}

fn wait_for_a_trial(folder: &Path) {
    for _ in 0..1200 {
        if finished(folder) > 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("no trial finished within a minute");
}

#[test]
fn ctrl_c_finishes_what_runs_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let child = start(at);
    wait_for_a_trial(at);
    // Another process may read the study, but not go on with it.
    let taken = nascent(at, &["resume", "run"]);
    assert!(taken.status.code() == Some(2) && said(&taken).contains("another process"), "{}", said(&taken));
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert!(said(&output).contains("nascent resume run"), "{}", said(&output));
    // What ran was finished, and the report says what there is so far.
    let shown: serde_json::Value =
        serde_json::from_slice(&nascent(at, &["show", "run", "--json"]).stdout).unwrap();
    let states: Vec<_> = shown["trials"].as_array().unwrap().iter().map(|t| t["state"].clone()).collect();
    assert!(states.iter().all(|s| s == "finished"), "{states:?}");
    assert!(at.join("run/report.html").exists() && summary(at)["status"] == "running");
    let fewer = nascent(at, &["resume", "run", "--trials", "1"]);
    assert!(fewer.status.code() == Some(2) && said(&fewer).contains("200"), "{}", said(&fewer));
}

#[test]
fn a_budget_ends_a_study_and_a_larger_one_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let arguments = ["search", "digits", "--space", "mlp", "--epochs", "2", "--budget", "4s", "--out", "run"];
    let output = nascent(at, &arguments);
    assert!(output.status.success(), "{}", said(&output));
    let (first, trials) = (summary(at), finished(at));
    assert_eq!((&first["status"], &first["test_touches"]), (&"finished".into(), &1.into()));
    // How good it is depends on how much of the machine four seconds were.
    assert!(first["best"]["test"]["mean"].is_number(), "{first:#}");
    let output = nascent(at, &["resume", "run", "--budget", "24s"]);
    assert!(output.status.success(), "{}", said(&output));
    let second = summary(at);
    // The search went on. Where another network wins now, the test set was opened again, and that is told.
    assert!(finished(at) > trials, "{trials} and then {}", finished(at));
    let touches = second["test_touches"].as_u64().unwrap();
    let is_told = second["notes"].to_string().contains("opened 2 times");
    assert!(touches == 1 && !is_told || touches == 2 && is_told, "{touches} {}", second["notes"]);
}

#[test]
fn a_full_disk_stops_a_study_that_resumes_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let small = ["search", "digits", "--space", "mlp", "--trials", "3", "--epochs", "2", "--out", "run"];
    // Files may not grow beyond 40 blocks of 1 KiB, and the process is told so instead of being killed.
    let script = format!("trap '' XFSZ; ulimit -f 40; exec {BINARY} {}", small.join(" "));
    let output = Command::new("bash").args(["-c", &script]).current_dir(at).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(!said(&output).contains("panicked") && said(&output).contains("run/"), "{}", said(&output));
    let output = nascent(at, &["resume", "run"]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(summary(at)["status"], "finished");
}

#[test]
fn folders_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let nowhere = nascent(at, &["search", "digits", "--out", "/proc/nascent/run"]);
    assert!(
        nowhere.status.code() == Some(2) && said(&nowhere).contains("/proc/nascent"),
        "{}",
        said(&nowhere)
    );
    std::fs::create_dir(at.join("run")).unwrap();
    for command in
        [&["resume", "run"][..], &["show", "run"], &["report", "run"], &["predict", "run", "x.png"]]
    {
        let output = nascent(at, command);
        assert_eq!(output.status.code(), Some(2), "{command:?}: {}", said(&output));
        assert!(said(&output).contains("run"), "{command:?}: {}", said(&output));
    }
    std::fs::write(at.join("run/study.db"), "this is no database, but it is long enough to look at").unwrap();
    std::fs::write(at.join("run/study.toml"), "task = \"digits\"").unwrap();
    for command in [&["resume", "run"][..], &["show", "run"]] {
        let output = nascent(at, command);
        assert_eq!(output.status.code(), Some(2), "{command:?}: {}", said(&output));
        assert!(said(&output).contains("study.db"), "{command:?}: {}", said(&output));
    }
}
