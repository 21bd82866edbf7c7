use super::{Relaxation, Weighed, softmax};

/// A policy trained on shared weights (ENAS, Pham et al. 2018, arXiv:1802.03268), its answers independent of each other:
/// one option is drawn, and the likelier it becomes the better the networks are that have it (Williams 1992,
/// doi:10.1007/BF00992696).
pub(crate) static ENAS: Relaxation = Relaxation {
    weigh: |logits, _, rng| {
        let shares = softmax(logits);
        let mut left = rng.unit();
        let chosen = shares.iter().position(|share| {
            left -= share;
            left < 0.0
        });
        let chosen = chosen.unwrap_or(logits.len() - 1);
        let one = |option: usize| f64::from(u8::from(option == chosen));
        let mut jacobian = vec![0.0; logits.len() * logits.len()];
        for (option, share) in shares.iter().enumerate() {
            jacobian[option] = one(option) - share;
        }
        Weighed { weights: (0..logits.len()).map(one).collect(), jacobian }
    },
    shares: softmax,
    by_reward: true,
};
