use nascent_core::architecture::Shape;
use serde::{Deserialize, Serialize};

/// What raw input goes through before a network sees it, fitted on training rows only and stored with the model.
///
/// A network trained again on training and validation rows keeps the preprocessing fitted on the training rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessing {
    /// The version of this format, 1.
    pub schema: u32,
    /// The shape of one input.
    pub shape: Shape,
    /// The raw value that stands for full brightness; 0 is black.
    pub maximum: f32,
    /// The mean of each channel, of values from 0 to 1.
    pub mean: Vec<f32>,
    /// The standard deviation of each channel.
    pub deviation: Vec<f32>,
    /// The classes' names, in the order of the network's outputs.
    pub classes: Vec<String>,
}

impl Preprocessing {
    /// Fits to raw images, `[rows × channels × height × width]` values from 0 to `maximum`.
    #[must_use]
    pub fn fit(shape: Shape, maximum: f32, raw: &[f32], classes: Vec<String>) -> Self {
        let channels = shape.extents().first().copied().unwrap_or(1);
        let plane = (shape.len() as usize / channels).max(1);
        let mut sums = vec![(0.0f64, 0.0f64, 0usize); channels];
        for (i, pixels) in raw.chunks_exact(plane).enumerate() {
            let (sum, squares, n) = &mut sums[i % channels];
            for &pixel in pixels {
                let value = f64::from(pixel / maximum);
                *sum += value;
                *squares += value * value;
            }
            *n += plane;
        }
        let mean: Vec<f64> = sums.iter().map(|(sum, _, n)| sum / (*n).max(1) as f64).collect();
        let deviation = sums.iter().zip(&mean).map(|((_, squares, n), mean)| {
            let variance = squares / (*n).max(1) as f64 - mean * mean;
            // A channel that never changes is only centred.
            if variance > 1e-12 { variance.sqrt() as f32 } else { 1.0 }
        });
        let deviation = deviation.collect();
        let mean = mean.iter().map(|m| *m as f32).collect();
        Self { schema: 1, shape, maximum, mean, deviation, classes }
    }

    /// Standardises raw images in place.
    pub fn apply(&self, raw: &mut [f32]) {
        let channels = self.mean.len().max(1);
        let plane = (self.shape.len() as usize / channels).max(1);
        for (i, pixels) in raw.chunks_exact_mut(plane).enumerate() {
            let (mean, deviation) = (self.mean[i % channels], self.deviation[i % channels]);
            pixels.iter_mut().for_each(|p| *p = (*p / self.maximum - mean) / deviation);
        }
    }

    /// What black looks like to the network, for each channel.
    #[must_use]
    pub fn background(&self) -> Vec<f32> {
        self.mean.iter().zip(&self.deviation).map(|(mean, deviation)| -mean / deviation).collect()
    }
}
