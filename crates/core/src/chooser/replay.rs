use super::recall::Recall;
use crate::decisions::Decisions;
use crate::question::{Path, Question};
use crate::space::{Candidate, Chooser, Space, SpaceError};

/// Answers as recorded decisions say; anything else is an error.
pub struct Replay<'d>(Recall<'d>);

impl<'d> Replay<'d> {
    /// Answers as `decisions` say.
    #[must_use]
    pub fn new(decisions: &'d Decisions) -> Self {
        Self(Recall::new(decisions))
    }
}

impl Chooser for Replay<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let answer =
            self.0.answer(path.key()).ok_or_else(|| SpaceError::Unanswered { path: path.to_string() })?;
        let options = question.options.len();
        if answer >= options {
            return Err(SpaceError::OutOfRange { path: path.to_string(), answer, options });
        }
        Ok(answer)
    }
}

/// The member of `space` that `decisions` describe.
///
/// # Errors
/// Where the decisions were made for another space.
pub fn replay<'s>(space: &'s dyn Space, decisions: &Decisions) -> Result<Candidate<'s>, SpaceError> {
    space.build(&mut Replay::new(decisions))
}
