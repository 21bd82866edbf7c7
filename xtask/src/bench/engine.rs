use super::python::runtimes;
use super::stepper::Stepper;
use super::{Part, ended};
use crate::examples;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

pub const PART: Part = Part {
    name: "engine",
    about: "training steps of networks against PyTorch (installed from PyPI), step for step on the same numbers",
    by_default: false,
    run,
};

const SCRIPT: &str = include_str!("../../templates/engine.py");
const WORKLOADS: [&str; 6] = ["W1", "W2", "W3", "W4", "W5", "W7"];
/// Ways to run PyTorch; the first is what a person writes first.
const VARIANTS: [&str; 3] = ["eager", "channels-last", "compile"];
/// Turns that all take, one after the other, and how long each is.
const TURNS: usize = 5;
const SECONDS: f64 = 1.0;

/// Measures the workloads that are named, or all; `--no-compile` leaves `torch.compile` out, which takes a minute a workload.
fn run(root: &Path, words: &[&str]) -> Result<(), String> {
    let python = runtimes(root)?;
    let program = examples::build_release(root, &["engine_time"])?.remove(0);
    let folder = root.join("target/bench/engine");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    ended(Command::new(&program).arg("make").arg(&folder))?;
    let gmacs = probe(&program)?;
    println!("   matrix products in the core's own cache: {gmacs:.1} billion multiply-accumulates a second");
    let named: Vec<&str> = words.iter().copied().filter(|w| !w.starts_with("--")).collect();
    let variants = if words.contains(&"--no-compile") { &VARIANTS[..2] } else { &VARIANTS[..] };
    let mut rows = Vec::new();
    for name in WORKLOADS.into_iter().filter(|w| named.is_empty() || named.contains(w)) {
        let bench =
            Bench { program: &program, python: &python, folder: folder.join(name), name, variants, gmacs };
        rows.push(bench.compare(1)?);
        rows.push(bench.compare(2)?);
        if name == "W1" {
            rows.push(bench.side_by_side()?);
        }
    }
    let file = root.join("target/bench/engine.json");
    let text = json!({ "gmacs": gmacs, "rows": rows }).to_string();
    std::fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
    println!("   {}", file.display());
    Ok(())
}

/// A workload, and all that trains it.
struct Bench<'a> {
    program: &'a Path,
    python: &'a Path,
    folder: PathBuf,
    name: &'a str,
    variants: &'a [&'a str],
    gmacs: f64,
}

impl Bench<'_> {
    fn ours(&self) -> Result<Stepper, String> {
        Stepper::start(Command::new(self.program).args(["run", self.name]))
    }

    fn torch(&self, variant: &str, threads: usize) -> Result<Stepper, String> {
        let mut command = Command::new(self.python);
        command.args(["-c", SCRIPT]).arg(&self.folder).args([variant, &threads.to_string()]);
        Stepper::start(&mut command)
    }

    /// Ours, which uses one thread, beside PyTorch with one or two, in turns.
    fn compare(&self, threads: usize) -> Result<Value, String> {
        let mut ours = self.ours()?;
        let mut theirs = Vec::new();
        for variant in self.variants {
            match self.torch(variant, threads) {
                Ok(trainer) => theirs.push((*variant, trainer)),
                // What does not work on this machine is left out: compilation needs a C++ compiler.
                Err(reason) if *variant == "compile" => {
                    println!("   {} compile left out: {reason}", self.name)
                }
                Err(reason) => return Err(reason),
            }
        }
        for (variant, trainer) in &theirs {
            ours.same_work(trainer, &format!("PyTorch {variant}"))?;
        }
        for _ in 0..TURNS {
            ours.turn(SECONDS)?;
            theirs.iter_mut().try_for_each(|(_, trainer)| trainer.turn(SECONDS))?;
        }
        let ours = ours.end()?;
        let mut all = Vec::new();
        for (variant, trainer) in theirs {
            all.push((variant, trainer.end()?));
        }
        let Some((_, eager)) = all.first() else { return Err("PyTorch was not measured".into()) };
        let best = all.iter().min_by(|a, b| a.1.ms.total_cmp(&b.1.ms)).unwrap_or(&all[0]);
        let (peak, images) = self.plan(ours.ms)?;
        println!(
            "   {}, {threads} thread{}: {:.2} ms — {:.2} × PyTorch eager ({:.2} ms), {:.2} × the best of it ({}, {:.2} ms); \
             {images:.0} examples a second, {:.0} % of the products' rate; {:.0} MB beside {:.0}; the first step after {:.0} ms",
            self.name,
            if threads == 1 { "" } else { "s for PyTorch" },
            ours.ms,
            ours.ms / eager.ms,
            eager.ms,
            ours.ms / best.1.ms,
            best.0,
            best.1.ms,
            peak * 100.0,
            ours.mb,
            best.1.mb,
            ours.first_ms,
        );
        Ok(json!({
            "workload": self.name, "threads": threads, "ours_ms": ours.ms, "torch_ms": eager.ms, "torch_best_ms": best.1.ms,
            "torch_best": best.0, "ratio": ours.ms / eager.ms, "ratio_best": ours.ms / best.1.ms, "peak_fraction": peak,
            "ours_mb": ours.mb, "torch_mb": best.1.mb, "first_ms": ours.first_ms,
        }))
    }

    /// Two trainings at once on two cores, each with one thread.
    fn side_by_side(&self) -> Result<Value, String> {
        let pair = |mut trainers: [Stepper; 2]| -> Result<f64, String> {
            for _ in 0..TURNS {
                trainers.iter_mut().try_for_each(|t| t.ask(SECONDS))?;
                trainers.iter_mut().try_for_each(Stepper::hear)?;
            }
            let [a, b] = trainers.map(Stepper::end);
            Ok((a?.ms + b?.ms) / 2.0)
        };
        let ours = pair([self.ours()?, self.ours()?])?;
        let mut best = f64::INFINITY;
        for variant in &self.variants[..2] {
            best = best.min(pair([self.torch(variant, 1)?, self.torch(variant, 1)?])?);
        }
        println!(
            "   {}, two processes: {ours:.2} ms a step each — {:.2} × the best PyTorch ({best:.2} ms)",
            self.name,
            ours / best
        );
        Ok(json!({
            "workload": self.name, "processes": 2, "threads": 1, "ours_ms": ours, "torch_best_ms": best, "ratio_best": ours / best,
        }))
    }

    /// What share of the products' rate a step reaches, and how many examples a second.
    fn plan(&self, ms: f64) -> Result<(f64, f64), String> {
        let file = self.folder.join("plan.json");
        let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let plan: Value = serde_json::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))?;
        let of = |key: &str| plan[key].as_f64().unwrap_or(f64::NAN);
        Ok((of("macs") / (ms * 1e-3) / (self.gmacs * 1e9), of("batch") / (ms * 1e-3)))
    }
}

fn probe(program: &Path) -> Result<f64, String> {
    let output = Command::new(program).arg("peak").output().map_err(|e| e.to_string())?;
    let value: Value =
        serde_json::from_slice(&output.stdout).map_err(|e| format!("engine_time peak: {e}"))?;
    value["gmacs"].as_f64().ok_or_else(|| "engine_time peak said nothing".into())
}
