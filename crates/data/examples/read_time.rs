//! Times reading a table as a study does, beside only splitting its cells and parsing them as numbers:
//! `cargo run --release -p nascent-data --example read_time`; `--json` prints it for programs.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

use nascent_core::rng::Rng;
use nascent_data::{Options, load};
use serde_json::json;
use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

const ROWS: usize = 200_000;
const COLUMNS: usize = 20;

fn table() -> String {
    let mut rng = Rng::new(1, 0);
    let mut text = String::new();
    for _ in 0..ROWS {
        for _ in 0..COLUMNS {
            let _ = write!(text, "{:.4},", rng.normal());
        }
        let _ = writeln!(text, "{}", rng.below(2));
    }
    text
}

/// Every cell parsed, nothing kept but their sum.
fn parsed(path: &Path) -> Result<f64, Box<dyn Error>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path)?;
    let (mut record, mut sum) = (csv::StringRecord::new(), 0.0);
    while reader.read_record(&mut record)? {
        for cell in &record {
            sum += cell.parse::<f64>()?;
        }
    }
    Ok(sum)
}

/// The shortest of three.
fn shortest(work: impl Fn() -> Result<(), Box<dyn Error>>) -> Result<Duration, Box<dyn Error>> {
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let start = Instant::now();
        work()?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("rows.csv");
    std::fs::write(&path, table())?;
    let options = Options { target: Some("last".into()), header: Some(false), ..Options::default() };
    let ours = shortest(|| load(&path, &options).map(|_| ()).map_err(Into::into))?;
    let bare = shortest(|| parsed(&path).map(|sum| assert!(sum.is_finite())))?;
    let what = format!("a task from {ROWS} rows of {} cells", COLUMNS + 1);
    let (baseline, seconds, beside) = ("parsing the cells", ours.as_secs_f64(), bare.as_secs_f64());
    if std::env::args().any(|a| a == "--json") {
        println!(
            "{}",
            json!({"what": what, "seconds": seconds, "baseline": baseline, "baseline_seconds": beside})
        );
    } else {
        println!("{what}: {seconds:.2} s ({baseline}: {beside:.2} s)");
    }
    Ok(())
}
