use crate::read::RawSeries;
use nascent_core::Features;
use serde::{Deserialize, Serialize};

/// How series become inputs, `[channels, steps]`: missing values filled in, resampled if asked for, each channel
/// standardised, padded with zeros to one length.
///
/// Where training series had different lengths a last channel tells which steps are there: 1 where they are, 0 where
/// they are padding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesInputs {
    /// The steps of an input; longer series lose their end.
    pub steps: usize,
    /// The number of steps to which series are brought by linear interpolation first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resample: Option<usize>,
    /// The mean of each channel.
    pub mean: Vec<f32>,
    /// The standard deviation of each channel.
    pub deviation: Vec<f32>,
    /// Whether a last channel tells which steps are there.
    pub mask: bool,
    /// Where a series is a row of a table: its columns, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<SeriesColumns>,
}

/// The columns of a table that are the steps of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesColumns {
    /// Whether the file had a header; where it had none, columns are found by their place.
    pub header: bool,
    /// All columns of the file, in its order.
    pub names: Vec<String>,
    /// The columns that are steps.
    pub steps: Vec<String>,
}

/// The longest series.
pub(crate) const MOST_STEPS: usize = 1 << 20;

impl SeriesInputs {
    /// Fits to the series whose flag is set: `training` for means and deviations, `known` for the length.
    pub(crate) fn fit(raw: &RawSeries, training: &[bool], known: &[bool], resample: Option<usize>) -> Self {
        let mut sums = vec![(0.0f64, 0.0f64, 0usize); raw.channels];
        for ((steps, values), _) in raw.iter().zip(training).filter(|(_, training)| **training) {
            for (channel, (sum, squares, n)) in values.chunks_exact(steps.max(1)).zip(&mut sums) {
                for value in channel.iter().filter(|v| !v.is_nan()) {
                    let value = f64::from(*value);
                    (*sum, *squares, *n) = (*sum + value, *squares + value * value, *n + 1);
                }
            }
        }
        let mean: Vec<f64> = sums.iter().map(|(sum, _, n)| sum / (*n).max(1) as f64).collect();
        let deviation = sums.iter().zip(&mean).map(|((_, squares, n), mean)| {
            let variance = squares / (*n).max(1) as f64 - mean * mean;
            if variance > 1e-12 * mean.abs().max(1.0) { variance.sqrt() as f32 } else { 1.0 }
        });
        let lengths = || raw.lengths.iter().zip(known).filter(|(_, known)| **known).map(|(l, _)| *l);
        let (longest, shortest) = (lengths().max().unwrap_or(1), lengths().min().unwrap_or(1));
        Self {
            steps: resample.unwrap_or(longest).max(1),
            resample,
            deviation: deviation.collect(),
            mean: mean.iter().map(|m| *m as f32).collect(),
            mask: resample.is_none() && longest != shortest,
            columns: None,
        }
    }

    /// What its numbers mean.
    #[must_use]
    pub fn features(&self) -> Features {
        Features::Series { channels: self.mean.len() + usize::from(self.mask), steps: self.steps }
    }

    /// The inputs of raw series with as many channels as it was fitted to.
    pub(crate) fn apply(&self, raw: &RawSeries) -> Vec<f32> {
        let channels = self.mean.len() + usize::from(self.mask);
        let mut inputs = vec![0.0; raw.len() * channels * self.steps];
        let mut filled = Vec::new();
        for ((steps, values), input) in raw.iter().zip(inputs.chunks_exact_mut(channels * self.steps)) {
            for (c, (mean, deviation)) in self.mean.iter().zip(&self.deviation).enumerate() {
                filled.clear();
                filled.extend_from_slice(&values[c * steps..(c + 1) * steps]);
                fill(&mut filled, *mean);
                if let Some(wanted) = self.resample {
                    filled = resampled(&filled, wanted);
                }
                let out = &mut input[c * self.steps..(c + 1) * self.steps];
                out.iter_mut().zip(&filled).for_each(|(out, value)| *out = (value - mean) / deviation);
            }
            if self.mask {
                let there = steps.min(self.steps);
                input[(channels - 1) * self.steps..][..there].fill(1.0);
            }
        }
        inputs
    }

    pub(crate) fn valid(&self) -> bool {
        (1..=MOST_STEPS).contains(&self.steps)
            && self.resample.is_none_or(|n| n == self.steps)
            && !self.mean.is_empty()
            && self.mean.len() == self.deviation.len()
            && self.mean.iter().all(|m| m.is_finite())
            && self.deviation.iter().all(|d| d.is_finite() && *d > 0.0)
    }
}

/// Puts values between their neighbours where they are missing, the nearest at the ends, `mean` where there are none.
fn fill(values: &mut [f32], mean: f32) {
    let mut last: Option<usize> = None;
    for i in 0..values.len() {
        let to = values[i];
        if to.is_nan() {
            continue;
        }
        match last {
            None => values[..i].fill(to),
            Some(before) => {
                let (from, gap) = (values[before], (i - before) as f32);
                (before + 1..i).for_each(|j| values[j] = from + (to - from) * (j - before) as f32 / gap);
            }
        }
        last = Some(i);
    }
    match last {
        None => values.fill(mean),
        Some(before) => {
            let end = values[before];
            values[before..].fill(end);
        }
    }
}

/// The series at `wanted` even places, by linear interpolation.
fn resampled(values: &[f32], wanted: usize) -> Vec<f32> {
    let Some(last) = values.len().checked_sub(1) else { return vec![0.0; wanted] };
    let step = last as f64 / (wanted.max(2) - 1) as f64;
    (0..wanted)
        .map(|i| {
            let at = (i as f64 * step).min(last as f64);
            let (low, part) = (at.floor() as usize, at.fract() as f32);
            values[low] + (values[(low + 1).min(last)] - values[low]) * part
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_bridged_and_ends_are_held() {
        let n = f32::NAN;
        let mut values = [n, 1.0, n, n, 4.0, n];
        fill(&mut values, 9.0);
        assert_eq!(values, [1.0, 1.0, 2.0, 3.0, 4.0, 4.0]);
        let mut none = [n, n];
        fill(&mut none, 9.0);
        assert_eq!(none, [9.0, 9.0]);
        assert_eq!(resampled(&[0.0, 2.0, 4.0], 5), [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(resampled(&[3.0], 3), [3.0; 3]);
    }

    #[test]
    fn different_lengths_get_a_mask() {
        let raw = RawSeries {
            channels: 2,
            lengths: vec![3, 2, 4],
            values: vec![
                0.0, 1.0, 2.0, 5.0, 5.0, 5.0, 0.0, 2.0, 5.0, 5.0, 9.0, 9.0, 9.0, 9.0, 5.0, 5.0, 5.0, 5.0,
            ],
        };
        let inputs = SeriesInputs::fit(&raw, &[true, true, false], &[true, true, false], None);
        assert_eq!((inputs.steps, inputs.mask, inputs.mean[1], inputs.deviation[1]), (3, true, 5.0, 1.0));
        let out = inputs.apply(&raw);
        assert_eq!(out.len(), 3 * 3 * 3);
        assert_eq!(out[6..9], [1.0, 1.0, 1.0]);
        // The second is padded, the third cut off.
        assert_eq!(out[9 + 6..18], [1.0, 1.0, 0.0]);
        assert_eq!(out[9 + 2], 0.0);
        assert_eq!(out[18 + 6..], [1.0, 1.0, 1.0]);
        let even = SeriesInputs::fit(&raw, &[true; 3], &[true; 3], Some(5));
        assert_eq!(even.features(), Features::Series { channels: 2, steps: 5 });
    }
}
