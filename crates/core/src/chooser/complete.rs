use super::Record;
use super::recall::Recall;
use crate::decisions::Decisions;
use crate::question::{Path, Question};
use crate::space::{Chooser, Space, SpaceError};

struct Complete<'d>(Recall<'d>);

impl Chooser for Complete<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let answer = self.0.answer(path.key()).unwrap_or(0);
        Ok(if answer < question.options.len() { answer } else { 0 })
    }
}

/// The member whose answers are these where they fit, and the first option everywhere else.
///
/// # Errors
/// Where the space cannot be asked.
pub fn complete(space: &dyn Space, answers: &Decisions) -> Result<Decisions, SpaceError> {
    let mut complete = Complete(Recall::new(answers));
    let mut record = Record::new(&mut complete);
    space.build(&mut record)?;
    Ok(record.into_decisions())
}
