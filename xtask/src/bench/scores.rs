use super::Part;
use crate::examples;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

pub const PART: Part = Part {
    name: "scores",
    about: "scores without training on NAS-Bench-201 (needs its imported tables): [DATA CELLS THREADS]",
    by_default: false,
    run,
};

/// Images of 32×32, how many cells, on how many threads.
const USUAL: [&str; 3] = ["../shared/data/sign-digits-rgb32", "1000", "2"];

fn run(root: &Path, words: &[&str]) -> Result<(), String> {
    let words = if words.is_empty() { &USUAL } else { words };
    let program = examples::build_release(root, &["score_correlation"])?.remove(0);
    let mut command = Command::new(program);
    let output = command.args(words).current_dir(root).stderr(Stdio::inherit()).output();
    let output = output.map_err(|e| format!("the example cannot be started: {e}"))?;
    if !output.status.success() {
        return Err(format!("the example ended with {}", output.status));
    }
    println!(
        "   | score | CIFAR-10 / CIFAR-100 / ImageNet16-120 | the same score as published | seconds a network |"
    );
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let row: Value = serde_json::from_str(line).map_err(|e| format!("{line}: {e}"))?;
        let number = |value: &Value| value.as_f64().map_or("–".into(), |v| format!("{v:.3}"));
        let with: Vec<String> = row["accuracy"].as_array().into_iter().flatten().map(number).collect();
        let name = row["score"].as_str().unwrap_or_default();
        println!(
            "   | {name} | {} | {} | {} |",
            with.join(" / "),
            number(&row["published"]),
            number(&row["seconds"])
        );
    }
    Ok(())
}
