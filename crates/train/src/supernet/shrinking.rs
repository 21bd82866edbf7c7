//! Spaces that shrink while their networks are trained together, as in NAS-BERT (Xu et al. 2021, arXiv:2105.14444): options that lag
//! behind in networks of every size are offered no more, and the others are trained the longer.

use nascent_core::chooser::survey;
use nascent_core::question::{Path, Topic};
use nascent_core::{Space, SpaceError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// After which parts of the training the space shrinks.
const ROUNDS: [f64; 3] = [0.4, 0.6, 0.8];
/// Networks that are looked at in each round: some ten for an option in each bin.
pub(super) const LOOKED_AT: usize = 192;
/// Examples held back by which they are judged.
pub(super) const JUDGED: usize = 128;
/// Sizes that are told apart, as many networks of each.
const BINS: usize = 4;
/// The fewest networks with an option in a bin that say something of it.
const LEAST: usize = 4;
/// By how much an option's networks must be behind those of the best of its question in the mean, in parts of a bin, to be dropped.
const BEHIND: f64 = 0.15;

/// The options of each question about networks, and whether they are left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept(BTreeMap<String, Vec<(String, bool)>>);

/// The options that a network has, by their questions' paths.
pub(super) type Options = Vec<(String, usize)>;

/// A network that was looked at.
pub(super) struct Seen {
    pub answers: Options,
    pub params: u64,
    pub loss: f64,
}

/// Whether the space shrinks after an epoch: the epochs before it, and all.
pub(super) fn is_round(before: usize, epochs: u32) -> bool {
    let part = |epochs_over: usize| epochs_over as f64 / f64::from(epochs.max(1));
    ROUNDS.iter().any(|at| part(before) < *at && *at <= part(before + 1))
}

impl Kept {
    /// All options of a space.
    pub(super) fn all(space: &dyn Space) -> Result<Self, SpaceError> {
        let questions = survey(space)?.into_iter().filter(|question| question.topic == Topic::Architecture);
        let left = |labels: Vec<String>| labels.into_iter().map(|label| (label, true)).collect();
        Ok(Self(questions.map(|question| (question.path, left(question.options))).collect()))
    }

    /// The options that are left of a question with so many; of one that is not known, all.
    pub(super) fn of(&self, path: Path<'_>, count: usize) -> Vec<usize> {
        let options = self.0.get(&path.to_string()).map_or(&[][..], Vec::as_slice);
        (0..count).filter(|option| options.get(*option).is_none_or(|(_, is_left)| *is_left)).collect()
    }

    /// Path, label and share of each option: as large for all that are left.
    pub(super) fn shares(&self) -> Vec<(String, String, f64)> {
        let of = |(path, options): (&String, &Vec<(String, bool)>)| {
            let left = options.iter().filter(|(_, is_left)| *is_left).count().max(1);
            let share = |is_left: bool| if is_left { 1.0 / left as f64 } else { 0.0 };
            let all = options.iter().map(|(label, is_left)| (path.clone(), label.clone(), share(*is_left)));
            all.collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of).collect()
    }

    /// Drops what lags behind in networks of every size: up to half of the options of each question.
    pub(super) fn shrink(&mut self, seen: &[Seen]) {
        let lags = lags(seen);
        for (path, options) in &mut self.0 {
            let left: Vec<usize> = (0..options.len()).filter(|option| options[*option].1).collect();
            let lag = |option: &usize| Some((*lags.get(&(path.as_str(), *option))?, *option));
            let mut behind: Vec<(f64, usize)> = left.iter().filter_map(lag).collect();
            behind.retain(|(lag, _)| *lag > BEHIND);
            behind.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            for (_, option) in behind.into_iter().take(left.len() / 2) {
                options[option].1 = false;
            }
        }
    }
}

/// An option, by its question's path and its place.
type Chosen<'s> = (&'s str, usize);

/// By how much the networks of each option are behind those of the best of its question, in the bin of sizes in which that is least. In
/// a bin, networks stand from 0, the best, to 1.
fn lags(seen: &[Seen]) -> BTreeMap<Chosen<'_>, f64> {
    let mut by_size: Vec<&Seen> = seen.iter().collect();
    by_size.sort_by_key(|network| network.params);
    let mut lags: BTreeMap<Chosen<'_>, f64> = BTreeMap::new();
    for bin in by_size.chunks(seen.len().div_ceil(BINS).max(1)) {
        let mut sums: BTreeMap<Chosen<'_>, (f64, usize)> = BTreeMap::new();
        for (network, place) in bin.iter().zip(places(bin)) {
            for (path, option) in &network.answers {
                let sum = sums.entry((path.as_str(), *option)).or_default();
                *sum = (sum.0 + place, sum.1 + 1);
            }
        }
        sums.retain(|_, (_, count)| *count >= LEAST);
        let mean = |(sum, count): &(f64, usize)| sum / *count as f64;
        let mut best: BTreeMap<&str, f64> = BTreeMap::new();
        for ((path, _), sum) in &sums {
            let least = best.entry(*path).or_insert(f64::INFINITY);
            *least = least.min(mean(sum));
        }
        for (option, sum) in &sums {
            let lag = lags.entry(*option).or_insert(f64::INFINITY);
            *lag = lag.min(mean(sum) - best[option.0]);
        }
    }
    lags
}

/// Where the networks of a bin stand among each other, from 0 to 1: by how far their losses are from what is to be expected of their
/// sizes, for larger networks are better, and a bin has some that are larger than others.
fn places(bin: &[&Seen]) -> Vec<f64> {
    let size = |network: &Seen| (network.params as f64 + 1.0).ln();
    let finite: Vec<(f64, f64)> =
        bin.iter().filter(|n| n.loss.is_finite()).map(|n| (size(n), n.loss)).collect();
    let count = finite.len().max(1) as f64;
    let (mean_size, mean_loss) =
        finite.iter().fold((0.0, 0.0), |(s, l), (size, loss)| (s + size / count, l + loss / count));
    let spread: f64 = finite.iter().map(|(size, _)| (size - mean_size).powi(2)).sum();
    let both: f64 = finite.iter().map(|(size, loss)| (size - mean_size) * (loss - mean_loss)).sum();
    let slope = if spread > 1e-9 { both / spread } else { 0.0 };
    let rest = |network: &Seen| match network.loss.is_finite() {
        true => network.loss - mean_loss - slope * (size(network) - mean_size),
        false => f64::INFINITY,
    };
    let mut order: Vec<usize> = (0..bin.len()).collect();
    order.sort_by(|a, b| rest(bin[*a]).total_cmp(&rest(bin[*b])));
    let last = bin.len().saturating_sub(1).max(1) as f64;
    let mut places = vec![0.0; bin.len()];
    order.into_iter().enumerate().for_each(|(place, network)| places[network] = place as f64 / last);
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_testkit::Bits;

    /// Networks of two questions with three options: what the first answers decides the size, and the loss `of` both.
    fn seen(of: impl Fn(usize, usize) -> f64) -> Vec<Seen> {
        let each = (0..90).map(|n| (n % 3, n / 3 % 3, n));
        each.map(|(size, kind, n)| Seen {
            answers: vec![("size".into(), size), ("kind".into(), kind)],
            params: 1_000 * size as u64,
            loss: of(size, kind) + 1e-3 * n as f64,
        })
        .collect()
    }

    fn kept() -> Kept {
        let three = || ["a", "b", "c"].map(|label| (label.to_string(), true)).to_vec();
        Kept(BTreeMap::from([("size".into(), three()), ("kind".into(), three())]))
    }

    fn left(kept: &Kept, path: &'static str) -> Vec<usize> {
        kept.of(Path::new(path), 3)
    }

    #[test]
    fn what_lags_behind_in_every_size_goes_and_small_networks_stay() {
        let mut kept = kept();
        // Small networks are the worst, and among those of one size the third kind is.
        kept.shrink(&seen(|size, kind| 10.0 - 3.0 * size as f64 + f64::from(u8::from(kind == 2))));
        assert_eq!((left(&kept, "size"), left(&kept, "kind")), (vec![0, 1, 2], vec![0, 1]));
        // What is the best of one size stays, whatever it is in others.
        let mut kept = self::kept();
        kept.shrink(&seen(|size, kind| match (size, kind) {
            (0, 2) => 0.0,
            (_, 2) => 5.0,
            _ => 1.0,
        }));
        assert_eq!(left(&kept, "kind"), [0, 1, 2]);
        // A network that has no loss is the worst.
        let mut kept = self::kept();
        kept.shrink(&seen(|_, kind| if kind == 0 { f64::NAN } else { 1.0 }));
        assert_eq!(left(&kept, "kind"), [1, 2]);
    }

    #[test]
    fn one_option_is_always_left_and_shares_say_which() {
        let mut kept = kept();
        for _ in 0..5 {
            kept.shrink(&seen(|_, kind| kind as f64));
        }
        assert_eq!(left(&kept, "kind"), [0]);
        let shares = kept.shares();
        let share = |label: &str| shares.iter().find(|(path, l, _)| path == "kind" && l == label).unwrap().2;
        assert_eq!((share("a"), share("b"), share("c")), (1.0, 0.0, 0.0));
        assert_eq!(kept.of(Path::new("unknown"), 2), [0, 1]);
        assert_eq!(Kept::all(&Bits { questions: 2, options: 3 }).unwrap().shares().len(), 6);
    }

    #[test]
    fn the_space_shrinks_three_times_or_where_there_are_few_epochs_less_often() {
        let rounds = |epochs: u32| (0..epochs as usize).filter(|before| is_round(*before, epochs)).count();
        assert_eq!([10, 100, 5, 2, 1].map(rounds), [3, 3, 3, 2, 1]);
    }
}
