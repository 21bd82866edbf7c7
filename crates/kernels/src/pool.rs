//! The largest value of each window, and where its gradient goes.

/// The shape of a maximum over square windows of `[batch · channels, height, width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool2d {
    /// Images times channels.
    pub planes: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Side of the window, at least 1.
    pub kernel: usize,
    /// Step between windows, at least 1.
    pub stride: usize,
    /// Cells around the image, at most half the window; they never count.
    pub padding: usize,
}

impl MaxPool2d {
    /// Rows and columns of the output.
    #[must_use]
    pub fn output_size(&self) -> (usize, usize) {
        let along = |size: usize| {
            (size + 2 * self.padding).checked_sub(self.kernel).map_or(0, |rest| rest / self.stride + 1)
        };
        (along(self.height), along(self.width))
    }

    /// Calls `f(output, input)` with the position of each output and of the first of its largest inputs.
    #[inline(always)]
    fn winners(&self, x: &[f32], mut f: impl FnMut(usize, usize)) {
        let (height, width) = self.output_size();
        let plane = self.height * self.width;
        // The rows and columns of the image that each window covers.
        let spans = |places: usize, size: usize| -> Vec<(usize, usize)> {
            let from = |at: usize| (at * self.stride).saturating_sub(self.padding);
            let to = |at: usize| (at * self.stride + self.kernel).saturating_sub(self.padding).min(size);
            (0..places).map(|at| (from(at), to(at))).collect()
        };
        let (rows, columns) = (spans(height, self.height), spans(width, self.width));
        for (p, x) in x.chunks_exact(plane).enumerate() {
            for (y, &(top, bottom)) in rows.iter().enumerate() {
                for (z, &(left, right)) in columns.iter().enumerate() {
                    let mut best = top * self.width + left;
                    let mut most = x[best];
                    for row in top..bottom {
                        for at in row * self.width + left..row * self.width + right {
                            // What is not a number wins, as in PyTorch. Which one wins nobody can predict, so that a
                            // branch here would cost more than all the rest.
                            let wins = (x[at] > most) | x[at].is_nan();
                            best = std::hint::select_unpredictable(wins, at, best);
                            most = std::hint::select_unpredictable(wins, x[at], most);
                        }
                    }
                    f((p * height + y) * width + z, p * plane + best);
                }
            }
        }
    }

    /// Takes the largest value of each window, all of `y` being overwritten.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    pub fn forward(&self, x: &[f32], y: &mut [f32]) {
        self.check(x, y);
        self.winners(x, |output, input| y[output] = x[input]);
    }

    /// Computes the gradient of the input, all of `dx` being overwritten: the first largest value of a window gets it.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says.
    pub fn backward(&self, x: &[f32], dy: &[f32], dx: &mut [f32]) {
        self.check(x, dy);
        assert_eq!(x.len(), dx.len());
        dx.fill(0.0);
        self.winners(x, |output, input| dx[input] += dy[output]);
    }

    fn check(&self, x: &[f32], y: &[f32]) {
        let (height, width) = self.output_size();
        assert_eq!(x.len(), self.planes * self.height * self.width);
        assert_eq!(y.len(), self.planes * height * width);
    }
}
