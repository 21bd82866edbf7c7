//! Numbered pieces of work, some at a time.

use crate::error::Error;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Does so many pieces of work on so many threads; `hear` is told how many are done, of how many. The answers are in the order
/// of their numbers, however the work went.
///
/// # Errors
/// What the first piece that failed says; the others are done all the same.
pub(crate) fn in_parallel<T: Send>(
    count: usize,
    threads: usize,
    hear: &(dyn Fn(usize, usize) + Sync),
    work: impl Fn(usize) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let found: Mutex<Vec<Option<Result<T, Error>>>> = Mutex::new((0..count).map(|_| None).collect());
    let worker = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return;
            }
            let one = work(number);
            if let Ok(mut found) = found.lock() {
                found[number] = Some(one);
            }
            hear(done.fetch_add(1, Ordering::Relaxed) + 1, count);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, count.max(1)) {
            scope.spawn(worker);
        }
    });
    let found = found.into_inner().map_err(|e| Error::input(e.to_string()))?;
    found
        .into_iter()
        .map(|one| one.unwrap_or_else(|| Err(Error::input("a piece of work was not done"))))
        .collect()
}
