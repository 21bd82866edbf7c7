use super::python::{runtimes, runtimes_folder};
use super::stepper::Stepper;
use super::{Part, ended};
use crate::check::spell;
use crate::{cargo, examples};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

pub const PART: Part = Part {
    name: "inference",
    about: "answers of trained networks on one thread against ONNX Runtime, tract and PyTorch (installed from the registries)",
    by_default: false,
    run,
};

const SCRIPT: &str = include_str!("../../templates/inference.py");
const NETWORKS: [&str; 5] = ["nb201", "convnet", "mlp", "text", "language"];
const BATCHES: [usize; 2] = [1, 32];
/// What answers besides ours, as the table calls it, and as files do.
const OTHERS: [(&str, &str); 3] = [("ONNX Runtime", "onnxruntime"), ("tract", "tract"), ("PyTorch", "torch")];
/// Turns that all take, one after the other, and how long each is.
const TURNS: usize = 5;
const SECONDS: f64 = 0.4;

/// Measures the networks that are named, or all.
fn run(root: &Path, words: &[&str]) -> Result<(), String> {
    let python = runtimes(root)?;
    let program = examples::build_release(root, &["inference_time"])?.remove(0);
    let tract = match tract(root) {
        Ok(program) => Some(program),
        Err(reason) => {
            println!("   tract left out: {reason}");
            None
        }
    };
    let folder = root.join("target/bench/inference");
    ended(Command::new(&program).arg("make").arg(&folder))?;
    let mut rows = Vec::new();
    for name in NETWORKS.into_iter().filter(|n| words.is_empty() || words.contains(n)) {
        for batch in BATCHES {
            let bench = Bench {
                python: &python,
                library: &runtimes_folder(root),
                program: &program,
                tract: tract.as_deref(),
                folder: folder.join(name),
                batch,
            };
            rows.push(bench.compare(name)?);
        }
    }
    let file = root.join("target/bench/inference.json");
    std::fs::write(&file, json!({ "rows": rows }).to_string())
        .map_err(|e| format!("{}: {e}", file.display()))?;
    println!("   {}", file.display());
    Ok(())
}

/// Builds the program that asks tract, a workspace of its own.
fn tract(root: &Path) -> Result<PathBuf, String> {
    let folder = root.join("tools/tract");
    let mut build = cargo(&folder, &["build", "--quiet", "--release", "--target-dir", "target"]);
    let line = spell(&build);
    println!("   $ {line} (in tools/tract)");
    let status = build.status().map_err(|e| format!("`{line}` cannot be started: {e}"))?;
    if !status.success() {
        return Err(format!("`{line}` ended with {status}"));
    }
    Ok(folder.join("target/release/nascent-tract"))
}

/// A network at a batch size, and all that answer.
struct Bench<'a> {
    python: &'a Path,
    library: &'a Path,
    program: &'a Path,
    tract: Option<&'a Path>,
    folder: PathBuf,
    batch: usize,
}

impl Bench<'_> {
    fn ours(&self, runtime: &str) -> Result<Stepper, String> {
        let mut command = Command::new(self.program);
        command.arg("run").arg(&self.folder).arg(self.batch.to_string()).arg(runtime);
        Stepper::start(command.env("VIRTUAL_ENV", self.library).env_remove("ORT_DYLIB_PATH"))
    }

    fn other(&self, file: &str) -> Result<Option<Stepper>, String> {
        let batch = self.batch.to_string();
        Ok(Some(match (file, self.tract) {
            ("tract", None) => return Ok(None),
            ("tract", Some(program)) => {
                Stepper::start(Command::new(program).arg("steps").arg(&self.folder).arg(&batch))?
            }
            ("torch", _) => {
                Stepper::start(Command::new(self.python).args(["-c", SCRIPT]).arg(&self.folder).arg(&batch))?
            }
            _ => self.ours(file)?,
        }))
    }

    /// All in turns, on the same inputs.
    fn compare(&self, name: &str) -> Result<Value, String> {
        let mut ours = self.ours("nascent")?;
        let mut others = Vec::new();
        for (called, file) in OTHERS {
            match self.other(file) {
                Ok(Some(stepper)) => others.push((called, file, stepper)),
                Ok(None) => {}
                // What one cannot run is told, and the others are measured.
                Err(reason) => println!("   {name}: {called} left out: {reason}"),
            }
        }
        for (called, _, other) in &others {
            ours.same_work(other, called)?;
        }
        for _ in 0..TURNS {
            ours.turn(SECONDS)?;
            others.iter_mut().try_for_each(|(.., other)| other.turn(SECONDS))?;
        }
        let ours = ours.end()?;
        let mut row = json!({"network": name, "batch": self.batch, "ours_ms": ours.ms, "ours_mb": ours.mb});
        let mut words = Vec::new();
        for (called, file, other) in others {
            let done = other.end()?;
            words.push(format!("{:.2} × {called} ({:.4} ms)", ours.ms / done.ms, done.ms));
            row[format!("{file}_ms")] = json!(done.ms);
            row[format!("{file}_mb")] = json!(done.mb);
        }
        println!("   {name}, batch {}: {:.4} ms — {}", self.batch, ours.ms, words.join(", "));
        Ok(row)
    }
}
