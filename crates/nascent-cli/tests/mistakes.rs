//! What people are told who made a mistake, word for word: `mistakes.txt` is the transcript.
//!
//! Where a message changed on purpose, run this test with `NASCENT_BLESS=1` and read what git says changed.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// Files that commands below are given.
const FILES: [(&str, &str); 12] = [
    ("unknown-key.toml", "task = \"digits\"\ntrails = 3\n"),
    ("wrong-type.toml", "task = \"digits\"\ntrials = \"three\"\n"),
    ("syntax.toml", "task = \"digits\ntrials = 3\n"),
    ("negative-budget.toml", "task = \"digits\"\nbudget = \"-1m\"\n"),
    ("space.toml", "space = \"convnet\"\n[narrow]\n\"stage[*].kernell\" = [3]\n"),
    ("bench.toml", "bench = \"nb201-queries\"\nstrategy = [\"random\"]\n"),
    (
        "no-space.toml",
        "task = \"mine\"\n[evaluator]\ncommand = \"x\"\ninput = [3]\noutputs = 1\nmetrics = { score = \"maximize\" }\n",
    ),
    (
        "two-metrics.toml",
        "task = \"mine\"\n[space]\nspace = \"mlp\"\n[evaluator]\ncommand = \"x\"\ninput = [3]\noutputs = 1\nmetrics = { a = \"maximize\", b = \"minimize\" }\n",
    ),
    (
        "baseline.toml",
        "task = \"mine\"\nbaselines = [\"random\"]\n[space]\nspace = \"mlp\"\n[evaluator]\ncommand = \"x\"\ninput = [3]\noutputs = 1\nmetrics = { a = \"maximize\" }\n",
    ),
    (
        "no-command.toml",
        "task = \"mine\"\n[evaluator]\ninput = [3]\noutputs = 1\nmetrics = { a = \"maximize\" }\n",
    ),
    ("picture.png", "this is no picture"),
    ("folder/file", "kept"),
];

/// One command a line.
const COMMANDS: &str = "\
search unknown-key.toml
search wrong-type.toml
search syntax.toml
search negative-budget.toml
search missing.toml
search digts
search digits --space convent
search digits --space space.toml
search digits --strategy evolutoin
search digits --strategy evolution:populaton=5
search digits --strategy evolution:population=1
search digits --objective acuracy
search digits --limit params
search digits --limit parms<=3
search digits --estimator erly
search digits --estimator full --strategy asha
search digits --estimator early --epochs 3
search digits --baseline rnadom
search digits --trials 0
search digits --epochs 0
search digits --budget -1m
search digits --memory-per-trial 1KiB
search digits --trails 3
search digits --warm-start nowhere
search digits --strategy warm-start
search digits --out folder
search missing.csv
search no-space.toml
search two-metrics.toml
search baseline.toml
search no-command.toml
resume folder
show folder
report folder
predict folder picture.png
compare folder folder
space nb202
score digits --scores nwott
score digits --samples 0
score digits --out folder
score no-such.csv
list thing
bench nb201-querys --strategy random
bench bench.toml
seach digits
";

/// What a command said, without the name of the folder it ran in.
fn transcript(folder: &Path, line: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_nascent"))
        .args(line.split(' '))
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).replace(folder.to_str().unwrap(), "FOLDER");
    // Lists of what there is grow with the project: what the message says before one is enough.
    let is_rest = |line: &&str| line.starts_with("  │ ");
    let said: Vec<String> =
        said.lines().filter(|l| !l.trim().is_empty() && !is_rest(l)).map(shortened).collect();
    assert!(output.stdout.is_empty(), "{line} printed what is no mistake");
    format!("$ nascent {line}\n{}\nexit {}\n\n", said.join("\n"), output.status.code().unwrap())
}

fn shortened(line: &str) -> String {
    for list in ["; there are: ", "; it asks: ", "; it has: "] {
        if let Some((before, _)) = line.split_once(list) {
            return format!("{before}{list}…");
        }
    }
    line.trim_end().into()
}

#[test]
fn every_mistake_is_answered_as_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().canonicalize().unwrap();
    std::fs::create_dir(at.join("folder")).unwrap();
    for (name, text) in FILES {
        std::fs::write(at.join(name), text).unwrap();
    }
    let mut said = String::new();
    for line in COMMANDS.lines() {
        write!(said, "{}", transcript(&at, line)).unwrap();
    }
    assert_eq!(std::fs::read_dir(&at).unwrap().count(), FILES.len(), "a mistake left something behind");
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes.txt");
    if std::env::var_os("NASCENT_BLESS").is_some() {
        std::fs::write(&kept, &said).unwrap();
    }
    let expected = std::fs::read_to_string(&kept).unwrap().replace("\r\n", "\n");
    for (expected, said) in expected.split("\n\n").zip(said.split("\n\n")) {
        assert_eq!(expected, said);
    }
    assert_eq!(expected.len(), said.len());
}
