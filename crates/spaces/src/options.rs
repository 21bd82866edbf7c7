use nascent_core::question::{Label, Path, Question, Scale, Topic};
use nascent_core::{Chooser, SpaceError};
use std::fmt::Display;

/// The options of one question: what each means, and what people read. Made once, so that asking allocates nothing.
#[derive(Clone, Debug)]
pub(crate) struct Options<T> {
    scale: Scale,
    topic: Topic,
    values: Vec<T>,
    labels: Vec<Label>,
}

impl<T: Copy> Options<T> {
    /// Options without an order.
    pub(crate) fn kinds(topic: Topic, options: &[(&'static str, T)]) -> Self {
        Self::named(Scale::Categorical, topic, options)
    }

    /// Options from small to large, each with a name.
    pub(crate) fn named(scale: Scale, topic: Topic, options: &[(&'static str, T)]) -> Self {
        let (labels, values) = options.iter().map(|&(label, value)| (Label::Borrowed(label), value)).unzip();
        Self { scale, topic, values, labels }
    }

    /// Numbers from small to large.
    pub(crate) fn sizes(topic: Topic, values: Vec<T>) -> Self
    where
        T: Display,
    {
        let labels = values.iter().map(|v| Label::Owned(v.to_string())).collect();
        Self { scale: Scale::Ordered, topic, values, labels }
    }

    /// Numbers without an order, such as those of places.
    pub(crate) fn numbers(topic: Topic, values: Vec<T>) -> Self
    where
        T: Display,
    {
        Self { scale: Scale::Categorical, ..Self::sizes(topic, values) }
    }

    /// All values, in the order of the options.
    pub(crate) fn values(&self) -> &[T] {
        &self.values
    }

    /// The value of the option that the chooser takes.
    pub(crate) fn ask(&self, chooser: &mut dyn Chooser, path: Path<'_>) -> Result<T, SpaceError> {
        let question = Question { scale: self.scale, topic: self.topic, options: &self.labels };
        let answer = chooser.choose(path, &question)?;
        self.values.get(answer).copied().ok_or_else(|| SpaceError::OutOfRange {
            path: path.to_string(),
            answer,
            options: self.values.len(),
        })
    }
}
