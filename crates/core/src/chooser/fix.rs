use super::Replay;
use crate::decisions::Decisions;
use crate::question::{Path, Question, Topic};
use crate::space::{Candidate, Chooser, Space, SpaceError};

/// A space whose architecture is settled: only questions about training are open.
///
/// This is what "the reference network, tuned" searches.
pub struct FixedArchitecture<'s> {
    space: &'s dyn Space,
    architecture: Decisions,
}

impl<'s> FixedArchitecture<'s> {
    /// The members of `space` that share the architecture of `decisions`.
    #[must_use]
    pub fn new(space: &'s dyn Space, decisions: Decisions) -> Self {
        Self { space, architecture: decisions }
    }
}

struct Settled<'a> {
    architecture: Replay<'a>,
    training: &'a mut dyn Chooser,
}

impl Chooser for Settled<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        match question.topic {
            Topic::Training => self.training.choose(path, question),
            Topic::Architecture => {
                let answer = self.architecture.choose(path, question)?;
                self.training.settled(path, question, answer);
                Ok(answer)
            }
        }
    }
}

impl Space for FixedArchitecture<'_> {
    fn name(&self) -> &str {
        self.space.name()
    }

    fn build<'s>(&'s self, chooser: &mut dyn Chooser) -> Result<Candidate<'s>, SpaceError> {
        self.space.build(&mut Settled { architecture: Replay::new(&self.architecture), training: chooser })
    }

    fn reference(&self) -> Option<Decisions> {
        Some(self.architecture.clone())
    }
}
