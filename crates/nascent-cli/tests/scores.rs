//! Scores without training, by themselves and as the first look of a search.
#![allow(clippy::unwrap_used)]

mod common;

use common::{json, nascent};
use serde_json::Value;

#[test]
fn scores_of_a_sample_are_a_table_that_is_the_same_for_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let line = "score digits --samples 6 --scores all --seed 3 --json";
    let found = json(at, &format!("{line} --threads 1 --out one.csv"));
    json(at, &format!("{line} --threads 3 --out three.csv"));
    let (one, three) =
        (std::fs::read_to_string(at.join("one.csv")), std::fs::read_to_string(at.join("three.csv")));
    assert_eq!(one.as_ref().unwrap(), &three.unwrap());
    let mut table = csv::Reader::from_reader(one.as_ref().unwrap().as_bytes());
    let names: Vec<String> = table.headers().unwrap().iter().map(String::from).collect();
    assert_eq!(names[..4], ["hash", "decisions", "params", "macs"]);
    assert_eq!(names.last().unwrap(), "ensemble");
    for row in table.records() {
        let row = row.unwrap();
        assert!(row[1].contains("stem"), "{row:?}");
        assert!(row.iter().skip(2).all(|number| number.parse::<f64>().is_ok_and(f64::is_finite)), "{row:?}");
    }
    let scores = found["scores"].as_array().unwrap();
    assert_eq!(scores[0]["spearman_params"], 1.0);
    assert_eq!(found["networks"].as_array().unwrap().len(), 6);
    // What is there is not written over.
    assert_eq!(nascent(at, &format!("{line} --out one.csv")).status.code(), Some(2));
}

#[test]
fn a_search_by_scores_trains_the_best_of_those_it_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let words = "search digits --space mlp --estimator scores --strategy filter:keep=30 --trials 10 --epochs 2 --workers 1 \
                 --baseline none --out run";
    let output = nascent(at, &words.replace("                 ", ""));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).to_string() + &String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("nwot") && text.contains(" scored, "), "{text}");
    let summary: Value =
        serde_json::from_slice(&std::fs::read(at.join("run/summary.json")).unwrap()).unwrap();
    let (finished, scored) = (summary["trials"]["finished"].as_u64(), summary["trials"]["scored"].as_u64());
    assert_eq!(finished, Some(10));
    assert!((5..10).contains(&scored.unwrap()), "{summary}");
    let shown = json(at, "show run --json");
    for trial in shown["trials"].as_array().unwrap().iter().filter(|t| t["role"] == "search") {
        let (is_look, objectives) = (trial["rung"] == 0, &trial["objectives"]);
        assert_eq!(objectives["nwot"].is_number(), is_look, "{trial}");
        assert_eq!(objectives["accuracy"].is_number(), !is_look, "{trial}");
        // Size stands beside every score.
        assert!(objectives["params"].is_number() && objectives["macs"].is_number(), "{trial}");
    }
}
