use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// The mean of some runs, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// How many runs.
    pub runs: u64,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, with one degree of freedom less; 0 for a single run.
    pub sd: f64,
    /// The 95 % interval of the mean by Student's t; the mean itself for a single run.
    pub ci95: [f64; 2],
}

impl Description {
    /// The one-sided 95 % upper bound of `sign` times the mean, by Student's t; that itself for a single run.
    #[must_use]
    pub fn bound(&self, sign: f64) -> f64 {
        let half = match self.runs {
            0 | 1 => 0.0,
            n => student(0.95, n as usize - 1) * self.sd / (n as f64).sqrt(),
        };
        sign * self.mean + half
    }
}

/// The mean, standard deviation and interval of some values; `None` where there are none.
#[must_use]
pub fn describe(values: &[f64]) -> Option<Description> {
    let n = values.len();
    if n == 0 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n as f64;
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    let sd = if n > 1 { (squares / (n - 1) as f64).sqrt() } else { 0.0 };
    let half = if n > 1 { student(0.975, n - 1) * sd / (n as f64).sqrt() } else { 0.0 };
    Some(Description { runs: n as u64, mean, sd, ci95: [mean - half, mean + half] })
}

/// The quantile `p` of Student's t with so many degrees of freedom (at least 1).
#[must_use]
pub fn student(p: f64, freedom: usize) -> f64 {
    StudentsT::new(0.0, 1.0, freedom.max(1) as f64).map_or(f64::INFINITY, |t| t.inverse_cdf(p))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_scipy() {
        let d = describe(&[93.1, 94.2, 93.7, 94.0, 93.9]).unwrap();
        let expected = [93.78, 0.420_713_679_359_259, 93.257_614_970_787_77, 94.302_385_029_212_23];
        for (ours, theirs) in [d.mean, d.sd, d.ci95[0], d.ci95[1]].iter().zip(expected) {
            assert!((ours - theirs).abs() < 1e-9, "{ours} {theirs}");
        }
        assert!(
            (d.bound(1.0) - 94.181_104_579_257_27).abs() < 1e-9 && d.bound(-1.0) < -93.3,
            "{}",
            d.bound(1.0)
        );
        assert_eq!(describe(&[2.0]).unwrap().ci95, [2.0, 2.0]);
        assert_eq!(describe(&[]), None);
    }
}
