//! Embeddings of the numbers of a table (Gorishniy et al. 2022, arXiv:2203.05556).

use super::{OpCode, Operation, Shape, code, only};
use serde::{Deserialize, Serialize};

/// `[of]` or `[of · each]`: how many numbers a vector has.
fn numbers(inputs: &[&Shape]) -> Result<usize, String> {
    let input = only(inputs)?;
    input.vector().ok_or_else(|| format!("needs features, got {input}"))
}

fn vector(n: usize, each: usize) -> Result<Shape, String> {
    n.checked_mul(each).map(|n| Shape::new(&[n])).ok_or_else(|| format!("{n} times {each} are too many"))
}

/// Numbers from 0 to 1 as how far they fill each of some equal bins: `[n]` to `[n · bins]`, a number's bins side by side.
///
/// A bin below the number is 1, one above it 0, and its own rises from 0 to 1. On quantiles these are the paper's
/// quantile bins. What lies outside 0 to 1 counts as the nearer end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PiecewiseLinear {
    /// Bins a number.
    pub bins: usize,
}

impl Operation for PiecewiseLinear {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        if self.bins == 0 {
            return Err("needs at least 1 bin, got 0".into());
        }
        vector(numbers(inputs)?, self.bins)
    }
    fn code(&self) -> OpCode {
        code(21, &[self.bins])
    }
    fn label(&self) -> String {
        format!("piecewise linear, {} bins", self.bins)
    }
}

/// A linear layer of its own for each feature: `[features · k]` to `[features · size]`, with bias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerFeature {
    /// Features; each has an equal share of the input.
    pub features: usize,
    /// Numbers each feature becomes.
    pub size: usize,
}

impl Operation for PerFeature {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        let n = numbers(inputs)?;
        if self.features == 0 || self.size == 0 || !n.is_multiple_of(self.features) {
            return Err(format!(
                "{} features, to become {} numbers each, must share {n} numbers equally",
                self.features, self.size
            ));
        }
        vector(self.features, self.size)
    }
    fn params(&self, inputs: &[&Shape]) -> u64 {
        let n = inputs.first().and_then(|s| s.vector()).unwrap_or(0);
        ((n + self.features) * self.size) as u64
    }
    fn macs(&self, inputs: &[&Shape], _: &Shape) -> u64 {
        (inputs.first().and_then(|s| s.vector()).unwrap_or(0) * self.size) as u64
    }
    fn code(&self) -> OpCode {
        code(22, &[self.features, self.size])
    }
    fn label(&self) -> String {
        format!("linear {} a feature", self.size)
    }
}

/// Sines and cosines of `2π·c·x` with trained `c`: `[n]` to `[n · 2 · frequencies]`, a number's sines, then its cosines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Periodic {
    /// Frequencies `c` a number.
    pub frequencies: usize,
    /// The deviation of the normal distribution that frequencies are drawn from, in thousandths.
    pub sigma_per_mille: usize,
}

impl Operation for Periodic {
    fn output(&self, inputs: &[&Shape]) -> Result<Shape, String> {
        if self.frequencies == 0 || self.sigma_per_mille == 0 {
            return Err(format!(
                "needs at least 1 frequency and a deviation of at least 1 per mille, got {} and {}",
                self.frequencies, self.sigma_per_mille
            ));
        }
        vector(numbers(inputs)?, self.frequencies.saturating_mul(2))
    }
    fn params(&self, inputs: &[&Shape]) -> u64 {
        (inputs.first().and_then(|s| s.vector()).unwrap_or(0) * self.frequencies) as u64
    }
    fn kept(&self, inputs: &[&Shape]) -> u64 {
        // The waves themselves, which are each other's slopes.
        (2 * inputs.first().and_then(|s| s.vector()).unwrap_or(0) * self.frequencies) as u64
    }
    fn code(&self) -> OpCode {
        code(23, &[self.frequencies, self.sigma_per_mille])
    }
    fn label(&self) -> String {
        format!("periodic, {} frequencies", self.frequencies)
    }
}
