//! The members of a space in the order of how likely they are, where each choice has its own probabilities.

use nascent_core::chooser::{Answer, Record, describe};
use nascent_core::question::{Path, Question};
use nascent_core::rng::Rng;
use nascent_core::{Chooser, Decisions, Metrics, Space, SpaceError};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap, HashSet};

/// What the name of a metric begins with that says how likely an option is: then come the path and the label.
const SHARE: &str = "share ";

/// How likely each option of each choice is, as a supernet has learned it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shares(BTreeMap<String, Vec<(String, f64)>>);

impl Shares {
    /// Reads them from what the supernet's trial measured; the likeliest option of each choice comes first.
    pub(super) fn read(metrics: &Metrics) -> Self {
        let mut all: BTreeMap<String, Vec<(String, f64)>> = BTreeMap::new();
        for (name, share) in metrics.iter() {
            if let Some((path, label)) = name.strip_prefix(SHARE).and_then(|rest| rest.split_once(' ')) {
                all.entry(path.into()).or_default().push((label.into(), share));
            }
        }
        // Among equals the one that was written first.
        all.values_mut().for_each(|options| options.sort_by(|a, b| b.1.total_cmp(&a.1)));
        Self(all)
    }

    /// Whether all options are equal that were not dropped: then it was learned which are bad, and of the others nothing.
    pub(super) fn is_flat(&self) -> bool {
        let is_flat = |options: &Vec<(String, f64)>| {
            let mut left = options.iter().map(|(_, share)| *share).filter(|share| *share > 0.0);
            left.next().is_none_or(|first| left.all(|share| share == first))
        };
        self.0.values().all(is_flat)
    }

    /// Whether a network has no option that was dropped.
    pub(super) fn keeps(&self, space: &dyn Space, decisions: &Decisions) -> Result<bool, SpaceError> {
        let is_left = |answer: &Answer| {
            let options = self.0.get(&answer.path);
            let option = options.and_then(|all| all.iter().find(|(label, _)| *label == answer.label));
            option.is_none_or(|(_, share)| *share > 0.0)
        };
        Ok(describe(space, decisions)?.iter().all(is_left))
    }

    /// A random network without them.
    pub(super) fn sample(&self, space: &dyn Space, rng: &mut Rng) -> Result<Decisions, SpaceError> {
        let mut chooser = Left { shares: self, rng };
        let mut record = Record::new(&mut chooser);
        space.build(&mut record)?;
        Ok(record.into_decisions())
    }

    /// The members from the likeliest on.
    pub(super) fn members<'m>(&'m self, space: &'m dyn Space) -> Members<'m> {
        let first =
            Rank { likelihood: self.likelihood(&vec![0; self.0.len()]), places: vec![0; self.0.len()] };
        let seen = HashSet::from([first.places.clone()]);
        Members { shares: self, space, open: BinaryHeap::from([first]), seen }
    }

    /// The logarithm of how likely it is that each choice falls on the option of this place in its order.
    fn likelihood(&self, places: &[usize]) -> f64 {
        let shares = self.0.values().zip(places).map(|(options, place)| options[*place].1);
        shares.map(|share| share.max(1e-300).ln()).sum()
    }
}

/// A combination of options, by their places in the order of their choices.
#[derive(PartialEq)]
struct Rank {
    likelihood: f64,
    places: Vec<usize>,
}

impl Eq for Rank {}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        self.likelihood.total_cmp(&other.likelihood).then_with(|| other.places.cmp(&self.places))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Members, the likeliest first: each but the first is a neighbour of a likelier one.
pub(super) struct Members<'m> {
    shares: &'m Shares,
    space: &'m dyn Space,
    open: BinaryHeap<Rank>,
    seen: HashSet<Vec<usize>>,
}

impl Iterator for Members<'_> {
    type Item = Result<Decisions, SpaceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Rank { places, .. } = self.open.pop()?;
        for (choice, options) in self.shares.0.values().enumerate() {
            let mut further = places.clone();
            further[choice] += 1;
            if further[choice] < options.len() && self.seen.insert(further.clone()) {
                self.open.push(Rank { likelihood: self.shares.likelihood(&further), places: further });
            }
        }
        let labels = self.shares.0.iter().zip(&places);
        let labels = labels.map(|((path, options), place)| (&path[..], &options[*place].0[..])).collect();
        let mut spell = Spell(labels);
        let mut record = Record::new(&mut spell);
        Some(self.space.build(&mut record).map(|_| record.into_decisions()))
    }
}

/// Answers with any option that was not dropped.
struct Left<'m> {
    shares: &'m Shares,
    rng: &'m mut Rng,
}

impl Chooser for Left<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let options = self.shares.0.get(&path.to_string()).map_or(&[][..], Vec::as_slice);
        let is_left = |option: &usize| {
            let label = question.options[*option].as_ref();
            options.iter().find(|(own, _)| own == label).is_none_or(|(_, share)| *share > 0.0)
        };
        let left: Vec<usize> = (0..question.options.len()).filter(is_left).collect();
        // Of a question all of whose options were dropped, which is none of a supernet's, any will do.
        Ok(if left.is_empty() { 0 } else { left[self.rng.below(left.len())] })
    }
}

/// Answers by labels, and with the first option where there is none.
struct Spell<'m>(BTreeMap<&'m str, &'m str>);

impl Chooser for Spell<'_> {
    fn choose(&mut self, path: Path<'_>, question: &Question<'_>) -> Result<usize, SpaceError> {
        let label = self.0.get(&path.to_string()[..]).copied();
        Ok(question.options.iter().position(|option| Some(option.as_ref()) == label).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::chooser::{describe, survey};
    use nascent_testkit::Bits;

    #[test]
    fn members_come_in_the_order_of_their_likelihood() {
        let space = Bits { questions: 3, options: 3 };
        let mut metrics = Metrics::new().with("train_loss", 1.0);
        for (number, question) in survey(&space).unwrap().iter().enumerate() {
            for (i, option) in question.options.iter().enumerate() {
                // The second option is the likeliest, the more so the later the question.
                let share = [0.3, 0.6, 0.1][i] + [0.0, 0.05, -0.05][i] * number as f64;
                metrics.set(format!("share {} {option}", question.path), share);
            }
        }
        let shares = Shares::read(&metrics);
        assert_eq!(Shares::read(&Metrics::new()), Shares::default());
        let likelihood = |decisions: &Decisions| -> f64 {
            let answers = describe(&space, decisions).unwrap();
            answers
                .iter()
                .map(|a| metrics.value(&format!("share {} {}", a.path, a.label)).unwrap().ln())
                .sum()
        };
        let members: Vec<Decisions> = shares.members(&space).map(Result::unwrap).collect();
        assert_eq!(members.iter().collect::<HashSet<_>>().len(), 27, "each once");
        let likely: Vec<f64> = members.iter().map(likelihood).collect();
        assert!(likely.windows(2).all(|pair| pair[0] >= pair[1] - 1e-12), "{likely:?}");
        assert!(members[0].iter().all(|(_, answer)| answer == 1));
        assert!(!shares.is_flat());
    }

    #[test]
    fn of_options_of_which_some_were_dropped_the_others_are_drawn() {
        let space = Bits { questions: 2, options: 3 };
        let questions = survey(&space).unwrap();
        let mut metrics = Metrics::new();
        for (option, share) in questions[0].options.iter().zip([0.5, 0.0, 0.5]) {
            metrics.set(format!("share {} {option}", questions[0].path), share);
        }
        let shares = Shares::read(&metrics);
        assert!(shares.is_flat());
        let mut rng = Rng::new(1, 0);
        let drawn: Vec<Decisions> = (0..60).map(|_| shares.sample(&space, &mut rng).unwrap()).collect();
        assert!(drawn.iter().all(|decisions| shares.keeps(&space, decisions).unwrap()));
        // All that is left, and all of the question of which nothing is known.
        assert_eq!(drawn.iter().collect::<HashSet<_>>().len(), 6);
        let mut dropped = Decisions::new();
        questions.iter().for_each(|question| dropped.push(question.key, 1));
        assert!(!shares.keeps(&space, &dropped).unwrap());
    }
}
