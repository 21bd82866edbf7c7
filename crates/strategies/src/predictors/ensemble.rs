//! An ensemble of networks that learns from the results of a study as they come in.

use super::encoding::{AnswerEncoding, Codes, OneHot};
use super::lessons::{best_and_latest, targets};
use super::perceptrons::Perceptrons;
use super::predictor::Guess;
use super::surrogate::schedule;
use nascent_core::objective::Score;
use nascent_core::{Decisions, Space, SpaceError};

/// [`Perceptrons`] on one-hot answers; ordered answers are a number too.
///
/// What is learnt is where a result stands among the others: limits first, then the objectives, as normal quantiles.
/// The networks are trained on a schedule that depends on the number of results alone, from beginnings that do too.
#[derive(Default)]
pub(crate) struct Ensemble {
    encoding: AnswerEncoding,
    codes: Vec<Codes>,
    scores: Vec<Score>,
    fitted: usize,
    inputs: OneHot,
    networks: Perceptrons,
}

/// The most results that are learnt from: the best, and the latest.
const BEST: usize = 80;
const LATEST: usize = 80;

impl Ensemble {
    /// Takes in a result.
    pub(crate) fn learn(
        &mut self,
        space: &dyn Space,
        decisions: &Decisions,
        score: Score,
    ) -> Result<(), SpaceError> {
        self.codes.push(self.encoding.learn(space, decisions)?);
        self.scores.push(score);
        Ok(())
    }

    /// How many results it has.
    pub(crate) fn results(&self) -> usize {
        self.codes.len()
    }

    /// Trains the networks anew where enough came in. To be called with at least [`super::surrogate::FEWEST`] results.
    pub(crate) fn update(&mut self) {
        let fitted = schedule(self.results());
        if self.fitted == fitted {
            return;
        }
        self.fitted = fitted;
        self.inputs = OneHot::new(&self.encoding);
        let chosen = best_and_latest(&self.scores[..fitted], BEST, LATEST);
        let examples: Vec<Vec<f64>> = chosen.iter().map(|&i| self.inputs.of(&self.codes[i])).collect();
        let targets = targets(&chosen.iter().map(|&i| &self.scores[i]).collect::<Vec<_>>());
        self.networks = Perceptrons::train(&examples, self.inputs.columns(), &targets, fitted as u64);
    }

    /// What the networks say of a member on average, and how far they are apart: less is better.
    pub(crate) fn guess(&self, decisions: &Decisions) -> Guess {
        self.networks.guess(&self.inputs.of(&self.encoding.encode(decisions)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::chooser::sample;
    use nascent_core::rng::Rng;
    use nascent_testkit::Bits;

    #[test]
    fn the_ensemble_ranks_networks_that_it_has_not_seen() {
        let space = Bits { questions: 6, options: 4 };
        let mut rng = Rng::new(2, 0);
        let worth = |d: &Decisions| d.iter().map(|(_, a)| f64::from((a * 3) % 4)).sum::<f64>();
        let mut ensemble = Ensemble::default();
        for _ in 0..100 {
            let decisions = sample(&space, &mut rng).unwrap();
            let values = [-worth(&decisions)].into_iter().collect();
            ensemble.learn(&space, &decisions, Score { violation: 0.0, values }).unwrap();
        }
        ensemble.update();
        let mut right = 0;
        for _ in 0..200 {
            let [a, b] = [0; 2].map(|_| sample(&space, &mut rng).unwrap());
            let better = ensemble.guess(&a).mean < ensemble.guess(&b).mean;
            right += i32::from(worth(&a) == worth(&b) || better == (worth(&a) > worth(&b)));
        }
        assert!(right > 170, "{right} of 200 pairs are ranked right");
    }
}
