//! `nascent bench` on a table of one's own, and on the one that is part of the program.
#![allow(clippy::unwrap_used)]

mod common;

use common::{json, refused, said};
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;

const DESCRIPTION: &str = "\
licence = \"CC0-1.0\"
source = \"a test\"
objective = \"score\"
seconds = \"took\"

[[decision]]
column = \"depth\"
scale = \"ordered\"

[[decision]]
column = \"op\"
options = [\"conv\", \"pool\", \"skip\"]

[[decision]]
column = \"width\"
scale = \"ordered\"
";

/// A table of 5·3·6 networks, the best of which is the deepest and widest with the first operation.
fn table(folder: &Path) {
    let mut text = String::from("depth,op,width,score,took\n");
    for depth in 1..=5 {
        for op in 0..3 {
            for width in 1..=6 {
                let score = f64::from(10 * depth + 3 * width) - f64::from(7 * op);
                writeln!(text, "{depth},{op},{width},{score},{}", depth * width).unwrap();
            }
        }
    }
    std::fs::write(folder.join("mine.csv"), text).unwrap();
    std::fs::write(folder.join("mine.toml"), DESCRIPTION).unwrap();
    let told = said(folder, "bench import mine.csv --space mine.toml");
    assert!(told.contains("90 networks"), "{told}");
}

fn summary(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("summary.json")).unwrap()).unwrap()
}

#[test]
fn strategies_meet_on_a_table_of_ones_own_and_the_command_repeats_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    table(at);
    assert!(said(at, "bench tables").contains("mine"));
    let common =
        "bench mine --strategy random --strategy auto --strategy local-search --runs 20 --trials 40 --seed 3";
    let told = said(at, &format!("{common} --out a"));
    assert!(told.contains("mean ranks") && told.contains("auto is npenas"), "{told}");
    said(at, &format!("{common} --threads 1 --out b"));
    let rows = |name: &str| summary(&at.join(name))["rows"].clone();
    assert_eq!(rows("a"), rows("b"), "the threads change no number");
    for file in ["runs.parquet", "report.html", "bench.toml", "runs.jsonl"] {
        assert!(at.join("a").join(file).exists(), "{file}");
    }
    // What is written can be given back, `auto` being what it was.
    let text = std::fs::read_to_string(at.join("a/bench.toml")).unwrap();
    assert!(text.contains("npenas:") && !text.contains("auto"), "{text}");
    said(at, "bench a/bench.toml --out c");
    let means = |name: &str| -> Vec<Value> {
        rows(name).as_array().unwrap().iter().map(|r| r["mean"].clone()).collect()
    };
    assert_eq!(means("a"), means("c"));
    // Added runs leave those that were made as they are.
    let more = common.replace("--runs 20", "--runs 25");
    let printed: Value = json(at, &format!("{more} --out a --json"));
    assert_eq!((&printed["runs"], &summary(&at.join("a"))["runs"]), (&25.into(), &25.into()));
    // In simulated time, too, and to the end of the space.
    let told = said(at, "bench mine --strategy exhaustive --budget 100s --runs 2 --out d");
    assert!(told.contains("100 seconds"), "{told}");
    let told = said(at, "bench mine --strategy random --trials 500 --runs 2 --out e");
    assert!(told.contains("exhausted"), "{told}");
}

#[test]
fn what_cannot_be_benched_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    table(at);
    let cases = [
        ("bench mine --strategy random --runs 0", "runs"),
        ("bench mine --strategy random --trials 0", "give at least 1"),
        ("bench mine --strategy hyperband>random --runs 2", "such as random, local-search"),
        ("bench mine --strategy asa>random", "did you mean \"asha\"?"),
        ("bench mine --strategy asha>", "asha>"),
        ("bench mine --strategy evolution:population=1", "2 to 10000"),
        ("bench mine --strategy random --objective scor", "\"scor\""),
        ("bench mine --strategy random --trials 5 --budget 10s", "not both"),
        ("bench mine", "strateg"),
        ("bench", "name a protocol"),
        ("bench nb101-150 --strategy random", "nasbench101"),
        ("bench import none.csv --space mine.toml", "none.csv"),
        ("bench import mine.csv", "--space"),
        ("bench nowhere.table --strategy random", "nowhere.table"),
    ];
    for (line, part) in cases {
        let error = refused(at, line);
        assert!(error.contains(part), "{line}: {error}");
    }
    // A table that was cut short, or altered, is found out by its checksum.
    let path = at.join("tables/mine.table");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    let error = refused(at, "bench tables/mine.table --strategy random");
    assert!(error.contains("mine.table") && error.contains("import"), "{error}");
    let mut altered = whole.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    std::fs::write(&path, altered).unwrap();
    let error = refused(at, "bench tables/mine.table --strategy random");
    assert!(error.contains("mine.table"), "{error}");
    // A table without a column that is asked for.
    std::fs::write(at.join("short.csv"), "depth,op,width\n1,0,1\n").unwrap();
    let error = refused(at, "bench import short.csv --space mine.toml");
    assert!(error.contains("score"), "{error}");
}
