use crate::decisions::Decisions;
use crate::question::{Path, Question};
use crate::space::{Chooser, SpaceError};

/// Checks another chooser's answers and writes them down.
pub struct Record<'c> {
    inner: &'c mut dyn Chooser,
    decisions: Decisions,
}

impl<'c> Record<'c> {
    /// Records what `inner` answers.
    pub fn new(inner: &'c mut dyn Chooser) -> Self {
        Self { inner, decisions: Decisions::new() }
    }

    /// What was answered, in the order asked.
    #[must_use]
    pub fn into_decisions(self) -> Decisions {
        self.decisions
    }
}

impl Chooser for Record<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let options = question.options.len();
        if options == 0 || options > 1 << 16 {
            return Err(SpaceError::Options { path: path.to_string(), options });
        }
        let answer = self.inner.choose(path, question)?;
        if answer >= options {
            return Err(SpaceError::OutOfRange { path: path.to_string(), answer, options });
        }
        self.decisions.push(path.key(), answer as u16);
        Ok(answer)
    }

    fn settled(&mut self, path: Path<'_>, question: &Question<'_>, answer: usize) {
        self.decisions.push(path.key(), answer as u16);
        self.inner.settled(path, question, answer);
    }
}
