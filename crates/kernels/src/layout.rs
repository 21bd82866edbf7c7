//! Images with their channels side by side, and a border of zeros.

/// How images lie while they are computed with: pixel by pixel, the channels of a pixel side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bordered {
    /// Rows and columns of zeros before the image.
    pub before: usize,
    /// Rows with the border.
    pub height: usize,
    /// Columns with the border.
    pub width: usize,
    /// Numbers a pixel takes, at least its channels.
    pub pitch: usize,
}

impl Bordered {
    /// Numbers one image takes.
    pub fn len(&self) -> usize {
        self.height * self.width * self.pitch
    }
}

/// A part of the channels of some images, `[images, all channels, height, width]`.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    /// The channels of an image.
    pub all: usize,
    /// The first channel of the part.
    pub first: usize,
    /// How many there are in the part.
    pub channels: usize,
    pub height: usize,
    pub width: usize,
}

/// Channels that are moved together, so that what is written fills whole cache lines.
const BLOCK: usize = 16;

impl Part {
    /// Copies the part of each image from `[channels, height, width]` into the bordered layout.
    ///
    /// Border and unused channels of `to` are not touched: they are zero from when it was made.
    #[inline(always)]
    pub fn pack(&self, images: &[f32], layout: &Bordered, to: &mut [f32]) {
        let plane = self.height * self.width;
        for (image, to) in images.chunks_exact(self.all * plane).zip(to.chunks_exact_mut(layout.len())) {
            let image = &image[self.first * plane..(self.first + self.channels) * plane];
            for y in 0..self.height {
                let row = ((y + layout.before) * layout.width + layout.before) * layout.pitch;
                for first in (0..self.channels).step_by(BLOCK) {
                    let block = BLOCK.min(self.channels - first);
                    let from = &image[first * plane + y * self.width..];
                    let to = &mut to[row + first..];
                    for x in 0..self.width {
                        let to = &mut to[x * layout.pitch..][..block];
                        for (c, to) in to.iter_mut().enumerate() {
                            *to = from[c * plane + x];
                        }
                    }
                }
            }
        }
    }

    /// Copies pixels of `pitch` numbers back into `[channels, height, width]`, adding `bias` to each channel.
    #[inline(always)]
    pub fn unpack(&self, pixels: &[f32], pitch: usize, bias: Option<&[f32]>, images: &mut [f32]) {
        let plane = self.height * self.width;
        for (image, pixels) in
            images.chunks_exact_mut(self.all * plane).zip(pixels.chunks_exact(plane * pitch))
        {
            let image = &mut image[self.first * plane..(self.first + self.channels) * plane];
            for (c, to) in image.chunks_exact_mut(plane).enumerate() {
                let bias = bias.map_or(0.0, |b| b[self.first + c]);
                for (to, pixel) in to.iter_mut().zip(pixels.chunks_exact(pitch)) {
                    *to = pixel[c] + bias;
                }
            }
        }
    }
}
