//! Which pixels a window reads: the whole difference between a convolution and the gradient of its input.

use crate::layout::Bordered;

/// Sums over windows of one kind: `out[places[i]] = Σ over taps of in[bases[i] + tap.offset] · weight[tap]`.
///
/// A convolution is one of these; the gradient of its input is one for each residue modulo the stride, because only
/// the taps of that residue reach those pixels.
pub(crate) struct Gather {
    /// Where the window of each pixel starts, in numbers, in one image of the input layout.
    pub bases: Vec<usize>,
    /// Which pixel of one output image each sum belongs to.
    pub places: Vec<usize>,
    /// The taps of the window, by rising offset.
    pub taps: Vec<Tap>,
}

/// One weight of a window.
#[derive(Clone, Copy)]
pub(crate) struct Tap {
    /// How far from the window's start, in numbers.
    pub offset: usize,
    /// Which weight of the kernel, `row · kernel + column`.
    pub weight: usize,
}

/// A window that slides along both axes of an image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    pub dilation: usize,
}

impl Window {
    /// How many places there are along an axis of `size`, or none where the window does not fit.
    pub fn places(&self, size: usize) -> usize {
        let reach = self.dilation * (self.kernel - 1) + 1;
        (size + 2 * self.padding).checked_sub(reach).map_or(0, |rest| rest / self.stride + 1)
    }

    /// The layout that an input of `height × width` needs, for [`Window::forward`].
    pub fn input_layout(&self, (height, width): (usize, usize), pitch: usize) -> Bordered {
        let extent = |size: usize| {
            let reach =
                self.places(size).saturating_sub(1) * self.stride + self.dilation * (self.kernel - 1) + 1;
            reach.max(self.padding + size)
        };
        Bordered { before: self.padding, height: extent(height), width: extent(width), pitch }
    }

    /// The layout that an output needs whose input is `height × width`, for [`Window::backward`].
    pub fn output_layout(&self, (height, width): (usize, usize), pitch: usize) -> Bordered {
        // The first tap's shift back is the largest, and never more than this.
        let before = self.dilation * (self.kernel - 1) / self.stride;
        let extent = |size: usize| {
            let last = (size - 1 + self.padding) / self.stride + 1;
            before + last.max(self.places(size))
        };
        Bordered { before, height: extent(height), width: extent(width), pitch }
    }

    /// What every output pixel reads from the input.
    pub fn forward(&self, (height, width): (usize, usize), input: &Bordered) -> Gather {
        let (out_height, out_width) = (self.places(height), self.places(width));
        let mut gather = Gather { bases: Vec::new(), places: Vec::new(), taps: Vec::new() };
        for y in 0..out_height {
            for x in 0..out_width {
                gather.bases.push((y * input.width + x) * self.stride * input.pitch);
                gather.places.push(y * out_width + x);
            }
        }
        for ky in 0..self.kernel {
            for kx in 0..self.kernel {
                let offset = (ky * input.width + kx) * self.dilation * input.pitch;
                gather.taps.push(Tap { offset, weight: ky * self.kernel + kx });
            }
        }
        gather
    }

    /// What every input pixel's gradient reads from the gradient of the output.
    pub fn backward(&self, (height, width): (usize, usize), output: &Bordered) -> Vec<Gather> {
        let mut gathers = Vec::new();
        for residue_y in 0..self.stride {
            for residue_x in 0..self.stride {
                let (rows, taps_y) = self.residue(residue_y, height, output.before);
                let (columns, taps_x) = self.residue(residue_x, width, output.before);
                let mut gather = Gather { bases: Vec::new(), places: Vec::new(), taps: Vec::new() };
                for &(y, from_y) in &rows {
                    for &(x, from_x) in &columns {
                        gather.bases.push((from_y * output.width + from_x) * output.pitch);
                        gather.places.push(y * width + x);
                    }
                }
                for &(ky, shift_y) in &taps_y {
                    for &(kx, shift_x) in &taps_x {
                        let offset = (shift_y * output.width + shift_x) * output.pitch;
                        gather.taps.push(Tap { offset, weight: ky * self.kernel + kx });
                    }
                }
                gather.taps.sort_by_key(|t| t.offset);
                gathers.push(gather);
            }
        }
        gathers
    }

    /// Along one axis: the pixels whose padded position leaves this residue, each with where its window starts, and the
    /// taps that reach them, each with its shift from that start.
    #[allow(clippy::type_complexity)]
    fn residue(
        &self,
        residue: usize,
        size: usize,
        before: usize,
    ) -> (Vec<(usize, usize)>, Vec<(usize, usize)>) {
        let reaching = (0..self.kernel).filter(|k| k * self.dilation % self.stride == residue);
        let back = |k: usize| (k * self.dilation - residue) / self.stride;
        let furthest = reaching.clone().map(back).max().unwrap_or(0);
        let pixels = (0..size).filter(|p| (p + self.padding) % self.stride == residue);
        let starts = pixels.map(|p| (p, (p + self.padding - residue) / self.stride + before - furthest));
        (starts.collect(), reaching.map(|k| (k, furthest - back(k))).collect())
    }
}
