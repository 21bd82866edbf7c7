//! A device as a file.

use crate::{DeviceError, Predictor};
use nascent_core::architecture::{Architecture, NodeId, Op};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What a machine that does not say it has for a processor.
const UNKNOWN: &str = "unknown";

/// The version of the file's format.
pub(crate) const SCHEMA: u32 = 1;

/// A machine with a runtime, and what networks take on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// The version of this format, 1.
    pub schema: u32,
    /// What it is called in objectives and limits, such as `my-laptop` in `latency_ms@my-laptop`.
    pub name: String,
    /// What ran the networks: a runtime of ours, or a command of the user's.
    pub runtime: String,
    /// Examples at a time.
    pub batch: usize,
    /// Which machine it is.
    pub machine: Machine,
    /// How well the predictor did on networks that it was not fitted to.
    pub validation: Validation,
    /// The predictor of whole networks.
    pub predictor: Predictor,
    /// What networks use.
    #[serde(default)]
    pub energy: Energy,
    /// What single operations took, each at the shapes of its inputs.
    pub table: Vec<Timed>,
}

/// What networks use on a device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Energy {
    /// It was counted while whole networks ran.
    Counted {
        /// What counted: the processor, or a command's meter.
        by: String,
        /// The power that a running network draws, in watts: the median over networks, idle power included.
        watts: f64,
        /// The mean absolute error as a share of what was counted, in percent, on networks that it was not fitted to.
        mean_absolute_percentage_error: f64,
        /// Spearman's rank correlation of predicted and counted on them.
        rank_correlation: f64,
        /// The energy of a batch as a multiple of `watts`, in milliseconds.
        predictor: Predictor,
    },
    /// It was not.
    Unknown {
        /// Why.
        unknown: String,
    },
}

impl Default for Energy {
    /// That of a device's file without one.
    fn default() -> Self {
        Self::Unknown { unknown: "the device was measured by a version that did not count it".into() }
    }
}

/// A machine as far as its latencies depend on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Its processor's name.
    pub processor: String,
    /// Its cores.
    pub cores: usize,
    /// Its operating system and architecture.
    pub system: String,
    /// The command that measures on it, where it is another machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
}

/// What an operation took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timed {
    /// Its key: name, parameters and the shapes that it reads.
    pub key: String,
    /// Its family.
    pub family: String,
    /// The median of its runs, less what is around it.
    pub median_ms: f64,
    /// The distance between the quartiles of the runs as a share of their median.
    pub spread: f64,
    /// Runs that were counted.
    pub runs: usize,
    /// Whether the spread stayed above a fifth when it was measured again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub noisy: bool,
}

/// How a predictor did on networks that it was not fitted to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// Networks that it was fitted to.
    pub fitted: usize,
    /// Networks that it was judged by.
    pub held_out: usize,
    /// The mean absolute error as a share of what was measured.
    pub mean_absolute_percentage_error: f64,
    /// The same of the plain sum of the table, fitted by one factor.
    pub of_plain_sum: f64,
    /// Spearman's rank correlation of predicted and measured.
    pub rank_correlation: f64,
    /// The mean of the 95 % quantile of a network's runs as a multiple of their median.
    pub p95_factor: f64,
    /// Networks whose spread stayed above a fifth.
    pub noisy: usize,
}

impl Machine {
    /// The machine that this runs on.
    #[must_use]
    pub fn here() -> Self {
        let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let of = |key: &str| text.lines().find_map(|l| l.strip_prefix(key)?.split_once(": ").map(|(_, n)| n));
        let board = || std::fs::read_to_string("/proc/device-tree/model").ok();
        let name = of("model name").or_else(|| of("Model")).map(str::to_string).or_else(board);
        let name = name.unwrap_or_default();
        let name = name.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        Self {
            processor: if name.is_empty() { UNKNOWN } else { name }.into(),
            cores: std::thread::available_parallelism().map_or(1, Into::into),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            via: None,
        }
    }
}

impl Machine {
    /// Whether this program runs on it: a machine that does not say what it is may be any.
    #[must_use]
    pub fn is_here(&self) -> bool {
        let here = Self::here();
        here.processor != UNKNOWN
            && (&here.processor, here.cores, &here.system) == (&self.processor, self.cores, &self.system)
    }
}

impl Device {
    /// Reads a device's file.
    ///
    /// # Errors
    /// Where it is missing, no device, of another schema, or has numbers that no measurement gives.
    pub fn load(path: &Path) -> Result<Self, DeviceError> {
        let fail = |reason: String| DeviceError::File { path: path.into(), reason };
        let text = std::fs::read_to_string(path).map_err(|e| {
            fail(format!("cannot be read: {e}; `nascent device measure --out {}` makes one", path.display()))
        })?;
        #[derive(Deserialize)]
        struct Head {
            schema: Option<u32>,
        }
        let head: Head = toml::from_str(&text).map_err(|e| fail(format!("is no device file: {e}")))?;
        match head.schema {
            Some(SCHEMA) => {}
            Some(other) => {
                return Err(fail(format!(
                    "has schema {other}, this version reads {SCHEMA}: measure the device again with nascent device measure"
                )));
            }
            None => return Err(fail("has no schema: it is no device file".into())),
        }
        let device: Self = toml::from_str(&text).map_err(|e| fail(format!("is no device file: {e}")))?;
        device.check().map_err(fail)?;
        Ok(device)
    }

    /// Whether a device may have this name, which stands in metrics such as `latency_ms@NAME`.
    ///
    /// # Errors
    /// Where it may not; what names are of.
    pub fn check_name(name: &str) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || !name.chars().all(plain) {
            return Err(format!("the name {name:?} must be of letters, digits, '-', '_' and '.'"));
        }
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        Self::check_name(&self.name)?;
        if self.batch == 0 {
            return Err("a batch of 0 cannot be measured: at least 1".into());
        }
        let wrong = |t: &&Timed| !(t.median_ms.is_finite() && t.median_ms >= 0.0);
        if let Some(bad) = self.table.iter().find(wrong) {
            return Err(format!("{:?} took {} ms: a number of at least 0 is needed", bad.key, bad.median_ms));
        }
        let counted = match &self.energy {
            Energy::Counted { watts, predictor, .. } => predictor.is_finite() && watts.is_finite(),
            Energy::Unknown { .. } => true,
        };
        if !(self.predictor.is_finite() && counted) {
            return Err("a predictor has numbers that are not finite: measure the device again".into());
        }
        Ok(())
    }

    /// The file's text.
    ///
    /// # Errors
    /// Where a number cannot be written, which those of a measurement can.
    pub fn to_toml(&self) -> Result<String, DeviceError> {
        toml::to_string(self).map_err(|e| DeviceError::File {
            path: format!("{}.toml", self.name).into(),
            reason: e.to_string(),
        })
    }

    /// What a network is predicted to take for one batch: the median of its runs.
    #[must_use]
    pub fn latency_ms(&self, graph: &Architecture) -> f64 {
        self.predictor.predict(graph, &self.by_key())
    }

    /// What a network is predicted to use for one batch, in millijoules; none where energy was not counted.
    #[must_use]
    pub fn energy_mj(&self, graph: &Architecture) -> Option<f64> {
        match &self.energy {
            Energy::Counted { watts, predictor, .. } => {
                Some(watts * predictor.predict(graph, &self.by_key()))
            }
            Energy::Unknown { .. } => None,
        }
    }

    /// What the table says of each key.
    pub(crate) fn by_key(&self) -> BTreeMap<&str, f64> {
        self.table.iter().map(|t| (t.key.as_str(), t.median_ms)).collect()
    }

    /// The families of operations that some network has and the table has not.
    #[must_use]
    pub fn missing<'g>(&self, graphs: impl IntoIterator<Item = &'g Architecture>) -> Vec<String> {
        let known: BTreeSet<&str> = self.table.iter().map(|t| t.family.as_str()).collect();
        let mut missing = BTreeSet::new();
        for graph in graphs {
            for (i, node) in graph.nodes().iter().enumerate() {
                let id = NodeId(i as u32);
                let family = crate::operation::family(&node.op, &graph.input_shapes(id));
                if !crate::operation::is_free(&node.op)
                    && !matches!(node.op, Op::Flatten(_))
                    && !known.contains(family.as_str())
                {
                    missing.insert(family);
                }
            }
        }
        missing.into_iter().collect()
    }
}
