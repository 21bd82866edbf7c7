use super::{Relaxation, Weighed};
use nascent_core::rng::Rng;
use statrs::function::gamma::{gamma_lr, ln_gamma};

/// DrNAS (Chen et al. 2020, arXiv:2006.10355): weights are drawn from Dirichlet's distribution, whose concentrations are
/// learned by implicit differentiation (Figurnov et al. 2018, arXiv:1805.08498).
pub(crate) static DRNAS: Relaxation = Relaxation {
    weigh: |logits, _, rng| {
        let n = logits.len();
        let drawn: Vec<Drawn> = logits.iter().map(|logit| Drawn::new(concentration(*logit), rng)).collect();
        let sum: f64 = drawn.iter().map(|d| d.value).sum();
        let weights: Vec<f64> = drawn.iter().map(|d| d.value / sum).collect();
        let entry = |i: usize, j: usize| {
            let own = f64::from(u8::from(i == j));
            (own - weights[i]) / sum * drawn[j].slope * concentration_slope(logits[j])
        };
        Weighed { jacobian: (0..n * n).map(|at| entry(at / n, at % n)).collect(), weights }
    },
    shares: |logits| {
        let all: Vec<f64> = logits.iter().map(|l| concentration(*l)).collect();
        let sum: f64 = all.iter().sum();
        all.iter().map(|c| c / sum).collect()
    },
    by_reward: false,
};

/// The concentration of a logit: above 0, and 1 for a logit of 0, as in the paper.
fn concentration(logit: f64) -> f64 {
    if logit > 0.0 { logit + 1.0 } else { logit.max(-6.0).exp() }
}

fn concentration_slope(logit: f64) -> f64 {
    match logit {
        l if l > 0.0 => 1.0,
        l if l > -6.0 => l.exp(),
        _ => 0.0,
    }
}

/// A number drawn from the gamma distribution, and how it changes with the distribution's shape.
struct Drawn {
    value: f64,
    slope: f64,
}

impl Drawn {
    fn new(shape: f64, rng: &mut Rng) -> Self {
        let value = quantile(shape, rng.unit().clamp(1e-12, 1.0 - 1e-12));
        // Of equal probability: dF/dshape + density · dvalue/dshape = 0.
        let step = 1e-4 * shape;
        let along = (gamma_lr(shape + step, value) - gamma_lr(shape - step, value)) / (2.0 * step);
        let density = ((shape - 1.0) * value.ln() - value - ln_gamma(shape)).exp();
        let slope = if density > 1e-300 { -along / density } else { 0.0 };
        Self { value, slope: if slope.is_finite() { slope } else { 0.0 } }
    }
}

/// The number below which a gamma-distributed one is with this probability, by bisection of its logarithm.
fn quantile(shape: f64, probability: f64) -> f64 {
    let (mut low, mut high) = (-700.0f64, (shape + 60.0 + 12.0 * shape.sqrt()).ln());
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if gamma_lr(shape, middle.exp().max(f64::MIN_POSITIVE)) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    (0.5 * (low + high)).exp().max(f64::MIN_POSITIVE)
}
