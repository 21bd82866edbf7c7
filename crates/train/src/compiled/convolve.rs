//! Convolutions, linear layers and projections of steps.

use super::Step;
use super::store::{NormId, Pass, Store, ValueId, from_image};
use nascent_kernels::Conv2d;
use nascent_kernels::last::Bend;
use nascent_kernels::last::{Convolution, Grid, Images, ImagesMut, Moments, Term};

/// The step.
pub(super) struct Convolve {
    pub x: ValueId,
    pub y: ValueId,
    pub learned: Learned,
    /// The norm that alone reads the output, where there is one.
    pub norm: Option<NormId>,
    kernel: Convolution,
    gradient: Grid,
    bias: Moments,
    /// The weights with their first row, where the slot lacks it.
    whole: Vec<f32>,
}

/// The slots of what a convolution has learned.
#[derive(Clone, Copy)]
pub(super) struct Learned {
    pub weight: usize,
    pub bias: Option<usize>,
    pub layout: Layout,
}

/// How weights lie in their slot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// `[outputs, …]`.
    Outputs,
    /// `[inputs, outputs]`.
    Inputs,
    /// `[outputs - 1, inputs]`: the table of an embedding, in which code 0, whose vector is zero, has no row.
    Table,
}

impl Learned {
    /// Weights in a slot, and in the next one the bias, where there is one.
    pub fn of(weight: usize, has_bias: bool, layout: Layout) -> Self {
        Self { weight, bias: has_bias.then_some(weight + 1), layout }
    }
}

impl Convolve {
    /// The step from one value to another; `chunk` images are worked on together.
    pub fn new(
        store: &mut Store,
        shape: &Conv2d,
        (x, y): (ValueId, ValueId),
        learned: Learned,
        norm: Option<NormId>,
    ) -> Self {
        let (input, output) = (store.values[x.0].grid, store.values[y.0].grid);
        let gradient = Convolution::gradient_grid(shape, store.path);
        let chunk = chunk(&[input, output, gradient]);
        let kernel = Convolution::new(shape, &input, &output, chunk, store.path);
        store.chunk(&gradient, chunk);
        store.held.1 += kernel.bytes() as u64;
        let bias = Moments::new(gradient.pitch);
        let whole = match learned.layout {
            Layout::Table => vec![0.0; shape.outputs * shape.channels],
            Layout::Outputs | Layout::Inputs => Vec::new(),
        };
        store.held.1 += 4 * whole.len() as u64;
        Self { x, y, learned, norm, kernel, gradient, bias, whole }
    }
}

/// Images worked on together: their numbers should stay in a core's own cache, but of small images there must be so many that the
/// sums over their pixels are worth fetching.
pub(super) fn chunk(grids: &[Grid]) -> usize {
    const NUMBERS: usize = 1 << 16;
    const PIXELS: std::ops::Range<usize> = 256..2048;
    let numbers: usize = grids.iter().map(Grid::image_len).sum();
    let pixels = grids.iter().map(Grid::pixels).max().unwrap_or(1).max(1);
    (NUMBERS / numbers.max(1)).max(PIXELS.start / pixels).min(PIXELS.end / pixels).max(1)
}

impl Step for Convolve {
    fn forward(&mut self, pass: &mut Pass<'_>) {
        let is_training = pass.is_training();
        let bias = self.learned.bias.map(|slot| &pass.weights[slot][..]);
        let wants_gradient = is_training && pass.store.values[self.x.0].is_tracked;
        let mut weight = &pass.weights[self.learned.weight][..];
        if self.learned.layout == Layout::Table {
            let first = self.whole.len() - weight.len();
            self.whole[..first].fill(0.0);
            self.whole[first..].copy_from_slice(weight);
            weight = &self.whole;
        }
        let is_linear = self.learned.layout == Layout::Inputs;
        self.kernel.set_weights(weight, bias, is_linear, wants_gradient);
        let mut y = pass.store.take(self.y);
        let grid = pass.store.values[self.y.0].grid;
        for first in (0..pass.images).step_by(self.kernel.chunk()) {
            let images = self.kernel.chunk().min(pass.images - first);
            let to = &mut y[first * grid.image_len()..];
            self.kernel.forward(images, pass.store.images(self.x, first).numbers, to);
            // While they are at hand.
            if let Some(norm) = self.norm.filter(|_| is_training) {
                let seen = Images { numbers: to, grid: &grid };
                if first == 0 {
                    pass.store.begin_norm(norm, seen);
                }
                let path = pass.store.path;
                pass.store.norms[norm.0].moments.add(path, images, seen);
            }
        }
        pass.store.put(self.y, y);
    }

    fn backward(&mut self, pass: &mut Pass<'_>) {
        let source = self.norm.map_or(self.y, |norm| pass.store.norms[norm.0].sum);
        pass.store.settle(source, pass.images);
        let x_is_tracked = pass.store.values[self.x.0].is_tracked;
        let (mut dx, adds) =
            if x_is_tracked { pass.store.take_gradient(self.x) } else { (Vec::new(), false) };
        let at = pass.store.chunk(&self.gradient, self.kernel.chunk());
        let mut dy = std::mem::take(&mut pass.store.chunks[at].1);
        let dx_len = pass.store.values[self.x.0].flat.image_len();
        self.kernel.clear_weight_gradient();
        self.bias.begin(&[]);
        for first in (0..pass.images).step_by(self.kernel.chunk()) {
            let images = self.kernel.chunk().min(pass.images - first);
            let to = from_image(&mut dy, &self.gradient, 0);
            fetch(pass.store, source, self.norm, self.y, (first, images), to);
            let seen = Images { numbers: &dy, grid: &self.gradient };
            if self.learned.bias.is_some() {
                self.bias.add(pass.store.path, images, seen);
            }
            self.kernel.add_weight_gradient(images, pass.store.images(self.x, first).numbers, &dy);
            if x_is_tracked {
                self.kernel.input_gradient(images, &dy, &mut dx[first * dx_len..], adds);
            }
        }
        pass.store.chunks[at].1 = dy;
        if x_is_tracked {
            pass.store.put_gradient(self.x, dx);
        }
        let Learned { weight, bias, layout } = self.learned;
        let len = pass.weights[weight].len();
        let to = pass.store.learn(weight, len);
        if layout == Layout::Table {
            self.kernel.weight_gradient(false, &mut self.whole);
            to.copy_from_slice(&self.whole[self.whole.len() - len..]);
        } else {
            self.kernel.weight_gradient(layout == Layout::Inputs, to);
        }
        if let Some(bias) = bias {
            let to = pass.store.learn(bias, self.gradient.channels);
            to.iter_mut().enumerate().for_each(|(c, to)| *to = self.bias.sums(c).0 as f32);
        }
    }
}

/// The gradient of some images of an output: as it is, or what the norm behind makes of that of its sum.
fn fetch(
    store: &Store,
    source: ValueId,
    norm: Option<NormId>,
    y: ValueId,
    (first, images): (usize, usize),
    to: ImagesMut<'_>,
) {
    let Some(gradient) = store.gradient(source, first) else { return };
    match norm {
        Some(norm) => {
            store.norms[norm.0].affine.apply(store.path, images, gradient, store.images(y, first), to);
        }
        None => {
            let term = Term { images: gradient, factor: None };
            Bend::sum(store.path, images, &[term], None, Some(to), None);
        }
    }
}
