use crate::training;
use nascent_core::chooser::Record;
use nascent_core::question::{Label, Path, Question};
use nascent_core::{Chooser, Decisions, Space, SpaceError};
use std::borrow::Cow;

/// Answers by place: with the wanted label, or the option that is nearest to it in size.
struct ByPath<F>(F);

impl<F: Fn(&str) -> Option<Cow<'static, str>>> Chooser for ByPath<F> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let path = path.to_string();
        (self.0)(&path)
            .or_else(|| training::wanted(&path).map(Cow::Borrowed))
            .and_then(|label| closest(question.options, &label))
            .ok_or(SpaceError::Unanswered { path })
    }
}

fn closest(options: &[Label], wanted: &str) -> Option<usize> {
    if let Some(exact) = options.iter().position(|o| o == wanted) {
        return Some(exact);
    }
    let wanted: f64 = wanted.parse().ok()?;
    let distance = |label: &Label| label.parse().map_or(f64::INFINITY, |v: f64| (v - wanted).abs());
    let (nearest, option) =
        options.iter().enumerate().min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)))?;
    distance(option).is_finite().then_some(nearest)
}

/// The member whose answers are those wanted at each place; `None` where a question has no wanted answer.
pub(crate) fn by_path(
    space: &dyn Space,
    wanted: impl Fn(&str) -> Option<Cow<'static, str>>,
) -> Option<Decisions> {
    let mut chooser = ByPath(wanted);
    let mut record = Record::new(&mut chooser);
    space.build(&mut record).ok()?;
    Some(record.into_decisions())
}
