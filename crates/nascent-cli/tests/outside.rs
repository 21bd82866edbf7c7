//! Evaluators of the user's own, as shell scripts: what they measure is used, and what goes wrong in them is said.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod common;

use common::nascent;
use std::path::Path;

/// Answers each job with a score that its network's graph decides.
const GOOD: &str = r#"
read -r opening
echo '{"hello":{"protocol":1,"pid":1}}'
while read -r order; do
  trial=$(printf %s "$order" | grep -o '"trial":[0-9]*' | head -n 1 | cut -d : -f 2)
  folder=$(printf %s "$order" | grep -o '"folder":"[^"]*"' | cut -d '"' -f 4)
  echo weights > "$folder/weights"
  score=$(printf %s "$order" | grep -o '"op":"linear"' | wc -l)
  echo '{"reported":{"trial":'$trial',"step":1,"metrics":{"score":1}}}'
  echo '{"finished":{"trial":'$trial',"outcome":{"metrics":{"score":'$score'},"cost":1}}}'
done
"#;

/// A study of this evaluator in a folder.
fn study(folder: &Path, script: &str, more: &str) {
    std::fs::write(folder.join("evaluator.sh"), script).unwrap();
    let study = format!(
        "task = \"mine\"\ntrials = 6\nworkers = 2\nfinalists = 2\nreplicas = 2\n[space]\nspace = \"mlp\"\n[evaluator]\n\
         command = \"sh evaluator.sh\"\ninput = [3]\noutputs = 2\nmetrics = {{ score = \"maximize\" }}\n{more}"
    );
    std::fs::write(folder.join("study.toml"), study).unwrap();
}

fn summary(run: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(run.join("summary.json")).unwrap()).unwrap()
}

#[test]
fn what_it_measures_decides() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    study(at, GOOD, "");
    let output = nascent(at, "search study.toml --out run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found = summary(&at.join("run"));
    assert_eq!((&found["status"], &found["trials"]["finished"]), (&"finished".into(), &6.into()));
    assert_eq!(found["task"]["metric"], "score");
    // Of the networks that were tried, none has more linear layers than the one that is handed over.
    let trials = nascent(at, "show run --json").stdout;
    let trials: serde_json::Value = serde_json::from_slice(&trials).unwrap();
    let scores =
        trials["trials"].as_array().unwrap().iter().filter_map(|t| t["objectives"]["score"].as_f64());
    let most = scores.fold(0.0, f64::max);
    let graph = std::fs::read_to_string(at.join("run/best/architecture.json")).unwrap();
    assert_eq!(graph.matches("\"linear\"").count() as f64, most, "{trials:#}");
    assert!(at.join("run/trials/0000/weights").exists());
    // From elsewhere, too, the study goes on: it knows where its evaluator is.
    let elsewhere = tempfile::tempdir().unwrap();
    let run = at.join("run").display().to_string();
    let output = nascent(elsewhere.path(), &format!("resume {run} --trials 8"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(summary(&at.join("run"))["trials"]["finished"], 8);
    let page = std::fs::read_to_string(at.join("run/report.html")).unwrap();
    assert!(page.contains("a program of the study") && !page.contains("nascent predict"), "{page}");
    let output = nascent(at, "predict run rows.csv");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("own evaluator left them"), "{error}");
    let output = nascent(at, "compare run run");
    assert!(String::from_utf8(output.stdout).unwrap().contains("keeps its data to itself"));
}

#[test]
fn what_goes_wrong_in_it_is_said() {
    let greet = "read -r opening\necho '{\"hello\":{\"protocol\":1,\"pid\":1}}'\nread -r order\n";
    let finish = |metrics: &str| {
        let rest = GOOD.split_once("while").unwrap().1;
        let loop_ = format!("while{rest}").replace("{\"score\":'$score'}", metrics);
        format!("read -r opening\necho '{{\"hello\":{{\"protocol\":1,\"pid\":1}}}}'\n{loop_}")
    };
    let cases = [
        ("exit 3".to_string(), "", "did not become ready (sh evaluator.sh)"),
        ("echo ready".into(), "", "printed what it should not: \"ready\""),
        ("read -r opening\necho '{\"refused\":{\"reason\":\"no data here\"}}'".into(), "", "no data here"),
        (format!("{greet}echo out of luck >&2\nexit 4"), "", "it printed: out of luck"),
        (format!("{greet}echo epoch 1"), "", "printed what it should not: \"epoch 1\""),
        (format!("{greet}sleep 60"), "silence = \"1s\"\n", "said nothing for 1 s"),
        (finish("{\"scor\":1}"), "", "its result has no score"),
    ];
    for (script, more, said) in cases {
        let folder = tempfile::tempdir().unwrap();
        study(folder.path(), &script, more);
        let output = nascent(folder.path(), "search study.toml --trials 2 --out run");
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{script}: {error}");
        assert!(error.contains(said), "{script}: {error}");
    }
    let folder = tempfile::tempdir().unwrap();
    study(folder.path(), GOOD, "");
    let path = folder.path().join("study.toml");
    let text = std::fs::read_to_string(&path).unwrap().replace("sh evaluator.sh", "no-such-program 1");
    std::fs::write(path, text).unwrap();
    let output = nascent(folder.path(), "search study.toml --out run");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("no-such-program cannot be started"), "{error}");
}
