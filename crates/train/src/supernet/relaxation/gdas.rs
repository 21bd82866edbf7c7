use super::{Relaxation, Weighed, largest, softmax, softmax_jacobian};

/// The temperature at the beginning and at the end.
const TEMPERATURE: (f64, f64) = (10.0, 0.1);

/// GDAS (Dong & Yang 2019, arXiv:1910.04465): one option is drawn by noise of Gumbel's distribution and weighs all, while
/// logits learn as if each had weighed what the softmax of the same noisy logits says.
pub(crate) static GDAS: Relaxation = Relaxation {
    weigh: |logits, progress, rng| {
        let temperature = TEMPERATURE.0 + (TEMPERATURE.1 - TEMPERATURE.0) * progress;
        let shares = softmax(logits);
        // The logarithm of a probability, as in the paper: noise then draws option i with probability shares[i].
        let noisy: Vec<f64> = shares
            .iter()
            .map(|share| {
                let gumbel = -(-(rng.unit().max(f64::MIN_POSITIVE)).ln()).ln();
                (share.max(f64::MIN_POSITIVE).ln() + gumbel) / temperature
            })
            .collect();
        let chosen = largest(&noisy);
        let soft = softmax(&noisy);
        let weights = (0..logits.len()).map(|option| f64::from(u8::from(option == chosen))).collect();
        // Along the logits, log-probabilities change as logits do, but for a part that is common to all.
        Weighed { weights, jacobian: softmax_jacobian(&soft, 1.0 / temperature) }
    },
    shares: softmax,
    by_reward: false,
};
