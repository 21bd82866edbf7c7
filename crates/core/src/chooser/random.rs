use super::Record;
use crate::decisions::Decisions;
use crate::question::{Path, Question};
use crate::rng::Rng;
use crate::space::{Chooser, Space, SpaceError};

/// Answers every question at random, each option equally likely.
pub struct Random<'r>(pub &'r mut Rng);

impl Chooser for Random<'_> {
    fn choose(&mut self, _: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        Ok(self.0.below(question.options.len()))
    }
}

/// A random member of a space.
///
/// # Errors
/// Where the space cannot be asked.
pub fn sample(space: &dyn Space, rng: &mut Rng) -> Result<Decisions, SpaceError> {
    let mut random = Random(rng);
    let mut record = Record::new(&mut random);
    space.build(&mut record)?;
    Ok(record.into_decisions())
}
