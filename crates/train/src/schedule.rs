/// The learning rate of a step: a linear rise over the first `warmup` of all steps, then half a cosine down to zero
/// (Loshchilov & Hutter 2016, arXiv:1608.03983).
///
/// `step` counts from 0, `steps` is the whole horizon, at least 1. Beyond the horizon it is 0.
#[must_use]
pub fn learning_rate(peak: f64, warmup: f64, step: usize, steps: usize) -> f64 {
    let rising = (warmup * steps as f64).floor();
    let at = step as f64;
    if at < rising {
        return peak * (at + 1.0) / rising;
    }
    let part = (at - rising) / (steps as f64 - rising).max(1.0);
    peak * 0.5 * (1.0 + (std::f64::consts::PI * part.min(1.0)).cos())
}

#[cfg(test)]
mod tests {
    use super::learning_rate;

    #[test]
    fn it_rises_then_falls_to_zero() {
        let rates: Vec<f64> = (0..=100).map(|s| learning_rate(1.0, 0.1, s, 100)).collect();
        assert!((rates[0] - 0.1).abs() < 1e-12 && rates[9] == 1.0 && rates[10] == 1.0);
        assert!(rates[10..].windows(2).all(|w| w[1] < w[0]));
        assert!((rates[55] - 0.5).abs() < 1e-12 && rates[100] == 0.0);
        assert_eq!(learning_rate(2.0, 0.0, 0, 1), 2.0);
        assert_eq!(learning_rate(2.0, 0.0, 9, 1), 0.0);
    }
}
