use crate::preprocessing::Inputs;
use nascent_core::Features;
use nascent_core::architecture::Shape;
use nascent_core::rng::Rng;
use std::f64::consts::TAU;

/// How training inputs are varied, each kind in its way, at a level from 0 (not at all) to 2.
///
/// - Pictures are shifted by up to an eighth of the side; at level 2 also turned by up to 11° and scaled by up to 10 %. They
///   are mirrored only where the user says that a mirrored picture shows the same thing, for a mirrored digit is another
///   sign, and whether it is one cannot be seen from the data.
/// - Series are scaled by up to 10 % (20 % at level 2), shifted in time by up to a twentieth (a tenth) of their length, and
///   get noise of 0.03 (0.05) deviations; at level 2 time also runs up to a fifth faster and slower (Um et al. 2017,
///   doi:10.1145/3136755.3136817).
/// - Rows of tables get noise: 0.02 (0.05) deviations on their numbers, half of that on their quantiles.
/// - Of texts, 5 % (10 %) of the tokens and n-grams are dropped.
#[derive(Clone, Debug, PartialEq)]
pub struct Augmentation {
    level: u8,
    way: Way,
}

/// What is varied.
#[derive(Clone, Debug, PartialEq)]
enum Way {
    Pictures {
        background: Vec<f32>,
        flip: bool,
    },
    /// Of series, whether the last channel tells which steps are there.
    Series {
        mask: bool,
    },
    /// Of rows, how many numbers come first.
    Rows {
        numbers: usize,
    },
    Codes,
}

/// How far an image is moved at most, in pixels, for its shorter side.
fn reach(side: usize) -> usize {
    (side / 8).max(1)
}

/// The largest turn at level 2, in radians, and the largest change of size.
const TURN: f64 = 0.2;
const SCALE: f64 = 0.1;

impl Augmentation {
    /// For pictures; `background` is what uncovered pixels get, one value a channel.
    #[must_use]
    pub fn new(level: u8, background: Vec<f32>) -> Self {
        Self { level, way: Way::Pictures { background, flip: false } }
    }

    /// For inputs of some kind; `flip` allows pictures to be mirrored.
    #[must_use]
    pub fn of(inputs: &Inputs, level: u8, flip: bool) -> Self {
        let way = match inputs {
            Inputs::Image(inputs) => Way::Pictures { background: inputs.background(), flip },
            Inputs::Series(inputs) => Way::Series { mask: inputs.mask },
            Inputs::Table(inputs) => match inputs.features() {
                Features::Table { numbers, .. } => Way::Rows { numbers },
                _ => Way::Codes,
            },
            Inputs::Text(_) | Inputs::Language(_) => Way::Codes,
        };
        Self { level, way }
    }

    /// Varies each input of a batch in place; `shape` is that of one input.
    pub fn apply(&self, shape: &Shape, batch: &mut [f32], rng: &mut Rng) {
        if self.level == 0 || shape.is_empty() {
            return;
        }
        let strong = self.level > 1;
        match (&self.way, shape.extents()) {
            (Way::Pictures { flip, .. }, &[channels, height, width]) => {
                self.pictures((channels, height, width), *flip, batch, rng);
            }
            (Way::Series { mask }, &[channels, steps]) => {
                batch
                    .chunks_exact_mut(channels * steps)
                    .for_each(|s| vary_series(s, steps, *mask, strong, rng));
            }
            (Way::Rows { numbers }, &[len]) => {
                let noise = if strong { 0.05 } else { 0.02 };
                for row in batch.chunks_exact_mut(len) {
                    for (i, value) in row.iter_mut().take(2 * numbers).enumerate() {
                        let quantile = i >= *numbers;
                        let moved = *value + (noise * rng.normal()) as f32 * if quantile { 0.5 } else { 1.0 };
                        *value = if quantile { moved.clamp(0.0, 1.0) } else { moved };
                    }
                }
            }
            (Way::Codes, _) => {
                let share = if strong { 0.1 } else { 0.05 };
                for code in batch.iter_mut().filter(|c| **c != 0.0) {
                    if rng.unit() < share {
                        *code = 0.0;
                    }
                }
            }
            _ => {}
        }
    }

    fn pictures(
        &self,
        (channels, height, width): (usize, usize, usize),
        flip: bool,
        batch: &mut [f32],
        rng: &mut Rng,
    ) {
        let mut before = vec![0.0; channels * height * width];
        let reach = reach(height.min(width));
        for image in batch.chunks_exact_mut(channels * height * width) {
            if flip && rng.below(2) == 1 {
                image.chunks_exact_mut(width).for_each(<[f32]>::reverse);
            }
            before.copy_from_slice(image);
            let move_y = rng.below(2 * reach + 1) as f64 - reach as f64;
            let move_x = rng.below(2 * reach + 1) as f64 - reach as f64;
            if self.level == 1 {
                self.shift(&before, image, (height, width), (move_y as isize, move_x as isize));
            } else {
                let turn = TURN * (2.0 * rng.unit() - 1.0);
                let scale = 1.0 + SCALE * (2.0 * rng.unit() - 1.0);
                self.warp(&before, image, (height, width), (move_y, move_x), (turn, scale));
            }
        }
    }

    fn background(&self, channel: usize) -> f32 {
        match &self.way {
            Way::Pictures { background, .. } => background.get(channel).copied().unwrap_or(0.0),
            _ => 0.0,
        }
    }

    fn shift(&self, from: &[f32], to: &mut [f32], (height, width): (usize, usize), (dy, dx): (isize, isize)) {
        for (i, pixel) in to.iter_mut().enumerate() {
            let (channel, y, x) = (i / (height * width), i / width % height, i % width);
            let source = y.checked_add_signed(-dy).zip(x.checked_add_signed(-dx));
            *pixel = match source.filter(|(y, x)| *y < height && *x < width) {
                Some((y, x)) => from[(channel * height + y) * width + x],
                None => self.background(channel),
            };
        }
    }

    /// Moves, turns and scales around the centre, between pixels by bilinear interpolation.
    fn warp(
        &self,
        from: &[f32],
        to: &mut [f32],
        (height, width): (usize, usize),
        (dy, dx): (f64, f64),
        (turn, scale): (f64, f64),
    ) {
        let (middle_y, middle_x) = ((height as f64 - 1.0) / 2.0, (width as f64 - 1.0) / 2.0);
        let (sin, cos) = (turn.sin() / scale, turn.cos() / scale);
        for (i, pixel) in to.iter_mut().enumerate() {
            let (channel, y, x) = (i / (height * width), i / width % height, i % width);
            let (v, u) = (y as f64 - middle_y - dy, x as f64 - middle_x - dx);
            let (y, x) = (cos * v - sin * u + middle_y, sin * v + cos * u + middle_x);
            let (y0, x0) = (y.floor(), x.floor());
            let (part_y, part_x) = ((y - y0) as f32, (x - x0) as f32);
            let at = |y: f64, x: f64| {
                if y < 0.0 || x < 0.0 || y >= height as f64 || x >= width as f64 {
                    return self.background(channel);
                }
                from[(channel * height + y as usize) * width + x as usize]
            };
            let top = at(y0, x0) * (1.0 - part_x) + at(y0, x0 + 1.0) * part_x;
            let bottom = at(y0 + 1.0, x0) * (1.0 - part_x) + at(y0 + 1.0, x0 + 1.0) * part_x;
            *pixel = top * (1.0 - part_y) + bottom * part_y;
        }
    }
}

/// Moves a series in time, scales it and adds noise; the channel that tells which steps are there moves along.
fn vary_series(series: &mut [f32], steps: usize, mask: bool, strong: bool, rng: &mut Rng) {
    let both = |rng: &mut Rng| 2.0 * rng.unit() - 1.0;
    let (reach, sizes, noise) = if strong { (0.1, 0.2, 0.05) } else { (0.05, 0.1, 0.03) };
    let shift = both(rng) * reach * steps as f64;
    // The slope of this wave is at most a fifth.
    let (swing, phase) = if strong { (both(rng) * 0.2 * steps as f64 / TAU, rng.unit()) } else { (0.0, 0.0) };
    let last = (steps - 1) as f64;
    let source = |i: usize| {
        let wave = swing * ((i as f64 / steps as f64 + phase) * TAU).sin();
        (i as f64 + shift + wave).clamp(0.0, last)
    };
    let channels = series.len() / steps;
    let mut before = vec![0.0; steps];
    for (c, channel) in series.chunks_exact_mut(steps).enumerate() {
        before.copy_from_slice(channel);
        let tells = mask && c + 1 == channels;
        let size = 1.0 + both(rng) * sizes;
        for (i, value) in channel.iter_mut().enumerate() {
            let at = source(i);
            let (low, part) = (at.floor() as usize, at.fract() as f32);
            let moved = before[low] + (before[(low + 1).min(steps - 1)] - before[low]) * part;
            *value = if tells { moved.round() } else { moved * size as f32 + (noise * rng.normal()) as f32 };
        }
    }
    if mask && let Some(start) = series.len().checked_sub(steps) {
        let (values, there) = series.split_at_mut(start);
        for channel in values.chunks_exact_mut(steps) {
            channel.iter_mut().zip(there.iter()).for_each(|(v, t)| *v *= t);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocessing::SeriesInputs;

    fn series(mask: bool) -> Augmentation {
        let inputs = SeriesInputs {
            steps: 50,
            resample: None,
            mean: vec![0.0],
            deviation: vec![1.0],
            mask,
            columns: None,
        };
        Augmentation::of(&Inputs::Series(inputs), 2, false)
    }

    #[test]
    fn series_stay_alike_and_padding_stays_empty() {
        let wave: Vec<f32> = (0..50).map(|i| (i as f32 / 5.0).sin()).collect();
        let mut batch = [wave.clone(), wave.clone()].concat();
        series(false).apply(&Shape::new(&[1, 50]), &mut batch, &mut Rng::new(3, 0));
        let product: f32 = batch[..50].iter().zip(&wave).map(|(a, b)| a * b).sum();
        assert!(product > 5.0 && batch[..50] != wave[..] && batch[..50] != batch[50..], "{product}");
        let there: Vec<f32> = (0..50).map(|i| f32::from(i < 30)).collect();
        let mut batch = [vec![1.0; 50], there].concat();
        series(true).apply(&Shape::new(&[2, 50]), &mut batch, &mut Rng::new(3, 0));
        for i in 0..50 {
            assert!(batch[50 + i] == 0.0 && batch[i] == 0.0 || batch[50 + i] == 1.0 && batch[i] != 0.0);
        }
    }

    #[test]
    fn a_tenth_of_codes_is_dropped_and_padding_is_not_made_of_it() {
        let augmentation = Augmentation { level: 2, way: Way::Codes };
        let mut batch = vec![7.0; 10_000];
        augmentation.apply(&Shape::new(&[100]), &mut batch, &mut Rng::new(0, 0));
        let dropped = batch.iter().filter(|c| **c == 0.0).count();
        assert!((900..1100).contains(&dropped) && batch.iter().all(|c| *c == 0.0 || *c == 7.0));
    }

    #[test]
    fn numbers_get_noise_and_codes_do_not() {
        let augmentation = Augmentation { level: 1, way: Way::Rows { numbers: 2 } };
        let mut batch = vec![1.0, -1.0, 0.5, 0.999, 3.0, 4.0];
        augmentation.apply(&Shape::new(&[6]), &mut batch, &mut Rng::new(0, 0));
        assert_eq!(batch[4..], [3.0, 4.0]);
        assert!(batch[0] != 1.0 && (batch[0] - 1.0).abs() < 0.2 && batch[3] <= 1.0);
    }

    #[test]
    fn pictures_are_mirrored_only_where_that_is_allowed() {
        let mirrored = |flip| {
            let augmentation = Augmentation { level: 1, way: Way::Pictures { background: vec![0.0], flip } };
            (0..40).any(|seed| {
                // Two bright pixels whose order tells left from right, wherever they are moved.
                let mut picture = vec![0.0; 64];
                (picture[35], picture[36]) = (1.0, 2.0);
                augmentation.apply(&Shape::new(&[1, 8, 8]), &mut picture, &mut Rng::new(seed, 0));
                picture.windows(2).any(|w| w == [2.0, 1.0])
            })
        };
        assert!(mirrored(true) && !mirrored(false));
    }

    fn image() -> (Shape, Vec<f32>) {
        (Shape::new(&[1, 8, 8]), (0..64).map(|i| i as f32).collect())
    }

    #[test]
    fn level_0_is_the_identity_and_the_same_stream_gives_the_same_images() {
        let (shape, pixels) = image();
        for level in 0..=2 {
            let run = |seed| {
                let mut batch = pixels.clone();
                Augmentation::new(level, vec![-1.0]).apply(&shape, &mut batch, &mut Rng::new(seed, 0));
                batch
            };
            assert_eq!(run(5), run(5));
            assert_eq!((0..20).all(|seed| run(seed) == pixels), level == 0);
        }
    }

    #[test]
    fn a_shift_moves_pixels_and_uncovers_background() {
        let (_, pixels) = image();
        let mut moved = pixels.clone();
        Augmentation::new(1, vec![-1.0]).shift(&pixels, &mut moved, (8, 8), (1, -1));
        assert_eq!(moved[8], pixels[1]);
        assert!(moved[..8].iter().all(|p| *p == -1.0) && moved[15] == -1.0);
        let mut still = pixels.clone();
        Augmentation::new(2, vec![-1.0]).warp(&pixels, &mut still, (8, 8), (0.0, 0.0), (0.0, 1.0));
        assert_eq!(still, pixels);
    }
}
