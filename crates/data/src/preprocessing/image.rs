use nascent_core::architecture::Shape;
use serde::{Deserialize, Serialize};

/// How pictures become inputs: each channel standardised by the training rows' mean and deviation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageInputs {
    /// The shape of one input.
    pub shape: Shape,
    /// The raw value that stands for full brightness; 0 is black.
    pub maximum: f32,
    /// The mean of each channel, of values from 0 to 1.
    pub mean: Vec<f32>,
    /// The standard deviation of each channel.
    pub deviation: Vec<f32>,
    /// Whether pictures of other sizes are scaled to this one, as those of training were (triangle filter).
    #[serde(default)]
    pub resize: bool,
}

impl ImageInputs {
    /// Fits to raw pictures, `channels × height × width` values from 0 to `maximum` each.
    #[must_use]
    pub fn fit<'p>(shape: Shape, maximum: f32, pictures: impl Iterator<Item = &'p [f32]>) -> Self {
        let mut sums = ImageSums::new(shape, maximum);
        pictures.for_each(|picture| sums.add(picture));
        sums.finish()
    }

    /// Standardises raw pictures in place.
    pub fn apply(&self, raw: &mut [f32]) {
        let channels = self.mean.len().max(1);
        let plane = (self.shape.len() as usize / channels).max(1);
        for (i, pixels) in raw.chunks_exact_mut(plane).enumerate() {
            let (mean, deviation) = (self.mean[i % channels], self.deviation[i % channels]);
            let (scale, shift) = (1.0 / (self.maximum * deviation), -mean / deviation);
            pixels.iter_mut().for_each(|p| *p = *p * scale + shift);
        }
    }

    /// Raw pictures of standardised ones, in place.
    pub fn undo(&self, standardised: &mut [f32]) {
        let channels = self.mean.len().max(1);
        let plane = (self.shape.len() as usize / channels).max(1);
        for (i, pixels) in standardised.chunks_exact_mut(plane).enumerate() {
            let (mean, deviation) = (self.mean[i % channels], self.deviation[i % channels]);
            pixels.iter_mut().for_each(|p| *p = (*p * deviation + mean) * self.maximum);
        }
    }

    /// What black looks like to the network, for each channel.
    #[must_use]
    pub fn background(&self) -> Vec<f32> {
        self.mean.iter().zip(&self.deviation).map(|(mean, deviation)| -mean / deviation).collect()
    }

    pub(crate) fn valid(&self) -> bool {
        let Some((channels, height, width)) = self.shape.image() else { return false };
        let positive = |x: f32| x.is_finite() && x > 0.0;
        channels * height * width > 0
            && self.mean.len() == channels
            && self.deviation.len() == channels
            && self.mean.iter().all(|m| m.is_finite())
            && self.deviation.iter().all(|d| positive(*d))
            && positive(self.maximum)
    }
}

/// What is to be known of raw pictures to standardise them, seen one after another.
pub(crate) struct ImageSums {
    shape: Shape,
    maximum: f32,
    plane: usize,
    /// The sum, the sum of squares and the number of each channel's values.
    sums: Vec<(f64, f64, usize)>,
}

impl ImageSums {
    pub(crate) fn new(shape: Shape, maximum: f32) -> Self {
        let channels = shape.extents().first().copied().unwrap_or(1).max(1);
        let plane = (shape.len() as usize / channels).max(1);
        Self { shape, maximum, plane, sums: vec![(0.0, 0.0, 0); channels] }
    }

    pub(crate) fn add(&mut self, picture: &[f32]) {
        for (pixels, (sum, squares, n)) in picture.chunks_exact(self.plane).zip(&mut self.sums) {
            // Values of one plane are alike: single precision is enough within it.
            let (mut s, mut q) = (0.0f32, 0.0f32);
            for &pixel in pixels {
                let value = pixel / self.maximum;
                s += value;
                q += value * value;
            }
            *sum += f64::from(s);
            *squares += f64::from(q);
            *n += self.plane;
        }
    }

    pub(crate) fn finish(self) -> ImageInputs {
        let Self { shape, maximum, sums, .. } = self;
        let mean: Vec<f64> = sums.iter().map(|(sum, _, n)| sum / (*n).max(1) as f64).collect();
        let deviation = sums.iter().zip(&mean).map(|((_, squares, n), mean)| {
            let variance = squares / (*n).max(1) as f64 - mean * mean;
            // A channel that never changes is only centred.
            if variance > 1e-9 { variance.sqrt() as f32 } else { 1.0 }
        });
        let deviation = deviation.collect();
        let mean = mean.iter().map(|m| *m as f32).collect();
        ImageInputs { shape, maximum, mean, deviation, resize: false }
    }
}
