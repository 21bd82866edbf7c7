//! What a study wants: metrics, directions, and limits.

use crate::architecture::{Architecture, slots};
use crate::pareto::Preference;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The name of a metric, such as `accuracy`.
pub type MetricName = Cow<'static, str>;

/// Measured values by name, in the order they were added.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(SmallVec<[(MetricName, f64); 2]>);

impl Metrics {
    /// No values yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a value, replacing one of the same name.
    pub fn set(&mut self, name: impl Into<MetricName>, value: f64) {
        let name = name.into();
        match self.0.iter_mut().find(|(n, _)| *n == name) {
            Some(entry) => entry.1 = value,
            None => self.0.push((name, value)),
        }
    }

    /// With a value added.
    #[must_use]
    pub fn with(mut self, name: impl Into<MetricName>, value: f64) -> Self {
        self.set(name, value);
        self
    }

    /// The value of a metric.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| *v)
    }

    /// All values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> + '_ {
        self.0.iter().map(|(n, v)| (n.as_ref(), *v))
    }

    /// The first value that is not a finite number.
    #[must_use]
    pub fn not_finite(&self) -> Option<(&str, f64)> {
        self.iter().find(|(_, v)| !v.is_finite())
    }
}

impl Serialize for Metrics {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(n, v)| (n, v)))
    }
}

impl<'de> Deserialize<'de> for Metrics {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Metrics;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from metric names to numbers")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Metrics, A::Error> {
                let mut metrics = Metrics::new();
                while let Some((name, value)) = map.next_entry::<String, f64>()? {
                    metrics.set(name, value);
                }
                Ok(metrics)
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// More is better.
    Maximize,
    /// Less is better.
    Minimize,
}

impl Direction {
    /// Whether `a` is better than `b`; never where one is not a number.
    #[must_use]
    pub fn is_better(self, a: f64, b: f64) -> bool {
        match self {
            Self::Maximize => a > b,
            Self::Minimize => a < b,
        }
    }
}

/// A metric to optimise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// The metric.
    pub name: String,
    /// Which way is better.
    pub direction: Direction,
}

/// A bound that a metric must keep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Limit {
    /// The metric.
    pub metric: String,
    /// Whether the bound is the most or the least allowed.
    pub bound: Bound,
    /// The bound itself, which is allowed.
    pub value: f64,
}

/// Which side of a limit is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// `metric <= value`.
    AtMost,
    /// `metric >= value`.
    AtLeast,
}

impl Limit {
    /// By how much `value` breaks this limit, relative to the limit; 0 where it is kept.
    #[must_use]
    pub fn violation(&self, value: f64) -> f64 {
        let over = match self.bound {
            Bound::AtMost => value - self.value,
            Bound::AtLeast => self.value - value,
        };
        if over.is_nan() { f64::INFINITY } else { over.max(0.0) / self.value.abs().max(1e-12) }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.bound {
            Bound::AtMost => "<=",
            Bound::AtLeast => ">=",
        };
        write!(f, "{}{sign}{}", self.metric, self.value)
    }
}

impl From<Limit> for String {
    fn from(limit: Limit) -> Self {
        limit.to_string()
    }
}

impl TryFrom<String> for Limit {
    type Error = LimitError;
    fn try_from(text: String) -> Result<Self, LimitError> {
        text.parse()
    }
}

/// Text that is no limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("limit {0:?} is not of the form METRIC<=NUMBER or METRIC>=NUMBER, such as \"params<=20000\"")]
pub struct LimitError(String);

impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let fail = || LimitError(text.to_string());
        let (metric, bound, value) = match (text.split_once("<="), text.split_once(">=")) {
            (Some((metric, value)), None) => (metric, Bound::AtMost, value),
            (None, Some((metric, value))) => (metric, Bound::AtLeast, value),
            _ => return Err(fail()),
        };
        let value = amount(value).ok_or_else(fail)?;
        let metric = metric.trim().to_string();
        if metric.is_empty() {
            return Err(fail());
        }
        Ok(Self { metric, bound, value })
    }
}

/// A number as users write it: `20_000`, `200k`, `1.5M`, `2G`; `None` where it is none, or not finite.
#[must_use]
pub fn amount(text: &str) -> Option<f64> {
    let text = text.trim().replace('_', "");
    let (number, unit) = match text.strip_suffix(['k', 'M', 'G']) {
        Some(number) if text.ends_with('k') => (number, 1e3),
        Some(number) if text.ends_with('M') => (number, 1e6),
        Some(number) => (number, 1e9),
        None => (&text[..], 1.0),
    };
    let value = unit * number.parse::<f64>().ok()?;
    value.is_finite().then_some(value)
}

/// A metric that follows from the architecture alone: known before training, and free.
pub trait CostMetric: Send + Sync {
    /// The name users type.
    fn name(&self) -> &str;
    /// Which way is better.
    fn direction(&self) -> Direction {
        Direction::Minimize
    }
    /// The value for a canonical graph; finite.
    fn measure(&self, architecture: &Architecture) -> f64;
}

struct BuiltIn(&'static str, fn(&Architecture) -> f64);

impl CostMetric for BuiltIn {
    fn name(&self) -> &str {
        self.0
    }
    fn measure(&self, architecture: &Architecture) -> f64 {
        self.1(architecture)
    }
}

/// Bytes of a file of all numbers of a network, those of norms that are not trained among them, in float32.
fn model_bytes(architecture: &Architecture) -> f64 {
    slots(architecture).iter().map(|slot| 4 * slot.len() as u64).sum::<u64>() as f64
}

/// What follows from any graph, by name: `params`, `macs`, `activation_memory_bytes` and `depth` of
/// [`Cost`](crate::architecture::Cost); `peak_memory_bytes`, what values need by a
/// [`Schedule`](crate::architecture::Schedule); `model_bytes`, what the weights need; `cache_bytes`, what continuing a text keeps
/// ([`Architecture::cache_bytes`]).
#[must_use]
pub fn cost_metrics() -> Vec<Arc<dyn CostMetric>> {
    vec![
        Arc::new(BuiltIn("params", |a| a.cost().params as f64)),
        Arc::new(BuiltIn("macs", |a| a.cost().macs as f64)),
        Arc::new(BuiltIn("activation_memory_bytes", |a| a.cost().activation_memory_bytes as f64)),
        Arc::new(BuiltIn("peak_memory_bytes", |a| a.schedule().peak_bytes as f64)),
        Arc::new(BuiltIn("model_bytes", model_bytes)),
        Arc::new(BuiltIn("cache_bytes", |a| a.cache_bytes() as f64)),
        Arc::new(BuiltIn("depth", |a| f64::from(a.cost().depth))),
    ]
}

/// Everything a study wants of a network.
#[derive(Clone)]
pub struct Objectives {
    /// What is optimised, the first being the one that decides between equals. At least one.
    pub wanted: Vec<Objective>,
    /// What must hold.
    pub limits: Vec<Limit>,
    /// How metrics that need no training are measured.
    pub costs: Vec<Arc<dyn CostMetric>>,
    /// By what one network is recommended where several are optimised.
    pub preference: Preference,
}

/// A trial's worth: first how far it breaks the limits, then its objectives, all to be minimised.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The sum of relative violations; 0 where every limit is kept.
    pub violation: f64,
    /// The objectives' values, negated where more is better.
    pub values: SmallVec<[f64; 2]>,
}

impl Score {
    /// Whether this is at least as good everywhere and better somewhere (feasible before infeasible).
    #[must_use]
    pub fn dominates(&self, other: &Self) -> bool {
        if self.violation != other.violation {
            return self.violation < other.violation;
        }
        let pairs = || self.values.iter().zip(&other.values);
        pairs().all(|(a, b)| a <= b) && pairs().any(|(a, b)| a < b)
    }
}

impl Objectives {
    /// A single objective and no limits, with the built-in cost metrics.
    #[must_use]
    pub fn single(name: &str, direction: Direction) -> Self {
        Self {
            wanted: vec![Objective { name: name.into(), direction }],
            limits: Vec::new(),
            costs: cost_metrics(),
            preference: Preference::First,
        }
    }

    /// The worth of these values; `None` where an objective was not measured.
    #[must_use]
    pub fn score(&self, metrics: &Metrics) -> Option<Score> {
        let values = self
            .wanted
            .iter()
            .map(|o| {
                metrics.value(&o.name).map(|v| match o.direction {
                    Direction::Maximize => -v,
                    Direction::Minimize => v,
                })
            })
            .collect::<Option<_>>()?;
        // A limit on something that was not measured is broken: it cannot be shown to hold.
        let violation =
            self.limits.iter().map(|l| l.violation(metrics.value(&l.metric).unwrap_or(f64::NAN))).sum();
        Some(Score { violation, values })
    }

    /// Whether any objective or limit needs the graph, though not its training.
    #[must_use]
    pub fn need_graph(&self) -> bool {
        let names = self.wanted.iter().map(|o| &o.name).chain(self.limits.iter().map(|l| &l.metric));
        names.into_iter().any(|name| self.costs.iter().any(|c| c.name() == name))
    }

    /// The cost metrics of a canonical graph.
    #[must_use]
    pub fn measure(&self, architecture: &Architecture) -> Metrics {
        let mut metrics = Metrics::new();
        for cost in &self.costs {
            metrics.set(cost.name().to_string(), cost.measure(architecture));
        }
        metrics
    }

    /// Those of the cost metrics that are limited: all that it takes to know whether a graph is feasible.
    #[must_use]
    pub fn measure_limited(&self, architecture: &Architecture) -> Metrics {
        let mut metrics = Metrics::new();
        for cost in self.costs.iter().filter(|cost| self.limits.iter().any(|l| l.metric == cost.name())) {
            metrics.set(cost.name().to_string(), cost.measure(architecture));
        }
        metrics
    }

    /// The limits that can be checked without training, each with what these costs make of it.
    pub fn violations<'a>(&'a self, costs: &'a Metrics) -> impl Iterator<Item = Violation> + 'a {
        self.limits.iter().filter_map(move |limit| {
            let value = costs.value(&limit.metric)?;
            (limit.violation(value) > 0.0).then(|| Violation { limit: limit.clone(), value })
        })
    }
}

/// A limit and the value that breaks it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    /// The limit.
    pub limit: Limit,
    /// The value.
    pub value: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_and_written() {
        let limit: Limit = "params <= 20_000".parse().unwrap();
        assert_eq!(limit, Limit { metric: "params".into(), bound: Bound::AtMost, value: 20_000.0 });
        assert_eq!(limit.to_string(), "params<=20000");
        assert_eq!(limit.violation(30_000.0), 0.5);
        assert_eq!(limit.violation(20_000.0), 0.0);
        assert!(limit.violation(f64::NAN).is_infinite());
        for (text, value) in [("params<=200k", 2e5), ("params<=1.5M", 1.5e6), ("macs >= 2G", 2e9)] {
            assert_eq!(text.parse::<Limit>().unwrap().value, value);
        }
        for bad in ["params", "params<20", "<=3", "a<=b", "a<=1>=2", "a<=inf", "a<=k", "a<=2m", "a<=1kk"] {
            assert!(bad.parse::<Limit>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_kept_limit_comes_before_any_value() {
        let mut objectives = Objectives::single("accuracy", Direction::Maximize);
        objectives.limits.push("params<=10".parse().unwrap());
        let score = |a, p| objectives.score(&Metrics::new().with("accuracy", a).with("params", p)).unwrap();
        assert!(score(0.1, 10.0).dominates(&score(0.9, 11.0)));
        assert!(score(0.2, 10.0).dominates(&score(0.1, 10.0)));
        assert!(!score(0.1, 10.0).dominates(&score(0.1, 10.0)));
        assert!(objectives.score(&Metrics::new()).is_none());
    }
}
