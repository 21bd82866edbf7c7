use crate::weights::{SlotKind, Weights};
use nascent_core::{Optimizer, Settings};
use nascent_kernels::{AdamW, Path, Sgd};

/// The state of an optimiser over all trained slots.
///
/// It works on host memory, one pass over each slot: the networks are small, and this serves every device alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimizers {
    kind: Optimizer,
    weight_decay: f32,
    clip_norm: f64,
    pub(crate) steps: i32,
    pub(crate) first: Vec<Vec<f32>>,
    pub(crate) second: Vec<Vec<f32>>,
}

/// The gradient of a slot.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient {
    /// A number for each of the slot, or for each of the rows.
    pub numbers: Vec<f32>,
    /// Which rows of the slot's first axis the batch used, where it may have been a few of many: only they are moved,
    /// and their moments count only the batches that used them, as in PyTorch's `SparseAdam`.
    pub rows: Option<Vec<u32>>,
}

impl Optimizers {
    /// A fresh state for these weights.
    #[must_use]
    pub fn new(settings: &Settings, weights: &Weights) -> Self {
        let zeros: Vec<Vec<f32>> = weights
            .slots
            .iter()
            .map(|s| if s.kind.is_trained() { vec![0.0; s.len()] } else { Vec::new() })
            .collect();
        let second = if settings.optimizer == Optimizer::AdamW { zeros.clone() } else { Vec::new() };
        Self {
            kind: settings.optimizer,
            weight_decay: settings.weight_decay as f32,
            clip_norm: settings.clip_norm,
            steps: 0,
            first: zeros,
            second,
        }
    }

    /// Whether there is a second moment.
    pub(crate) fn has_second(&self) -> bool {
        self.kind == Optimizer::AdamW
    }

    /// Takes on one more slot, with moments of its own.
    pub(crate) fn push(&mut self, first: Vec<f32>, second: Vec<f32>) {
        self.first.push(first);
        if self.has_second() {
            self.second.push(second);
        }
    }

    /// Moves the weights along their gradients; a slot without a gradient stays as it is.
    pub fn step(&mut self, weights: &mut Weights, gradients: &[Option<Gradient>], learning_rate: f64) {
        self.steps += 1;
        let scale = clip_scale(gradients, self.clip_norm);
        let step = Step { kind: self.kind, number: self.steps, rate: learning_rate as f32, scale };
        for (i, gradient) in gradients.iter().enumerate() {
            let Some(Gradient { numbers, rows }) = gradient else { continue };
            let slot = &weights.slots[i];
            let decay = if slot.kind == SlotKind::Weight { self.weight_decay } else { 0.0 };
            let (values, first) = (&mut weights.values[i], &mut self.first[i]);
            let mut none = [];
            let second = self.second.get_mut(i).map_or(&mut none[..], |second| &mut second[..]);
            let Some(rows) = rows else {
                step.update(decay, values, numbers, first, second);
                continue;
            };
            let size: usize = slot.shape[1..].iter().product();
            for (row, gradient) in rows.iter().zip(numbers.chunks_exact(size)) {
                let place = *row as usize * size..(*row as usize + 1) * size;
                let second = second.get_mut(place.clone()).unwrap_or_default();
                step.update(decay, &mut values[place.clone()], gradient, &mut first[place], second);
            }
        }
    }
}

/// What the updates of one step have in common.
struct Step {
    kind: Optimizer,
    number: i32,
    rate: f32,
    /// What clips the gradients.
    scale: f32,
}

impl Step {
    fn update(
        &self,
        decay: f32,
        values: &mut [f32],
        gradient: &[f32],
        first: &mut [f32],
        second: &mut [f32],
    ) {
        let Self { kind, number, rate, scale } = *self;
        let path = Path::best();
        match kind {
            Optimizer::Sgd => Sgd { rate, decay, scale }.step(path, values, gradient, first),
            Optimizer::AdamW => {
                AdamW::new(number, rate, decay, scale).step(path, values, gradient, first, second);
            }
        }
    }
}

/// What all gradients are multiplied with so that their joint norm does not exceed `most`; 0 leaves them alone.
fn clip_scale(gradients: &[Option<Gradient>], most: f64) -> f32 {
    if most <= 0.0 {
        return 1.0;
    }
    let squares: f64 = gradients.iter().flatten().map(|g| squares(&g.numbers)).sum();
    let norm = squares.sqrt();
    if norm > most { (most / norm) as f32 } else { 1.0 }
}

/// The sum of squares, in eight sums that do not wait for one another.
fn squares(numbers: &[f32]) -> f64 {
    let mut sums = [0.0f64; 8];
    let (whole, rest) = numbers.as_chunks::<8>();
    for part in whole {
        for (sum, x) in sums.iter_mut().zip(part) {
            *sum += f64::from(*x) * f64::from(*x);
        }
    }
    sums.iter().sum::<f64>() + rest.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::Slot;
    use nascent_core::architecture::NodeId;

    fn one(kind: SlotKind, value: f32) -> Weights {
        let slot = Slot { node: NodeId(0), name: "w".into(), kind, shape: vec![1], fan_in: 1 };
        Weights { slots: vec![slot], values: vec![vec![value]] }
    }

    fn dense(numbers: Vec<f32>) -> Gradient {
        Gradient { numbers, rows: None }
    }

    fn run(optimizer: Optimizer, kind: SlotKind, clip_norm: f64) -> f32 {
        let settings = Settings { optimizer, weight_decay: 0.1, clip_norm, ..Settings::default() };
        let mut weights = one(kind, 1.0);
        let mut state = Optimizers::new(&settings, &weights);
        for gradient in [0.5f32, -0.25, 2.0] {
            state.step(&mut weights, &[Some(dense(vec![gradient]))], 0.1);
        }
        weights.values[0][0]
    }

    // The expected values are PyTorch 2.15's, in double precision, after gradients 0.5, -0.25 and 2 from weight 1:
    // torch.optim.SGD([w], lr=0.1, momentum=0.9, weight_decay=0.1) and torch.optim.AdamW([w], lr=0.1,
    // weight_decay=0.1), the last with weight_decay=0.
    #[test]
    fn the_updates_are_those_of_pytorch() {
        let close =
            |got: f32, expected: f64| assert!((f64::from(got) - expected).abs() < 1e-6, "{got} {expected}");
        close(run(Optimizer::Sgd, SlotKind::Weight, 0.0), 0.658_024);
        close(run(Optimizer::AdamW, SlotKind::Weight, 0.0), 0.778_856_871_522_274_6);
        // Scales and biases do not decay.
        close(run(Optimizer::AdamW, SlotKind::Scale, 0.0), 0.806_301_534_529_153_1);
        close(run(Optimizer::AdamW, SlotKind::Bias, 0.0), 0.806_301_534_529_153_1);
    }

    #[test]
    fn clipping_is_by_the_joint_norm() {
        let gradients = [Some(dense(vec![3.0])), None, Some(dense(vec![0.0, 4.0]))];
        assert!((clip_scale(&gradients, 1.0) - 0.2).abs() < 1e-7);
        assert_eq!(clip_scale(&gradients, 5.0), 1.0);
        let many = dense((0..19).map(|i| i as f32).collect());
        assert_eq!(squares(&many.numbers), 2109.0);
        assert_eq!(clip_scale(&gradients, 0.0), 1.0);
    }

    #[test]
    fn rows_without_a_gradient_stay_and_the_others_move_as_if_alone() {
        for optimizer in [Optimizer::Sgd, Optimizer::AdamW] {
            let settings = Settings { optimizer, weight_decay: 0.1, clip_norm: 0.0, ..Settings::default() };
            let slot = Slot {
                node: NodeId(0),
                name: "w".into(),
                kind: SlotKind::Weight,
                shape: vec![3, 2],
                fan_in: 1,
            };
            let mut weights = Weights { slots: vec![slot], values: vec![vec![1.0; 6]] };
            let mut state = Optimizers::new(&settings, &weights);
            for gradient in [0.5f32, -0.25, 2.0] {
                let gradient =
                    Gradient { numbers: vec![0.0, gradient, gradient, 0.0], rows: Some(vec![2, 0]) };
                state.step(&mut weights, &[Some(gradient)], 0.1);
            }
            let moved = run(optimizer, SlotKind::Weight, 0.0);
            let w = &weights.values[0];
            assert_eq!((w[0], w[2], w[3], w[5]), (moved, 1.0, 1.0, moved), "{optimizer:?}");
        }
    }
}
