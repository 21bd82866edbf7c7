//! Two-dimensional convolution and its gradients.
//!
//! A few images at a time are laid out with channels side by side, so that a window is a few stretches of memory, and
//! are multiplied from where they lie: no matrix of windows is written (Dukhan 2019, arXiv:1907.02129). The gradient
//! of the input is the same sum over other windows; the gradient of the weights sums over pixels.

use crate::depthwise;
use crate::gather::{Axis, Gather, Window};
use crate::lanes::{Lanes, Path, Work};
use crate::layout::{Bordered, Part};
use crate::tile::{Panel, Products, Run, SLACK, Sums, panels, runs};

/// The shape of a convolution. Pairs are for rows and columns: a sequence is an image of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Images.
    pub batch: usize,
    /// Channels of an input image.
    pub channels: usize,
    /// Rows of an input image.
    pub height: usize,
    /// Columns of an input image.
    pub width: usize,
    /// Channels of an output image.
    pub outputs: usize,
    /// Taps of the kernel, at least 1.
    pub kernel: [usize; 2],
    /// Step between windows, at least 1.
    pub stride: [usize; 2],
    /// Zeros at both ends.
    pub padding: [usize; 2],
    /// Distance between taps, at least 1.
    pub dilation: [usize; 2],
    /// Groups of channels that do not mix; divides `channels` and `outputs`.
    pub groups: usize,
}

/// Memory that is kept from call to call.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    pub(crate) input: Vec<f32>,
    pub(crate) gradient: Vec<f32>,
    pub(crate) sums: Vec<f32>,
    pub(crate) weights: Vec<f32>,
    pub(crate) weight_sums: Vec<f32>,
    pub(crate) pixels: Vec<[u32; 2]>,
}

/// `len` zeros.
pub(crate) fn zeros(buffer: &mut Vec<f32>, len: usize) -> &mut [f32] {
    buffer.clear();
    buffer.resize(len, 0.0);
    buffer
}

/// Numbers of images and sums that are worked on together: they should stay in a core's own cache.
const CHUNK: usize = 1 << 16;

impl Conv2d {
    /// Rows and columns of an output image.
    #[must_use]
    pub fn output_size(&self) -> (usize, usize) {
        let Window { rows, columns } = self.window();
        (rows.places(), columns.places())
    }

    /// Numbers in the input.
    #[must_use]
    pub fn input_len(&self) -> usize {
        self.batch * self.channels * self.height * self.width
    }

    /// Numbers in the output.
    #[must_use]
    pub fn output_len(&self) -> usize {
        let (height, width) = self.output_size();
        self.batch * self.outputs * height * width
    }

    /// Numbers in the weights, `[outputs, channels / groups, rows, columns]`.
    #[must_use]
    pub fn weight_len(&self) -> usize {
        self.outputs * self.channels / self.groups * self.taps()
    }

    /// Whether each channel is a group of its own, with one output.
    #[must_use]
    pub fn is_depthwise(&self) -> bool {
        self.groups == self.channels && self.groups == self.outputs && self.groups > 1
    }

    /// Computes `y = x ∗ weight + bias`, all of `y` being overwritten.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    pub fn forward(
        &self,
        path: Path,
        x: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        y: &mut [f32],
        scratch: &mut Scratch,
    ) {
        assert_eq!(
            (x.len(), y.len(), weight.len()),
            (self.input_len(), self.output_len(), self.weight_len())
        );
        assert!(bias.is_none_or(|b| b.len() == self.outputs));
        if y.is_empty() {
            return;
        }
        if self.is_depthwise() {
            path.run(depthwise::Forward { shape: self, x, weight, bias, y, scratch });
        } else {
            path.run(Forward { shape: self, x, weight, bias, y, scratch });
        }
    }

    /// Computes the gradient of the input from that of the output, all of `dx` being overwritten.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    pub fn input_gradient(
        &self,
        path: Path,
        weight: &[f32],
        dy: &[f32],
        dx: &mut [f32],
        scratch: &mut Scratch,
    ) {
        assert_eq!(
            (dx.len(), dy.len(), weight.len()),
            (self.input_len(), self.output_len(), self.weight_len())
        );
        if dy.is_empty() {
            dx.fill(0.0);
        } else if self.is_depthwise() {
            path.run(depthwise::InputGradient { shape: self, weight, dy, dx, scratch });
        } else {
            path.run(InputGradient { shape: self, weight, dy, dx, scratch });
        }
    }

    /// Computes the gradient of the weights from that of the output, all of `dweight` being overwritten.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    pub fn weight_gradient(
        &self,
        path: Path,
        x: &[f32],
        dy: &[f32],
        dweight: &mut [f32],
        scratch: &mut Scratch,
    ) {
        assert_eq!(
            (x.len(), dy.len(), dweight.len()),
            (self.input_len(), self.output_len(), self.weight_len())
        );
        if dy.is_empty() {
            dweight.fill(0.0);
        } else if self.is_depthwise() {
            path.run(depthwise::WeightGradient { shape: self, x, dy, dweight, scratch });
        } else {
            path.run(WeightGradient { shape: self, x, dy, dweight, scratch });
        }
    }

    pub(crate) fn window(&self) -> Window {
        let axis = |size, i: usize| Axis {
            size,
            kernel: self.kernel[i],
            stride: self.stride[i],
            padding: self.padding[i],
            dilation: self.dilation[i],
        };
        Window { rows: axis(self.height, 0), columns: axis(self.width, 1) }
    }

    pub(crate) fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Channels of group `group`, on the side of the input.
    pub(crate) fn input_part(&self, group: usize, channels: usize) -> Part {
        Part { all: self.channels, first: group * channels, channels, height: self.height, width: self.width }
    }

    /// Channels of group `group`, on the side of the output.
    pub(crate) fn output_part(&self, group: usize, channels: usize) -> Part {
        let (height, width) = self.output_size();
        Part { all: self.outputs, first: group * channels, channels, height, width }
    }

    /// Images worked on together where one takes `len` numbers in all.
    pub(crate) fn images(&self, len: usize) -> usize {
        (CHUNK / len.max(1)).clamp(1, self.batch)
    }
}

struct Forward<'a> {
    shape: &'a Conv2d,
    x: &'a [f32],
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
    y: &'a mut [f32],
    scratch: &'a mut Scratch,
}

/// Writes a group's weights as the panels of a gather want them.
///
/// `at(weight, input, output)` says where the number is; inputs and outputs are those of the gather.
#[inline(always)]
fn pack_weights<L: Lanes>(
    gather: &Gather,
    (inputs, outputs): (usize, usize),
    panels: &[Panel],
    weight: &[f32],
    at: impl Fn(usize, usize, usize) -> usize,
    to: &mut Vec<f32>,
) {
    to.clear();
    for panel in panels {
        let width = panel.vectors * L::WIDTH;
        for tap in &gather.taps {
            for input in 0..inputs {
                for output in panel.first..panel.first + width {
                    to.push(if output < outputs { weight[at(tap.weight, input, output)] } else { 0.0 });
                }
            }
        }
    }
}

impl Work for Forward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, x, weight, bias, y, scratch } = self;
        let (inputs, outputs) = (shape.channels / shape.groups, shape.outputs / shape.groups);
        let pitch = outputs.next_multiple_of(L::WIDTH);
        let layout = shape.window().input_layout(inputs);
        let gather = shape.window().forward(&layout);
        let (taps, runs, panels) = (shape.taps(), runs(&gather.taps, inputs), panels(L::WIDTH, outputs));
        let pixels = gather.places.len();
        let chunk = shape.images(layout.len() + pixels * pitch);
        let (x_len, y_len) = (x.len() / shape.batch, y.len() / shape.batch);
        let input = zeros(&mut scratch.input, chunk * layout.len() + SLACK);
        let sums = zeros(&mut scratch.sums, chunk * pixels * pitch);
        for group in 0..shape.groups {
            let at = |tap: usize, i: usize, o: usize| ((group * outputs + o) * inputs + i) * taps + tap;
            pack_weights::<L>(&gather, (inputs, outputs), &panels, weight, at, &mut scratch.weights);
            for (x, y) in x.chunks(chunk * x_len).zip(y.chunks_mut(chunk * y_len)) {
                let images = x.len() / x_len;
                shape.input_part(group, inputs).pack::<L>(x, &layout, input);
                let mut sum = Sums {
                    input,
                    image_len: layout.len(),
                    images,
                    gather: &gather,
                    runs: &runs,
                    output: sums,
                    pitch,
                    pixels,
                };
                all_panels::<L>(&mut sum, &panels, inputs * taps, &scratch.weights);
                shape.output_part(group, outputs).unpack::<L>(sums, pitch, bias, y);
            }
        }
    }
}

#[inline(always)]
fn all_panels<L: Lanes>(sums: &mut Sums<'_>, panels: &[Panel], rows: usize, weights: &[f32]) {
    let mut at = 0;
    for panel in panels {
        sums.panel::<L>(*panel, &weights[at..]);
        at += rows * panel.vectors * L::WIDTH;
    }
}

struct WeightGradient<'a> {
    shape: &'a Conv2d,
    x: &'a [f32],
    dy: &'a [f32],
    dweight: &'a mut [f32],
    scratch: &'a mut Scratch,
}

impl Work for WeightGradient<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, x, dy, dweight, scratch } = self;
        let (inputs, outputs) = (shape.channels / shape.groups, shape.outputs / shape.groups);
        let pitch = outputs.next_multiple_of(L::WIDTH);
        let layout = shape.window().input_layout(inputs);
        let gather = shape.window().forward(&layout);
        let (taps, runs, panels) = (shape.taps(), runs(&gather.taps, inputs), panels(L::WIDTH, outputs));
        let (height, width) = shape.output_size();
        let plain = Bordered { before: (0, 0), height, width, pitch };
        let chunk = shape.images(layout.len() + plain.len());
        let (x_len, dy_len) = (x.len() / shape.batch, dy.len() / shape.batch);
        let input = zeros(&mut scratch.input, chunk * layout.len() + SLACK);
        let gradient = zeros(&mut scratch.gradient, chunk * plain.len());
        for group in 0..shape.groups {
            let sums = zeros(&mut scratch.weight_sums, inputs * taps * pitch);
            for (x, dy) in x.chunks(chunk * x_len).zip(dy.chunks(chunk * dy_len)) {
                shape.input_part(group, inputs).pack::<L>(x, &layout, input);
                shape.output_part(group, outputs).pack::<L>(dy, &plain, gradient);
                pixel_pairs(&gather, x.len() / x_len, (layout.len(), &plain), &mut scratch.pixels);
                let pixels = &scratch.pixels;
                let mut products = Products { input, gradient, pixels, runs: &runs, output: sums, pitch };
                products.panels::<L>(&panels);
            }
            for (t, tap) in gather.taps.iter().enumerate() {
                for i in 0..inputs {
                    let row = &sums[(t * inputs + i) * pitch..];
                    for o in 0..outputs {
                        dweight[((group * outputs + o) * inputs + i) * taps + tap.weight] = row[o];
                    }
                }
            }
        }
    }
}

struct InputGradient<'a> {
    shape: &'a Conv2d,
    weight: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
    scratch: &'a mut Scratch,
}

impl Work for InputGradient<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { shape, weight, dy, dx, scratch } = self;
        let (inputs, outputs) = (shape.channels / shape.groups, shape.outputs / shape.groups);
        let pitch = inputs.next_multiple_of(L::WIDTH);
        let layout = shape.window().output_layout(outputs);
        let gathers = shape.window().backward(&layout);
        let (taps, panels) = (shape.taps(), panels(L::WIDTH, inputs));
        let pixels = shape.height * shape.width;
        let chunk = shape.images(layout.len() + pixels * pitch);
        let (dx_len, dy_len) = (dx.len() / shape.batch, dy.len() / shape.batch);
        let gradient = zeros(&mut scratch.gradient, chunk * layout.len() + SLACK);
        let sums = zeros(&mut scratch.sums, chunk * pixels * pitch);
        let runs: Vec<Vec<Run>> = gathers.iter().map(|g| runs(&g.taps, outputs)).collect();
        for group in 0..shape.groups {
            let at = |tap: usize, o: usize, i: usize| ((group * outputs + o) * inputs + i) * taps + tap;
            let packed: Vec<Vec<f32>> = gathers
                .iter()
                .map(|gather| {
                    let mut packed = Vec::new();
                    pack_weights::<L>(gather, (outputs, inputs), &panels, weight, at, &mut packed);
                    packed
                })
                .collect();
            for (dy, dx) in dy.chunks(chunk * dy_len).zip(dx.chunks_mut(chunk * dx_len)) {
                shape.output_part(group, outputs).pack::<L>(dy, &layout, gradient);
                for ((gather, runs), weights) in gathers.iter().zip(&runs).zip(&packed) {
                    let rows = gather.taps.len() * outputs;
                    let mut sum = Sums {
                        input: gradient,
                        image_len: layout.len(),
                        images: dx.len() / dx_len,
                        gather,
                        runs,
                        output: sums,
                        pitch,
                        pixels,
                    };
                    all_panels::<L>(&mut sum, &panels, rows, weights);
                }
                shape.input_part(group, inputs).unpack::<L>(sums, pitch, None, dx);
            }
        }
    }
}

/// Where each output pixel's window starts, and where its gradient does, in all images of a chunk.
pub(crate) fn pixel_pairs(
    gather: &Gather,
    images: usize,
    (image_len, plain): (usize, &Bordered),
    pairs: &mut Vec<[u32; 2]>,
) {
    pairs.clear();
    for image in 0..images {
        let starts = gather.bases.iter().zip(&gather.places);
        pairs.extend(starts.map(|(base, place)| {
            // A chunk has far fewer numbers than 2^32: it should stay in a core's cache, or is a single image.
            [image * image_len + base, image * plain.len() + place * plain.pitch].map(|at| at as u32)
        }));
    }
}
