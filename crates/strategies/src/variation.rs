//! Children that differ from their parents in several answers at once.

use nascent_core::chooser::Record;
use nascent_core::question::{Path, Question};
use nascent_core::rng::Rng;
use nascent_core::{Chooser, Decisions, PathKey, Space, SpaceError, TrialId};
use smallvec::SmallVec;

/// A child's decisions, and whose child it is.
pub(crate) type Child = (Decisions, SmallVec<[TrialId; 2]>);

/// Answers as one of two parents did, and now and then at random.
struct Breed<'a> {
    parents: [Lookup<'a>; 2],
    /// The chance that an answer is drawn anew.
    rate: f64,
    rng: &'a mut Rng,
}

impl Chooser for Breed<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let options = question.options.len();
        let first = self.rng.below(2);
        let answers = self.parents.each_mut().map(|parent| parent.answer(path.key()));
        let inherited = answers[first].or(answers[1 - first]).filter(|answer| *answer < options);
        match inherited {
            None => Ok(self.rng.below(options)),
            Some(answer) if options > 1 && self.rng.unit() < self.rate => {
                Ok((answer + 1 + self.rng.below(options - 1)) % options)
            }
            Some(answer) => Ok(answer),
        }
    }
}

/// A member whose every answer comes from one parent or the other, or with chance `rate` from neither.
pub(crate) fn breed(
    space: &dyn Space,
    parents: [&Decisions; 2],
    rate: f64,
    rng: &mut Rng,
) -> Result<Decisions, SpaceError> {
    let mut breed = Breed { parents: parents.map(Lookup::new), rate, rng };
    let mut record = Record::new(&mut breed);
    space.build(&mut record)?;
    Ok(record.into_decisions())
}

/// Looks answers up, at once where they are asked for in the recorded order.
pub(crate) struct Lookup<'d> {
    decisions: &'d Decisions,
    next: usize,
}

impl<'d> Lookup<'d> {
    pub(crate) fn new(decisions: &'d Decisions) -> Self {
        Self { decisions, next: 0 }
    }

    pub(crate) fn answer(&mut self, key: PathKey) -> Option<usize> {
        if let Some((expected, answer)) = self.decisions.iter().nth(self.next)
            && expected == key
        {
            self.next += 1;
            return Some(usize::from(answer));
        }
        let place = self.decisions.iter().position(|(k, _)| k == key)?;
        self.next = place + 1;
        self.decisions.iter().nth(place).map(|(_, answer)| usize::from(answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::chooser::{replay, sample};
    use nascent_testkit::{Bits, Tree};

    #[test]
    fn without_mutation_every_answer_is_a_parents() {
        let mut rng = Rng::new(1, 0);
        for _ in 0..100 {
            let parents = [0; 2].map(|_| sample(&Tree, &mut rng).unwrap());
            let child = breed(&Tree, [&parents[0], &parents[1]], 0.0, &mut rng).unwrap();
            replay(&Tree, &child).unwrap();
            for (key, answer) in child.iter() {
                assert!(parents.iter().any(|p| p.answer(key) == Some(answer)));
            }
        }
    }

    #[test]
    fn answers_are_drawn_anew_at_the_given_rate() {
        let space = Bits { questions: 2_000, options: 4 };
        let mut rng = Rng::new(2, 0);
        let parent = sample(&space, &mut rng).unwrap();
        let child = breed(&space, [&parent, &parent], 0.1, &mut rng).unwrap();
        let changed = parent.iter().zip(child.iter()).filter(|(a, b)| a != b).count();
        assert!((140..260).contains(&changed), "{changed} of 2,000 changed at a rate of 0.1");
    }
}
