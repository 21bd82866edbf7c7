use crate::energy::EnergyCounter;
use std::time::{Duration, Instant};

/// Seconds since something began.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// How long ago that was.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

/// How long one thing is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Runs that are not counted: caches fill, and memory is touched for the first time.
    pub warm_up: Duration,
    /// How long runs are counted.
    pub measured: Duration,
}

impl Budget {
    /// A fifth of `whole` to warm up, the rest to measure.
    #[must_use]
    pub fn of(whole: Duration) -> Self {
        Self { warm_up: whole / 5, measured: whole - whole / 5 }
    }
}

/// What something took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// The median of all runs.
    pub median_ms: f64,
    /// What 95 of 100 runs do not exceed.
    pub p95_ms: f64,
    /// The distance between the quartiles as a share of the median.
    pub spread: f64,
    /// Runs that were counted.
    pub runs: usize,
    /// What a run used in the mean, in millijoules, where that was counted.
    pub energy_mj: Option<f64>,
}

/// The fewest runs of which quartiles say something.
const FEWEST: usize = 9;
/// The most runs that are kept.
const MOST: usize = 20_000;
/// A spread above this is measured again, and then flagged.
pub(crate) const NOISY: f64 = 0.2;

/// Times something run after run, and reads what it uses where there is a counter.
///
/// # Errors
/// What the first run that fails says.
pub fn time<E>(
    run: &mut dyn FnMut() -> Result<(), E>,
    budget: Budget,
    counter: Option<&EnergyCounter>,
) -> Result<Timing, E> {
    let first = once(run, budget, counter)?;
    if first.spread <= NOISY {
        return Ok(first);
    }
    // A noisy machine gets a second chance; the quieter of both counts.
    let second = once(run, budget, counter)?;
    Ok(if second.spread < first.spread { second } else { first })
}

fn once<E>(
    run: &mut dyn FnMut() -> Result<(), E>,
    budget: Budget,
    counter: Option<&EnergyCounter>,
) -> Result<Timing, E> {
    let begin = Instant::now();
    // At least one run is never counted.
    loop {
        run()?;
        if begin.elapsed() >= budget.warm_up {
            break;
        }
    }
    let mut taken = Vec::new();
    let before = counter.and_then(|counter| counter.read().ok());
    let begin = Instant::now();
    while taken.len() < FEWEST || begin.elapsed() < budget.measured && taken.len() < MOST {
        let start = Instant::now();
        run()?;
        taken.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let after = counter.and_then(|counter| counter.read().ok());
    let used =
        counter.zip(before.zip(after)).map(|(counter, (before, after))| counter.between(&before, &after));
    let runs = taken.len() as f64;
    // Counters move once a millisecond: one that did not move says nothing.
    Ok(Timing { energy_mj: used.filter(|mj| *mj > 0.0).map(|mj| mj / runs), ..Timing::of(taken) })
}

impl Timing {
    /// What these runs say, in milliseconds.
    #[must_use]
    pub fn of(mut taken: Vec<f64>) -> Self {
        taken.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (share * taken.len().saturating_sub(1) as f64).round() as usize;
            taken.get(place).copied().unwrap_or(f64::NAN)
        };
        let median_ms = at(0.5);
        let spread = (at(0.75) - at(0.25)) / median_ms.max(f64::MIN_POSITIVE);
        Self { median_ms, p95_ms: at(0.95), spread, runs: taken.len(), energy_mj: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_runs() {
        let timing = Timing::of((1..=101).rev().map(f64::from).collect());
        assert_eq!((timing.median_ms, timing.p95_ms, timing.runs), (51.0, 96.0, 101));
        assert!((timing.spread - 50.0 / 51.0).abs() < 1e-12);
    }

    #[test]
    fn a_run_that_fails_ends_it() {
        let budget = Budget::of(Duration::from_millis(1));
        let mut left = 3;
        let mut run = || {
            left -= 1;
            if left == 0 { Err("broken") } else { Ok(()) }
        };
        assert_eq!(time(&mut run, budget, None), Err("broken"));
        let timing = time::<()>(&mut || Ok(()), budget, None).unwrap();
        assert!(timing.runs >= FEWEST && timing.median_ms >= 0.0 && timing.energy_mj.is_none());
    }
}
