//! Images with their channels side by side, and a border of zeros.

use crate::lanes::Lanes;

/// How images lie while they are computed with: pixel by pixel, the channels of a pixel side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bordered {
    /// Rows of zeros above the image, columns of zeros left of it.
    pub before: (usize, usize),
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

/// Pixels and channels that change places together.
const BLOCK: usize = 8;

impl Part {
    /// Copies the part of each image from `[channels, height, width]` into the bordered layout.
    ///
    /// Border and unused channels of `to` are not touched: they are zero from when it was made.
    #[inline(always)]
    pub fn pack<L: Lanes>(&self, images: &[f32], layout: &Bordered, to: &mut [f32]) {
        let plane = self.height * self.width;
        let place =
            |y: usize, x: usize| ((y + layout.before.0) * layout.width + x + layout.before.1) * layout.pitch;
        let places: Vec<usize> =
            (0..self.height).flat_map(|y| (0..self.width).map(move |x| place(y, x))).collect();
        for (image, to) in images.chunks_exact(self.all * plane).zip(to.chunks_exact_mut(layout.len())) {
            let image = &image[self.first * plane..(self.first + self.channels) * plane];
            for first in (0..self.channels).step_by(BLOCK) {
                let channels = BLOCK.min(self.channels - first);
                let mut pixel = 0;
                while channels == BLOCK && pixel + BLOCK <= plane {
                    let mut block = [[0.0; BLOCK]; BLOCK];
                    for (c, row) in block.iter_mut().enumerate() {
                        row.copy_from_slice(&image[(first + c) * plane + pixel..][..BLOCK]);
                    }
                    L::transpose(&mut block);
                    for (row, place) in block.iter().zip(&places[pixel..]) {
                        to[place + first..][..BLOCK].copy_from_slice(row);
                    }
                    pixel += BLOCK;
                }
                for (pixel, place) in places.iter().enumerate().skip(pixel) {
                    for (c, to) in to[place + first..][..channels].iter_mut().enumerate() {
                        *to = image[(first + c) * plane + pixel];
                    }
                }
            }
        }
    }

    /// Copies pixels of `pitch` numbers back into `[channels, height, width]`, adding `bias` to each channel.
    #[inline(always)]
    pub fn unpack<L: Lanes>(&self, pixels: &[f32], pitch: usize, bias: Option<&[f32]>, images: &mut [f32]) {
        let plane = self.height * self.width;
        for (image, pixels) in
            images.chunks_exact_mut(self.all * plane).zip(pixels.chunks_exact(plane * pitch))
        {
            let image = &mut image[self.first * plane..(self.first + self.channels) * plane];
            for first in (0..self.channels).step_by(BLOCK) {
                let channels = BLOCK.min(self.channels - first);
                let mut pixel = 0;
                while channels == BLOCK && pixel + BLOCK <= plane {
                    let mut block = [[0.0; BLOCK]; BLOCK];
                    for (p, row) in block.iter_mut().enumerate() {
                        row.copy_from_slice(&pixels[(pixel + p) * pitch + first..][..BLOCK]);
                    }
                    L::transpose(&mut block);
                    for (c, row) in block.iter().enumerate() {
                        image[(first + c) * plane + pixel..][..BLOCK].copy_from_slice(row);
                    }
                    pixel += BLOCK;
                }
                for pixel in pixel..plane {
                    for c in first..first + channels {
                        image[c * plane + pixel] = pixels[pixel * pitch + c];
                    }
                }
            }
            if let Some(bias) = bias {
                for (channel, bias) in image.chunks_exact_mut(plane).zip(&bias[self.first..]) {
                    channel.iter_mut().for_each(|x| *x += bias);
                }
            }
        }
    }
}
