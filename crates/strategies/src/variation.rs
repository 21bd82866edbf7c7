//! Children that differ from their parents in several answers at once.

use nascent_core::chooser::{Recall, Record, mutate};
use nascent_core::question::{Path, Question};
use nascent_core::rng::Rng;
use nascent_core::{Chooser, Decisions, Space, SpaceError, TrialId};
use smallvec::SmallVec;

/// A child's decisions, and whose child it is.
pub(crate) type Child = (Decisions, SmallVec<[TrialId; 2]>);

/// Answers as one of two parents did, and now and then at random.
struct Breed<'a> {
    parents: [Recall<'a>; 2],
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
    let mut breed = Breed { parents: parents.map(Recall::new), rate, rng };
    let mut record = Record::new(&mut breed);
    space.build(&mut record)?;
    Ok(record.into_decisions())
}

/// Answers given for the candidates of one proposal, at most: in spaces of very many questions fewer are looked at.
const ANSWERS: usize = 40_000;

/// How many of so many wanted variations of `parents` are looked at for one proposal.
pub(crate) fn affordable<S>(wanted: u64, parents: &[(S, (TrialId, Decisions))]) -> usize {
    let questions = parents.first().map_or(1, |(_, (_, decisions))| decisions.len().max(1));
    (wanted as usize).min((ANSWERS / questions).max(10))
}

/// Goes on from a member by further mutations, each with chance `further`.
pub(crate) fn wander(
    space: &dyn Space,
    mut member: Decisions,
    further: f64,
    rng: &mut Rng,
) -> Result<Decisions, SpaceError> {
    while rng.unit() < further
        && let Some(next) = mutate(space, &member, rng)?
    {
        member = next;
    }
    Ok(member)
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
