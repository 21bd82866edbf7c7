//! A sum of values and norms with a nonlinearity behind: one step.

use super::Step;
use super::store::{Norm, NormId, Pass, Store, ValueId, from_image};
use nascent_core::architecture::op::NORM_EPSILON as EPSILON;
use nascent_kernels::last::{Affine, Bend, Grid, Images, Moments, Term};
use smallvec::SmallVec;

/// What is added up.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// A value as it is.
    Plain(ValueId),
    /// A value, normalised; `is_deferred` where the step that computes it, which nothing else reads, asks for its gradient itself.
    Norm { norm: NormId, value: ValueId, is_deferred: bool },
}

/// The step; one of the outputs is there.
pub(super) struct Sum {
    pub parts: Vec<Part>,
    pub raw: Option<ValueId>,
    pub bent: Option<(Bend, ValueId)>,
    pub shift: Vec<f32>,
    /// Images that are worked on together.
    pub chunk: usize,
}

impl Norm {
    pub fn new(slot: usize, value: ValueId, pitch: usize) -> Self {
        Self {
            slot,
            value,
            moments: Moments::new(pitch),
            factor: vec![0.0; pitch],
            shift: vec![0.0; pitch],
            mean: vec![0.0; pitch],
            inverse: vec![0.0; pitch],
            affine: Affine::new(pitch),
            sum: value,
            is_deferred: false,
        }
    }

    /// By what the value's channels are multiplied and shifted: by the batch's own statistics, or by what is remembered.
    fn settle(&mut self, weights: &[Vec<f32>], is_training: bool) {
        let [scale, shift, mean, variance] = [0, 1, 2, 3].map(|i| &weights[self.slot + i]);
        for c in 0..scale.len() {
            let (mean, variance) = if is_training {
                self.moments.mean_and_variance(c)
            } else {
                (f64::from(mean[c]), f64::from(variance[c]))
            };
            let inverse = 1.0 / (variance + EPSILON).sqrt();
            self.mean[c] = mean as f32;
            self.inverse[c] = inverse as f32;
            self.factor[c] = (f64::from(scale[c]) * inverse) as f32;
            self.shift[c] = (f64::from(shift[c]) - mean * f64::from(scale[c]) * inverse) as f32;
        }
    }
}

impl Store {
    /// Forgets what a norm has seen; its next images are counted from the first pixel's numbers.
    pub fn begin_norm(&mut self, norm: NormId, images: Images<'_>) {
        let first = images.grid.at(0, 0);
        self.norms[norm.0].moments.begin(&images.numbers[first..first + images.grid.channels]);
    }

    /// What a norm found, as it is remembered: the variance is the unbiased estimate, as in PyTorch.
    fn remember(&mut self, norm: NormId, channels: usize) {
        let Self { norms, statistics, .. } = self;
        let norm = &norms[norm.0];
        let n = norm.moments.count() as f64;
        let unbiased = n / (n - 1.0).max(1.0);
        for (slot, is_mean) in [(norm.slot + 2, true), (norm.slot + 3, false)] {
            let at = statistics.iter().position(|(own, _)| *own == slot).unwrap_or_else(|| {
                statistics.push((slot, vec![0.0; channels]));
                statistics.len() - 1
            });
            for (c, to) in statistics[at].1.iter_mut().enumerate() {
                let (mean, variance) = norm.moments.mean_and_variance(c);
                *to = if is_mean { mean as f32 } else { (variance * unbiased) as f32 };
            }
        }
    }
}

impl Sum {
    fn norms(&self) -> impl Iterator<Item = (NormId, ValueId, bool)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Norm { norm, value, is_deferred } => Some((*norm, *value, *is_deferred)),
            Part::Plain(_) => None,
        })
    }

    /// The value whose gradient becomes that of the sum itself.
    fn own(&self) -> Option<ValueId> {
        self.bent.map(|(_, value)| value).or(self.raw)
    }
}

impl Step for Sum {
    fn forward(&mut self, pass: &mut Pass<'_>) {
        let (images, is_training, path) = (pass.images, pass.is_training(), pass.store.path);
        self.shift.fill(0.0);
        let mut has_shift = false;
        for part in &self.parts {
            let Part::Norm { norm, value, is_deferred } = *part else { continue };
            if is_training && !is_deferred {
                let held = pass.store.take(value);
                let grid = pass.store.values[value.0].grid;
                pass.store.begin_norm(norm, Images { numbers: &held, grid: &grid });
                pass.store.norms[norm.0].moments.add(path, images, Images { numbers: &held, grid: &grid });
                pass.store.put(value, held);
            }
            pass.store.norms[norm.0].settle(pass.weights, is_training);
            if is_training {
                let channels = pass.store.values[value.0].grid.channels;
                pass.store.remember(norm, channels);
            }
            has_shift = true;
            self.shift.iter_mut().zip(&pass.store.norms[norm.0].shift).for_each(|(sum, x)| *sum += x);
        }
        let mut raw = self.raw.map(|value| (pass.store.take(value), pass.store.values[value.0].grid));
        let mut bent = self.bent.map(|(_, value)| (pass.store.take(value), pass.store.values[value.0].grid));
        let store = &*pass.store;
        let terms: SmallVec<[Term<'_>; 8]> = self
            .parts
            .iter()
            .map(|part| match part {
                Part::Plain(value) => Term { images: store.images(*value, 0), factor: None },
                Part::Norm { norm, value, .. } => {
                    Term { images: store.images(*value, 0), factor: Some(&store.norms[norm.0].factor) }
                }
            })
            .collect();
        let shift = has_shift.then_some(&self.shift[..]);
        let raw_images = raw.as_mut().map(|(numbers, grid)| from_image(numbers, grid, 0));
        let bend = self.bent.map(|(bend, _)| bend);
        let bent_images = bend.zip(bent.as_mut().map(|(numbers, grid)| from_image(numbers, grid, 0)));
        Bend::sum(path, images, &terms, shift, raw_images, bent_images);
        drop(terms);
        if let (Some(value), Some((numbers, _))) = (self.raw, raw) {
            pass.store.put(value, numbers);
        }
        if let (Some((_, value)), Some((numbers, _))) = (self.bent, bent) {
            pass.store.put(value, numbers);
        }
    }

    fn backward(&mut self, pass: &mut Pass<'_>) {
        let Some(own) = self.own() else { return };
        pass.store.settle(own, pass.images);
        let (mut gradient, _) = pass.store.take_gradient(own);
        let flat = pass.store.values[own.0].flat;
        for (norm, ..) in self.norms() {
            let Norm { moments, mean, .. } = &mut pass.store.norms[norm.0];
            moments.begin(mean);
        }
        for first in (0..pass.images).step_by(self.chunk) {
            let images = self.chunk.min(pass.images - first);
            self.straighten(pass.store, (first, images), &mut gradient, &flat);
            for (norm, value, _) in self.norms() {
                let (path, held) = (pass.store.path, &pass.store.values[value.0]);
                let x = Images { numbers: &held.numbers[first * held.grid.image_len()..], grid: &held.grid };
                let g = Images { numbers: &gradient[first * flat.image_len()..], grid: &flat };
                pass.store.norms[norm.0].moments.add_with(path, images, g, x);
            }
        }
        for part in &self.parts {
            match *part {
                Part::Plain(value) => add_gradient(pass, value, &gradient),
                Part::Norm { norm, value, is_deferred } => {
                    learn_norm(pass, norm);
                    if !is_deferred && pass.store.values[value.0].is_tracked {
                        hand_back(pass, norm, value, (&gradient, &flat));
                    }
                }
            }
        }
        pass.store.put_gradient(own, gradient);
    }
}

impl Sum {
    /// Turns the gradient of what the nonlinearity gave into that of the sum, for some images.
    fn straighten(&self, store: &Store, (first, images): (usize, usize), gradient: &mut [f32], flat: &Grid) {
        let Some((bend, bent)) = self.bent else { return };
        let known = if bend.follows_from_output() { bent } else { self.raw.unwrap_or(bent) };
        let raw = self.raw.and_then(|raw| store.gradient(raw, first));
        let to = from_image(gradient, flat, first);
        bend.gradient(store.path, images, store.images(known, first), raw, to);
    }
}

/// Adds a sum's gradient to that of a term.
fn add_gradient(pass: &mut Pass<'_>, value: ValueId, gradient: &[f32]) {
    if !pass.store.values[value.0].is_tracked {
        return;
    }
    let len = pass.images * pass.store.values[value.0].flat.image_len();
    let (mut to, has) = pass.store.take_gradient(value);
    if has {
        to[..len].iter_mut().zip(gradient).for_each(|(to, g)| *to += g);
    } else {
        to[..len].copy_from_slice(&gradient[..len]);
    }
    pass.store.put_gradient(value, to);
}

/// What a norm's scale and shift learn, and how the gradient of its output becomes that of its input.
fn learn_norm(pass: &mut Pass<'_>, norm: NormId) {
    let Norm { slot, moments, factor, mean, inverse, affine, .. } = &mut pass.store.norms[norm.0];
    let (slot, channels) = (*slot, pass.weights[*slot].len());
    let n = moments.count().max(1) as f64;
    for c in 0..channels {
        let (plain, along) = moments.sums(c);
        let (factor, inverse) = (f64::from(factor[c]), f64::from(inverse[c]));
        let of_value = -factor * inverse * inverse * along / n;
        affine.of_gradient[c] = factor as f32;
        affine.of_value[c] = of_value as f32;
        affine.rest[c] = (-factor * plain / n - of_value * f64::from(mean[c])) as f32;
    }
    for part in 0..2 {
        for c in 0..channels {
            let Norm { moments, inverse, .. } = &pass.store.norms[norm.0];
            let (plain, along) = moments.sums(c);
            let value = if part == 0 { along * f64::from(inverse[c]) } else { plain };
            pass.store.learn(slot + part, channels)[c] = value as f32;
        }
    }
}

/// Adds the gradient of a norm's input to what others teach the value.
fn hand_back(pass: &mut Pass<'_>, norm: NormId, value: ValueId, (gradient, flat): (&[f32], &Grid)) {
    let own = pass.store.values[value.0].flat;
    let (mut to, has) = pass.store.take_gradient(value);
    let at = pass.store.chunk(&own, 1);
    let mut side = std::mem::take(&mut pass.store.chunks[at].1);
    for image in 0..pass.images {
        let x = pass.store.images(value, image);
        let g = Images { numbers: &gradient[image * flat.image_len()..], grid: flat };
        pass.store.norms[norm.0].affine.apply(pass.store.path, 1, g, x, from_image(&mut side, &own, 0));
        let to = &mut to[image * own.image_len()..][..own.image_len()];
        if has {
            to.iter_mut().zip(&side).for_each(|(to, g)| *to += g);
        } else {
            to.copy_from_slice(&side[..to.len()]);
        }
    }
    pass.store.chunks[at].1 = side;
    pass.store.put_gradient(value, to);
}
