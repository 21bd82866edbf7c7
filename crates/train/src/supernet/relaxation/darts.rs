use super::{Relaxation, Weighed, softmax, softmax_jacobian};

/// Differentiable architecture search (Liu et al. 2018, arXiv:1806.09055): options weigh what the softmax of their logits
/// says.
pub(crate) static DARTS: Relaxation = Relaxation {
    weigh: |logits, _, _| {
        let weights = softmax(logits);
        Weighed { jacobian: softmax_jacobian(&weights, 1.0), weights }
    },
    shares: softmax,
    by_reward: false,
};
