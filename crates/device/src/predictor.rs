//! From single operations to whole networks.

use crate::DeviceError;
use crate::file::Timed;
use crate::operation::{Key, family, is_free, work};
use nalgebra::{DMatrix, DVector};
use nascent_core::architecture::{Architecture, NodeId, Op};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Latency of a network as a weighted sum of what its parts take, fitted to measured networks.
///
/// The weights are what overlap and fusion leave of a part: 1 where it takes as long in a network as alone. A part whose
/// shapes are not in the table is estimated from its work, by the line that its family's measurements lie on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predictor {
    /// What any network takes.
    pub base_ms: f64,
    /// What each node adds besides its own time.
    pub node_ms: f64,
    /// What remains of each group's time.
    pub weights: BTreeMap<String, f64>,
    /// Milliseconds by family: a constant, for a million multiply-accumulates, and for a million numbers moved.
    pub lines: BTreeMap<String, [f64; 3]>,
}

/// The groups whose times are weighed: what is fused or overlaps does so by its kind.
const GROUPS: [&str; 4] = ["products", "pointwise", "pooling", "rest"];

fn group(op: &Op) -> &'static str {
    match op {
        Op::Conv2d(_)
        | Op::Conv1d(_)
        | Op::Linear(_)
        | Op::SelfAttention(_)
        | Op::Gru(_)
        | Op::Lstm(_)
        | Op::Cell(_)
        | Op::PerFeature(_) => GROUPS[0],
        Op::Activation(_) | Op::BatchNorm(_) | Op::LayerNorm(_) | Op::Add(_) | Op::Multiply(_) => GROUPS[1],
        Op::Pool2d(_)
        | Op::Pool1d(_)
        | Op::GlobalAveragePool(_)
        | Op::GlobalMaxPool(_)
        | Op::MaskedPool(_) => GROUPS[2],
        _ => GROUPS[3],
    }
}

/// A measured network, or one to be predicted: the time of each group, and its nodes.
fn features(
    graph: &Architecture,
    table: &BTreeMap<&str, f64>,
    lines: &BTreeMap<String, [f64; 3]>,
) -> Vec<f64> {
    let mut features = vec![0.0; GROUPS.len() + 2];
    features[0] = 1.0;
    for (i, node) in graph.nodes().iter().enumerate().filter(|(_, node)| !is_free(&node.op)) {
        let id = NodeId(i as u32);
        let shapes = graph.input_shapes(id);
        let looked_up = Key::of(graph, id).and_then(|key| table.get(key.as_str()).copied());
        let estimated = || {
            let [macs, moved] = work(&node.op, &shapes, &graph.shapes()[i]);
            let [constant, by_macs, by_moved] =
                lines.get(&family(&node.op, &shapes)).copied().unwrap_or_default();
            constant + by_macs * macs / 1e6 + by_moved * moved / 1e6
        };
        let place = GROUPS.iter().position(|g| *g == group(&node.op)).unwrap_or(0);
        features[2 + place] += looked_up.unwrap_or_else(estimated);
        features[1] += 1.0;
    }
    features
}

/// Weights of at least 0 that make the weighted squared error small (Lawson & Hanson 1974, by coordinate descent), drawn
/// towards `prior` as strongly as `ridge` says.
pub(crate) fn non_negative(rows: &[Vec<f64>], values: &[f64], prior: &[f64], ridge: &[f64]) -> Vec<f64> {
    let n = prior.len();
    let x = DMatrix::from_fn(rows.len(), n, |i, j| rows[i][j]);
    let y = DVector::from_column_slice(values);
    let mut gram = x.transpose() * &x;
    let mut right = x.transpose() * y;
    for j in 0..n {
        right[j] += ridge[j] * prior[j];
        gram[(j, j)] += ridge[j];
    }
    let mut w: Vec<f64> = prior.to_vec();
    for _ in 0..2_000 {
        let mut moved = 0.0f64;
        for j in 0..n {
            if gram[(j, j)] <= 0.0 {
                continue;
            }
            let rest: f64 = (0..n).filter(|k| *k != j).map(|k| gram[(j, k)] * w[k]).sum();
            let next = ((right[j] - rest) / gram[(j, j)]).max(0.0);
            moved = moved.max((next - w[j]).abs() / (1e-12 + next.abs()));
            w[j] = next;
        }
        if moved < 1e-9 {
            break;
        }
    }
    w
}

impl Predictor {
    /// A predictor fitted to networks and what each took.
    ///
    /// # Errors
    /// Where there are too few.
    pub(crate) fn fit(
        table: &[Timed],
        works: &BTreeMap<String, [f64; 2]>,
        measured: &[(&Architecture, f64)],
    ) -> Result<Self, DeviceError> {
        if measured.len() < 4 {
            return Err(DeviceError::TooFew(format!(
                "{} networks are too few to fit a predictor: at least 4; give the measurement more time",
                measured.len()
            )));
        }
        let lines = lines(table, works);
        let by_key: BTreeMap<&str, f64> = table.iter().map(|t| (t.key.as_str(), t.median_ms)).collect();
        // Relative errors count: each network's row is divided by what it took.
        let (mut rows, mut ones) = (Vec::new(), Vec::new());
        for (graph, ms) in measured {
            rows.push(features(graph, &by_key, &lines).iter().map(|f| f / ms).collect::<Vec<f64>>());
            ones.push(1.0);
        }
        let prior = [&[0.0, 0.0][..], &[1.0; GROUPS.len()]].concat();
        // Weak, and on the scale of what is weighed: a group that hardly occurs keeps the weight 1.
        let size = |j: usize| rows.iter().map(|r| r[j] * r[j]).sum::<f64>() / rows.len() as f64;
        let ridge: Vec<f64> = (0..prior.len()).map(|j| 0.02 * size(j) + 1e-9).collect();
        let w = non_negative(&rows, &ones, &prior, &ridge);
        let weights = GROUPS.iter().zip(&w[2..]).map(|(g, w)| (g.to_string(), *w)).collect();
        Ok(Self { base_ms: w[0], node_ms: w[1], weights, lines })
    }

    /// Families that were measured later.
    pub(crate) fn add_lines(&mut self, table: &[Timed], works: &BTreeMap<String, [f64; 2]>) {
        self.lines.extend(lines(table, works));
    }

    /// What a network takes, in milliseconds.
    pub(crate) fn predict(&self, graph: &Architecture, table: &BTreeMap<&str, f64>) -> f64 {
        let features = features(graph, table, &self.lines);
        let weight = |i: usize| self.weights.get(GROUPS[i]).copied().unwrap_or(1.0);
        let parts: f64 = (0..GROUPS.len()).map(|i| weight(i) * features[2 + i]).sum();
        self.base_ms + self.node_ms * features[1] + parts
    }

    /// The plain sum of what a network's parts take.
    pub(crate) fn plain_sum(&self, graph: &Architecture, table: &BTreeMap<&str, f64>) -> f64 {
        features(graph, table, &self.lines)[2..].iter().sum()
    }

    pub(crate) fn is_finite(&self) -> bool {
        let numbers = [self.base_ms, self.node_ms];
        let weights = self.weights.values().copied();
        numbers.into_iter().chain(weights).chain(self.lines.values().flatten().copied()).all(f64::is_finite)
    }
}

/// The line of each family: least squares of relative errors, coefficients of at least 0.
fn lines(table: &[Timed], works: &BTreeMap<String, [f64; 2]>) -> BTreeMap<String, [f64; 3]> {
    let mut families: BTreeMap<&str, Vec<(&Timed, [f64; 2])>> = BTreeMap::new();
    for timed in table {
        let Some(work) = works.get(&timed.key) else { continue };
        families.entry(&timed.family).or_default().push((timed, *work));
    }
    let line = |(family, members): (&str, Vec<(&Timed, [f64; 2])>)| {
        let rows: Vec<Vec<f64>> = members
            .iter()
            .map(|(t, [macs, moved])| {
                let scale = 1.0 / t.median_ms.max(1e-4);
                vec![scale, macs / 1e6 * scale, moved / 1e6 * scale]
            })
            .collect();
        let values: Vec<f64> = members.iter().map(|(t, _)| t.median_ms / t.median_ms.max(1e-4)).collect();
        let w = non_negative(&rows, &values, &[0.0; 3], &[1e-9; 3]);
        (family.to_string(), [w[0], w[1], w[2]])
    };
    families.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_found_and_none_is_negative() {
        let rows: Vec<Vec<f64>> = (0..20).map(|i| vec![1.0, f64::from(i), f64::from(i * i % 7)]).collect();
        let values: Vec<f64> = rows.iter().map(|r| 0.5 * r[0] + 2.0 * r[1]).collect();
        let w = non_negative(&rows, &values, &[0.0; 3], &[1e-12; 3]);
        assert!((w[0] - 0.5).abs() < 1e-6 && (w[1] - 2.0).abs() < 1e-6 && w[2].abs() < 1e-6, "{w:?}");
        let falling: Vec<f64> = values.iter().map(|v| -v).collect();
        assert_eq!(non_negative(&rows, &falling, &[0.0; 3], &[1e-12; 3]), [0.0; 3]);
    }
}
