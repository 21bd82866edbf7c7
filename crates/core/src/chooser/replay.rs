use crate::decisions::Decisions;
use crate::question::{Path, Question};
use crate::space::{Candidate, Chooser, Space, SpaceError};

/// Answers as recorded decisions say; anything else is an error.
pub struct Replay<'d> {
    decisions: &'d Decisions,
    next: usize,
}

impl<'d> Replay<'d> {
    /// Answers as `decisions` say.
    #[must_use]
    pub fn new(decisions: &'d Decisions) -> Self {
        Self { decisions, next: 0 }
    }
}

impl Chooser for Replay<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        // Nearly always the recorded order is the asked order; the search is for decisions edited by hand.
        let answer = match self.decisions.iter().nth(self.next) {
            Some((key, answer)) if key == path.key() => answer,
            _ => self
                .decisions
                .answer(path.key())
                .ok_or_else(|| SpaceError::Unanswered { path: path.to_string() })?,
        };
        self.next += 1;
        let (answer, options) = (usize::from(answer), question.options.len());
        if answer >= options {
            return Err(SpaceError::OutOfRange { path: path.to_string(), answer, options });
        }
        Ok(answer)
    }

    fn settled(&mut self, _: Path<'_>, _: &Question<'_>, _: usize) {
        self.next += 1;
    }
}

/// The member of `space` that `decisions` describe.
///
/// # Errors
/// Where the decisions were made for another space.
pub fn replay<'s>(space: &'s dyn Space, decisions: &Decisions) -> Result<Candidate<'s>, SpaceError> {
    space.build(&mut Replay::new(decisions))
}
