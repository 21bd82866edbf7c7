//! Reads data as a study would, and says what it found and how long that took: `read PATH [key=value …]`, with the keys of
//! `Options`, such as `target=last header=false split=every:5`.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use nascent_data::{DataError, Options, load};
use serde_json::{Map, Value, json};
use std::process::ExitCode;
use std::time::Instant;

fn options(arguments: &[String]) -> Result<Options, String> {
    let mut map = Map::new();
    for argument in arguments {
        let (key, text) =
            argument.split_once('=').ok_or_else(|| format!("{argument}: key=value is needed"))?;
        let lists = ["ignore", "categories", "missing", "text"].contains(&key);
        let texts = ["target", "delimiter", "group"].contains(&key);
        let plain = || serde_json::from_str(text).unwrap_or_else(|_| json!(text));
        let value: Value = if lists {
            json!(text.split(',').collect::<Vec<_>>())
        } else if texts {
            json!(text)
        } else {
            plain()
        };
        map.insert(key.into(), value);
    }
    serde_json::from_value(Value::Object(map)).map_err(|e| e.to_string())
}

/// The most memory the process had, in MiB, where the system tells.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, rest @ ..] = &arguments[..] else {
        println!("read PATH [key=value …]");
        return ExitCode::from(2);
    };
    let start = Instant::now();
    let task = options(rest).and_then(|o| load(path.as_ref(), &o).map_err(|e: DataError| e.to_string()));
    let seconds = start.elapsed().as_secs_f64();
    match task {
        Ok(task) => {
            task.findings().lines().iter().for_each(|line| println!("{line}"));
            println!("{:?}, metric {}, {:?}", task.signature(), task.metric.name(), task.defaults());
            println!("read in {seconds:.2} s, at most {} MiB", peak_mib().unwrap_or(0));
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("error: {error}");
            ExitCode::from(2)
        }
    }
}
