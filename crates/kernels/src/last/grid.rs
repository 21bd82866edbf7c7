/// How images lie: pixel by pixel, the channels of a pixel side by side, a border of zeros around each image.
///
/// A sequence is an image of one row, a vector of features an image of one pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Rows without the border.
    pub height: usize,
    /// Columns without the border.
    pub width: usize,
    /// Channels of a pixel.
    pub channels: usize,
    /// Numbers that a pixel takes; what stands behind its channels means nothing.
    pub pitch: usize,
    /// Rows of zeros above an image, and columns of zeros left of it.
    pub before: [usize; 2],
    /// Rows of zeros below an image, and columns of zeros right of it.
    pub after: [usize; 2],
}

impl Grid {
    /// Images without a border.
    #[must_use]
    pub fn plain(height: usize, width: usize, channels: usize, pitch: usize) -> Self {
        Self { height, width, channels, pitch, before: [0; 2], after: [0; 2] }
    }

    /// Numbers that an image takes, border included.
    #[must_use]
    pub fn image_len(&self) -> usize {
        (self.before[0] + self.height + self.after[0]) * self.row_len()
    }

    /// Numbers from a row to the next.
    #[must_use]
    pub fn row_len(&self) -> usize {
        (self.before[1] + self.width + self.after[1]) * self.pitch
    }

    /// Pixels of an image without the border.
    #[must_use]
    pub fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// Where a pixel begins in its image; the border begins at negative rows and columns.
    #[must_use]
    pub fn at(&self, row: usize, column: usize) -> usize {
        (self.before[0] + row) * self.row_len() + (self.before[1] + column) * self.pitch
    }

    /// Whether there is no border, so that images follow each other without a gap.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.before == [0; 2] && self.after == [0; 2]
    }

    /// The same images with at least this border.
    #[must_use]
    pub fn with_border(mut self, before: [usize; 2], after: [usize; 2]) -> Self {
        for i in 0..2 {
            self.before[i] = self.before[i].max(before[i]);
            self.after[i] = self.after[i].max(after[i]);
        }
        self
    }
}

/// Some images that are read.
#[derive(Clone, Copy, Debug)]
pub struct Images<'a> {
    /// Their numbers, from the first image on.
    pub numbers: &'a [f32],
    /// How they lie.
    pub grid: &'a Grid,
}

/// Some images that are written.
#[derive(Debug)]
pub struct ImagesMut<'a> {
    /// Their numbers, from the first image on.
    pub numbers: &'a mut [f32],
    /// How they lie.
    pub grid: &'a Grid,
}

impl ImagesMut<'_> {
    /// The same images, to be read.
    #[must_use]
    pub fn as_images(&self) -> Images<'_> {
        Images { numbers: self.numbers, grid: self.grid }
    }
}

/// Numbers of a stretch, at most: it should stay in the fastest cache while several operations go over it.
const STRETCH: usize = 2048;

/// Stretches of pixels that lie side by side in each of some grids: whole rows, or as many pixels as fit where no grid has a
/// border.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretches {
    height: usize,
    /// Pixels of a stretch, at most.
    most: usize,
    rows: usize,
    /// Pixels of such a row.
    pixels: usize,
    /// Whether all images are one row.
    is_whole: bool,
}

impl Stretches {
    /// The stretches of so many images in grids that differ in nothing but border and pitch.
    pub fn new<'a>(images: usize, grids: impl IntoIterator<Item = &'a Grid>) -> Self {
        let mut size: Option<(usize, usize)> = None;
        let (mut pitch, mut is_plain) = (1, true);
        for grid in grids {
            let own = (grid.height, grid.width);
            assert!(*size.get_or_insert(own) == own, "images of one size");
            pitch = pitch.max(grid.pitch);
            is_plain &= grid.is_plain();
        }
        let (height, width) = size.unwrap_or((0, 0));
        let most = (STRETCH / pitch).max(1);
        let all = images * height * width;
        let (rows, pixels) = if is_plain { (usize::from(all > 0), all) } else { (images * height, width) };
        Self { height, most, rows, pixels, is_whole: is_plain }
    }

    /// Each stretch: its row, its first pixel there, and how many pixels it has.
    pub fn each(self) -> impl Iterator<Item = Stretch> {
        (0..self.rows).flat_map(move |row| {
            (0..self.pixels).step_by(self.most).map(move |first| Stretch {
                row,
                first,
                pixels: self.most.min(self.pixels - first),
                height: self.height,
                is_whole: self.is_whole,
            })
        })
    }
}

/// Some pixels that lie side by side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    row: usize,
    first: usize,
    /// How many pixels they are.
    pub pixels: usize,
    height: usize,
    /// Whether all images are one row of this.
    is_whole: bool,
}

impl Stretch {
    /// Where it lies in images of a grid.
    #[inline(always)]
    pub fn of(&self, grid: &Grid) -> std::ops::Range<usize> {
        let start = if self.is_whole {
            self.first * grid.pitch
        } else {
            (self.row / self.height) * grid.image_len() + grid.at(self.row % self.height, self.first)
        };
        start..start + self.pixels * grid.pitch
    }
}
