use super::grid::Grid;
use super::tile::{Begin, Pairs, Windows};
use crate::convolution::Conv2d;
use crate::depthwise::{correlate, slide};
use crate::gather::{Gather, Tap, Window};
use crate::lanes::{Lanes, Path, Work};
use crate::layout::Bordered;
use crate::tile::{Panel, Products, Run, panels, runs};

/// A convolution of images that lie where they are, with its gradients: the windows are multiplied in place.
///
/// A linear layer is one with windows of one pixel. Channels mix all or not at all ([`Convolution::fits`]).
///
/// Its weights are laid out once for all images of a batch ([`Convolution::set_weights`]), and its gradients are summed up over chunks
/// of images ([`Convolution::add_weight_gradient`]) before they are asked for.
#[derive(Clone, Debug)]
pub struct Convolution {
    shape: Conv2d,
    path: Path,
    output: Grid,
    gradient: Grid,
    chunk: usize,
    forward: Sums,
    backward: Vec<Sums>,
    /// Windows of the input, pixels of the gradient.
    learning: Pairs,
    bias: Vec<f32>,
    has_bias: bool,
    /// `[numbers of all runs, pitch]`, or `[taps, pitch]` where channels do not mix.
    weight_sums: Vec<f32>,
}

/// Sums over windows of one kind.
#[derive(Clone, Debug)]
struct Sums {
    pairs: Pairs,
    taps: Vec<Tap>,
    runs: Vec<Run>,
    panels: Vec<Panel>,
    /// As the panels want them, or `[taps, pitch]` where channels do not mix.
    weights: Vec<f32>,
}

impl Convolution {
    /// Whether such a convolution can be computed here: all channels mix, or none do.
    #[must_use]
    pub fn fits(shape: &Conv2d) -> bool {
        shape.groups == 1 || shape.is_depthwise()
    }

    /// The border that input images need, before and after.
    #[must_use]
    pub fn border(shape: &Conv2d) -> ([usize; 2], [usize; 2]) {
        let Window { rows, columns } = shape.window();
        let after = |axis: &crate::gather::Axis| axis.input_extent() - axis.padding - axis.size;
        (shape.padding, [after(&rows), after(&columns)])
    }

    /// The grid that gradients of the output must lie in, to be read here.
    #[must_use]
    pub fn gradient_grid(shape: &Conv2d, path: Path) -> Grid {
        let pitch = path.pitch(shape.outputs);
        let (height, width) = shape.output_size();
        let layout = shape.window().output_layout(pitch);
        let before = [layout.before.0, layout.before.1];
        let after = [layout.height - before[0] - height, layout.width - before[1] - width];
        Grid { height, width, channels: shape.outputs, pitch, before, after }
    }

    /// A convolution of one shape, whose batch does not count, from images in one grid to images in another, `chunk` of them at most at a time.
    ///
    /// # Panics
    /// Where the grids are not of the shape's images, the input's border is too small, or a pitch is none of the path's.
    #[must_use]
    pub fn new(shape: &Conv2d, input: &Grid, output: &Grid, chunk: usize, path: Path) -> Self {
        assert!(Self::fits(shape), "groups of channels");
        let gradient = Self::gradient_grid(shape, path);
        let (before, after) = Self::border(shape);
        assert!(
            (0..2).all(|i| input.before[i] >= before[i] && input.after[i] >= after[i]),
            "the border is too small"
        );
        assert_eq!((input.height, input.width, input.channels), (shape.height, shape.width, shape.channels));
        assert_eq!(
            (output.height, output.width, output.channels),
            (gradient.height, gradient.width, shape.outputs)
        );
        assert!(output.pitch == gradient.pitch && (!shape.is_depthwise() || input.pitch == output.pitch));
        let is_depthwise = shape.is_depthwise();
        // Where channels do not mix each tap has one row of weights, also those that other residues see.
        let rows = |taps: usize, inputs: usize| if is_depthwise { shape.taps() } else { taps * inputs };
        let window = shape.window();
        // Window::forward counts from a layout whose border is the padding.
        let shift = input.at(0, 0) - (shape.padding[0] * input.row_len() + shape.padding[1] * input.pitch);
        let layout = |grid: &Grid| Bordered {
            before: (grid.before[0], grid.before[1]),
            height: grid.image_len() / grid.row_len().max(1),
            width: grid.row_len() / grid.pitch,
            pitch: grid.pitch,
        };
        let forward = window.forward(&layout(input));
        let windows: Vec<usize> = forward.bases.iter().map(|base| base + shift).collect();
        let place = |grid: &Grid, pixel: usize| grid.at(pixel / grid.width, pixel % grid.width);
        let pairs = |to: &Grid| -> Vec<[usize; 2]> {
            windows.iter().zip(&forward.places).map(|(base, pixel)| [*base, place(to, *pixel)]).collect()
        };
        let lens = [input.image_len(), output.image_len()];
        let learning = Pairs::new(&pairs(&gradient), chunk, [lens[0], gradient.image_len()]);
        let forward_pairs = Pairs::new(&pairs(output), chunk, lens);
        let plain = Grid {
            pitch: path.pitch(shape.channels),
            ..Grid::plain(shape.height, shape.width, shape.channels, 0)
        };
        let backward = window.backward(&layout(&gradient)).into_iter().map(|gather| {
            let one: Vec<[usize; 2]> = gather
                .bases
                .iter()
                .zip(&gather.places)
                .map(|(base, pixel)| [*base, place(&plain, *pixel)])
                .collect();
            let pairs = Pairs::new(&one, chunk, [gradient.image_len(), plain.image_len()]);
            let rows = rows(gather.taps.len(), shape.outputs);
            Sums::new(pairs, gather, (rows, shape.outputs, shape.channels), path)
        });
        let backward = backward.collect();
        let rows = rows(shape.taps(), shape.channels);
        let forward = Sums::new(forward_pairs, forward, (rows, shape.channels, shape.outputs), path);
        Self {
            weight_sums: vec![0.0; rows * gradient.pitch],
            bias: vec![0.0; gradient.pitch],
            has_bias: false,
            shape: *shape,
            path,
            output: *output,
            gradient,
            chunk,
            forward,
            backward,
            learning,
        }
    }

    /// The grid of input gradients: without a border.
    #[must_use]
    pub fn input_gradient_grid(&self) -> Grid {
        let Conv2d { height, width, channels, .. } = self.shape;
        Grid::plain(height, width, channels, self.path.pitch(channels))
    }

    /// How many images are worked on together, at most.
    #[must_use]
    pub fn chunk(&self) -> usize {
        self.chunk
    }

    /// Lays out weights, `[outputs, channels / groups, rows, columns]`, or `[channels, outputs]` where `is_linear`; `for_gradients` says whether gradients of the input will be
    /// asked for.
    ///
    /// # Panics
    /// Where there are not as many as the shape says.
    pub fn set_weights(
        &mut self,
        weight: &[f32],
        bias: Option<&[f32]>,
        is_linear: bool,
        for_gradients: bool,
    ) {
        assert_eq!(weight.len(), self.shape.weight_len());
        assert!(bias.is_none_or(|bias| bias.len() == self.shape.outputs));
        self.has_bias = bias.is_some();
        if let Some(bias) = bias {
            self.bias[..bias.len()].copy_from_slice(bias);
        }
        let (taps, inputs, outputs) = (self.shape.taps(), self.shape.channels, self.shape.outputs);
        if self.shape.is_depthwise() {
            for sums in
                std::iter::once(&mut self.forward).chain(self.backward.iter_mut().filter(|_| for_gradients))
            {
                for (c, kernel) in weight.chunks_exact(taps).enumerate() {
                    for (tap, x) in kernel.iter().enumerate() {
                        sums.weights[tap * self.output.pitch + c] = *x;
                    }
                }
            }
            return;
        }
        // How far it is from tap to tap, input to input, and output to output.
        let [tap, input, output] = if is_linear { [0, outputs, 1] } else { [1, taps, inputs * taps] };
        let width = self.path.width();
        self.forward.pack((inputs, outputs), width, weight, [tap, input, output]);
        for sums in self.backward.iter_mut().filter(|_| for_gradients) {
            sums.pack((outputs, inputs), width, weight, [tap, output, input]);
        }
    }

    /// Computes the output of some images.
    ///
    /// # Panics
    /// Where there are more images than a chunk has, or fewer numbers than they need; the input must have [`super::SLACK`] more.
    pub fn forward(&self, images: usize, x: &[f32], y: &mut [f32]) {
        assert!(images <= self.chunk);
        let begin = if self.has_bias { Begin::With(&self.bias) } else { Begin::Zero };
        let pitch = self.output.pitch;
        self.path.run(Slide {
            sums: &self.forward,
            images,
            pitch,
            is_depthwise: self.shape.is_depthwise(),
            x,
            y,
            begin,
        });
    }

    /// Computes the gradient of some input images, or adds it to what is there, from that of the output.
    ///
    /// # Panics
    /// As [`Convolution::forward`]; `dy` must lie in [`Convolution::gradient_grid`] and have [`super::SLACK`] more, `dx` in
    /// [`Convolution::input_gradient_grid`].
    pub fn input_gradient(&self, images: usize, dy: &[f32], dx: &mut [f32], adds: bool) {
        assert!(images <= self.chunk);
        let begin = if adds { Begin::There } else { Begin::Zero };
        let pitch = self.path.pitch(self.shape.channels);
        for sums in &self.backward {
            // Pixels that no tap reaches get nothing.
            if adds && sums.taps.is_empty() {
                continue;
            }
            let is_depthwise = self.shape.is_depthwise();
            self.path.run(Slide { sums, images, pitch, is_depthwise, x: dy, y: dx, begin });
        }
    }

    /// Forgets the gradient of the weights.
    pub fn clear_weight_gradient(&mut self) {
        self.weight_sums.fill(0.0);
    }

    /// Adds to the gradient of the weights what some images teach.
    ///
    /// # Panics
    /// As [`Convolution::input_gradient`].
    pub fn add_weight_gradient(&mut self, images: usize, x: &[f32], dy: &[f32]) {
        assert!(images <= self.chunk);
        let pitch = self.gradient.pitch;
        let Self { forward, learning, weight_sums, path, .. } = self;
        let is_depthwise = self.shape.is_depthwise();
        path.run(Learn {
            sums: forward,
            pairs: learning,
            images,
            x,
            dy,
            output: weight_sums,
            pitch,
            is_depthwise,
        });
    }

    /// The gradient of the weights, in their own order, all of `to` being overwritten.
    ///
    /// # Panics
    /// Where `to` has another length than the weights.
    pub fn weight_gradient(&self, is_linear: bool, to: &mut [f32]) {
        assert_eq!(to.len(), self.shape.weight_len());
        let (taps, inputs, outputs) = (self.shape.taps(), self.shape.channels, self.shape.outputs);
        let pitch = self.gradient.pitch;
        if self.shape.is_depthwise() {
            for (c, kernel) in to.chunks_exact_mut(taps).enumerate() {
                kernel.iter_mut().enumerate().for_each(|(tap, x)| *x = self.weight_sums[tap * pitch + c]);
            }
            return;
        }
        if is_linear {
            for (to, sums) in to.chunks_exact_mut(outputs).zip(self.weight_sums.chunks_exact(pitch)) {
                to.copy_from_slice(&sums[..outputs]);
            }
            return;
        }
        for (t, tap) in self.forward.taps.iter().enumerate() {
            for i in 0..inputs {
                let row = &self.weight_sums[(t * inputs + i) * pitch..][..outputs];
                for (o, sum) in row.iter().enumerate() {
                    to[(o * inputs + i) * taps + tap.weight] = *sum;
                }
            }
        }
    }

    /// Bytes that are held here: weights as they are laid out, their gradient, and where windows lie.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let sums = std::iter::once(&self.forward).chain(&self.backward);
        let own: usize = sums.map(|s| 4 * s.weights.len() + s.pairs.bytes()).sum();
        own + self.learning.bytes() + 4 * self.weight_sums.len()
    }
}

impl Sums {
    fn new(pairs: Pairs, gather: Gather, (rows, inputs, outputs): (usize, usize, usize), path: Path) -> Self {
        let runs = runs(&gather.taps, inputs);
        Self {
            pairs,
            runs,
            panels: panels(path.width(), outputs),
            weights: vec![0.0; rows * path.pitch(outputs)],
            taps: gather.taps,
        }
    }

    /// Lays out weights; `steps` are how far it is from tap to tap, from input to input, and from output to output.
    fn pack(&mut self, (inputs, outputs): (usize, usize), width: usize, weight: &[f32], steps: [usize; 3]) {
        let mut at = 0;
        for panel in &self.panels {
            let columns = panel.vectors * width;
            let live = columns.min(outputs - panel.first);
            for tap in &self.taps {
                let start = tap.weight * steps[0] + panel.first * steps[2];
                for (input, to) in self.weights[at..].chunks_exact_mut(columns).take(inputs).enumerate() {
                    let from = &weight[start + input * steps[1]..];
                    if steps[2] == 1 {
                        to[..live].copy_from_slice(&from[..live]);
                    } else {
                        to[..live].iter_mut().zip(from.iter().step_by(steps[2])).for_each(|(to, x)| *to = *x);
                    }
                }
                at += inputs * columns;
            }
        }
    }
}

/// Sums over the windows of some images.
struct Slide<'a> {
    sums: &'a Sums,
    images: usize,
    pitch: usize,
    is_depthwise: bool,
    x: &'a [f32],
    y: &'a mut [f32],
    begin: Begin<'a>,
}

impl Work for Slide<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { sums, images, pitch, is_depthwise, x, y, begin } = self;
        let Sums { pairs, taps, runs, panels, weights } = sums;
        if is_depthwise {
            slide::<L>(x, pairs.of(images).0, taps, weights, pitch, begin, y);
        } else {
            Windows { input: x, images, pairs, runs, begin, output: y }.panels::<L>(panels, weights);
        }
    }
}

/// Sums over the pixels of some images.
struct Learn<'a> {
    sums: &'a Sums,
    pairs: &'a Pairs,
    images: usize,
    x: &'a [f32],
    dy: &'a [f32],
    output: &'a mut [f32],
    pitch: usize,
    is_depthwise: bool,
}

/// Taps that are looked at together.
const TAPS: usize = crate::depthwise::ROWS;

impl Work for Learn<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { sums, pairs, images, x, dy, output, pitch, is_depthwise } = self;
        let (pixels, _) = pairs.of(images);
        if !is_depthwise {
            let runs = &sums.runs;
            Products { input: x, gradient: dy, pixels, runs, output, pitch }.panels::<L>(&sums.panels);
            return;
        }
        for (t, taps) in sums.taps.chunks(TAPS).enumerate() {
            let taps: &[Tap] = taps;
            for c in (0..pitch).step_by(L::WIDTH) {
                correlate::<L>(&x[c..], &dy[c..], pixels, taps, pitch, &mut output[t * TAPS * pitch + c..]);
            }
        }
    }
}
