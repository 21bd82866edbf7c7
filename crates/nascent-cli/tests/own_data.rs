//! Searches on files of one's own, from inspection to answers, with the real binary.
#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output};

fn nascent(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nascent")).args(arguments).current_dir(folder).output().unwrap()
}

/// What was printed; it must have gone well.
fn prints(folder: &Path, arguments: &[&str]) -> String {
    let output = nascent(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn summary(folder: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(folder.join("summary.json")).unwrap()).unwrap()
}

/// Rows of two numbers and a colour; the price follows from all three, and so does whether it is dear.
fn houses(rows: usize) -> String {
    let mut text = "size,age,colour,price,dear\n".to_string();
    for i in 0..rows {
        let (size, age) = ((i * 37 % 101) as f64, (i * 53 % 67) as f64);
        let (colour, extra) = [("red", 40.0), ("blue", 0.0), ("green", -40.0)][i % 3];
        let price = 3.0 * size - age + extra;
        // Some ages are not known.
        let age = if i % 17 == 0 { String::new() } else { age.to_string() };
        let dear = if price > 110.0 { "yes" } else { "no" };
        writeln!(text, "{size},{age},{colour},{price},{dear}").unwrap();
    }
    text
}

const SHORT: [&str; 8] = ["--trials", "6", "--epochs", "12", "--workers", "2", "--out", "run"];

#[test]
fn values_are_searched_for_on_a_ladder_and_asked_about() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("houses.csv"), houses(300)).unwrap();
    let data = ["houses.csv", "--target", "price", "--ignore", "dear"];
    let inspected = prints(at, &[&["inspect"], &data[..]].concat());
    assert!(inspected.contains("regression") && inspected.contains("rmse"), "{inspected}");
    let search = [&["search"], &data[..], &SHORT, &["--strategy", "asha > random"]].concat();
    let text = prints(at, &search);
    assert!(text.contains("rmse") && text.contains("against   tuned-reference"), "{text}");
    let study = std::fs::read_to_string(at.join("run/study.toml")).unwrap();
    assert!(study.contains("folds = 5") && study.contains("ignore = [\"dear\"]"), "{study}");
    let result = summary(&at.join("run"));
    assert_eq!(result["task"]["metric"], "rmse");
    // The price's deviation is about 95: something must have been learned.
    assert!(result["best"]["test"]["mean"].as_f64().unwrap() < 60.0, "{}", result["best"]);
    let shown: serde_json::Value = serde_json::from_str(&prints(at, &["show", "run", "--json"])).unwrap();
    let mut rungs: Vec<u64> =
        shown["trials"].as_array().unwrap().iter().filter_map(|t| t["rung"].as_u64()).collect();
    rungs.sort_unstable();
    rungs.dedup();
    assert_eq!(rungs, [0, 1], "{shown}");

    // Columns in another order, one too many, a colour never seen, and an age that is missing.
    std::fs::write(at.join("new.csv"), "colour,note,age,size\nred,x,10,50\npink,y,,90\n").unwrap();
    prints(at, &["predict", "run", "new.csv", "--out", "answers.csv"]);
    let answers = std::fs::read_to_string(at.join("answers.csv")).unwrap();
    let values: Vec<f64> =
        answers.lines().skip(1).map(|l| l.rsplit(',').next().unwrap().parse().unwrap()).collect();
    assert!(values.len() == 2 && values.iter().all(|v| v.is_finite()), "{answers}");
    std::fs::write(at.join("short.csv"), "colour,age\nred,10\n").unwrap();
    let output = nascent(at, &["predict", "run", "short.csv"]);
    let error = String::from_utf8_lossy(&output.stderr).to_string();
    assert!(output.status.code() == Some(2) && error.contains("\"size\""), "{error}");
}

#[test]
fn classes_are_searched_for_and_answered_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("houses.csv"), houses(300)).unwrap();
    let search = [
        &[
            "search",
            "houses.csv",
            "--target",
            "dear",
            "--ignore",
            "price",
            "--folds",
            "2",
            "--baseline",
            "none",
        ],
        &SHORT[..],
    ]
    .concat();
    prints(at, &search);
    let result = summary(&at.join("run"));
    assert_eq!(result["task"]["metric"], "accuracy");
    assert!(result["best"]["test"]["mean"].as_f64().unwrap() > 0.7, "{}", result["best"]);
    std::fs::write(at.join("new.csv"), "size,age,colour\n100,0,red\n0,60,green\n").unwrap();
    let answers = prints(at, &["predict", "run", "new.csv"]);
    assert!(answers.contains("yes") && answers.contains("no"), "{answers}");
}

#[test]
fn a_budget_of_time_ends_a_study_that_would_take_longer() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("houses.csv"), houses(3000)).unwrap();
    let search =
        ["search", "houses.csv", "--target", "price", "--ignore", "dear", "--budget", "6s", "--out", "run"];
    prints(at, &search);
    let result = summary(&at.join("run"));
    assert_eq!(result["status"], "finished");
    assert!(result["best"]["test"]["mean"].is_number(), "{}", result["best"]);
}

#[test]
fn mistakes_leave_no_run_folder() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("houses.csv"), houses(60)).unwrap();
    let cases: [(&[&str], &str); 6] = [
        (&["nowhere.csv"], "nowhere.csv"),
        (&["houses.csv", "--target", "prize"], "\"price\""),
        (&["houses.csv", "--target", "price", "--folds", "0"], "folds = 0"),
        (&["houses.csv", "--target", "price", "--split", "time", "--folds", "3"], "folds = 3"),
        (&["houses.csv", "--target", "price", "--strategy", "asha > random", "--epochs", "4"], "at least 6"),
        (&["houses.csv", "--target", "price", "--objective", "accuracy"], "accuracy"),
    ];
    for (arguments, expected) in cases {
        let output = nascent(at, &[&["search"], arguments, &["--out", "run"]].concat());
        let error = String::from_utf8_lossy(&output.stderr).replace('\n', " ");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
        assert!(!at.join("run").exists(), "{arguments:?}");
    }
}

#[test]
fn networks_that_the_memory_of_a_worker_does_not_hold_are_refused_before_they_start() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("houses.csv"), houses(60)).unwrap();
    let search = "search houses.csv --target price --ignore dear --batch-size 32768 --memory-per-trial 64MiB --out run";
    let output = nascent(at, &search.split(' ').collect::<Vec<_>>());
    let error = String::from_utf8_lossy(&output.stderr).replace('\n', " ");
    assert_eq!(output.status.code(), Some(3), "{error}");
    // Both numbers: what the smallest network needs, and what there is.
    assert!(error.contains("worker_memory_bytes = ") && error.contains("<=67108864"), "{error}");
}
