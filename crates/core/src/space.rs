use crate::architecture::{Architecture, ArchitectureError};
use crate::decisions::Decisions;
use crate::question::{Path, Question};
use crate::settings::Settings;

/// Every network that may be built: one function that asks a [`Chooser`] at each open question.
pub trait Space: Send + Sync {
    /// The name users type.
    fn name(&self) -> &str;

    /// Asks every open question, then returns how to draw the network.
    ///
    /// The questions asked may depend on earlier answers, and on nothing else. No place is asked twice.
    ///
    /// # Errors
    /// Whatever the chooser answers with.
    fn build<'s>(&'s self, chooser: &mut dyn Chooser) -> Result<Candidate<'s>, SpaceError>;

    /// All networks in one: a graph with a [`Mixed`](crate::architecture::op::Mixed) for each question about the network, whose inputs are what the
    /// options give; `None` where the space cannot be written so.
    ///
    /// With every choice made ([`Architecture::derive`]) it is the network that those answers give.
    ///
    /// # Errors
    /// Where the graph cannot be drawn.
    fn relax(&self) -> Result<Option<Architecture>, SpaceError> {
        Ok(None)
    }

    /// Whether its networks differ in sizes, a smaller one using a part of what a larger one has learned.
    fn is_elastic(&self) -> bool {
        false
    }

    /// The network a good practitioner would write by hand, where one is known.
    fn reference(&self) -> Option<Decisions> {
        None
    }

    /// Networks of other kinds that are known to do well, for a search to begin with after the reference.
    fn known(&self) -> Vec<Decisions> {
        Vec::new()
    }
}

/// Answers a space's questions.
pub trait Chooser {
    /// The index of the chosen option, below `question.options.len()`.
    ///
    /// # Errors
    /// Where this chooser has no answer, such as a replay of decisions made for another space.
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError>;

    /// Is told an answer that is not open, so that recorded decisions stay those of the whole space.
    fn settled(&mut self, _path: Path<'_>, _question: &Question<'_>, _answer: usize) {}
}

/// A member of a space: its training settings, and how to draw it.
pub struct Candidate<'s> {
    /// How it is to be trained.
    pub settings: Settings,
    /// Draws the network. Costly, so it is done only where the graph is needed.
    pub draw: Box<dyn FnOnce() -> Result<Architecture, SpaceError> + 's>,
}

/// Why a space gave no network.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpaceError {
    /// Decisions do not answer a question that this space asks.
    #[error(
        "the decisions have no answer for {path:?}: they were made for another space or another version of it"
    )]
    Unanswered {
        /// The place.
        path: String,
    },
    /// An answer is not one of the options.
    #[error("answer {answer} at {path:?} is out of range: there are {options} options")]
    OutOfRange {
        /// The place.
        path: String,
        /// The answer.
        answer: usize,
        /// The number of options.
        options: usize,
    },
    /// A question without options, or with more than 65,536.
    #[error("the question at {path:?} has {options} options: 1 to 65536 are allowed")]
    Options {
        /// The place.
        path: String,
        /// The number of options.
        options: usize,
    },
    /// A space asked twice at one place.
    #[error("the space asks twice at {path:?}: every question needs a place of its own")]
    AskedTwice {
        /// The place.
        path: String,
    },
    /// The network cannot be drawn.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// The space's own parameters are wrong.
    #[error("{0}")]
    Parameter(String),
}
