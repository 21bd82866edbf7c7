use super::notation::Notation;
use super::quantiles::{Quantiles, Sorted};
use serde::{Deserialize, Serialize};

/// Standardised numbers stay within this, whatever comes.
const BOUND: f64 = 10.0;
/// A column of at most this many different values is also a category.
const MOST_LEVELS: usize = 24;
/// So many rows there must be for each of them on average.
const ROWS_PER_LEVEL: usize = 20;
/// A value that fewer training rows have gets no code.
const LEAST_OF_LEVEL: usize = 5;

/// How numbers of one column become inputs, fitted on training rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberRule {
    /// The mean.
    pub mean: f64,
    /// The standard deviation, above 0.
    pub deviation: f64,
    /// What stands where there is no number.
    pub median: f64,
    /// The quantile function.
    pub quantiles: Quantiles,
    /// The share of missing values, where there were some: then a second number tells whether the value is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<f64>,
    /// Where few different values occur: they, ascending, are also categories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<f64>,
    /// How the numbers are written, where not plainly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notation: Option<Notation>,
    /// The code of the first level.
    #[serde(default)]
    pub first_code: usize,
}

impl NumberRule {
    /// Fits to training values, NaN where missing; nothing where they are all equal or all missing.
    ///
    /// With 3 to 24 different values and at least 20 rows for each, the values are categories too, besides being numbers:
    /// a network then need not bend a line through codes like 1 = own, 2 = rent. A value of fewer than 5 rows gets none.
    pub(crate) fn fit(values: &[f64]) -> Option<(Self, usize)> {
        let present: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
        let n = present.len() as f64;
        let missing = values.len() - present.len();
        if present.is_empty() {
            return None;
        }
        let mean = present.iter().map(|v| v / n).sum::<f64>();
        let variance = present.iter().map(|v| (v - mean).powi(2) / n).sum::<f64>();
        let sorted = Sorted::of(&present);
        let constant = present.iter().all(|v| *v == present[0]);
        if constant && missing == 0 {
            return None;
        }
        let deviation = variance.sqrt();
        let deviation = if !constant && deviation.is_normal() { deviation } else { 1.0 };
        let mean = if mean.is_finite() { mean } else { sorted.median() };
        let levels =
            sorted.levels(MOST_LEVELS).filter(|l| l.len() > 2 && present.len() >= ROWS_PER_LEVEL * l.len());
        let levels = levels.unwrap_or_default().into_iter().filter(|(_, n)| *n >= LEAST_OF_LEVEL);
        let rule = Self {
            mean,
            deviation,
            median: sorted.median(),
            quantiles: sorted.quantiles(),
            missing: (missing > 0).then(|| missing as f64 / values.len() as f64),
            levels: levels.map(|(value, _)| value).collect(),
            notation: None,
            first_code: 0,
        };
        Some((rule, sorted.different()))
    }

    /// How many numbers it makes of one.
    pub(crate) fn numbers(&self) -> usize {
        1 + usize::from(self.missing.is_some())
    }

    /// The standardised value and its quantile.
    pub(crate) fn number(&self, value: f64) -> [f32; 2] {
        let value = if value.is_nan() { self.median } else { value };
        let z = ((value - self.mean) / self.deviation).clamp(-BOUND, BOUND);
        [z as f32, self.quantiles.at(value) as f32]
    }

    /// Whether the value is missing, standardised and plain.
    pub(crate) fn indicator(&self, value: f64) -> [f32; 2] {
        let share = self.missing.unwrap_or(0.0);
        let deviation = (share * (1.0 - share)).sqrt().max(0.1);
        let is = f64::from(value.is_nan());
        [((is - share) / deviation) as f32, is as f32]
    }

    /// The code of a value, 0 where it is none of the levels.
    pub(crate) fn level(&self, value: f64) -> usize {
        let place = self.levels.binary_search_by(|level| level.total_cmp(&value));
        place.map_or(0, |i| self.first_code + i)
    }

    pub(crate) fn valid(&self) -> bool {
        self.mean.is_finite()
            && self.median.is_finite()
            && self.deviation.is_finite()
            && self.deviation > 0.0
            && self.missing.is_none_or(|m| (0.0..=1.0).contains(&m))
            && self.quantiles.valid()
            && self.levels.windows(2).all(|w| w[0] < w[1])
            && self.notation.is_none_or(|notation| notation.valid())
            && (self.levels.is_empty() || self.first_code > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_get_the_median_and_an_indicator() {
        let (rule, different) = NumberRule::fit(&[1.0, f64::NAN, 3.0, 3.0]).unwrap();
        assert_eq!((rule.median, rule.missing, different), (3.0, Some(0.25), 2));
        assert_eq!(rule.number(f64::NAN), rule.number(3.0));
        assert!(rule.indicator(f64::NAN)[0] > 1.0 && rule.indicator(3.0)[0] < 0.0);
        assert_eq!(NumberRule::fit(&[2.0; 5]), None);
        assert_eq!(NumberRule::fit(&[f64::NAN; 5]), None);
        assert_eq!(NumberRule::fit(&[2.0, f64::NAN]).unwrap().0.deviation, 1.0);
    }

    #[test]
    fn few_different_values_are_categories_too() {
        let values: Vec<f64> = (0..100).map(|i| f64::from(i % 4)).chain([7.0; 3]).collect();
        let (mut rule, _) = NumberRule::fit(&values).unwrap();
        rule.first_code = 10;
        assert_eq!([0.0, 3.0, 7.0, 2.5].map(|v| rule.level(v)), [10, 13, 0, 0]);
        assert!(NumberRule::fit(&[0.0, 1.0].repeat(50)).unwrap().0.levels.is_empty());
        assert!(NumberRule::fit(&values[..40]).unwrap().0.levels.is_empty());
    }

    #[test]
    fn outliers_are_bounded() {
        let mut values = vec![0.0; 1000];
        values[0] = 1e300;
        let (rule, _) = NumberRule::fit(&values).unwrap();
        assert!(rule.valid() && rule.number(1e300)[0] <= 10.0, "{rule:?}");
    }
}
