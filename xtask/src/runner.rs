//! Runs the tests: by nextest where it is installed, else by `cargo test`, with one closing line either way.

use crate::cargo;
use crate::check::spell;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs all tests but those in documentation; the answer is the runner's closing line.
///
/// What passing tests print is shown too, because that is where a test says that it was skipped.
pub fn run(root: &Path) -> Result<String, String> {
    let nextest = cargo(root, &["nextest", "--version"]).output().is_ok_and(|o| o.status.success());
    if nextest {
        let mut command = cargo(root, &["nextest", "run", "--workspace", "--success-output", "immediate"]);
        command.stderr(Stdio::piped());
        return follow(command, Runner::Nextest);
    }
    println!("   cargo-nextest is not installed: `cargo test` it is");
    let targets = ["--lib", "--bins", "--tests", "--examples"];
    let mut command = cargo(root, &["test", "--workspace"]);
    command.args(targets).args(["--", "--show-output"]).stdout(Stdio::piped());
    follow(command, Runner::CargoTest)
}

#[derive(Clone, Copy)]
enum Runner {
    Nextest,
    CargoTest,
}

/// Passes a runner's lines on while it runs, and picks its closing line out of them.
fn follow(mut command: Command, runner: Runner) -> Result<String, String> {
    let line = spell(&command);
    println!("   $ {line}");
    let failed = |e: std::io::Error| format!("`{line}` cannot be run: {e}");
    let mut child = command.spawn().map_err(failed)?;
    let mut closing = Closing::new(runner);
    let print = |line: &str| println!("{line}");
    match (child.stdout.take(), child.stderr.take()) {
        (Some(out), _) => pass_on(BufReader::new(out), &mut closing, print).map_err(failed)?,
        (None, Some(err)) => pass_on(BufReader::new(err), &mut closing, print).map_err(failed)?,
        (None, None) => {}
    }
    let status = child.wait().map_err(failed)?;
    let closing = closing.line();
    match (status.success(), closing) {
        (true, Some(summary)) => Ok(summary),
        (true, None) => Err(format!("`{line}` ran no test")),
        (false, Some(summary)) => Err(format!("`{line}` ended with {status}: {}", summary.trim())),
        (false, None) => Err(format!("`{line}` ended with {status}")),
    }
}

fn pass_on(
    mut lines: impl BufRead,
    closing: &mut Closing,
    mut show: impl FnMut(&str),
) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    while lines.read_until(b'\n', &mut bytes)? > 0 {
        // A test may print anything, not only UTF-8.
        let line = String::from_utf8_lossy(&bytes);
        if closing.take(line.trim_end()) {
            show(line.trim_end());
        }
        bytes.clear();
    }
    Ok(())
}

/// What a runner's lines amount to.
struct Closing {
    runner: Runner,
    nextest: Option<String>,
    binaries: u64,
    failed_binaries: u64,
    counts: [u64; COUNTS.len()],
    dropped: bool,
}

/// What `cargo test` counts in its closing line of each binary.
const COUNTS: [&str; 5] = ["passed", "failed", "ignored", "measured", "filtered out"];

impl Closing {
    fn new(runner: Runner) -> Self {
        Self {
            runner,
            nextest: None,
            binaries: 0,
            failed_binaries: 0,
            counts: [0; COUNTS.len()],
            dropped: false,
        }
    }

    /// Takes a line in; the answer is whether a person wants to read it.
    fn take(&mut self, line: &str) -> bool {
        match self.runner {
            Runner::Nextest => {
                if line.trim_start().starts_with("Summary [") {
                    self.nextest = Some(line.to_string());
                }
                // Each passing test is a process that frames its output; a blank line belongs to what is before it.
                self.dropped = is_frame(line) || self.dropped && line.is_empty();
                !self.dropped
            }
            Runner::CargoTest => {
                if let Some((verdict, counts)) = cargo_test_result(line) {
                    self.binaries += 1;
                    self.failed_binaries += u64::from(!verdict);
                    self.counts.iter_mut().zip(counts).for_each(|(all, one)| *all += one);
                }
                true
            }
        }
    }

    /// The runner's closing line; for `cargo test`, which has one a binary, their sum in the same words.
    fn line(&self) -> Option<String> {
        match self.runner {
            Runner::Nextest => self.nextest.clone(),
            Runner::CargoTest => (self.binaries > 0).then(|| {
                let verdict = if self.failed_binaries == 0 { "ok" } else { "FAILED" };
                let counts = self.counts.iter().zip(COUNTS).map(|(n, word)| format!("{n} {word}"));
                format!("test result: {verdict}. {}", counts.collect::<Vec<_>>().join("; "))
            }),
        }
    }
}

/// Whether a line is what the test harness puts around the output of a test that passed.
fn is_frame(line: &str) -> bool {
    let text = line.trim();
    matches!(text, "stdout ───" | "stderr ───" | "running 1 test")
        || text.starts_with("test ") && text.ends_with(" ... ok")
        || text.starts_with("test result: ok. 1 passed;")
}

/// Whether a binary's tests passed, and its counts in the order of [`COUNTS`].
fn cargo_test_result(line: &str) -> Option<(bool, [u64; COUNTS.len()])> {
    let (verdict, rest) = line.trim().strip_prefix("test result: ")?.split_once(". ")?;
    let mut counts = [0; COUNTS.len()];
    for part in rest.split("; ") {
        let Some((number, word)) = part.split_once(' ') else { continue };
        if let Some(i) = COUNTS.iter().position(|c| *c == word) {
            counts[i] = number.parse().ok()?;
        }
    }
    Some((verdict == "ok", counts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(runner: Runner, output: &str) -> (Vec<&str>, Option<String>) {
        let mut closing = Closing::new(runner);
        let shown = output.lines().filter(|l| closing.take(l)).collect();
        (shown, closing.line())
    }

    #[test]
    fn nextest_is_shown_without_frames_and_with_what_tests_print() {
        let output = "    Starting 2 tests across 1 binary
        PASS [   0.017s] (1/2) nt a
  stdout ───

    running 1 test
    SKIPPED: tables/x is absent
    test a ... ok

    test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 2 filtered out; finished in 0.00s


        PASS [   0.018s] (2/2) nt b
────────────
     Summary [   0.024s] 2 tests run: 2 passed, 0 skipped";
        let (shown, closing) = read(Runner::Nextest, output);
        let expected = [
            "    Starting 2 tests across 1 binary",
            "        PASS [   0.017s] (1/2) nt a",
            "    SKIPPED: tables/x is absent",
            "        PASS [   0.018s] (2/2) nt b",
            "────────────",
            "     Summary [   0.024s] 2 tests run: 2 passed, 0 skipped",
        ];
        assert_eq!(shown, expected);
        assert_eq!(closing.as_deref(), expected.last().copied());
    }

    #[test]
    fn what_a_failed_test_says_is_kept() {
        let output = "    test a ... FAILED\n\n    thread 'a' panicked at src/lib.rs:2\n\n    left: 1";
        assert_eq!(read(Runner::Nextest, output), (output.lines().collect(), None));
    }

    #[test]
    fn results_of_cargo_test_are_summed() {
        let output = "\
test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
test x ... ok
test result: ok. 40 passed; 0 failed; 0 ignored; 2 measured; 0 filtered out; finished in 1.25s";
        let sum = "test result: ok. 43 passed; 0 failed; 1 ignored; 2 measured; 0 filtered out";
        assert_eq!(read(Runner::CargoTest, output).1.as_deref(), Some(sum));
        let failed =
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0s";
        let sum = "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(read(Runner::CargoTest, failed).1.as_deref(), Some(sum));
        assert_eq!(read(Runner::CargoTest, "running 0 tests").1, None);
    }

    #[test]
    fn lines_that_are_no_text_are_passed_on() {
        let mut closing = Closing::new(Runner::Nextest);
        let mut shown = Vec::new();
        let output = &b"a \xff b\n Summary [ 1s] 1 tests run: 1 passed, 0 skipped\n"[..];
        pass_on(output, &mut closing, |line| shown.push(line.to_string())).unwrap();
        assert_eq!(shown[0], "a \u{fffd} b");
        assert_eq!(closing.line(), shown.pop());
    }
}
