use super::Replay;
use super::recall::Recall;
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

/// A space in which training is settled: only questions about the network are open.
///
/// This is what networks that share weights are searched in, for they are trained together.
pub struct FixedTraining<'s> {
    space: &'s dyn Space,
    training: Decisions,
}

impl<'s> FixedTraining<'s> {
    /// The members of `space` that are trained as `decisions` say, and as the first option says where they say nothing.
    #[must_use]
    pub fn new(space: &'s dyn Space, decisions: Decisions) -> Self {
        Self { space, training: decisions }
    }
}

struct SettledTraining<'a> {
    architecture: &'a mut dyn Chooser,
    training: Recall<'a>,
}

impl Chooser for SettledTraining<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        match question.topic {
            Topic::Architecture => self.architecture.choose(path, question),
            Topic::Training => {
                let known = self.training.answer(path.key()).filter(|known| *known < question.options.len());
                let answer = known.unwrap_or(0);
                self.architecture.settled(path, question, answer);
                Ok(answer)
            }
        }
    }
}

impl Space for FixedTraining<'_> {
    fn name(&self) -> &str {
        self.space.name()
    }

    fn build<'s>(&'s self, chooser: &mut dyn Chooser) -> Result<Candidate<'s>, SpaceError> {
        let training = Recall::new(&self.training);
        self.space.build(&mut SettledTraining { architecture: chooser, training })
    }

    fn relax(&self) -> Result<Option<crate::architecture::Architecture>, SpaceError> {
        self.space.relax()
    }

    fn is_elastic(&self) -> bool {
        self.space.is_elastic()
    }

    /// The reference of the space, trained as settled.
    fn reference(&self) -> Option<Decisions> {
        super::complete(self, &self.space.reference()?).ok()
    }

    fn known(&self) -> Vec<Decisions> {
        self.space.known().iter().filter_map(|known| super::complete(self, known).ok()).collect()
    }
}
