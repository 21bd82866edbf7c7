//! Values, gradients and norms of a compiled network: what its steps share.

use crate::network::Carried;
use crate::optimizer::Gradient;
use nascent_core::rng::Rng;
use nascent_kernels::Path;
use nascent_kernels::last::{Affine, Grid, Images, ImagesMut, Moments, SLACK};

/// A value of the network, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ValueId(pub usize);

/// A batch norm, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NormId(pub usize);

/// Where a value's numbers are.
pub(super) struct Held {
    /// How its images lie.
    pub grid: Grid,
    /// How its gradient lies: without a border.
    pub flat: Grid,
    /// Whether its gradient depends on anything that is trained.
    pub is_tracked: bool,
    pub numbers: Vec<f32>,
    /// Which of the gradients' buffers is its own, from its first reader's step back to its own.
    pub gradient: usize,
    /// Whether the pass at hand has written its gradient.
    pub has_gradient: bool,
}

/// A batch norm between the value that it reads and the sum that it is a term of.
pub(super) struct Norm {
    /// The slot of its scale, which shift, running mean and running variance follow.
    pub slot: usize,
    pub value: ValueId,
    /// What of the value's images it has seen.
    pub moments: Moments,
    /// What each channel is multiplied with, and what is added, in this batch.
    pub factor: Vec<f32>,
    pub shift: Vec<f32>,
    pub mean: Vec<f32>,
    pub inverse: Vec<f32>,
    /// How the gradient of the sum becomes that of the value.
    pub affine: Affine,
    /// The value whose gradient is that of the sum.
    pub sum: ValueId,
    /// Whether the step that gives the value asks for its gradient itself.
    pub is_deferred: bool,
}

/// All that the steps of a network share.
pub(super) struct Store {
    pub path: Path,
    pub values: Vec<Held>,
    pub gradients: Vec<Vec<f32>>,
    pub norms: Vec<Norm>,
    /// Images of one grid, a few at a time: their border stays zero.
    pub chunks: Vec<(Grid, Vec<f32>)>,
    pub learned: Vec<Option<Gradient>>,
    pub statistics: Vec<(usize, Vec<f32>)>,
    capacity: usize,
    /// Bytes that steps hold besides: for each example, and once.
    pub held: (u64, u64),
}

/// A pass of a batch through the steps.
pub(super) struct Pass<'a> {
    pub images: usize,
    pub weights: &'a [Vec<f32>],
    /// What dropout drops; none where nothing is learned.
    pub dropout: Option<&'a mut Rng>,
    /// What recurrent units carry on from batch to batch, where the examples of a batch follow those of the one before.
    pub carried: Option<&'a mut Carried>,
    pub store: &'a mut Store,
}

impl Pass<'_> {
    pub fn is_training(&self) -> bool {
        self.dropout.is_some()
    }
}

impl Store {
    pub fn new(path: Path, values: Vec<Held>, buffers: usize, norms: Vec<Norm>, slots: usize) -> Self {
        Self {
            path,
            values,
            gradients: vec![Vec::new(); buffers],
            norms,
            chunks: Vec::new(),
            learned: vec![None; slots],
            statistics: Vec::new(),
            capacity: 0,
            held: (0, 0),
        }
    }

    /// Images that the buffers have room for.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Makes ready for a pass of so many images.
    pub fn begin(&mut self, images: usize) {
        if images > self.capacity {
            self.capacity = images;
            for value in &mut self.values {
                value.numbers = vec![0.0; images * value.grid.image_len() + SLACK];
                if value.is_tracked {
                    let buffer = &mut self.gradients[value.gradient];
                    let len = images * value.flat.image_len() + SLACK;
                    if buffer.len() < len {
                        *buffer = vec![0.0; len];
                    }
                }
            }
        }
        self.values.iter_mut().for_each(|value| value.has_gradient = false);
    }

    /// Writes examples, one after another with each channel's numbers together, as the images of a value.
    pub fn give(&mut self, value: ValueId, inputs: &[f32]) {
        let Held { grid, numbers, .. } = &mut self.values[value.0];
        let len = (grid.channels * grid.pixels()).max(1);
        for (n, input) in inputs.chunks_exact(len).enumerate() {
            for row in 0..grid.height {
                let at = n * grid.image_len() + grid.at(row, 0);
                let to = numbers[at..at + grid.width * grid.pitch].chunks_exact_mut(grid.pitch);
                for (column, pixel) in to.enumerate() {
                    let from = input[row * grid.width + column..].iter().step_by(grid.pixels());
                    pixel.iter_mut().zip(from).for_each(|(to, x)| *to = *x);
                }
            }
        }
    }

    /// Adds the numbers of each example of a value to those that are there, each channel's together.
    pub fn tell(&self, value: ValueId, images: usize, to: &mut Vec<f32>) {
        let Held { grid, numbers, .. } = &self.values[value.0];
        let pixels = grid.pixels();
        for image in numbers.chunks_exact(grid.image_len().max(1)).take(images) {
            let first = to.len();
            to.resize(first + grid.channels * pixels, 0.0);
            for pixel in 0..pixels {
                let from = &image[grid.at(pixel / grid.width, pixel % grid.width)..][..grid.channels];
                let to = to[first + pixel..].iter_mut().step_by(pixels);
                to.zip(from).for_each(|(to, x)| *to = *x);
            }
        }
    }

    /// A value's images from `first` on.
    pub fn images(&self, value: ValueId, first: usize) -> Images<'_> {
        let Held { grid, numbers, .. } = &self.values[value.0];
        Images { numbers: &numbers[first * grid.image_len()..], grid }
    }

    /// Takes a value's numbers out, to be put back.
    pub fn take(&mut self, value: ValueId) -> Vec<f32> {
        std::mem::take(&mut self.values[value.0].numbers)
    }

    pub fn put(&mut self, value: ValueId, numbers: Vec<f32>) {
        self.values[value.0].numbers = numbers;
    }

    /// A value's gradient from image `first` on, where it has one.
    pub fn gradient(&self, value: ValueId, first: usize) -> Option<Images<'_>> {
        let held = &self.values[value.0];
        let numbers =
            held.has_gradient.then(|| &self.gradients[held.gradient][first * held.flat.image_len()..]);
        Some(Images { numbers: numbers?, grid: &held.flat })
    }

    /// Takes the buffer of a value's gradient out, and says whether something is there to be added to.
    pub fn take_gradient(&mut self, value: ValueId) -> (Vec<f32>, bool) {
        let held = &self.values[value.0];
        (std::mem::take(&mut self.gradients[held.gradient]), held.has_gradient)
    }

    /// The same where the step can but add: what is there is something, be it zeros.
    pub fn take_sum(&mut self, value: ValueId, images: usize) -> Vec<f32> {
        let (mut gradient, has) = self.take_gradient(value);
        if !has {
            gradient[..images * self.values[value.0].flat.image_len()].fill(0.0);
        }
        gradient
    }

    /// Puts it back, written.
    pub fn put_gradient(&mut self, value: ValueId, gradient: Vec<f32>) {
        let held = &mut self.values[value.0];
        self.gradients[held.gradient] = gradient;
        held.has_gradient = true;
    }

    /// Zeros as a value's gradient, where no step has written one: a loss may not depend on it.
    pub fn settle(&mut self, value: ValueId, images: usize) {
        if !self.values[value.0].has_gradient {
            let gradient = self.take_sum(value, images);
            self.put_gradient(value, gradient);
        }
    }

    /// The buffer of a chunk of images in a grid.
    pub fn chunk(&mut self, grid: &Grid, images: usize) -> usize {
        let len = images * grid.image_len() + SLACK;
        let known = self.chunks.iter().position(|(own, _)| own == grid);
        let at = known.unwrap_or_else(|| {
            self.chunks.push((*grid, Vec::new()));
            self.chunks.len() - 1
        });
        if self.chunks[at].1.len() < len {
            self.chunks[at].1 = vec![0.0; len];
        }
        at
    }

    /// The numbers that a slot's gradient is written to, so many, all of which must be; a step that fills them later takes them out
    /// and puts them back.
    pub fn learn(&mut self, slot: usize, len: usize) -> &mut Vec<f32> {
        let gradient = self.learned[slot].get_or_insert_with(|| Gradient { numbers: Vec::new(), rows: None });
        gradient.numbers.resize(len, 0.0);
        &mut gradient.numbers
    }

    /// The norm that alone reads a value, and leaves its gradient to the step that gives it.
    pub fn deferred(&self, value: ValueId) -> Option<NormId> {
        self.norms.iter().position(|norm| norm.is_deferred && norm.value == value).map(NormId)
    }

    /// Bytes at a batch size: values, gradients, chunks, and what steps hold.
    pub fn bytes(&self, batch: usize) -> u64 {
        let mut gradients = vec![0usize; self.gradients.len()];
        let mut numbers = 0;
        for value in &self.values {
            numbers += batch * value.grid.image_len() + SLACK;
            if value.is_tracked {
                let len = batch * value.flat.image_len() + SLACK;
                gradients[value.gradient] = gradients[value.gradient].max(len);
            }
        }
        let chunks: usize = self.chunks.iter().map(|(_, numbers)| numbers.len()).sum();
        let all = numbers + gradients.iter().sum::<usize>() + chunks;
        4 * all as u64 + self.held.0 * batch as u64 + self.held.1
    }
}

/// Some images of a buffer, to be written.
pub(super) fn from_image<'a>(numbers: &'a mut [f32], grid: &'a Grid, first: usize) -> ImagesMut<'a> {
    ImagesMut { numbers: &mut numbers[first * grid.image_len()..], grid }
}
