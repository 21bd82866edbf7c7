use super::Record;
use crate::decisions::{Decisions, PathKey};
use crate::question::{Path, Question};
use crate::rng::Rng;
use crate::space::{Chooser, Space, SpaceError};

/// Changes one answer; questions that the change opens are answered at random.
struct Mutate<'a> {
    parent: &'a Decisions,
    target: PathKey,
    answer: usize,
    rng: &'a mut Rng,
}

impl Chooser for Mutate<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        if path.key() == self.target {
            return Ok(self.answer);
        }
        match self.parent.answer(path.key()).map(usize::from) {
            Some(answer) if answer < question.options.len() => Ok(answer),
            _ => Ok(self.rng.below(question.options.len())),
        }
    }
}

/// Writes down what could be answered at each place besides what is.
struct Options<'a> {
    parent: &'a Decisions,
    found: Vec<(PathKey, usize, usize)>,
}

impl Chooser for Options<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let answer = super::Replay::new(self.parent).choose(path, question)?;
        self.found.push((path.key(), answer, question.options.len()));
        Ok(answer)
    }
}

/// Each open place, its answer, and the number of its options.
fn options(space: &dyn Space, parent: &Decisions) -> Result<Vec<(PathKey, usize, usize)>, SpaceError> {
    let mut options = Options { parent, found: Vec::with_capacity(parent.len()) };
    space.build(&mut options)?;
    Ok(options.found)
}

/// The parent with exactly one answer changed, and whatever depends on it answered anew.
///
/// The place is drawn uniformly among those with more than one option; the new answer uniformly among the
/// other options. `None` where nothing can be changed.
///
/// # Errors
/// Where `parent` is not a member of `space`.
pub fn mutate(space: &dyn Space, parent: &Decisions, rng: &mut Rng) -> Result<Option<Decisions>, SpaceError> {
    let open: Vec<_> = options(space, parent)?.into_iter().filter(|(.., n)| *n > 1).collect();
    if open.is_empty() {
        return Ok(None);
    }
    let (target, old, n) = open[rng.below(open.len())];
    let step = 1 + rng.below(n - 1);
    mutate_at(space, parent, target, (old + step) % n, rng).map(Some)
}

/// The parent with the answer at `target` replaced; questions that this opens are answered at random.
///
/// # Errors
/// Where `parent` is not a member of `space`, or `answer` is out of range.
pub fn mutate_at(
    space: &dyn Space,
    parent: &Decisions,
    target: PathKey,
    answer: usize,
    rng: &mut Rng,
) -> Result<Decisions, SpaceError> {
    let mut mutate = Mutate { parent, target, answer, rng };
    let mut record = Record::new(&mut mutate);
    space.build(&mut record)?;
    Ok(record.into_decisions())
}

/// All members that differ from `parent` in one answer (and what depends on it), in the order of the questions.
///
/// # Errors
/// Where `parent` is not a member of `space`.
pub fn neighbours(
    space: &dyn Space,
    parent: &Decisions,
    rng: &mut Rng,
) -> Result<Vec<Decisions>, SpaceError> {
    let mut found = Vec::new();
    for (target, old, n) in options(space, parent)? {
        for answer in (0..n).filter(|&a| a != old) {
            found.push(mutate_at(space, parent, target, answer, rng)?);
        }
    }
    Ok(found)
}
