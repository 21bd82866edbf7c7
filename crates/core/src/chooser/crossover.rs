use super::Record;
use super::recall::Recall;
use crate::decisions::Decisions;
use crate::question::{Path, Question};
use crate::rng::Rng;
use crate::space::{Chooser, Space, SpaceError};

struct Crossover<'a> {
    parents: [Recall<'a>; 2],
    rng: &'a mut Rng,
}

impl Chooser for Crossover<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let first = self.rng.below(2);
        let answers = self.parents.each_mut().map(|parent| parent.answer(path.key()));
        let inherited = [answers[first], answers[1 - first]]
            .into_iter()
            .flatten()
            .find(|&answer| answer < question.options.len());
        Ok(inherited.unwrap_or_else(|| self.rng.below(question.options.len())))
    }
}

/// A member whose every answer comes from one parent or the other (uniform crossover).
///
/// # Errors
/// Where the space cannot be asked.
pub fn crossover(
    space: &dyn Space,
    parents: [&Decisions; 2],
    rng: &mut Rng,
) -> Result<Decisions, SpaceError> {
    let mut crossover = Crossover { parents: parents.map(Recall::new), rng };
    let mut record = Record::new(&mut crossover);
    space.build(&mut record)?;
    Ok(record.into_decisions())
}
