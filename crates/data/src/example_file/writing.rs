use super::{ExampleFile, Found, MAGIC, RUN, account, changed, decode, encode, offset, record, unreadable};
use crate::task::Made;
use crate::{DataError, Task};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A file of examples that is being made, under another name until it is whole.
///
/// Whoever makes it holds a lock: others wait, and find it made. What an interrupted process left is made anew.
pub(crate) struct Writing {
    path: PathBuf,
    partial: PathBuf,
    file: File,
    width: usize,
    rows: usize,
    /// What is not written yet.
    bytes: Vec<u8>,
    is_whole: bool,
}

impl Writing {
    pub(super) fn begin(path: PathBuf) -> Result<Found, DataError> {
        let partial = path.with_extension("partial");
        let fail = |e: std::io::Error| unwritable(&partial, &e);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(fail)?;
        }
        let open = || OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&partial);
        let file = open().map_err(fail)?;
        // Where a file system has no locks, two make the same file, and either is right.
        let _ = file.lock();
        if path.exists() {
            return ExampleFile::open(&path).map(|task| Found::Task(Box::new(task)));
        }
        file.set_len(0).map_err(fail)?;
        let bytes = MAGIC.to_vec();
        Ok(Found::Nothing(Self { path, partial, file, width: 0, rows: 0, bytes, is_whole: false }))
    }

    /// Appends inputs of `width` numbers, the same each time.
    pub(crate) fn push(&mut self, inputs: &[f32], width: usize) -> Result<(), DataError> {
        self.width = width;
        for input in inputs.chunks_exact(width.max(1)) {
            encode(input, self.rows, &mut self.bytes);
            self.rows += 1;
            if self.bytes.len() >= RUN {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DataError> {
        self.file.write_all(&self.bytes).map_err(|e| unwritable(&self.partial, &e))?;
        self.bytes.clear();
        Ok(())
    }

    /// Shows every input that was written, in order.
    pub(crate) fn each(&mut self, mut look: impl FnMut(usize, &[f32])) -> Result<(), DataError> {
        self.pass(false, |row, input| look(row, input))
    }

    /// Changes every input that was written, in order.
    pub(crate) fn change(&mut self, change: impl FnMut(usize, &mut [f32])) -> Result<(), DataError> {
        self.pass(true, change)
    }

    fn pass(&mut self, is_changing: bool, mut visit: impl FnMut(usize, &mut [f32])) -> Result<(), DataError> {
        self.flush()?;
        let (width, size) = (self.width, record(self.width));
        let (mut bytes, mut numbers) = (Vec::new(), Vec::new());
        let mut first = 0;
        while first < self.rows {
            let count = (RUN / size).clamp(1, self.rows - first);
            bytes.resize(count * size, 0);
            numbers.clear();
            let start = SeekFrom::Start(offset(first, width));
            let broken = |e: std::io::Error| unreadable(&self.partial, &e);
            self.file.seek(start).map_err(broken)?;
            self.file.read_exact(&mut bytes).map_err(broken)?;
            for (row, bytes) in (first..).zip(bytes.chunks_exact(size)) {
                decode(bytes, row, &mut numbers).ok_or_else(|| changed(&self.partial, row))?;
            }
            for (row, input) in (first..).zip(numbers.chunks_exact_mut(width.max(1))) {
                visit(row, input);
            }
            if is_changing {
                bytes.clear();
                for (row, input) in (first..).zip(numbers.chunks_exact(width.max(1))) {
                    encode(input, row, &mut bytes);
                }
                self.file.seek(start).map_err(broken)?;
                self.file.write_all(&bytes).map_err(|e| unwritable(&self.partial, &e))?;
            }
            first += count;
        }
        self.file.seek(SeekFrom::End(0)).map_err(|e| unreadable(&self.partial, &e))?;
        Ok(())
    }

    /// The task, when all inputs are written.
    pub(crate) fn finish(mut self, made: &Made, flip: bool) -> Result<Task, DataError> {
        let place = self.partial.display().to_string();
        let account = account::write(made, flip, self.rows, self.width)
            .ok_or_else(|| DataError::file(&place, "is no file for running text"))?;
        self.bytes.extend(account);
        self.flush()?;
        let fail = |e: std::io::Error| unwritable(&self.partial, &e);
        self.file.sync_all().map_err(fail)?;
        std::fs::rename(&self.partial, &self.path).map_err(fail)?;
        self.is_whole = true;
        ExampleFile::open(&self.path)
    }
}

impl Drop for Writing {
    /// What was not finished takes no space; who waits for the lock may still want the file.
    fn drop(&mut self) {
        if !self.is_whole {
            let _ = self.file.set_len(0);
        }
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> DataError {
    let reason = format!(
        "cannot be written: {error}; inputs that memory is not to hold are kept there: make space, name another folder with --data-folder, or give them more --data-memory"
    );
    DataError::file(&path.display().to_string(), reason)
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_that_says_what_to_do() {
        let full = std::path::PathBuf::from("/dev/full");
        let file = std::fs::OpenOptions::new().write(true).open(&full).unwrap();
        let (partial, bytes) = (full.clone(), Vec::new());
        let mut writing =
            super::Writing { path: full, partial, file, width: 0, rows: 0, bytes, is_whole: false };
        let error = writing.push(&[0.5; super::RUN], 4).unwrap_err().to_string();
        for words in ["/dev/full: cannot be written", "No space", "make space", "--data-folder"] {
            assert!(error.contains(words), "{error}");
        }
    }
}
