//! Asks tract about exported networks: whether it answers as Nascent does, and how long it takes.

use safetensors::SafeTensors;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::Factoid;
use tract_onnx::tract_hir::internal::DimLike;

/// How far answers may be apart, beside the largest of them and 1.
const APART: f32 = 1e-4;
/// How long runs are timed.
const TIMED: Duration = Duration::from_millis(300);

/// Anything that may go wrong, in words.
type Failed = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["check", folder] => check(Path::new(folder)),
        ["time", file] => time(Path::new(file), 1),
        ["time", batch, file] => {
            batch.parse().map_err(Failed::from).and_then(|batch| time(Path::new(file), batch))
        }
        ["steps", folder, batch] => {
            batch.parse().map_err(Failed::from).and_then(|batch| steps(Path::new(folder), batch))
        }
        _ => Err("nascent-tract check FOLDER | time [BATCH] FILE | steps FOLDER BATCH".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Every network in a folder must answer as it did in Nascent.
fn check(folder: &Path) -> Result<(), Failed> {
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|p| p.is_dir())
        .collect();
    cases.sort();
    let mut worst: BTreeMap<String, (usize, f32)> = BTreeMap::new();
    for case in &cases {
        let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // What tract has no answer for ends it at times; the other networks are asked all the same.
        let found = std::panic::catch_unwind(|| apart(case)).unwrap_or_else(|_| Err("tract ended".into()));
        match found {
            Ok(apart) if apart <= APART => {
                let space = name.split('-').next().unwrap_or_default().to_string();
                let entry = worst.entry(space).or_default();
                *entry = (entry.0 + 1, entry.1.max(apart));
            }
            Ok(apart) => eprintln!("{name}: tract is {apart} from Nascent"),
            Err(e) => eprintln!("{name}: {e}"),
        }
    }
    let right: usize = worst.values().map(|(count, _)| count).sum();
    for (space, (count, apart)) in worst {
        println!("{space}: {count} networks, tract at most {apart:.1e} from Nascent");
    }
    match cases.len() - right {
        0 if right > 0 => Ok(()),
        0 => Err(format!("nothing in {}", folder.display()).into()),
        failed => Err(format!("{failed} of {} networks are not answered as in Nascent", cases.len()).into()),
    }
}

/// How far tract is from Nascent at most, for the whole batch and for its first example alone; it has steps of recurrent units for batches
/// of one size only.
fn apart(case: &Path) -> Result<f32, Failed> {
    let bytes = std::fs::read(case.join("case.safetensors"))?;
    let tensors = SafeTensors::deserialize(&bytes)?;
    let read = |name: &str| -> Result<(Vec<usize>, Vec<f32>), Failed> {
        let tensor = tensors.tensor(name)?;
        let numbers = tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        Ok((tensor.shape().to_vec(), numbers.collect()))
    };
    let ((shape, inputs), (_, meant)) = (read("inputs")?, read("meant")?);
    let largest = meant.iter().fold(1.0f32, |most, a| most.max(a.abs()));
    let batch = shape[0];
    let mut apart = 0.0f32;
    for examples in [batch, 1] {
        let (plan, shape) = prepare(&case.join("model.onnx"), examples)?;
        let (inputs, meant) =
            (&inputs[..inputs.len() / batch * examples], &meant[..meant.len() / batch * examples]);
        let answers = plan.run(tvec!(Tensor::from_shape(&shape, inputs)?.into()))?;
        let answers = answers[0].to_plain_array_view::<f32>()?;
        if answers.len() != meant.len() {
            return Err(format!("{} answers, not {}", answers.len(), meant.len()).into());
        }
        apart = answers.iter().zip(meant).map(|(a, b)| (a - b).abs() / largest).fold(apart, f32::max);
    }
    Ok(apart)
}

/// A network for batches of so many examples, and the extents of one.
fn prepare(file: &Path, batch: usize) -> Result<(Arc<TypedRunnableModel>, Vec<usize>), Failed> {
    let reader = tract_onnx::onnx().with_ignore_output_shapes(true).with_ignore_value_info(true);
    let mut model = reader.model_for_path(file)?;
    let fact = model.input_fact(0)?.clone();
    let rest = fact.shape.dims().skip(1).map(|d| d.concretize().and_then(|d| d.to_usize().ok()));
    let rest: Option<Vec<usize>> = rest.collect();
    let rest = rest.ok_or("the input has no fixed extents")?;
    let shape: Vec<usize> = std::iter::once(batch).chain(rest.iter().copied()).collect();
    model.set_input_fact(0, f32::fact(&shape).into())?;
    Ok((model.into_optimized()?.into_runnable()?, shape))
}

/// Prints the median milliseconds of a batch.
fn time(file: &Path, batch: usize) -> Result<(), Failed> {
    let (plan, shape) = prepare(file, batch)?;
    let input: TValue = Tensor::from_shape(&shape, &vec![0.5f32; shape.iter().product()])?.into();
    let mut taken = Vec::new();
    let begin = Instant::now();
    while taken.len() < 10 || begin.elapsed() < TIMED {
        let start = Instant::now();
        plan.run(tvec!(input.clone()))?;
        taken.push(start.elapsed().as_secs_f64() * 1e3);
    }
    // The first fifth warms up.
    let mut taken = taken.split_off(taken.len() / 5);
    taken.sort_by(f64::total_cmp);
    println!("{}", taken[taken.len() / 2]);
    Ok(())
}

/// Answers batches of `inputs.f32` as they are asked for: what the first answers were, then for each line in the shortest of that
/// many seconds of batches.
fn steps(folder: &Path, batch: usize) -> Result<(), Failed> {
    let begun = Instant::now();
    let (plan, shape) = prepare(&folder.join("model.onnx"), batch)?;
    let bytes = std::fs::read(folder.join("inputs.f32"))?;
    let numbers = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let inputs: Vec<f32> = numbers.take(shape.iter().product()).collect();
    let answer =
        || -> Result<_, Failed> { Ok(plan.run(tvec!(Tensor::from_shape(&shape, &inputs)?.into()))?) };
    let answers = answer()?;
    let answers = answers[0].to_plain_array_view::<f32>()?;
    let squares = answers.iter().map(|a| f64::from(*a).powi(2)).sum::<f64>() / answers.len() as f64;
    let first = answers.iter().next().ok_or("there are no answers")?;
    let first_ms = begun.elapsed().as_secs_f64() * 1e3;
    println!("{{\"first_answer\": {first:?}, \"mean_of_squares\": {squares:?}, \"first_ms\": {first_ms:?}}}");
    for line in std::io::stdin().lines() {
        let seconds: f64 = line?.trim().parse()?;
        let (begun, mut best, mut steps) = (Instant::now(), f64::INFINITY, 0);
        while begun.elapsed().as_secs_f64() < seconds || steps < 3 {
            let start = Instant::now();
            std::hint::black_box(answer()?);
            best = best.min(start.elapsed().as_secs_f64());
            steps += 1;
        }
        println!("{{\"ms\": {:?}}}", best * 1e3);
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|peak| peak.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
    println!("{{\"mb\": {:?}}}", kib.unwrap_or(0.0) / 1024.0);
    Ok(())
}
