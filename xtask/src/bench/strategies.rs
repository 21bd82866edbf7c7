use super::python::environment;
use super::{Part, time};
use crate::check::spell;
use crate::examples;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

pub const PART: Part = Part {
    name: "strategies",
    about: "1,000 trials of strategies on NAS-Bench-201 in memory, against Optuna and pymoo (installed from PyPI)",
    by_default: false,
    run,
};

/// What others are measured with.
const PACKAGES: [&str; 2] = ["optuna==5.0.0", "pymoo==0.6.2"];
const SCRIPT: &str = include_str!("../../templates/others.py");

/// Which of ours stands beside which of theirs.
const PAIRS: [(&str, &str); 8] = [
    ("random", "Optuna's random"),
    ("evolution", "Optuna's random"),
    ("local-search", "Optuna's random"),
    ("tpe", "Optuna's TPE"),
    ("npenas", "Optuna's TPE"),
    ("ppo", "Optuna's TPE"),
    ("nsga2", "Optuna's NSGA-II"),
    ("nsga2", "pymoo's NSGA-II"),
];

fn run(root: &Path, _: &[&str]) -> Result<(), String> {
    let python = environment(&root.join("target/bench-python"), "import optuna, pymoo", &PACKAGES)?;
    let program = examples::build_release(root, &["strategy_time"])?.remove(0);
    let ours = measured(Command::new(program).arg("--json"), "strategy")?;
    let mut others = Command::new(python);
    others.args(["-c", SCRIPT]);
    let others = measured(&mut others, "name")?;
    let find = |list: &[(String, f64)], name: &str| list.iter().find(|(n, _)| n == name).map(|(_, s)| *s);
    for (our, their) in PAIRS {
        let (Some(seconds), Some(beside)) = (find(&ours, our), find(&others, their)) else {
            return Err(format!("{our} or {their} was not measured"));
        };
        let (times, seconds, beside) = (beside / seconds, time(seconds), time(beside));
        println!("   {our}: {seconds} — {times:.0} times as many trials a second as {their} ({beside})");
    }
    Ok(())
}

/// The names and seconds that a program prints, one JSON object a line.
fn measured(command: &mut Command, name: &str) -> Result<Vec<(String, f64)>, String> {
    let line: String = spell(command).chars().take(80).collect();
    let output =
        command.stderr(Stdio::inherit()).output().map_err(|e| format!("`{line}` cannot be started: {e}"))?;
    if !output.status.success() {
        return Err(format!("`{line}` ended with {}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let read = |line: &str| {
        let value: Value = serde_json::from_str(line).ok()?;
        Some((value[name].as_str()?.to_string(), value["seconds"].as_f64()?))
    };
    Ok(text.lines().filter_map(read).collect())
}
