use super::Record;
use super::recall::Recall;
use crate::decisions::{Decisions, PathKey};
use crate::question::{Path, Question};
use crate::rng::Rng;
use crate::space::{Chooser, Space, SpaceError};

/// Changes one answer; questions that the change opens are answered at random.
struct Mutate<'a> {
    parent: Recall<'a>,
    target: PathKey,
    answer: usize,
    rng: &'a mut Rng,
}

impl Chooser for Mutate<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let before = self.parent.answer(path.key());
        if path.key() == self.target {
            return Ok(self.answer);
        }
        match before {
            Some(answer) if answer < question.options.len() => Ok(answer),
            _ => Ok(self.rng.below(question.options.len())),
        }
    }
}

/// Writes down what could be answered at each place besides what is.
struct Options<'a> {
    parent: super::Replay<'a>,
    found: Vec<(PathKey, usize, usize)>,
}

impl Chooser for Options<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let answer = self.parent.choose(path, question)?;
        self.found.push((path.key(), answer, question.options.len()));
        Ok(answer)
    }
}

/// Each open place, its answer, and the number of its options.
fn options(space: &dyn Space, parent: &Decisions) -> Result<Vec<(PathKey, usize, usize)>, SpaceError> {
    let mut options = Options { parent: super::Replay::new(parent), found: Vec::with_capacity(parent.len()) };
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
    let mut mutate = Mutate { parent: Recall::new(parent), target, answer, rng };
    let mut record = Record::new(&mut mutate);
    space.build(&mut record)?;
    Ok(record.into_decisions())
}

/// Every single change of `parent`: a place and another answer there, in the order of the questions.
///
/// [`mutate_at`] makes the member; making all of them at once would be slow where there are many questions.
///
/// # Errors
/// Where `parent` is not a member of `space`.
pub fn steps(space: &dyn Space, parent: &Decisions) -> Result<Vec<(PathKey, usize)>, SpaceError> {
    let open = options(space, parent)?;
    let others =
        |(key, old, n): (PathKey, usize, usize)| (0..n).filter(move |a| *a != old).map(move |a| (key, a));
    Ok(open.into_iter().flat_map(others).collect())
}
