//! What training makes small, and its gradient.

use super::store::{Store, ValueId};
use crate::network::{Lesson, ROUNDED, Wanted};
use nascent_kernels::last::surprise as surprise_of;

/// The mean loss of a batch of answers, whose gradient is written.
pub(super) fn of(
    store: &mut Store,
    answers: ValueId,
    images: usize,
    wanted: Wanted<'_>,
    smoothing: f64,
) -> f64 {
    match wanted {
        Wanted::Tokens(labels) => of_steps(store, answers, images, (labels, None), smoothing),
        Wanted::TokenShares { labels, lesson } => {
            of_steps(store, answers, images, (labels, Some(lesson)), smoothing)
        }
        Wanted::Classes(labels) => of_rows(store, answers, images, |n, row, gradient| {
            gradient.fill(0.0);
            surprise(row, right(labels[n], row.len(), smoothing), AS_IT_IS, images, gradient)
        }),
        Wanted::Shares { labels, lesson } => of_rows(store, answers, images, |n, row, gradient| {
            gradient.fill(0.0);
            taught(row, n, (labels[n], lesson), smoothing, images, gradient)
        }),
        Wanted::Values(values) | Wanted::Medians(values) => {
            let is_rounded = matches!(wanted, Wanted::Medians(_));
            of_rows(store, answers, images, |n, row, gradient| {
                let own = &values[n * row.len()..][..row.len()];
                error(row, own, is_rounded, images * row.len(), gradient)
            })
        }
    }
}

/// The sum over examples of what `each` says of an example's number and answers; it writes their gradient.
fn of_rows(
    store: &mut Store,
    answers: ValueId,
    images: usize,
    mut each: impl FnMut(usize, &[f32], &mut [f32]) -> f64,
) -> f64 {
    let grid = store.values[answers.0].grid;
    let (pitch, outputs) = (grid.image_len().max(1), grid.channels);
    let (mut gradient, _) = store.take_gradient(answers);
    let answers_of = &store.values[answers.0].numbers;
    let rows = answers_of.chunks_exact(pitch).zip(gradient.chunks_exact_mut(pitch)).take(images);
    let total =
        rows.enumerate().map(|(n, (row, gradient))| each(n, &row[..outputs], &mut gradient[..outputs])).sum();
    store.put_gradient(answers, gradient);
    total
}

/// The mean over all steps with a label of the cross-entropy of what is answered there with the label, and with what another network
/// says there.
fn of_steps(
    store: &mut Store,
    answers: ValueId,
    images: usize,
    (labels, lesson): (&[u32], Option<Lesson<'_>>),
    smoothing: f64,
) -> f64 {
    let (grid, flat) = (store.values[answers.0].grid, store.values[answers.0].flat);
    let (mut gradient, _) = store.take_gradient(answers);
    gradient[..images * flat.image_len()].fill(0.0);
    let steps = grid.pixels();
    let asked = labels.iter().filter(|label| **label != 0).count().max(1);
    let factor = 1.0 / asked as f32;
    let mut total = 0.0;
    for (i, label) in labels.iter().enumerate().take(images * steps).filter(|(_, label)| **label != 0) {
        let (image, step) = (i / steps, i % steps);
        let row =
            &store.values[answers.0].numbers[image * grid.image_len() + grid.at(0, step)..][..grid.channels];
        let to = &mut gradient[image * flat.image_len() + flat.at(0, step)..][..grid.channels];
        total += match lesson {
            None => surprise_of(store.path, row, *label as usize, smoothing as f32, factor, to),
            Some(lesson) => asked as f64 * taught(row, i, (*label, lesson), smoothing, asked, to),
        };
    }
    store.put_gradient(answers, gradient);
    total / asked as f64
}

/// What a label asks of each answer: all, but for what smoothing spreads.
fn right(label: u32, answers: usize, smoothing: f64) -> impl Fn(usize) -> f64 {
    let rest = smoothing / answers as f64;
    move |o| if o == label as usize { 1.0 - smoothing + rest } else { rest }
}

/// The cross-entropy of the row of answers number `n` with its label and with what another network says of it, a part of `count`.
fn taught(
    row: &[f32],
    n: usize,
    (label, lesson): (u32, Lesson<'_>),
    smoothing: f64,
    count: usize,
    gradient: &mut [f32],
) -> f64 {
    let Lesson { shares, temperature, part } = lesson;
    let own = &shares[n * row.len()..][..row.len()];
    let softened = (temperature, part * temperature * temperature);
    let loss = surprise(row, |o| f64::from(own[o]), softened, count, gradient);
    if part == 1.0 {
        return loss;
    }
    loss + surprise(row, right(label, row.len(), smoothing), (1.0, 1.0 - part), count, gradient)
}

/// Answers that are not softened, and whose loss counts once.
const AS_IT_IS: (f64, f64) = (1.0, 1.0);

/// The cross-entropy of answers, divided by a temperature, with probabilities, a part of `count`; its gradient is added. Both
/// are multiplied by `weight`.
fn surprise(
    row: &[f32],
    share: impl Fn(usize) -> f64,
    (temperature, weight): (f64, f64),
    count: usize,
    gradient: &mut [f32],
) -> f64 {
    let most = row.iter().fold(f32::NEG_INFINITY, |most, x| if *x > most || x.is_nan() { *x } else { most });
    let above = |x: f32| f64::from(x - most) / temperature;
    let sum: f64 = row.iter().map(|x| above(*x).exp()).sum();
    let (mut loss, mut mass) = (0.0, 0.0);
    for (o, x) in row.iter().enumerate() {
        loss -= share(o) * (above(*x) - sum.ln());
        mass += share(o);
    }
    for (o, (x, gradient)) in row.iter().zip(gradient).enumerate() {
        let probability = above(*x).exp() / sum;
        *gradient += (weight / temperature * (probability * mass - share(o)) / count as f64) as f32;
    }
    weight * loss / count as f64
}

/// The squared error, or the absolute one with its edge rounded, a part of `count`.
fn error(row: &[f32], wanted: &[f32], is_rounded: bool, count: usize, gradient: &mut [f32]) -> f64 {
    let mut loss = 0.0;
    let rounded = f64::from(ROUNDED);
    for ((x, wanted), gradient) in row.iter().zip(wanted).zip(gradient) {
        let error = f64::from(*x) - f64::from(*wanted);
        let (value, slope) = if is_rounded {
            let length = (error * error + rounded * rounded).sqrt();
            (length - rounded, error / length)
        } else {
            (error * error, 2.0 * error)
        };
        loss += value / count as f64;
        *gradient = (slope / count as f64) as f32;
    }
    loss
}
