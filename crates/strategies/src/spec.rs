use crate::auto::{self, Rule, Situation};
use crate::parameters::{Parameter, ParameterError, Values};
use crate::registry::{self, Entry};
use crate::wrappers::{Inside, Wrapper};
use nascent_core::{Decisions, Strategy};
use std::collections::BTreeMap;
use std::fmt;

/// A strategy as users write it: `NAME` or `NAME:parameter=value,parameter=value`, with any wrappers before it, as in
/// `asha:eta=3 > evolution:population=50`.
///
/// A wrapper with nothing inside wraps `random`; `bohb` is `hyperband > tpe`, and takes the parameters of both.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Outermost first.
    wrappers: Vec<(&'static Wrapper, Given)>,
    entry: &'static Entry,
    given: Given,
}

pub(crate) type Given = BTreeMap<&'static str, u64>;

/// Why text names no strategy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// No strategy has this name.
    #[error("there is no strategy {name:?}{}; there are: {}", suggestion(nearest), known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
        /// All names.
        known: Vec<String>,
    },
    /// The strategy has no such parameter.
    #[error("strategy {strategy} has no parameter {name:?}{}; it has: {}", suggestion(nearest), known.join(", "))]
    UnknownParameter {
        /// The strategy.
        strategy: String,
        /// What was asked for.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
        /// All its parameters.
        known: Vec<String>,
    },
    /// A parameter without a whole number in its range.
    #[error("strategy {strategy}: {name} = {value:?} is not a whole number from {} to {}", range.0, range.1)]
    Value {
        /// The strategy.
        strategy: String,
        /// The parameter.
        name: String,
        /// What was given.
        value: String,
        /// The least and the most allowed.
        range: (u64, u64),
    },
    /// Text that is not of the form `NAME:parameter=value,…`.
    #[error("strategy {text:?}: {reason}")]
    Form {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Something before a `>` that is no wrapper.
    #[error(
        "{name:?} at character {at} of {text:?} is no wrapper{}; only a wrapper can stand before \">\": {}",
        suggestion(nearest), known.join(", ")
    )]
    NotAWrapper {
        /// All that was written.
        text: String,
        /// Where it stands, counted from 1.
        at: usize,
        /// What stands there.
        name: String,
        /// The most similar wrapper.
        nearest: Option<String>,
        /// All wrappers.
        known: Vec<String>,
    },
    /// Wrappers that do not go together.
    #[error("{inner} at character {at} of {text:?} cannot be inside {outer}: {reason}")]
    Composition {
        /// All that was written.
        text: String,
        /// Where the inner one stands, counted from 1.
        at: usize,
        /// The inner wrapper.
        inner: String,
        /// The outer wrapper.
        outer: String,
        /// What keeps them apart.
        reason: String,
    },
    /// Parameters that do not go together.
    #[error("strategy {strategy}: {source}")]
    Parameters {
        /// The strategy.
        strategy: String,
        /// What is wrong.
        source: ParameterError,
    },
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|n| format!(", did you mean {n:?}?")).unwrap_or_default()
}

/// The most similar of some names, if any is similar at all.
fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    names
        .map(|n| (strsim::jaro_winkler(name, n), n))
        // Of short names a single slip leaves little.
        .filter(|(similarity, n)| *similarity > 0.75 || strsim::osa_distance(name, n) == 1)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, n)| n.to_string())
}

/// One part of a composition, and where it begins, counted from 1.
struct Part<'t> {
    text: &'t str,
    at: usize,
    name: &'t str,
    parameters: &'t str,
}

fn parts(text: &str) -> Result<Vec<Part<'_>>, SpecError> {
    let mut start = 0;
    let mut parts = Vec::new();
    for piece in text.split('>') {
        let indent = piece.len() - piece.trim_start().len();
        let at = text[..start + indent].chars().count() + 1;
        start += piece.len() + 1;
        let (name, parameters) = piece.split_once(':').unwrap_or((piece, ""));
        if name.trim().is_empty() {
            let reason = format!("a strategy's name is missing at character {at}");
            return Err(SpecError::Form { text: text.into(), reason });
        }
        parts.push(Part { text, at, name: name.trim(), parameters });
    }
    Ok(parts)
}

impl Part<'_> {
    /// The parameters given here, of those that `owners` have, each with its owner's number.
    fn given(&self, owners: &[(&str, &'static [Parameter])]) -> Result<Vec<Given>, SpecError> {
        let mut given = vec![Given::new(); owners.len()];
        let form = |reason| SpecError::Form { text: self.text.into(), reason };
        for part in self.parameters.split(',').filter(|p| !p.trim().is_empty()) {
            let (key, value) = part
                .split_once('=')
                .ok_or_else(|| form(format!("{part:?} is not of the form parameter=value")))?;
            let (key, value) = (key.trim(), value.trim());
            let all = || owners.iter().flat_map(|(_, parameters)| parameters.iter());
            let find =
                |(_, parameters): &(&str, &'static [Parameter])| parameters.iter().find(|p| p.name == key);
            let found = owners.iter().enumerate().find_map(|(i, owner)| Some((i, find(owner)?)));
            let (owner, parameter) = found.ok_or_else(|| SpecError::UnknownParameter {
                strategy: self.name.into(),
                name: key.into(),
                nearest: nearest(key, all().map(|p| p.name)),
                known: all().map(|p| p.name.to_string()).collect(),
            })?;
            let (least, most) = parameter.range;
            let number = value.parse().ok().filter(|v| (least..=most).contains(v)).ok_or_else(|| {
                SpecError::Value {
                    strategy: self.name.into(),
                    name: key.into(),
                    value: value.into(),
                    range: parameter.range,
                }
            })?;
            if given[owner].insert(parameter.name, number).is_some() {
                return Err(form(format!("{key} is given twice")));
            }
        }
        Ok(given)
    }

    fn not_a_wrapper(&self) -> SpecError {
        SpecError::NotAWrapper {
            text: self.text.into(),
            at: self.at,
            name: self.name.into(),
            nearest: nearest(self.name, registry::wrappers().iter().map(|w| w.name)),
            known: registry::wrappers().iter().map(|w| w.name.to_string()).collect(),
        }
    }

    fn unknown(&self) -> SpecError {
        let known = || {
            let wrappers = registry::wrappers().iter().map(|w| w.name);
            registry::all().iter().map(|e| e.name).chain(wrappers).chain([BOHB])
        };
        SpecError::Unknown {
            name: self.name.into(),
            nearest: nearest(self.name, known()),
            known: known().map(String::from).collect(),
        }
    }
}

/// Hyperband around the tree-structured Parzen estimator (Falkner et al. 2018, arXiv:1807.01774).
const BOHB: &str = "bohb";

/// The wrapper that trains all networks in one first. It speaks for all trials, and so is the outermost.
const SUPERNET: &str = "supernet";

/// The wrapper that ends trials which are unlikely to become the best.
const CURVE_STOP: &str = "curve-stop";

/// The wrapper that needs an earlier study.
const WARM_START: &str = "warm-start";

fn wrapper(name: &str) -> Option<&'static Wrapper> {
    registry::wrappers().iter().copied().find(|w| w.name == name)
}

/// That no wrapper is inside one that cannot have it there.
fn check_composition(wrappers: &[(&'static Wrapper, usize)], text: &str) -> Result<(), SpecError> {
    if let Some(i) = wrappers.iter().skip(1).position(|(inner, _)| inner.name == SUPERNET) {
        return Err(SpecError::Composition {
            text: text.into(),
            at: wrappers[i + 1].1,
            inner: SUPERNET.into(),
            outer: wrappers[i].0.name.into(),
            reason: "it has a ladder of its own, and is the outermost".into(),
        });
    }
    for (i, (outer, _)) in wrappers.iter().enumerate() {
        let Some((excluded, reason)) = outer.not_inside else { continue };
        let inner = wrappers[i + 1..].iter().find(|(inner, _)| excluded.contains(&inner.name));
        if let Some((inner, at)) = inner {
            return Err(SpecError::Composition {
                text: text.into(),
                at: *at,
                inner: inner.name.into(),
                outer: outer.name.into(),
                reason: reason.into(),
            });
        }
    }
    Ok(())
}

impl Spec {
    /// Reads what a user wrote.
    ///
    /// # Errors
    /// Where it names no strategy, a parameter that is unknown or out of range, or a composition that makes no sense.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let mut parts = parts(text)?;
        let mut wrappers = Vec::new();
        let mut places = Vec::new();
        let mut wrap = |part: &Part<'_>, wrapper: &'static Wrapper, given: Given| {
            places.push((wrapper, part.at));
            wrappers.push((wrapper, given));
        };
        let last = parts.pop();
        for part in &parts {
            let wrapper = wrapper(part.name).ok_or_else(|| part.not_a_wrapper())?;
            let given = part.given(&[(wrapper.name, wrapper.parameters)])?.pop().unwrap_or_default();
            wrap(part, wrapper, given);
        }
        // There is always a last part, even of an empty text.
        let Some(last) = last else { return Self::parse("random") };
        let (entry, given) = if let Some(entry) = registry::find(last.name) {
            (Some(entry), last.given(&[(entry.name, entry.parameters)])?.pop().unwrap_or_default())
        } else if let Some(wrapper) = wrapper(last.name) {
            let given = last.given(&[(wrapper.name, wrapper.parameters)])?.pop().unwrap_or_default();
            wrap(&last, wrapper, given);
            (registry::find("random"), Given::new())
        } else if let (BOHB, Some(hyperband), Some(tpe)) =
            (last.name, wrapper("hyperband"), registry::find("tpe"))
        {
            let owners = [(hyperband.name, hyperband.parameters), (tpe.name, tpe.parameters)];
            let mut given = last.given(&owners)?;
            let inner = given.pop().unwrap_or_default();
            wrap(&last, hyperband, given.pop().unwrap_or_default());
            (Some(tpe), inner)
        } else {
            (None, Given::new())
        };
        check_composition(&places, text)?;
        let entry = entry.ok_or_else(|| last.unknown())?;
        Ok(Self { wrappers, entry, given })
    }

    pub(crate) fn of(entry: &'static Entry, given: Given) -> Self {
        Self { wrappers: Vec::new(), entry, given }
    }

    /// All parameters of the innermost strategy, defaults filled in for a study of so many trials.
    #[must_use]
    pub fn values(&self, trials: u64) -> Values {
        Values::new(self.entry.parameters, &self.given, trials)
    }

    /// The same strategy with what [`Rule`] chooses for a study where `auto` stands, and the rule.
    #[must_use]
    pub fn chosen(&self, situation: &Situation<'_>) -> (Self, Option<&'static Rule>) {
        if self.entry.name != auto::ENTRY.name {
            return (self.clone(), None);
        }
        let trials = self.given.get("trials").copied().unwrap_or(situation.trials);
        let rule = Rule::of(&Situation { trials, ..*situation });
        (Self { wrappers: self.wrappers.clone(), entry: rule.entry, given: rule.given() }, Some(rule))
    }

    /// Whether it runs networks on a low rung and promotes the best, so that it needs a ladder of several rungs.
    #[must_use]
    pub fn climbs(&self) -> bool {
        self.wrappers.iter().any(|(wrapper, _)| wrapper.climbs)
    }

    /// Whether it makes networks out of earlier ones.
    #[must_use]
    pub fn has_children(&self) -> bool {
        self.entry.has_children
    }

    /// Whether it looks at networks on the lowest rung first, and rejects most: one more rung, below those that it climbs.
    #[must_use]
    pub fn filters(&self) -> bool {
        self.wrappers.iter().any(|(wrapper, _)| wrapper.name == "filter")
    }

    /// The percentage of networks that a filter lets through, in a study of so many trials; 100 without one.
    #[must_use]
    pub fn kept(&self, trials: u64) -> u64 {
        let filter = self.wrappers.iter().find(|(wrapper, _)| wrapper.name == "filter");
        filter.map_or(100, |(w, given)| Values::new(w.parameters, given, trials).value("keep"))
    }

    /// Whether all networks are trained in one first.
    #[must_use]
    pub fn shares_weights(&self) -> bool {
        self.wrappers.iter().any(|(wrapper, _)| wrapper.name == SUPERNET)
    }

    /// Another strategy inside the same wrappers, without those that need an earlier study or share weights: each of its
    /// networks is trained alone.
    ///
    /// # Errors
    /// Where no strategy has this name.
    pub fn around(&self, inside: &str) -> Result<Self, SpecError> {
        let inside = Self::parse(inside)?;
        let kept =
            self.wrappers.iter().filter(|(wrapper, _)| ![WARM_START, SUPERNET].contains(&wrapper.name));
        Ok(Self { wrappers: kept.cloned().chain(inside.wrappers).collect(), ..inside })
    }

    /// The same strategy with `warm-start` around the innermost, unless it is there already.
    #[must_use]
    pub fn after_earlier(&self) -> Self {
        let mut spec = self.clone();
        if self.warm_start().is_none() {
            spec.wrappers.extend(wrapper(WARM_START).map(|wrapper| (wrapper, Given::new())));
        }
        spec
    }

    /// The same strategy, whose trials end where their chance to become the best falls below so many per cent: with
    /// `curve-stop` around it, or that chance for the one that is there.
    #[must_use]
    pub fn stopping_below(&self, percent: u64) -> Self {
        let mut spec = self.clone();
        let known = spec.wrappers.iter().position(|(wrapper, _)| wrapper.name == CURVE_STOP);
        let at = known.unwrap_or_else(|| {
            spec.wrappers.splice(0..0, wrapper(CURVE_STOP).map(|wrapper| (wrapper, Given::new())));
            0
        });
        if let Some((_, given)) = spec.wrappers.get_mut(at) {
            given.insert("chance", percent);
        }
        spec
    }

    /// How many networks of an earlier study are tried first; `None` without `warm-start`, or before that is
    /// [`Spec::resolved`].
    #[must_use]
    pub fn earlier_networks(&self) -> Option<u64> {
        self.warm_start()?.get("networks").copied()
    }

    fn warm_start(&self) -> Option<&Given> {
        self.wrappers.iter().find(|(wrapper, _)| wrapper.name == WARM_START).map(|(_, given)| given)
    }

    /// The innermost strategy alone.
    #[must_use]
    pub fn unwrapped(&self) -> Self {
        Self { wrappers: Vec::new(), ..self.clone() }
    }

    /// The same strategy with every parameter written out.
    #[must_use]
    pub fn resolved(&self, trials: u64) -> Self {
        let filled = |parameters, given| Values::new(parameters, given, trials).iter().collect();
        Self {
            wrappers: self.wrappers.iter().map(|(w, given)| (*w, filled(w.parameters, given))).collect(),
            entry: self.entry,
            given: filled(self.entry.parameters, &self.given),
        }
    }

    /// The strategy, ready to be asked.
    ///
    /// # Errors
    /// Where its parameters do not go together, or `warm-start` has no earlier study.
    pub fn make(&self, trials: u64) -> Result<Box<dyn Strategy>, SpecError> {
        self.make_after(trials, &[])
    }

    /// The strategy, ready to be asked, after an earlier study whose best networks are given, best first.
    ///
    /// # Errors
    /// Where its parameters do not go together.
    pub fn make_after(&self, trials: u64, earlier: &[Decisions]) -> Result<Box<dyn Strategy>, SpecError> {
        let fault = |name: &str, source| SpecError::Parameters { strategy: name.into(), source };
        let mut strategy =
            (self.entry.make)(&self.values(trials)).map_err(|error| fault(self.entry.name, error))?;
        let mut climbs = false;
        for (wrapper, given) in self.wrappers.iter().rev() {
            let values = Values::new(wrapper.parameters, given, trials);
            let inside = Inside { strategy, climbs, earlier: earlier.to_vec() };
            strategy = (wrapper.wrap)(&values, inside).map_err(|error| fault(wrapper.name, error))?;
            climbs |= wrapper.climbs;
        }
        Ok(strategy)
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut part = |name: &str, given: &Given| {
            f.write_str(name)?;
            for (i, (name, value)) in given.iter().enumerate() {
                write!(f, "{}{name}={value}", if i == 0 { ':' } else { ',' })?;
            }
            Ok(())
        };
        for (wrapper, given) in &self.wrappers {
            part(wrapper.name, given)?;
            part(" > ", &Given::new())?;
        }
        part(self.entry.name, &self.given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let spec = Spec::parse("evolution:population=20").unwrap();
        assert_eq!(spec.to_string(), "evolution:population=20");
        assert_eq!(
            spec.resolved(40).to_string(),
            "evolution:crossover=0,pareto=0,population=20,reference=0,sample=5"
        );
        assert_eq!(Spec::parse("random").unwrap().resolved(9).to_string(), "random");
    }

    #[test]
    fn mistakes_are_named() {
        let error = |text| Spec::parse(text).unwrap_err().to_string();
        assert!(error("evolutoin").contains("did you mean \"evolution\""));
        assert!(error("zzz").contains("random"));
        assert!(error("evolution:popluation=3").contains("did you mean \"population\""));
        assert!(error("evolution:population=0").contains("from 2 to"));
        assert!(error("evolution:population=-3").contains("\"-3\""));
        assert!(error("evolution:population").contains("parameter=value"));
        assert!(error("evolution:population=3,population=4").contains("twice"));
        let beyond = Spec::parse("evolution:population=5,sample=6").unwrap();
        assert!(beyond.make(10).err().unwrap().to_string().contains("at most the population, 5"));
    }

    #[test]
    fn another_strategy_fits_inside_the_same_wrappers() {
        let around = |text: &str| Spec::parse(text).unwrap().around("random").unwrap().to_string();
        assert_eq!(around("evolution:population=9"), "random");
        assert_eq!(around("asha:eta=4 > evolution:population=50"), "asha:eta=4 > random");
        assert_eq!(around("asha > warm-start > tpe"), "asha > random");
        assert!(Spec::parse("asha").unwrap().around("nothing").is_err());
    }

    #[test]
    fn an_earlier_study_goes_in_next_to_the_innermost_strategy() {
        let after = |text: &str| Spec::parse(text).unwrap().after_earlier();
        assert_eq!(after("asha > tpe").to_string(), "asha > warm-start > tpe");
        assert_eq!(after("warm-start:networks=3 > asha > tpe").earlier_networks(), Some(3));
        assert_eq!(after("random").resolved(40).earlier_networks(), Some(8));
        assert_eq!(Spec::parse("random").unwrap().resolved(40).earlier_networks(), None);
    }

    #[test]
    fn trials_without_a_chance_are_ended_by_the_outermost_wrapper() {
        let stopping = |text: &str| Spec::parse(text).unwrap().stopping_below(7).to_string();
        assert_eq!(stopping("asha > tpe"), "curve-stop:chance=7 > asha > tpe");
        assert_eq!(
            stopping("asha > curve-stop:chance=2,startup=9 > tpe"),
            "asha > curve-stop:chance=7,startup=9 > tpe"
        );
        assert_eq!(stopping(&stopping("random")), stopping("random"));
    }

    #[test]
    fn compositions_are_read_back() {
        let same = |text: &str| assert_eq!(Spec::parse(text).unwrap().to_string(), text);
        same("asha:eta=4 > evolution:population=50");
        same("median-stop:after=2 > asha > tpe");
        let reads = |text: &str, as_: &str| assert_eq!(Spec::parse(text).unwrap().to_string(), as_);
        reads("asha", "asha > random");
        reads("hyperband:eta=2>tpe : good=20", "hyperband:eta=2 > tpe:good=20");
        reads("bohb:eta=4,good=12", "hyperband:eta=4 > tpe:good=12");
        let resolved = Spec::parse("asha > tpe").unwrap().resolved(100).to_string();
        assert_eq!(resolved, "asha:eta=3 > tpe:candidates=24,good=10,startup=10");
        let spec = |text: &str| Spec::parse(text).unwrap();
        assert!(spec("filter > tpe").filters() && !spec("filter > tpe").climbs());
        assert!(spec("median-stop > asha").climbs() && !spec("median-stop > asha").filters());
        assert_eq!(
            [spec("filter:keep=9 > tpe").kept(10), spec("filter").kept(10), spec("tpe").kept(10)],
            [9, 25, 100]
        );
    }

    #[test]
    fn compositions_that_make_no_sense_are_pointed_at() {
        let error = |text| Spec::parse(text).unwrap_err().to_string();
        let wrong = error("ahsa:eta=3 > tpe");
        assert!(
            wrong.contains("\"ahsa\" at character 1") && wrong.contains("did you mean \"asha\""),
            "{wrong}"
        );
        assert!(error("asha >  evolution > tpe").contains("\"evolution\" at character 9"));
        assert!(error("asha > tep").contains("did you mean \"tpe\""));
        assert!(error("asha > ").contains("missing at character 8"));
        assert!(error("> tpe").contains("missing at character 1"));
        assert!(error("asha > hyperband > tpe").contains("hyperband at character 8"));
        assert!(error("filter > median-stop > tpe").contains("inside filter"));
        assert!(error("asha > bohb").contains("only one wrapper"));
        assert!(error("asha:eta=1 > tpe").contains("from 2 to 100"));
        assert!(error("asha:etta=3 > tpe").contains("did you mean \"eta\""));
        assert!(error("bohb:god=3").contains("did you mean \"good\""));
        let cold = Spec::parse("warm-start > tpe").unwrap().make(10).err().unwrap().to_string();
        assert!(cold.contains("no earlier study"), "{cold}");
    }
}
