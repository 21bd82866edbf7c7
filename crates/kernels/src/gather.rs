//! Which pixels a window reads: the whole difference between a convolution and the gradient of its input.

use crate::layout::Bordered;

/// Sums over windows of one kind: `out[places[i]] = Σ over taps of in[bases[i] + tap.offset] · weight[tap]`.
///
/// A convolution is one of these; the gradient of its input is one for each residue modulo the stride, because only
/// the taps of that residue reach those pixels.
#[derive(Clone, Debug)]
pub(crate) struct Gather {
    /// Where the window of each pixel starts, in numbers, in one image of the input layout.
    pub bases: Vec<usize>,
    /// Which pixel of one output image each sum belongs to.
    pub places: Vec<usize>,
    /// The taps of the window, by rising offset.
    pub taps: Vec<Tap>,
}

/// One weight of a window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tap {
    /// How far from the window's start, in numbers.
    pub offset: usize,
    /// Which weight of the kernel, `row · columns + column`.
    pub weight: usize,
}

/// One axis of an image, and how a window slides along it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    pub size: usize,
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    pub dilation: usize,
}

impl Axis {
    /// From a window's first tap to its last, both counted.
    fn reach(&self) -> usize {
        self.dilation * (self.kernel - 1) + 1
    }

    /// How many places there are, or none where the window does not fit.
    pub fn places(&self) -> usize {
        (self.size + 2 * self.padding).checked_sub(self.reach()).map_or(0, |rest| rest / self.stride + 1)
    }

    /// Where the axis ends in the layout that [`Window::forward`] needs.
    pub fn input_extent(&self) -> usize {
        let windows = self.places().saturating_sub(1) * self.stride + self.reach();
        windows.max(self.padding + self.size)
    }

    /// How far back a tap can shift in the layout that [`Window::backward`] needs: the first tap's is the largest, and
    /// never more than this.
    fn output_before(&self) -> usize {
        self.dilation * (self.kernel - 1) / self.stride
    }

    /// Where the axis ends in the layout that [`Window::backward`] needs.
    fn output_extent(&self) -> usize {
        let last = (self.size - 1 + self.padding) / self.stride + 1;
        self.output_before() + last.max(self.places())
    }

    /// The pixels whose padded position leaves this residue, each with where its window starts, and the taps that reach
    /// them, each with its shift from that start.
    #[allow(clippy::type_complexity)]
    fn residue(&self, residue: usize) -> (Vec<(usize, usize)>, Vec<(usize, usize)>) {
        let before = self.output_before();
        let reaching = (0..self.kernel).filter(|k| k * self.dilation % self.stride == residue);
        let back = |k: usize| (k * self.dilation - residue) / self.stride;
        let furthest = reaching.clone().map(back).max().unwrap_or(0);
        let pixels = (0..self.size).filter(|p| (p + self.padding) % self.stride == residue);
        let starts = pixels.map(|p| (p, (p + self.padding - residue) / self.stride + before - furthest));
        (starts.collect(), reaching.map(|k| (k, furthest - back(k))).collect())
    }
}

/// A window that slides along both axes of an image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub rows: Axis,
    pub columns: Axis,
}

impl Window {
    /// The layout that an input needs, for [`Window::forward`].
    pub fn input_layout(&self, pitch: usize) -> Bordered {
        let Self { rows, columns } = self;
        let (height, width) = (rows.input_extent(), columns.input_extent());
        Bordered { before: (rows.padding, columns.padding), height, width, pitch }
    }

    /// The layout that an output needs, for [`Window::backward`].
    pub fn output_layout(&self, pitch: usize) -> Bordered {
        let Self { rows, columns } = self;
        let (height, width) = (rows.output_extent(), columns.output_extent());
        Bordered { before: (rows.output_before(), columns.output_before()), height, width, pitch }
    }

    /// What every output pixel reads from the input.
    pub fn forward(&self, input: &Bordered) -> Gather {
        let Self { rows, columns } = self;
        let (out_height, out_width) = (rows.places(), columns.places());
        let mut gather = Gather { bases: Vec::new(), places: Vec::new(), taps: Vec::new() };
        for y in 0..out_height {
            for x in 0..out_width {
                gather.bases.push((y * rows.stride * input.width + x * columns.stride) * input.pitch);
                gather.places.push(y * out_width + x);
            }
        }
        for ky in 0..rows.kernel {
            for kx in 0..columns.kernel {
                let offset = (ky * rows.dilation * input.width + kx * columns.dilation) * input.pitch;
                gather.taps.push(Tap { offset, weight: ky * columns.kernel + kx });
            }
        }
        gather
    }

    /// What every input pixel's gradient reads from the gradient of the output.
    pub fn backward(&self, output: &Bordered) -> Vec<Gather> {
        let Self { rows, columns } = self;
        let mut gathers = Vec::new();
        for residue_y in 0..rows.stride {
            for residue_x in 0..columns.stride {
                let (pixels_y, taps_y) = rows.residue(residue_y);
                let (pixels_x, taps_x) = columns.residue(residue_x);
                let mut gather = Gather { bases: Vec::new(), places: Vec::new(), taps: Vec::new() };
                for &(y, from_y) in &pixels_y {
                    for &(x, from_x) in &pixels_x {
                        gather.bases.push((from_y * output.width + from_x) * output.pitch);
                        gather.places.push(y * columns.size + x);
                    }
                }
                for &(ky, shift_y) in &taps_y {
                    for &(kx, shift_x) in &taps_x {
                        let offset = (shift_y * output.width + shift_x) * output.pitch;
                        gather.taps.push(Tap { offset, weight: ky * columns.kernel + kx });
                    }
                }
                gather.taps.sort_by_key(|t| t.offset);
                gathers.push(gather);
            }
        }
        gathers
    }
}
