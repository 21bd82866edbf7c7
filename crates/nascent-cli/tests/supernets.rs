//! Searches whose networks are judged by the weights they have in one that was trained for all: the real binary.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const BINARY: &str = env!("CARGO_BIN_EXE_nascent");
const SMALL: &str =
    "space = \"nb201\"\n[parameters]\nchannels = 4\ncells = 1\nstages = 1\ntraining = false\n";

fn nascent(folder: &Path, words: &str) -> Output {
    Command::new(BINARY).args(words.split_whitespace()).current_dir(folder).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("small.toml"), SMALL).unwrap();
    folder
}

fn search(folder: &Path, words: &str) -> Value {
    let line = format!("search digits --space small.toml --epochs 2 --workers 1 --baseline none {words}");
    let output = nascent(folder, &line);
    assert!(output.status.success(), "{}", said(&output));
    let run = words.split_whitespace().last().unwrap();
    serde_json::from_slice(&std::fs::read(folder.join(run).join("summary.json")).unwrap()).unwrap()
}

fn trials(folder: &Path, run: &str) -> Vec<Value> {
    let output = nascent(folder, &format!("show {run} --json"));
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    shown["trials"].as_array().unwrap().iter().filter(|t| t["role"] == "search").cloned().collect()
}

#[test]
fn one_shot_search_says_how_far_its_word_can_be_trusted() {
    let folder = folder();
    let at = folder.path();
    let summary = search(at, "--estimator supernet --supernet-epochs 3 --trials 20 --out run");
    assert_eq!(summary["status"], "finished");
    assert_eq!(summary["test_touches"], 1);
    let trust = &summary["trust"];
    assert_eq!(trust["networks"], 4, "{trust}");
    for name in ["kendall", "spearman", "params_kendall", "params_spearman"] {
        assert!(trust[name].is_null() || trust[name].as_f64().unwrap().abs() <= 1.0, "{trust}");
    }
    let notes = summary["notes"].as_array().unwrap();
    assert!(notes.iter().any(|n| n.as_str().unwrap().contains("Kendall rank correlation")), "{notes:?}");
    let on = |rung: u64| trials(at, "run").into_iter().filter(move |t| t["rung"] == rung).collect::<Vec<_>>();
    assert_eq!(on(0).len(), 1);
    // Networks that were looked at before are not looked at again.
    let (shared, copied) = (summary["trials"]["shared"].as_u64(), summary["trials"]["duplicate"].as_u64());
    let looks = on(1).len() as u64;
    assert!(shared.unwrap() <= looks && shared.unwrap() + copied.unwrap() >= looks, "{summary}");
    assert!(on(1).iter().all(|t| t["objectives"]["accuracy"].is_number() && t["parents"][0] == 0));
    // What is handed over was trained alone.
    let best = summary["best"]["trial"].as_u64().unwrap();
    assert!(on(2).iter().any(|t| t["trial"] == best), "{best}");
    // Of four channels and two epochs nobody expects much.
    assert!(summary["best"]["test"]["mean"].as_f64().unwrap() > 0.12, "{summary}");
    assert!(
        std::fs::read_to_string(at.join("run/report.html"))
            .unwrap()
            .contains("supernet:spos with a budget of 3")
    );
}

#[test]
fn gradient_search_keeps_a_limit_exactly() {
    let folder = folder();
    let at = folder.path();
    for method in ["darts", "gdas"] {
        let words = format!(
            "--supernet {method} --supernet-epochs 4 --strategy supernet:sample=0,candidates=1 --trials 4 \
             --limit params<=900 --out {method}"
        );
        let summary = search(at, &words);
        assert!(summary["best"]["params"].as_f64().unwrap() <= 900.0, "{summary}");
        let found = trials(at, method);
        assert_eq!(found.len(), 4);
        assert_eq!(found[0]["rung"], 0);
        for trial in &found[1..] {
            assert_eq!((&trial["rung"], &trial["parents"][0]), (&2.into(), &0.into()));
            assert!(trial["objectives"]["params"].as_f64().unwrap() <= 900.0, "{trial}");
        }
    }
}

#[test]
fn a_supernet_that_was_killed_goes_on_to_the_same_numbers() {
    let folder = folder();
    let at = folder.path();
    let words = "--supernet gdas --supernet-epochs 12 --strategy supernet:sample=2 --trials 6";
    let whole = search(at, &format!("{words} --out whole"));
    let line = format!(
        "search digits --space small.toml --epochs 2 --workers 1 --baseline none {words} --out killed"
    );
    let mut child = Command::new(BINARY)
        .args(line.split_whitespace())
        .current_dir(at)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let kept = at.join("killed/trials/0000/supernet.checkpoint");
    for _ in 0..2400 {
        if kept.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    assert!(kept.exists(), "no epoch ended within a minute");
    child.kill().unwrap();
    child.wait().unwrap();
    let output = nascent(at, "resume killed");
    assert!(output.status.success(), "{}", said(&output));
    let resumed: Value =
        serde_json::from_slice(&std::fs::read(at.join("killed/summary.json")).unwrap()).unwrap();
    for key in ["best", "trust", "pareto", "trials"] {
        assert_eq!(resumed[key], whole[key], "{key}");
    }
    let numbers = |run| trials(at, run).into_iter().map(|t| (t["hash"].clone(), t["objectives"].clone()));
    assert_eq!(numbers("killed").collect::<Vec<_>>(), numbers("whole").collect::<Vec<_>>());
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_made() {
    let folder = folder();
    let at = folder.path();
    let cases = [
        ("search digits --supernet darts", "the space convnet cannot be relaxed"),
        (
            "search digits --supernet darts",
            "spaces with the supernet darts: nb201; for convnet there are: spos",
        ),
        (
            "search digits --space small.toml --supernet sandwich",
            "spaces with the supernet sandwich: convnet, mlp",
        ),
        ("search digits --supernet dartz", "did you mean \"darts\""),
        ("search digits --estimator full --supernet spos", "trains no supernet"),
        ("search digits --supernet-epochs 3", "there is no supernet"),
        ("search digits --estimator supernet --supernet-epochs 0", "not from 1 to 100000"),
        ("search digits --strategy supernet", "give estimator = \"supernet\""),
        ("search digits --estimator supernet --strategy asha", "cannot be inside supernet"),
        (
            "search digits --space nb201 --supernet drnas --batch-size 8192 --memory-per-trial 96MiB",
            "a worker may use 96 MiB",
        ),
        ("search digits --space small.toml --supernet gdas --limit params<=10", "meets the limits"),
    ];
    for (line, expected) in cases {
        let output = nascent(at, line);
        assert!([Some(2), Some(3)].contains(&output.status.code()), "{line}: {}", said(&output));
        // Lines are broken where they are long.
        let words = said(&output).replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(expected), "{line}: {words}");
    }
    assert_eq!(std::fs::read_dir(at).unwrap().count(), 1, "something was left behind");
}

#[test]
fn sizes_share_weights_too() {
    let folder = folder();
    let at = folder.path();
    let line = "search digits --space mlp --estimator supernet --supernet-epochs 3 --epochs 2 --trials 16 --workers 2 \
                --baseline none --out run";
    let output = nascent(at, line);
    assert!(output.status.success(), "{}", said(&output));
    let summary: Value =
        serde_json::from_slice(&std::fs::read(at.join("run/summary.json")).unwrap()).unwrap();
    assert_eq!(summary["trust"]["networks"], 4);
    assert!(summary["best"]["test"]["mean"].as_f64().unwrap() > 0.5, "{summary}");
    let listed = said(&nascent(at, "list supernets"));
    assert!(listed.contains("fairnas") && listed.contains("arXiv:1907.01845"), "{listed}");
}
