use crate::activation::exp;
use crate::lanes::{Lanes, Path, Work};

/// The cross-entropy, in nats, of answers with the class `label`, of whose probability a share `smoothing` is spread over all classes;
/// `factor` times its gradient is written.
#[must_use]
pub fn surprise(
    path: Path,
    answers: &[f32],
    label: usize,
    smoothing: f32,
    factor: f32,
    gradient: &mut [f32],
) -> f64 {
    assert!(label < answers.len() && answers.len() == gradient.len());
    let mut loss = 0.0;
    path.run(Surprise { answers, label, smoothing, factor, gradient, loss: &mut loss });
    loss
}

struct Surprise<'a> {
    answers: &'a [f32],
    label: usize,
    smoothing: f32,
    factor: f32,
    gradient: &'a mut [f32],
    loss: &'a mut f64,
}

/// Numbers that are summed side by side.
const SIDES: usize = 8;

impl Work for Surprise<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { answers, label, smoothing, factor, gradient, loss } = self;
        let mut sides = [f32::NEG_INFINITY; SIDES];
        for chunk in answers.chunks(SIDES) {
            for (most, x) in sides.iter_mut().zip(chunk) {
                *most = if *x > *most { *x } else { *most };
            }
        }
        let most = sides.iter().fold(f32::NEG_INFINITY, |most, x| most.max(*x));
        for (to, x) in gradient.iter_mut().zip(answers) {
            *to = exp(*x - most);
        }
        let (mut sums, mut distances) = ([0.0f32; SIDES], [0.0f32; SIDES]);
        for (weights, answers) in gradient.chunks(SIDES).zip(answers.chunks(SIDES)) {
            for ((sum, distance), (e, x)) in
                sums.iter_mut().zip(&mut distances).zip(weights.iter().zip(answers))
            {
                *sum += e;
                *distance += x - most;
            }
        }
        let sum = sums.iter().sum::<f32>();
        let mean = f64::from(distances.iter().sum::<f32>()) / answers.len() as f64;
        let spread = f64::from(smoothing);
        *loss = f64::from(sum).ln() - (1.0 - spread) * f64::from(answers[label] - most) - spread * mean;
        let (scale, rest) = (factor / sum, factor * smoothing / answers.len() as f32);
        for to in gradient.iter_mut() {
            *to = *to * scale - rest;
        }
        gradient[label] -= factor * (1.0 - smoothing);
    }
}
