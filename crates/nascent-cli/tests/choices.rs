//! What a search hands over where there is a choice: a network of each size, or the member of the Pareto set that is preferred;
//! and what its networks begin with.
#![allow(clippy::unwrap_used)]

mod common;

use common::{json, nascent, refused, said};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn summary(run: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(run.join("summary.json")).unwrap()).unwrap()
}

#[test]
fn one_search_gives_a_tested_network_of_each_size() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let line = "search digits --space mlp --sizes 20k,3_000 --trials 10 --epochs 3 --folds 1 --baseline none --workers 1 --out run";
    let text = said(folder, line);
    assert!(text.contains("size      3000: trial"), "{text}");
    let found = summary(&folder.join("run"));
    let sizes = found["sizes"].as_array().unwrap();
    assert_eq!(sizes.iter().map(|s| s["size"].as_u64().unwrap()).collect::<Vec<_>>(), [3_000, 20_000]);
    for size in sizes {
        assert!(size["best"]["params"].as_u64().unwrap() <= size["size"].as_u64().unwrap(), "{size}");
        assert!(size["best"]["test"]["mean"].as_f64().unwrap() > 0.15, "{size}");
    }
    // The best of all is that of the largest size.
    assert_eq!(found["best"], sizes[1]["best"]);
    assert_eq!(found["test_touches"], 1);
    let page = std::fs::read_to_string(folder.join("run/report.html")).unwrap();
    assert!(page.contains("parameters, at most") && page.contains("3,000"));
    // The settings say it all: the study can be opened again, and repeated.
    assert!(said(folder, "show run").contains("trial"));
    let exported = json(folder, "export run --size 3k --to safetensors --json");
    assert!(exported["weights"].as_str().unwrap().ends_with("of size 3k"), "{exported}");
    let own = |of: &str| std::fs::read(folder.join("run").join(of).join("architecture.json")).unwrap();
    assert!(own("sizes/3k") != own("best") && own("sizes/20k") == own("best"));
    let smallest = &sizes[0]["best"]["trial"];
    let exported = json(folder, &format!("export run {smallest} --to safetensors --json"));
    assert!(exported["weights"].as_str().unwrap().contains("was trained again"), "{exported}");
    assert!(refused(folder, "export run --size 4k").contains("it has: 3k, 20k"));
    assert!(refused(folder, "export run 1 --size 3k").contains("the trial or the size"));
    said(folder, "search run/study.toml --out again");
    let again = summary(&folder.join("again"));
    assert_eq!(again["sizes"], found["sizes"]);
}

#[test]
fn sizes_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (options, part) in [
        ("--sizes 3k --objective accuracy --objective macs", "sizes need one objective"),
        ("--sizes 3k,1M --limit params<=2k", "leave params<=2000 out"),
        ("--sizes 3q", "no number of parameters"),
        ("--sizes 0", "no number of parameters"),
        ("--sizes 1,2,3,4,5,6,7,8,9,10,11", "11 sizes are more than 10"),
    ] {
        let error = refused(folder, &format!("search digits --space mlp --trials 3 --out run {options}"));
        assert!(error.contains(part), "{options}: {error}");
        assert!(!folder.join("run").exists());
    }
    let output = nascent(folder, "search digits --space mlp --sizes 5,1M --trials 3 --out run");
    let error = String::from_utf8(output.stderr).unwrap().replace('\n', " ");
    assert!(!output.status.success() && error.contains("params<=5"), "{error}");
    assert!(!folder.join("run").exists());
}

#[test]
fn a_preference_chooses_among_the_pareto_set() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let line = "search digits --space mlp --objective accuracy --objective params --trials 12 --epochs 3 --folds 1 \
                --baseline none --workers 1";
    let mut found = Vec::new();
    for (run, prefer) in
        [("large", "accuracy=1,params=0"), ("knee", "knee"), ("small", "accuracy>=0.1,params<=10")]
    {
        said(folder, &format!("{line} --prefer {prefer} --out {run}"));
        let summary = summary(&folder.join(run));
        // Few trials of one objective would be evolution's, which follows the first objective alone.
        assert!(summary["strategy"].as_str().unwrap().starts_with("npenas"), "{}", summary["strategy"]);
        let params = |member: &Value| member["objectives"]["params"].as_f64().unwrap() as u64;
        let members: Vec<u64> = summary["pareto"].as_array().unwrap().iter().map(params).collect();
        found.push((summary["best"]["params"].as_u64().unwrap(), members));
    }
    // The searches are the same, and so are the sets.
    assert!(found.iter().all(|(_, members)| *members == found[0].1 && members.len() > 2), "{found:?}");
    let members = &found[0].1;
    assert_eq!((found[0].0, found[2].0), (*members.iter().max().unwrap(), *members.iter().min().unwrap()));
    assert!((found[2].0..=found[0].0).contains(&found[1].0), "{found:?}");
    let page = std::fs::read_to_string(folder.join("knee/report.html")).unwrap();
    assert!(page.contains("knee: the member that lies furthest below"), "the rule is told");
}

#[test]
fn preferences_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let two = "--objective accuracy --objective params";
    for (options, part) in [
        ("--prefer knee", "of one objective the best is taken"),
        (&format!("{two} --prefer accuracy=1"), "accuracy=WEIGHT, params=WEIGHT"),
        (&format!("{two} --prefer accuracy=1,params=-1"), "each 0 or more"),
        (&format!("{two} --prefer accuracy=0,params=0"), "is not understood"),
        (&format!("{two} --prefer accuracy<=0.9,params<=5k"), "accuracy>=VALUE, params<=VALUE"),
        (&format!("{two} --prefer accuracy=1,accuracy=2,params=1"), "is not understood"),
        (&format!("{two} --prefer acuracy=1,params=1"), "is not understood"),
        ("--prefer knee --sizes 3k", "leave prefer or sizes out"),
    ] {
        let error = refused(folder, &format!("search digits --space mlp --trials 3 --out run {options}"));
        assert!(error.contains(part), "{options}: {error}");
    }
}

#[test]
fn children_begin_with_the_weights_of_their_parents_in_one_session_or_two() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let line = |out: &str| {
        format!(
            "search digits --space mlp --strategy asha:eta=3>evolution:population=2,sample=1 --inherit --epochs 6 --folds 1 \
             --trials 8 --baseline none --workers 1 --out {out}"
        )
    };
    said(at, &line("whole"));
    let words = line("parts");
    let mut parts = Command::new(env!("CARGO_BIN_EXE_nascent"))
        .args(words.split_whitespace())
        .current_dir(at)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // Killed once there is a network to come from.
    for _ in 0..2_400 {
        std::thread::sleep(Duration::from_millis(25));
        if at.join("parts/trials/0002/fold-0.safetensors").exists() {
            break;
        }
    }
    parts.kill().unwrap();
    parts.wait().unwrap();
    said(at, "resume parts");
    let trials = |run: &str| -> Vec<Value> {
        let shown = json(at, &format!("show {run} --json"));
        let all = shown["trials"].as_array().unwrap().iter().filter(|t| t["role"] == "search");
        all.map(|t| serde_json::json!([t["decisions"], t["parents"], t["objectives"]])).collect()
    };
    assert_eq!(trials("whole"), trials("parts"));
    // The best was tried with more dropout, in both.
    let more = |run: &str| -> [Value; 2] {
        let shown = json(at, &format!("show {run} --json"));
        let all = shown["trials"].as_array().unwrap();
        let mut of = all.iter().filter(|t| t["role"]["baseline"] == "more-dropout");
        let (only, None) = (of.next().unwrap(), of.next()) else { panic!("{run}: more than one") };
        let parent = &all[only["parents"][0].as_u64().unwrap() as usize];
        for (path, label) in parent["decisions"].as_object().unwrap() {
            assert_eq!(only["decisions"][path] == *label, path != "dropout", "{run}: {path}");
        }
        assert_eq!((&parent["role"], &only["rung"]), (&Value::from("search"), &parent["rung"]));
        [only["decisions"].clone(), only["objectives"].clone()]
    };
    assert_eq!(more("whole"), more("parts"));
    assert!(at.join("whole/trials/0000/fold-0.safetensors").exists());
    // Other weights, other results.
    said(at, &line("fresh").replace(" --inherit", ""));
    assert_ne!(trials("whole"), trials("fresh"));

    let ask = |more: &str| refused(at, &format!("search digits --space mlp --trials 3 --inherit {more}"));
    let random = ask("--strategy random");
    assert!(
        random.contains("random does not make networks out of others, as local-search, evolution"),
        "{random}"
    );
    assert!(ask("--strategy evolution --estimator supernet").contains("share all of their weights"));
}
