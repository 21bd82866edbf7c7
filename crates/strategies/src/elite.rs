//! The best of everything seen, without keeping the rest.

use crate::nondominated::standings;
use nascent_core::objective::Score;

/// The best so many of all that were added.
///
/// With one objective in order; with several by Pareto front and the room on it, as far as that can be known without
/// those that were dropped.
pub(crate) struct Elite<T> {
    most: usize,
    members: Vec<(Score, T)>,
    is_sorted: bool,
}

impl<T> Elite<T> {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, members: Vec::new(), is_sorted: true }
    }

    /// Keeps so many from now on.
    pub(crate) fn keep(&mut self, most: usize) {
        self.most = most;
    }

    pub(crate) fn add(&mut self, score: Score, member: T) {
        if score.values.len() == 1 {
            let place = self.members.partition_point(|(other, _)| !score.dominates(other));
            if place < self.most {
                self.members.insert(place, (score, member));
                self.members.truncate(self.most);
            }
            return;
        }
        self.members.push((score, member));
        self.is_sorted = false;
        // To sort is quadratic: as many again are taken in before it is done.
        if self.members.len() >= 2 * self.most {
            self.sort();
        }
    }

    /// The members, best first.
    pub(crate) fn members(&mut self) -> &[(Score, T)] {
        if !self.is_sorted {
            self.sort();
        }
        &self.members
    }

    fn sort(&mut self) {
        let standings = standings(&self.members.iter().map(|(score, _)| score).collect::<Vec<_>>());
        let mut order: Vec<usize> = (0..standings.len()).collect();
        order.sort_by(|&a, &b| standings[a].compare(&standings[b]).then(a.cmp(&b)));
        let mut taken: Vec<Option<(Score, T)>> = self.members.drain(..).map(Some).collect();
        self.members.extend(order.into_iter().take(self.most).filter_map(|i| taken[i].take()));
        self.is_sorted = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::rng::Rng;

    #[test]
    fn the_best_stay_whatever_the_order_they_come_in() {
        let mut rng = Rng::new(1, 0);
        let mut elite = Elite::new(5);
        let mut values: Vec<f64> = (0..50).map(f64::from).collect();
        rng.shuffle(&mut values);
        for value in values {
            elite.add(Score { violation: 0.0, values: [value].into_iter().collect() }, value);
        }
        let kept: Vec<f64> = elite.members().iter().map(|(_, v)| *v).collect();
        assert_eq!(kept, [0.0, 1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn of_several_objectives_the_front_stays() {
        let mut rng = Rng::new(2, 0);
        let mut elite = Elite::new(8);
        for i in 0..200 {
            // Every tenth lies on the line that nothing else reaches.
            let x = rng.unit();
            let above = if i % 50 == 7 { 0.0 } else { 0.2 + rng.unit() };
            let values = [x + above, 1.0 - x + above].into_iter().collect();
            elite.add(Score { violation: 0.0, values }, i % 50 == 7);
        }
        assert!(elite.members().iter().take(4).all(|(_, on_front)| *on_front));
        assert_eq!(elite.members().len(), 8);
    }
}
