use super::Record;
use crate::decisions::Decisions;
use crate::question::{Path, Question};
use crate::rng::Rng;
use crate::space::{Chooser, Space, SpaceError};

struct Crossover<'a> {
    parents: [&'a Decisions; 2],
    rng: &'a mut Rng,
}

impl Chooser for Crossover<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let first = self.rng.below(2);
        let inherited = [first, 1 - first]
            .into_iter()
            .filter_map(|p| self.parents[p].answer(path.key()))
            .map(usize::from)
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
    let mut crossover = Crossover { parents, rng };
    let mut record = Record::new(&mut crossover);
    space.build(&mut record)?;
    Ok(record.into_decisions())
}
