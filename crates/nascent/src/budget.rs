//! How a budget of time is shared out among search, baselines and finals.

/// How finals are made: as asked, or lowered to what the time allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Finals {
    /// How many networks are trained again to be compared.
    pub finalists: usize,
    /// With how many seeds.
    pub replicas: u32,
    /// For how many epochs.
    pub epochs: u32,
}

/// What one epoch of a training takes, in milliseconds, all workers together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pace {
    /// Of each finalist, the best first.
    pub finalists: Vec<f64>,
    /// Of all baselines together.
    pub baselines: f64,
    /// How many workers there are.
    pub workers: usize,
}

impl Finals {
    /// What they take: the finalists, and then the winner and the baselines on all rows but the test part's.
    pub fn need_ms(&self, pace: &Pace) -> f64 {
        let finalists = &pace.finalists[..self.finalists.min(pace.finalists.len())];
        let slowest = finalists.iter().copied().fold(0.0, f64::max);
        let all = f64::from(self.replicas);
        // At the end of each stage all but one worker may be idle while the last training ends (Graham 1969,
        // doi:10.1137/0117039).
        let last = slowest * pace.workers.saturating_sub(1) as f64;
        // One finalist alone is the winner, and is not trained to be compared.
        let judged = if finalists.len() > 1 { finalists.iter().sum::<f64>() * all + last } else { 0.0 };
        let tested = (slowest + pace.baselines) * all + last;
        (judged + tested) * f64::from(self.epochs)
    }

    /// Fewer finalists, then fewer seeds, then fewer epochs, until they fit.
    pub fn fitting(mut self, pace: &Pace, left_ms: f64) -> Self {
        while self.need_ms(pace) > left_ms {
            match self {
                Self { finalists: 2.., .. } => self.finalists -= 1,
                Self { replicas: 2.., .. } => self.replicas -= 1,
                Self { epochs: 2.., .. } => self.epochs -= 1,
                _ => break,
            }
        }
        self
    }
}

/// The parts of a budget by whose end the search and the baselines are over, unless finals need less than the rest.
pub(crate) const SHARES: [f64; 2] = [0.35, 0.70];
/// What runs on so far beyond its share is stopped, in parts of the budget.
pub(crate) const GRACE: f64 = 0.1;
/// A tenth of the time that is left is kept for testing, writing, and for what was estimated too low.
pub(crate) const USABLE: f64 = 0.9;

/// A network whose whole training takes a larger part of the budget is given up.
const TOO_SLOW: f64 = 0.4;

/// The milliseconds that an epoch on one cut of the data may take.
pub(crate) fn epoch_ms(budget_ms: f64, epochs: u32, folds: u32) -> u64 {
    (TOO_SLOW * budget_ms / (f64::from(epochs) * f64::from(folds))) as u64
}

/// The part of a budget by whose end the search is over, where the finals need so large a part and each of the baselines
/// gets as much as the search.
pub(crate) fn search_share(finals: f64, baselines: usize) -> f64 {
    ((1.0 - finals / USABLE) / (1 + baselines) as f64).max(SHARES[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finals_are_lowered_in_order_until_they_fit() {
        let asked = Finals { finalists: 3, replicas: 3, epochs: 10 };
        let pace = Pace { finalists: vec![1.0, 1.0, 1.0], baselines: 1.0, workers: 1 };
        let fit = |left_ms| asked.fitting(&pace, left_ms);
        assert_eq!(fit(150.0), asked);
        assert_eq!(fit(149.0), Finals { finalists: 2, ..asked });
        // One finalist needs no comparison: two networks of three seeds and ten epochs.
        assert_eq!(fit(119.0), Finals { finalists: 1, ..asked });
        assert_eq!(fit(59.0), Finals { finalists: 1, replicas: 2, ..asked });
        assert_eq!(fit(39.0), Finals { finalists: 1, replicas: 1, ..asked });
        assert_eq!(fit(19.0), Finals { finalists: 1, replicas: 1, epochs: 9 });
        assert_eq!(fit(0.0), Finals { finalists: 1, replicas: 1, epochs: 1 });
        // Two workers need as long for three trainings as for four: both stages end with a worker that waits.
        let two = Pace { workers: 2, ..pace };
        assert_eq!(asked.need_ms(&two), 170.0);
    }

    #[test]
    fn the_search_gets_what_finals_do_not_need() {
        assert_eq!(search_share(0.5, 1), SHARES[0]);
        assert_eq!(search_share(0.09, 1), 0.45);
        assert_eq!(search_share(0.09, 0), 0.9);
        assert_eq!(search_share(2.0, 3), SHARES[0]);
    }
}
