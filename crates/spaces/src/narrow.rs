use crate::error::{DefinitionError, Problem, nearest};
use nascent_core::architecture::Architecture;
use nascent_core::chooser::{Replay, SurveyedQuestion, survey};
use nascent_core::question::{Label, Path, Question};
use nascent_core::{Candidate, Chooser, Decisions, PathKey, Space, SpaceError};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What is kept of the questions at one place, or at several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowing {
    /// The place, such as `stage[0].kernel`; `[*]` stands for every number. An exact place overrules one with `[*]`.
    pub pattern: String,
    /// The labels of the options kept. Where `[*]` names several questions, one that lacks an option ignores it.
    pub options: Vec<String>,
}

/// A space with fewer options: choosers see only those kept, and decisions are answers among them.
pub struct Narrowed {
    inner: Box<dyn Space>,
    kept: BTreeMap<PathKey, Kept>,
}

/// What is left of one question.
struct Kept {
    path: String,
    all: Vec<String>,
    indices: Vec<usize>,
    labels: Vec<Label>,
}

impl Narrowed {
    /// The members of `inner` whose answers are all kept.
    ///
    /// # Errors
    /// Where a place or an option does not exist, or a question would have no option left.
    pub fn new(inner: Box<dyn Space>, narrowings: &[Narrowing]) -> Result<Self, DefinitionError> {
        let questions = survey(&*inner)?;
        let mut places = Vec::with_capacity(narrowings.len());
        for narrowing in narrowings {
            let matched = matched(&questions, &narrowing.pattern)?;
            check_options(narrowing, &matched)?;
            places.push((narrowing, matched));
        }
        let mut kept = BTreeMap::new();
        for question in &questions {
            let here = places.iter().filter(|(_, m)| m.iter().any(|q| q.key == question.key));
            if let Some(narrowing) = most_exact(question, here.map(|(n, _)| *n))? {
                kept.insert(question.key, keep(question, narrowing)?);
            }
        }
        Ok(Self { inner, kept })
    }

    /// The decisions of the whole space, in this one; `None` where an answer was not kept.
    fn narrow(&self, decisions: &Decisions) -> Option<Decisions> {
        let mut narrow =
            Translate { kept: &self.kept, whole: Replay::new(decisions), narrowed: Some(Decisions::new()) };
        self.inner.build(&mut narrow).ok()?;
        narrow.narrowed
    }
}

/// The questions that a pattern names.
fn matched<'q>(
    questions: &'q [SurveyedQuestion],
    pattern: &str,
) -> Result<Vec<&'q SurveyedQuestion>, DefinitionError> {
    let wild = pattern.contains("[*]");
    let matched: Vec<_> =
        questions.iter().filter(|q| q.path == pattern || (wild && matches(&q.path, pattern))).collect();
    if !matched.is_empty() {
        return Ok(matched);
    }
    let mut known: Vec<String> = Vec::new();
    for place in questions.iter().map(|q| with_stars(&q.path)) {
        if !known.contains(&place) {
            known.push(place);
        }
    }
    let candidates = questions.iter().map(|q| q.path.as_str()).chain(known.iter().map(String::as_str));
    Err(Problem::UnknownQuestion { pattern: pattern.into(), nearest: nearest(pattern, candidates), known }
        .into())
}

/// Whether a path is that of a pattern, in which `[*]` stands for every number.
fn matches(path: &str, pattern: &str) -> bool {
    let mut pieces = pattern.split("[*]");
    let Some(mut rest) = pieces.next().and_then(|first| path.strip_prefix(first)) else { return false };
    for piece in pieces {
        let Some((number, after)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) else {
            return false;
        };
        let Some(after) = after.strip_prefix(piece) else { return false };
        if number.parse::<u32>().is_err() {
            return false;
        }
        rest = after;
    }
    rest.is_empty()
}

/// A path with every number replaced by a star.
fn with_stars(path: &str) -> String {
    let mut stars = String::new();
    for (i, piece) in path.split('[').enumerate() {
        match piece.split_once(']') {
            Some((_, after)) if i > 0 => stars.extend(["[*]", after]),
            _ => stars.push_str(piece),
        }
    }
    stars
}

/// Checks that every option named exists at one of the places at least, and that one is named.
fn check_options(narrowing: &Narrowing, matched: &[&SurveyedQuestion]) -> Result<(), DefinitionError> {
    let mut known: Vec<String> = Vec::new();
    for option in matched.iter().flat_map(|q| &q.options) {
        if !known.contains(option) {
            known.push(option.clone());
        }
    }
    let pattern = narrowing.pattern.clone();
    if narrowing.options.is_empty() {
        return Err(Problem::NothingLeft { path: pattern.clone(), pattern, known }.into());
    }
    match narrowing.options.iter().find(|o| !known.contains(o)) {
        None => Ok(()),
        Some(option) => {
            let nearest = nearest(option, known.iter().map(String::as_str));
            Err(Problem::UnknownOption { pattern, option: option.clone(), nearest, known }.into())
        }
    }
}

/// The narrowing with the fewest stars.
fn most_exact<'n>(
    question: &SurveyedQuestion,
    narrowings: impl Iterator<Item = &'n Narrowing>,
) -> Result<Option<&'n Narrowing>, DefinitionError> {
    let stars = |n: &Narrowing| n.pattern.matches("[*]").count();
    let mut best: Option<&Narrowing> = None;
    let mut rival = None;
    for narrowing in narrowings {
        match best.map(|b| stars(narrowing).cmp(&stars(b))) {
            None | Some(std::cmp::Ordering::Less) => (best, rival) = (Some(narrowing), None),
            Some(std::cmp::Ordering::Equal) => rival = Some(narrowing),
            Some(std::cmp::Ordering::Greater) => {}
        }
    }
    match (best, rival) {
        (Some(first), Some(second)) => Err(Problem::Ambiguous {
            path: question.path.clone(),
            first: first.pattern.clone(),
            second: second.pattern.clone(),
        }
        .into()),
        _ => Ok(best),
    }
}

fn keep(question: &SurveyedQuestion, narrowing: &Narrowing) -> Result<Kept, DefinitionError> {
    let is_kept = |i: &usize| narrowing.options.contains(&question.options[*i]);
    let indices: Vec<usize> = (0..question.options.len()).filter(is_kept).collect();
    if indices.is_empty() {
        return Err(Problem::NothingLeft {
            pattern: narrowing.pattern.clone(),
            path: question.path.clone(),
            known: question.options.clone(),
        }
        .into());
    }
    let labels = indices.iter().map(|&i| Cow::Owned(question.options[i].clone())).collect();
    Ok(Kept { path: question.path.clone(), all: question.options.clone(), indices, labels })
}

impl Kept {
    /// Checks that a question is the one that was narrowed.
    fn check(&self, path: Path<'_>, question: &Question<'_>) -> Result<(), SpaceError> {
        if question.options == self.all {
            return Ok(());
        }
        Err(SpaceError::Parameter(format!(
            "the options at {path} change with earlier answers, so they cannot be narrowed"
        )))
    }
}

/// Shows a chooser what is kept.
struct Show<'a> {
    kept: &'a BTreeMap<PathKey, Kept>,
    chooser: &'a mut dyn Chooser,
}

impl Chooser for Show<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let Some(kept) = self.kept.get(&path.key()) else { return self.chooser.choose(path, question) };
        kept.check(path, question)?;
        let answer = self.chooser.choose(path, &Question { options: &kept.labels, ..*question })?;
        kept.indices.get(answer).copied().ok_or_else(|| SpaceError::OutOfRange {
            path: path.to_string(),
            answer,
            options: kept.indices.len(),
        })
    }

    fn settled(&mut self, path: Path<'_>, question: &Question<'_>, answer: usize) {
        self.chooser.settled(path, question, answer);
    }
}

/// Replays decisions of the whole space, and writes down what they are here.
struct Translate<'a> {
    kept: &'a BTreeMap<PathKey, Kept>,
    whole: Replay<'a>,
    narrowed: Option<Decisions>,
}

impl Chooser for Translate<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let whole = self.whole.choose(path, question)?;
        let narrowed = match self.kept.get(&path.key()) {
            Some(kept) => kept.indices.iter().position(|&i| i == whole),
            None => Some(whole),
        };
        match narrowed.and_then(|n| u16::try_from(n).ok()) {
            Some(answer) => self.narrowed.iter_mut().for_each(|d| d.push(path.key(), answer)),
            None => self.narrowed = None,
        }
        Ok(whole)
    }

    fn settled(&mut self, path: Path<'_>, question: &Question<'_>, answer: usize) {
        self.whole.settled(path, question, answer);
        if let (Some(decisions), Ok(answer)) = (&mut self.narrowed, u16::try_from(answer)) {
            decisions.push(path.key(), answer);
        }
    }
}

impl Space for Narrowed {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn build<'s>(&'s self, chooser: &mut dyn Chooser) -> Result<Candidate<'s>, SpaceError> {
        self.inner.build(&mut Show { kept: &self.kept, chooser })
    }

    fn relax(&self) -> Result<Option<Architecture>, SpaceError> {
        let Some(graph) = self.inner.relax()? else { return Ok(None) };
        let is_kept = |path: &str, option: &str| {
            self.kept.values().find(|k| k.path == path).is_none_or(|k| k.labels.iter().any(|l| l == option))
        };
        Ok(Some(graph.narrowed(is_kept)?))
    }

    fn is_elastic(&self) -> bool {
        self.inner.is_elastic()
    }

    /// The reference of the whole space, where every answer of it is kept.
    fn reference(&self) -> Option<Decisions> {
        self.narrow(&self.inner.reference()?)
    }

    fn known(&self) -> Vec<Decisions> {
        self.inner.known().iter().filter_map(|known| self.narrow(known)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{matches, with_stars};

    #[test]
    fn a_star_stands_for_every_number() {
        assert!(matches("stage[2].kernel", "stage[*].kernel"));
        assert!(matches("a[1].b[20]", "a[*].b[*]"));
        assert!(!matches("stage[2].kernel", "stage[*].width"));
        assert!(!matches("stage[2].kernel", "stage[*]"));
        assert!(!matches("stage", "stage[*]"));
        assert_eq!(with_stars("a[1].b[20].c"), "a[*].b[*].c");
        assert_eq!(with_stars("norm"), "norm");
    }
}
