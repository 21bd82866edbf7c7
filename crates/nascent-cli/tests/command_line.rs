//! The command line as a person meets it: the real binary, real studies, and mistakes.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

fn nascent(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nascent")).args(arguments).current_dir(folder).output().unwrap()
}

/// The exit code and what was printed to people who made a mistake.
fn fails(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = nascent(folder, arguments);
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).replace('\n', " "))
}

const SMALL: [&str; 12] = [
    "search",
    "digits",
    "--space",
    "mlp",
    "--trials",
    "3",
    "--epochs",
    "2",
    "--workers",
    "1",
    "--out",
    "run",
];

#[test]
fn a_small_study_is_run_shown_extended_and_asked() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let output = nascent(at, &SMALL);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).to_string();
    assert!(text.contains("against   tuned-reference") && text.contains("nascent show run"), "{text}");
    for file in
        ["study.toml", "study.db", "report.html", "summary.json", "best/model.safetensors", "best/card.md"]
    {
        assert!(at.join("run").join(file).exists(), "{file}");
    }
    let summary = |run: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(at.join(run).join("summary.json")).unwrap()).unwrap()
    };
    let first = summary("run");
    assert_eq!((&first["status"], &first["test_touches"]), (&"finished".into(), &1.into()));
    assert_eq!(first["best"]["test"]["values"].as_array().unwrap().len(), 3);
    let shown = nascent(at, &["show", "run", "--json"]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert!(shown["trials"].as_array().unwrap().len() >= 6);
    assert!(nascent(at, &["show", "run", "0"]).status.success());
    image::GrayImage::new(8, 8).save(at.join("x.png")).unwrap();
    assert!(nascent(at, &["predict", "run", "x.png"]).status.success());
    image::GrayImage::new(9, 8).save(at.join("y.png")).unwrap();
    let (code, error) = fails(at, &["predict", "run", "y.png"]);
    assert!(code == 2 && error.contains("9×8"), "{error}");

    // The same study with more workers gives the same result, and its file repeats it.
    let again = nascent(at, &["search", "run/study.toml", "--workers", "2", "--out", "again"]);
    assert!(again.status.success());
    assert_eq!(summary("again")["best"]["hash"], first["best"]["hash"]);
    assert_eq!(summary("again")["best"]["test"], first["best"]["test"]);

    let extended = nascent(at, &["resume", "run", "--trials", "4"]);
    assert!(extended.status.success(), "{}", String::from_utf8_lossy(&extended.stderr));
    assert_eq!(summary("run")["trials"]["finished"], 4);
    // The winner may have changed by now; either way both were tested on the same examples.
    let compared = nascent(at, &["compare", "run", "again", "--json"]);
    let compared: serde_json::Value = serde_json::from_slice(&compared.stdout).unwrap();
    let pair = &compared["pairs"][0];
    let p = pair["verdict"]["p"].as_f64().unwrap();
    assert!(p > 0.0 && p <= 1.0 && compared["notes"] == serde_json::json!([]), "{compared:#}");
    let said = nascent(at, &["compare", "run", "again"]).stdout;
    assert!(String::from_utf8_lossy(&said).contains("95 % interval"), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn a_study_begins_with_the_best_of_an_earlier_one() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    assert!(nascent(at, &SMALL).status.success());
    let trials = |run: &str| -> Vec<serde_json::Value> {
        let shown = nascent(at, &["show", run, "--json"]).stdout;
        let shown: serde_json::Value = serde_json::from_slice(&shown).unwrap();
        shown["trials"].as_array().unwrap().clone()
    };
    let value = |t: &serde_json::Value| t["objectives"]["accuracy"].as_f64().unwrap();
    let earlier: Vec<serde_json::Value> =
        trials("run").into_iter().filter(|t| t["role"] == "search").collect();
    let best = earlier.iter().map(value).fold(0.0, f64::max);
    let mut warm = SMALL.to_vec();
    warm[11] = "warm";
    warm.extend(["--baseline", "none", "--seed", "2", "--warm-start", "run"]);
    let output = nascent(at, &warm);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let first = &trials("warm")[0];
    assert!(earlier.iter().any(|t| t["decisions"] == first["decisions"] && value(t) == best));

    // The study's file needs the earlier run no more.
    std::fs::remove_dir_all(at.join("run")).unwrap();
    assert!(nascent(at, &["search", "warm/study.toml", "--out", "again"]).status.success());
    assert_eq!(trials("again")[0]["hash"], first["hash"]);
    warm[3] = "convnet";
    warm[11] = "other";
    let last = warm.len() - 1;
    warm[last] = "warm";
    let (code, error) = fails(at, &warm);
    assert!(code == 2 && error.contains("searched the space mlp"), "{error}");
}

#[test]
fn a_killed_study_resumes_to_the_result_of_one_never_killed() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    assert!(nascent(at, &SMALL).status.success());
    let mut killed = SMALL;
    killed[11] = "killed";
    let mut child = Command::new(env!("CARGO_BIN_EXE_nascent"))
        .args(killed)
        .current_dir(at)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // Whenever this strikes, before, during or after a trial: the log decides.
    for _ in 0..2_400 {
        std::thread::sleep(Duration::from_millis(50));
        let shown = nascent(at, &["show", "killed", "--json"]).stdout;
        if String::from_utf8_lossy(&shown).contains("\"finished\"") {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let resumed = nascent(at, &["resume", "killed"]);
    assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
    let trials = |run: &str| {
        let shown: serde_json::Value =
            serde_json::from_slice(&nascent(at, &["show", run, "--json"]).stdout).unwrap();
        let mut trials = shown["trials"].clone();
        trials.as_array_mut().unwrap().iter_mut().for_each(|t| t["seconds"] = 0.into());
        trials
    };
    assert_eq!(trials("killed"), trials("run"));
}

#[test]
fn mistakes_are_named_and_make_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let cases: [(&[&str], i32, &str); 12] = [
        (&["search", "digts"], 2, "did you mean \"digits\""),
        (&["search", "digits", "--space", "convent"], 2, "did you mean \"convnet\""),
        (&["search", "digits", "--strategy", "evolutoin"], 2, "did you mean \"evolution\""),
        (&["search", "digits", "--strategy", "evolution:population=1"], 2, "from 2 to"),
        (&["search", "digits", "--objective", "acuracy"], 2, "did you mean \"accuracy\""),
        (&["search", "digits", "--limit", "params"], 2, "METRIC<=NUMBER"),
        (&["search", "digits", "--limit", "parms<=3"], 2, "did you mean \"params\""),
        (&["search", "digits", "--trials", "0"], 2, "trials = 0 is not from 1"),
        (&["search", "digits", "--trails", "3"], 2, "--trials"),
        (&["search", "digits", "--baseline", "rnadom"], 2, "did you mean \"random\""),
        (&["search", "digits", "--limit", "params<=10"], 3, "the nearest has params"),
        (&["resume", "."], 2, "study"),
    ];
    for (arguments, code, message) in cases {
        let (got, error) = fails(at, arguments);
        assert!(got == code && error.contains(message), "{arguments:?}: {got} {error}");
    }
    for file in
        ["trails = 3", "task = \"digits\"\ntrials = \"x\"", "task = ", "task = \"digits\"\nbudget = \"-1m\""]
    {
        std::fs::write(at.join("study.toml"), file).unwrap();
        let (code, error) = fails(at, &["search", "study.toml"]);
        assert!(code == 2 && error.contains("study.toml") && error.contains("here"), "{file}: {error}");
    }
    assert!(!at.join("runs").exists(), "a mistake left a run folder");
    std::fs::create_dir(at.join("mine")).unwrap();
    std::fs::write(at.join("mine/file"), "kept").unwrap();
    let (code, _) = fails(at, &["search", "digits", "--out", "mine"]);
    assert_eq!(code, 2);
    assert_eq!(std::fs::read_dir(at.join("mine")).unwrap().count(), 1);
}

#[test]
fn a_condition_to_stop_goes_around_the_strategy() {
    let folder = tempfile::tempdir().unwrap();
    let dry = |condition| {
        let words = [
            "search",
            "digits",
            "--space",
            "mlp",
            "--dry-run",
            "--strategy",
            "tpe",
            "--stop-when",
            condition,
        ];
        nascent(folder.path(), &words)
    };
    let planned = dry("p(better than incumbent) < 0.07");
    let text = String::from_utf8(planned.stdout).unwrap();
    assert!(text.contains("strategy = \"curve-stop:chance=7,startup=10 > tpe:"), "{text}");
    assert!(text.contains("stop_when = \"p(better than incumbent) < 0.07\""), "{text}");
    let refused = dry("p(better than incumbent) < 0.7");
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("0.01 to 0.5"));
    let condition = "p(better than incumbent) < 0.05";
    for (more, part) in [
        (["--estimator", "supernet", "--space", "nb201"], "share weights"),
        (["--objective", "accuracy", "--objective", "params"], "objectives"),
    ] {
        let words = [&["search", "digits", "--dry-run", "--stop-when", condition][..], &more[..]].concat();
        let (code, error) = fails(folder.path(), &words);
        assert!(code == 2 && error.contains(part), "{error}");
    }
}
