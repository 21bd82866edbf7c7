//! The time of day that never runs backwards.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970 (UTC).
///
/// Read from the system once, and counted on from there: a clock that is set back while a study runs does not give its
/// events times in the wrong order.
#[must_use]
pub fn now_ms() -> u64 {
    static START: OnceLock<(u64, Instant)> = OnceLock::new();
    let (start_ms, since) = *START.get_or_init(|| {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        (since_1970.as_millis() as u64, Instant::now())
    });
    start_ms + since.elapsed().as_millis() as u64
}

/// What some work gave, and how long it took.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, std::time::Duration) {
    let begin = std::time::Instant::now();
    let done = work();
    (done, begin.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_of_this_century_and_goes_on() {
        let before = now_ms();
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert!(before > 1_700_000_000_000 && now_ms() >= before + 5);
    }
}
