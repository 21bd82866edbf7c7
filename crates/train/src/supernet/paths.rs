//! Which networks a step trains: members of the space, drawn anew for each batch.

use super::shrinking::{Kept, Options};
use nascent_core::architecture::Architecture;
use nascent_core::chooser::Replay;
use nascent_core::question::{Path, Question, Scale, Topic};
use nascent_core::rng::{Rng, mix};
use nascent_core::{Chooser, Decisions, PathKey, Space, SpaceError};
use std::collections::BTreeMap;

/// How the networks of a step are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paths {
    /// One, each answer equally likely.
    Uniform,
    /// As many as the question with the most options has of them, each option of each question in one of them, or as
    /// often as another.
    Fair,
    /// The largest, the smallest and two between them; sizes are at first only the largest, and more from step to step.
    Sandwich,
    /// The largest and three others of what is left of a space.
    Shrinking,
}

impl Paths {
    /// Whether the first network of a step teaches the others.
    pub(crate) fn first_teaches(self) -> bool {
        matches!(self, Self::Sandwich | Self::Shrinking)
    }
}

/// The networks of one step.
pub(crate) struct Draws<'s> {
    pub space: &'s dyn Space,
    /// The answers about training, which are not drawn.
    pub settled: &'s Decisions,
    pub seed: u64,
}

/// The part of a training after which all sizes are trained.
const SHRUNK: f64 = 0.5;

impl Draws<'_> {
    /// The networks of step `step`; `progress`, from 0 to 1, is the part of the training that is over.
    pub(crate) fn of(
        &self,
        paths: Paths,
        step: usize,
        progress: f64,
        kept: Option<&Kept>,
    ) -> Result<Vec<Architecture>, SpaceError> {
        let stream = mix(&[self.seed, 5]);
        let rng = |number: u64| Rng::new(mix(&[stream, number]), step as u64);
        match paths {
            Paths::Uniform => {
                let mut rng = rng(0);
                Ok(vec![self.draw(&mut |_, q| rng.below(q.options.len()))?])
            }
            Paths::Fair => {
                let (mut orders, mut rng) = (BTreeMap::<PathKey, Vec<usize>>::new(), rng(0));
                let (mut graphs, mut most) = (Vec::new(), 1);
                while graphs.len() < most {
                    let turn = graphs.len();
                    graphs.push(self.draw(&mut |path, q| {
                        let count = q.options.len();
                        most = most.max(count);
                        let order = orders.entry(path.key()).or_insert_with(|| {
                            let mut order: Vec<usize> = (0..count).collect();
                            rng.shuffle(&mut order);
                            order
                        });
                        order[turn % count]
                    })?);
                }
                Ok(graphs)
            }
            Paths::Sandwich => (0..4)
                .map(|number| {
                    let mut rng = rng(number);
                    self.draw(&mut |_, q| {
                        let count = q.options.len();
                        if q.scale == Scale::Categorical {
                            return rng.below(count);
                        }
                        let offered = (progress / SHRUNK * count as f64).ceil();
                        let offered = (offered as usize).clamp(1, count);
                        match number {
                            0 => count - 1,
                            1 => count - offered,
                            _ => count - 1 - rng.below(offered),
                        }
                    })
                })
                .collect(),
            Paths::Shrinking => (0..4)
                .map(|number| {
                    let mut rng = rng(number);
                    self.draw(&mut |path, q| {
                        let left = left(kept, path, q);
                        match (number, q.scale) {
                            (1.., _) | (_, Scale::Categorical) => left[rng.below(left.len())],
                            _ => left[left.len() - 1],
                        }
                    })
                })
                .collect(),
        }
    }

    /// So many random networks of what is left of the space, each with the options it has, after so many epochs.
    pub(super) fn some(
        &self,
        count: usize,
        epochs: usize,
        kept: &Kept,
    ) -> Result<Vec<(Options, Architecture)>, SpaceError> {
        let mut rng = Rng::new(mix(&[self.seed, 10]), epochs as u64);
        let mut one = || -> Result<_, SpaceError> {
            let mut answers = Vec::new();
            let graph = self.draw(&mut |path, q| {
                let left = left(Some(kept), path, q);
                let option = left[rng.below(left.len())];
                answers.push((path.to_string(), option));
                option
            })?;
            Ok((answers, graph))
        };
        (0..count).map(|_| one()).collect()
    }

    fn draw(
        &self,
        answer: &mut dyn FnMut(Path<'_>, &Question<'_>) -> usize,
    ) -> Result<Architecture, SpaceError> {
        let mut chooser = Draw { settled: Replay::new(self.settled), answer };
        Ok((self.space.build(&mut chooser)?.draw)()?.canonical())
    }
}

/// The options that are left of a question.
fn left(kept: Option<&Kept>, path: Path<'_>, question: &Question<'_>) -> Vec<usize> {
    let count = question.options.len();
    kept.map_or_else(|| (0..count).collect(), |kept| kept.of(path, count))
}

/// Answers questions about the network anew, and those about training as before.
struct Draw<'a> {
    settled: Replay<'a>,
    answer: &'a mut dyn FnMut(Path<'_>, &Question<'_>) -> usize,
}

impl Chooser for Draw<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        match question.topic {
            Topic::Architecture => Ok((self.answer)(path, question)),
            // A question that another network did not ask changes nothing that is shared.
            Topic::Training => Ok(self.settled.choose(path, question).unwrap_or(0)),
        }
    }
}
