//! Files of examples: preprocessed inputs that are more than memory is to hold, a record each, and what else a task is.
//!
//! A file is named by what it was made of ([`made_of`]): whoever opens the same data in the same way finds it, be it another
//! worker or a study that is resumed. It begins with [`MAGIC`]; records follow, each the numbers of an input with a sum over
//! them and their place; then the [`account`] of the task, and where that begins. Nothing is trusted that its sum does not
//! agree with.

mod account;
mod writing;

pub(crate) use writing::Writing;

use crate::{DataError, Options, SplitRule, Task};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

/// What a file begins with; the number changes with the format, and with whatever makes other inputs of the same data.
const MAGIC: &[u8; 16] = b"nascent inputs 2";
/// The bytes of the sum that ends a record.
const SUM: usize = 8;
/// Bytes that are read together, at most, unless a single record is longer.
const RUN: usize = 1 << 20;

/// How much memory inputs may take, and where those are kept that need more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes for the inputs of all rows.
    pub bytes: u64,
    /// The folder for files of inputs that need more.
    pub folder: PathBuf,
}

impl Room {
    /// Room in memory for any data.
    #[must_use]
    pub fn unbounded() -> Self {
        Self { bytes: u64::MAX, folder: PathBuf::new() }
    }

    /// The task that was made of the same files in the same way before, or what it takes to make it.
    pub(crate) fn find(&self, files: &[PathBuf], options: &Options) -> Result<Found, DataError> {
        let name = format!("{:032x}.examples", made_of(files, options)?);
        let path = self.folder.join(name);
        if path.exists() {
            return ExampleFile::open(&path).map(|task| Found::Task(Box::new(task)));
        }
        Writing::begin(path)
    }
}

/// What there is of a task whose inputs are in a file.
pub(crate) enum Found {
    /// All of it.
    Task(Box<Task>),
    /// Nothing yet.
    Nothing(Writing),
}

/// A number for the contents of files, what they are called, and what is said about them.
fn made_of(files: &[PathBuf], options: &Options) -> Result<u128, DataError> {
    let mut sum = Xxh3::new();
    sum.update(MAGIC);
    sum.update(env!("CARGO_PKG_VERSION").as_bytes());
    // Test files are among the files, however they were called; where inputs are kept does not change them.
    let mut said = Options { test: None, memory: None, folder: None, ..options.clone() };
    let mask = match &mut said.split {
        Some(SplitRule::Mask { file, .. }) => {
            *file = file.canonicalize().unwrap_or_else(|_| file.clone());
            Some(file.clone())
        }
        _ => None,
    };
    sum.update(&serde_json::to_vec(&said).unwrap_or_default());
    let mut buffer = vec![0; RUN];
    for path in files.iter().chain(&mask) {
        let place = path.display().to_string();
        let broken = |e: std::io::Error| DataError::file(&place, format!("cannot be read: {e}"));
        let mut file = File::open(path).map_err(broken)?;
        sum.update(place.as_bytes());
        sum.update(&file.metadata().map_err(broken)?.len().to_le_bytes());
        loop {
            match file.read(&mut buffer).map_err(broken)? {
                0 => break,
                n => sum.update(&buffer[..n]),
            }
        }
    }
    Ok(sum.digest128())
}

/// The inputs of a task, read from a file record by record.
#[derive(Debug)]
pub(crate) struct ExampleFile {
    path: PathBuf,
    file: Mutex<File>,
    /// Numbers of an input.
    width: usize,
    rows: usize,
}

impl PartialEq for ExampleFile {
    /// Files are named by what they were made of.
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl ExampleFile {
    /// The task of a file.
    fn open(path: &Path) -> Result<Task, DataError> {
        let file = File::open(path).map_err(|e| unreadable(path, &e))?;
        let (made, flip, (rows, width)) = account::read(path, &file)?;
        let own = Self { path: path.into(), file: Mutex::new(file), width, rows };
        let mut task = made.with(crate::Numbers::of_file(Arc::new(own)));
        task.flip = flip;
        let mebibytes = (rows as u64 * record(width) as u64) >> 20;
        task.note(format!("inputs need {mebibytes} MiB and are read from {}", path.display()));
        Ok(task)
    }

    /// Appends the inputs of some rows.
    pub(crate) fn read(&self, rows: impl Iterator<Item = u32>, into: &mut Vec<f32>) -> Result<(), DataError> {
        // A training that panicked has changed nothing here.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let (size, mut bytes) = (record(self.width), Vec::new());
        let mut rows = rows.map(|row| row as usize).peekable();
        while let Some(first) = rows.next() {
            let mut next = first + 1;
            while (next - first) * size < RUN && rows.next_if_eq(&next).is_some() {
                next += 1;
            }
            if next > self.rows {
                let reason = format!("has {} rows, and row {} is asked for", self.rows, next - 1);
                return Err(DataError::file(&self.path.display().to_string(), reason));
            }
            let broken = |e: std::io::Error| match e.kind() {
                std::io::ErrorKind::UnexpectedEof => changed(&self.path, first),
                _ => unreadable(&self.path, &e),
            };
            bytes.resize((next - first) * size, 0);
            file.seek(SeekFrom::Start(offset(first, self.width))).map_err(broken)?;
            file.read_exact(&mut bytes).map_err(broken)?;
            for (row, bytes) in (first..).zip(bytes.chunks_exact(size)) {
                decode(bytes, row, into).ok_or_else(|| changed(&self.path, row))?;
            }
        }
        Ok(())
    }
}

/// The bytes of a record.
fn record(width: usize) -> usize {
    4 * width + SUM
}

/// Where a record begins.
fn offset(row: usize, width: usize) -> u64 {
    MAGIC.len() as u64 + row as u64 * record(width) as u64
}

fn encode(input: &[f32], row: usize, into: &mut Vec<u8>) {
    let start = into.len();
    into.resize(start + 4 * input.len(), 0);
    let (places, _) = into[start..].as_chunks_mut::<4>();
    places.iter_mut().zip(input).for_each(|(place, number)| *place = number.to_le_bytes());
    let sum = xxh3_64_with_seed(&into[start..], row as u64);
    into.extend_from_slice(&sum.to_le_bytes());
}

/// Appends the numbers of a record; nothing where it is not the one that was written there.
fn decode(record: &[u8], row: usize, into: &mut Vec<f32>) -> Option<()> {
    let (numbers, sum) = record.split_last_chunk::<SUM>()?;
    if xxh3_64_with_seed(numbers, row as u64) != u64::from_le_bytes(*sum) {
        return None;
    }
    let (numbers, _) = numbers.as_chunks::<4>();
    into.extend(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)));
    Some(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> DataError {
    let reason = format!("a file of examples cannot be read: {error}; remove it, and it is made again");
    DataError::file(&path.display().to_string(), reason)
}

fn changed(path: &Path, row: usize) -> DataError {
    let reason = format!(
        "row {row} of this file of examples is not what was written: it was changed or cut off; remove it, and it is made again"
    );
    DataError::file(&path.display().to_string(), reason)
}
