//! How a budget of time is shared out among search, baselines and finals.

/// How finals are made: as asked, or lowered to what the time allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Finals {
    /// How many networks are trained again to be compared.
    pub finalists: usize,
    /// With how many seeds.
    pub replicas: u32,
    /// For how many epochs, to be compared.
    pub epochs: u32,
    /// For how many epochs what is handed over is trained.
    pub last_epochs: u32,
    /// Whether it is trained for as many on the training part first, to see whether that serves it.
    pub are_watched: bool,
}

/// What one epoch of a training takes a worker, in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pace {
    /// Of each finalist, the best first, for each network that is to win.
    pub finalists: Vec<Vec<f64>>,
    /// Of each baseline.
    pub baselines: Vec<f64>,
    /// Of each baseline that may win too.
    pub rivals: Vec<f64>,
    /// How many workers there are.
    pub workers: usize,
}

impl Pace {
    /// How long trainings take that are begun in this order, each by the first worker that is free.
    fn until_all_end(&self, trainings: impl Iterator<Item = f64>) -> f64 {
        let mut busy = vec![0.0f64; self.workers.max(1)];
        for training in trainings {
            if let Some(first) = busy.iter_mut().min_by(|a, b| a.total_cmp(b)) {
                *first += training;
            }
        }
        busy.into_iter().fold(0.0, f64::max)
    }
}

impl Finals {
    /// What they take: the finalists, and then the winners and the baselines on all rows but the test part's.
    pub fn need_ms(&self, pace: &Pace) -> f64 {
        let groups: Vec<&[f64]> =
            pace.finalists.iter().map(|all| &all[..self.finalists.min(all.len())]).collect();
        let slowest = |group: &&[f64]| group.iter().copied().fold(0.0, f64::max);
        let replicas = self.replicas as usize;
        let each = |of: Vec<f64>| of.into_iter().flat_map(move |ms| std::iter::repeat_n(ms, replicas));
        // One finalist alone is not trained to be compared.
        let is_compared = |group: &&&[f64]| self.finalists > 1 && group.len() + pace.rivals.len() > 1;
        let mut compared: Vec<f64> =
            groups.iter().filter(is_compared).flat_map(|group| group.to_vec()).collect();
        if !compared.is_empty() {
            compared.extend(&pace.rivals);
        }
        let judged = pace.until_all_end(each(compared));
        let last = || groups.iter().map(slowest).chain(pace.baselines.iter().copied());
        let tested = pace.until_all_end(each(last().collect()));
        // The winner twice, with more dropout the second time.
        let twice = last().chain(groups.last().map(slowest));
        let watched = if self.are_watched { pace.until_all_end(twice) } else { 0.0 };
        judged * f64::from(self.epochs) + (watched + tested) * f64::from(self.last_epochs)
    }

    /// Fewer finalists, then fewer seeds, then fewer epochs, until they fit; what is handed over has no fewer epochs than `least`,
    /// those that it won the search with, though the time were over.
    pub fn fitting(mut self, pace: &Pace, left_ms: f64, least: u32) -> Self {
        while self.need_ms(pace) > left_ms {
            match self {
                Self { finalists: 2.., .. } => self.finalists -= 1,
                Self { replicas: 2.., .. } => self.replicas -= 1,
                Self { last_epochs, .. } if last_epochs > least.max(1) => self.last_epochs -= 1,
                Self { are_watched: true, .. } => self.are_watched = false,
                _ => break,
            }
        }
        self
    }
}

/// The parts of a budget by whose end the search and the baselines are over, unless finals need less than the rest.
/// Finals longer than the search's trainings get half of it.
pub(crate) const fn shares(are_finals_longer: bool) -> [f64; 2] {
    if are_finals_longer { [0.25, 0.5] } else { [0.35, 0.7] }
}

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
pub(crate) fn search_share(shares: [f64; 2], finals: f64, baselines: usize) -> f64 {
    ((1.0 - finals / USABLE) / (1 + baselines) as f64).max(shares[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finals_are_lowered_in_order_until_they_fit() {
        let asked = Finals { finalists: 3, replicas: 3, epochs: 10, last_epochs: 10, are_watched: false };
        let pace =
            Pace { finalists: vec![vec![1.0, 1.0, 1.0]], baselines: vec![1.0], rivals: vec![], workers: 1 };
        let fit = |left_ms| asked.fitting(&pace, left_ms, 1);
        assert_eq!(fit(150.0), asked);
        assert_eq!(fit(149.0), Finals { finalists: 2, ..asked });
        // One finalist needs no comparison: two networks of three seeds and ten epochs.
        assert_eq!(fit(119.0), Finals { finalists: 1, ..asked });
        assert_eq!(fit(59.0), Finals { finalists: 1, replicas: 2, ..asked });
        assert_eq!(fit(39.0), Finals { finalists: 1, replicas: 1, ..asked });
        assert_eq!(fit(19.0), Finals { finalists: 1, replicas: 1, last_epochs: 9, ..asked });
        assert_eq!(fit(0.0), Finals { finalists: 1, replicas: 1, last_epochs: 1, ..asked });
        let least = asked.fitting(&pace, 0.0, 4);
        assert_eq!(least, Finals { finalists: 1, replicas: 1, last_epochs: 4, ..asked });
        // What is handed over may be trained for longer than what is compared.
        let longer = Finals { last_epochs: 25, ..asked };
        assert_eq!(longer.need_ms(&pace), 240.0);
        assert_eq!(Finals { are_watched: true, ..longer }.need_ms(&pace), 315.0);
        assert_eq!(
            longer.fitting(&pace, 30.0, 1),
            Finals { finalists: 1, replicas: 1, last_epochs: 15, ..asked }
        );
        // What is trained for no longer than in the search need not be watched.
        let watched = Finals { are_watched: true, ..longer };
        let least = Finals { finalists: 1, replicas: 1, last_epochs: 12, ..longer };
        assert_eq!(watched.fitting(&pace, 1.0, 12), least);
        // Nine trainings and then six, in pairs.
        let two = Pace { workers: 2, ..pace };
        assert_eq!(asked.need_ms(&two), 80.0);
        // A winner and a slower baseline, side by side.
        let uneven = Pace { finalists: vec![vec![1.0]], baselines: vec![3.0], rivals: vec![], workers: 2 };
        assert_eq!(Finals { finalists: 1, replicas: 1, ..asked }.need_ms(&uneven), 30.0);
        // Three networks are to win, one of them half as large, and one without a rival.
        let finalists = vec![vec![0.5, 0.5], vec![1.0, 1.0], vec![1.0]];
        let three = Pace { finalists, baselines: vec![1.0], rivals: vec![], workers: 1 };
        assert_eq!(asked.need_ms(&three), (3.0 + 3.5) * 30.0);
        // A reference that may win is compared with them all, and one finalist is then not alone.
        let more = Pace { rivals: vec![1.0], ..three };
        assert_eq!(asked.need_ms(&more), (3.0 + 1.0 + 1.0 + 3.5) * 30.0);
        assert_eq!(Finals { finalists: 1, ..asked }.need_ms(&more), 3.5 * 30.0);
    }

    #[test]
    fn a_study_that_is_resumed_has_the_shares_that_it_began_with() {
        let usual =
            crate::Setup::new(crate::StudyFile::parse("study.toml", "task = \"digits\"").unwrap()).unwrap();
        let asked =
            format!("task = \"digits\"\nbudget = \"3s\"\nspeed = 1\nfinal_epochs = {}", usual.epochs() - 1);
        let first = crate::Setup::new(crate::StudyFile::parse("study.toml", &asked).unwrap()).unwrap();
        // Fewer than the usual, and more than the budget leaves to the search.
        assert!(first.epochs() < first.final_epochs() && first.final_epochs() < first.usual_epochs);
        assert_eq!(first.shares, shares(true));
        let again = crate::Setup::new(first.file.clone()).unwrap();
        assert_eq!((again.shares, again.epochs()), (first.shares, first.epochs()));
    }

    #[test]
    fn the_search_gets_what_finals_do_not_need() {
        let shares = shares(false);
        assert_eq!(search_share(shares, 0.5, 1), shares[0]);
        assert_eq!(search_share(shares, 0.09, 1), 0.45);
        assert_eq!(search_share(shares, 0.09, 0), 0.9);
        assert_eq!(search_share(shares, 2.0, 3), shares[0]);
    }
}
