//! Runs as they are stored while a bench goes on: one line of JSON each.

use super::{Bench, Trace, Traces};
use crate::error::BenchError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// The name of the file in the folder of a bench.
const NAME: &str = "runs.jsonl";
const FORMAT: u32 = 1;

/// The first line: what all runs have in common. Strategies, cases and the number of runs may change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Header {
    format: u32,
    program: String,
    protocol: String,
    budget: crate::protocol::Budget,
    seed: u64,
    workers: usize,
    distinct: bool,
}

#[derive(Serialize, Deserialize)]
struct Line {
    strategy: String,
    case: String,
    run: u64,
    #[serde(flatten)]
    trace: Trace,
}

/// The stored runs of a bench.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    runs: BTreeMap<(String, String, u64), Trace>,
}

impl Journal {
    /// Reads what a folder has of a bench, and makes it where it is missing.
    pub(super) fn open(folder: &Path, bench: &Bench) -> Result<Self, BenchError> {
        let path = folder.join(NAME);
        let fail = |e: std::io::Error| BenchError::file(&path, e);
        std::fs::create_dir_all(folder).map_err(|e| BenchError::file(folder, e))?;
        let header = Header {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").into(),
            protocol: bench.protocol.name.clone(),
            budget: bench.protocol.budget,
            seed: bench.seed,
            workers: bench.workers,
            distinct: bench.distinct,
        };
        let mut runs = BTreeMap::new();
        let mut kept = 0u64;
        if path.exists() {
            let mut reader = BufReader::new(File::open(&path).map_err(fail)?);
            let mut text = String::new();
            let length = reader.read_line(&mut text).map_err(fail)? as u64;
            // A first line that was cut short is a bench that had not begun.
            if text.ends_with('\n') {
                check(&path, &text, &header)?;
                kept = length;
                loop {
                    text.clear();
                    let length = reader.read_line(&mut text).map_err(fail)? as u64;
                    let line = serde_json::from_str::<Line>(&text).ok().filter(|_| text.ends_with('\n'));
                    // The program was killed while it wrote this one: it is run again.
                    let Some(line) = line else { break };
                    runs.insert((line.strategy, line.case, line.run), line.trace);
                    kept += length;
                }
            }
        }
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(fail)?;
        file.set_len(kept).map_err(fail)?;
        let mut journal = Self { path: path.clone(), file, runs };
        if kept == 0 {
            journal.write(&header)?;
        }
        Ok(journal)
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), BenchError> {
        let mut text = serde_json::to_vec(line).map_err(|e| BenchError::file(&self.path, e))?;
        text.push(b'\n');
        self.file.write_all(&text).map_err(|e| BenchError::file(&self.path, e))
    }

    fn key(bench: &Bench, contender: usize, case: usize, run: u64) -> (String, String, u64) {
        (bench.contenders[contender].name.clone(), bench.protocol.cases[case].name.clone(), run)
    }

    pub(super) fn has(&self, bench: &Bench, contender: usize, case: usize, run: u64) -> bool {
        self.runs.contains_key(&Self::key(bench, contender, case, run))
    }

    pub(super) fn add(
        &mut self,
        bench: &Bench,
        contender: usize,
        case: usize,
        run: u64,
        trace: Trace,
    ) -> Result<(), BenchError> {
        let key = Self::key(bench, contender, case, run);
        let line = Line { strategy: key.0.clone(), case: key.1.clone(), run, trace };
        self.write(&line)?;
        self.runs.insert(key, line.trace);
        Ok(())
    }

    /// The runs asked for.
    pub(super) fn traces(mut self, bench: &Bench) -> Traces {
        let mut traces = Traces::new();
        for contender in 0..bench.contenders.len() {
            for case in 0..bench.protocol.cases.len() {
                let run = |run| self.runs.remove(&Self::key(bench, contender, case, run));
                traces.insert((contender, case), (0..bench.runs).filter_map(run).collect());
            }
        }
        traces
    }
}

/// Refuses a folder in which other runs are stored.
fn check(path: &Path, text: &str, header: &Header) -> Result<(), BenchError> {
    let found: Header = serde_json::from_str(text)
        .map_err(|_| BenchError::file(path, "it is no journal of a bench; give another folder with --out"))?;
    if found == *header {
        return Ok(());
    }
    Err(BenchError::file(
        path,
        format!(
            "the folder holds runs of another bench ({found:?}), not of this ({header:?}); give another with --out, \
             or the same options to continue"
        ),
    ))
}
