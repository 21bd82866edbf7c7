//! What a median is at most, from a few fresh processes.

/// Medians of runs in processes of their own: milliseconds, or millijoules.
#[derive(Clone, Debug, PartialEq)]
pub struct Fresh {
    /// One a process.
    pub medians: Vec<f64>,
    /// Their mean.
    pub mean: f64,
    /// What the mean of such medians is at most, with 95 % confidence.
    pub upper: f64,
}

/// The quantiles 0.95 of Student's distribution by degrees of freedom, from 1 on.
const STUDENT: [f64; 10] = [6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812];

/// The upper bound of the median from the medians of some fresh processes: processes differ, by where their memory
/// lies and what the machine does, more than runs within one do. One-sided, at 95 %, by Student's distribution.
///
/// A single process gives no bound: it is infinite.
#[must_use]
pub fn median_bound(medians: Vec<f64>) -> Fresh {
    let n = medians.len() as f64;
    let mean = medians.iter().sum::<f64>() / n;
    let variance = medians.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let upper = match medians.len() {
        0 | 1 => f64::INFINITY,
        n => {
            let student = STUDENT.get(n - 2).copied().unwrap_or(1.812);
            mean + student * (variance / n as f64).sqrt()
        }
    };
    Fresh { medians, mean, upper }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_the_textbooks() {
        let fresh = median_bound(vec![4.0, 5.0, 6.0, 5.0, 5.0]);
        // The deviation is √0.5; 2.132 · √0.5 / √5 = 0.674.
        assert!((fresh.upper - 5.674).abs() < 1e-3 && fresh.mean == 5.0, "{fresh:?}");
        assert_eq!(median_bound(vec![3.0; 5]).upper, 3.0);
        assert!(median_bound(vec![3.0]).upper.is_infinite());
    }
}
