use super::Record;
use crate::decisions::Decisions;
use crate::question::{Path, Question};
use crate::space::{Chooser, Space, SpaceError};

/// Follows a prefix of answers, then takes the first option everywhere.
struct Prefix<'p> {
    prefix: &'p [usize],
    radices: Vec<usize>,
}

impl Chooser for Prefix<'_> {
    fn choose(&mut self, _: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let answer = self.prefix.get(self.radices.len()).copied().unwrap_or(0);
        self.radices.push(question.options.len());
        Ok(answer)
    }

    fn settled(&mut self, _: Path<'_>, _: &Question<'_>, answer: usize) {
        // A radix that the answer already exhausts: it never moves.
        self.radices.push(answer + 1);
    }
}

fn follow(space: &dyn Space, prefix: &[usize]) -> Result<(Decisions, Vec<usize>), SpaceError> {
    let mut chooser = Prefix { prefix, radices: Vec::new() };
    let mut record = Record::new(&mut chooser);
    space.build(&mut record)?;
    let decisions = record.into_decisions();
    Ok((decisions, chooser.radices))
}

/// The member that comes first: the first option everywhere.
///
/// # Errors
/// Where the space cannot be asked.
pub fn first(space: &dyn Space) -> Result<Decisions, SpaceError> {
    follow(space, &[]).map(|(decisions, _)| decisions)
}

/// The member after `current`, the last question changing fastest; `None` after the last.
///
/// # Errors
/// Where `current` is not a member of `space`.
pub fn next(space: &dyn Space, current: &Decisions) -> Result<Option<Decisions>, SpaceError> {
    let mut answers: Vec<usize> = current.iter().map(|(_, a)| usize::from(a)).collect();
    let (_, radices) = follow(space, &answers)?;
    while let Some(last) = answers.pop() {
        if last + 1 < radices[answers.len()] {
            answers.push(last + 1);
            return follow(space, &answers).map(|(decisions, _)| Some(decisions));
        }
    }
    Ok(None)
}

/// Every member of a space, once each.
pub struct Enumerate<'s> {
    space: &'s dyn Space,
    next: Option<Result<Decisions, SpaceError>>,
}

impl<'s> Enumerate<'s> {
    /// All members of `space`.
    #[must_use]
    pub fn new(space: &'s dyn Space) -> Self {
        Self { space, next: Some(first(space)) }
    }
}

impl Iterator for Enumerate<'_> {
    type Item = Result<Decisions, SpaceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let current = self.next.take()?;
        if let Ok(decisions) = &current {
            self.next = next(self.space, decisions).transpose();
        }
        Some(current)
    }
}
