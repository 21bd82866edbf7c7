//! Sums over windows, of images that lie where they are.

// Plain counted loops are what surely becomes straight code in registers.
#![allow(clippy::needless_range_loop)]

use crate::lanes::{Lanes, Path};
use crate::tile::{Panel, Run, block, panels};

/// Numbers that may be read behind the last image; what they are does not matter.
pub const SLACK: usize = crate::tile::SLACK;

/// Pairs of places: where the window of a pixel starts, and where the pixel's own numbers do.
#[derive(Clone, Debug)]
pub(crate) struct Pairs {
    /// For each pixel of each image of a chunk, from the start of the chunk.
    places: Vec<[u32; 2]>,
    /// Pairs of one image.
    each: usize,
    /// Windows of one image, from the image's start, end before this.
    most: [usize; 2],
    image_lens: [usize; 2],
}

impl Pairs {
    /// Repeats the pairs of one image for `images`, whose starts lie `image_lens` apart.
    pub fn new(one: &[[usize; 2]], images: usize, image_lens: [usize; 2]) -> Self {
        let most = [0, 1].map(|i| one.iter().map(|p| p[i]).max().unwrap_or(0));
        assert!((0..2).all(|i| images * image_lens[i] < u32::MAX as usize), "a chunk has too many numbers");
        let place = |image: usize, p: &[usize; 2]| [0, 1].map(|i| (image * image_lens[i] + p[i]) as u32);
        let places = (0..images).flat_map(|image| one.iter().map(move |p| place(image, p))).collect();
        Self { places, each: one.len(), most, image_lens }
    }

    /// Bytes that are held here.
    pub fn bytes(&self) -> usize {
        std::mem::size_of_val(&self.places[..])
    }

    /// The pairs of the first `images`, after which the furthest window and the furthest pixel start nowhere.
    pub fn of(&self, images: usize) -> (&[[u32; 2]], [usize; 2]) {
        let furthest = [0, 1].map(|i| images.saturating_sub(1) * self.image_lens[i] + self.most[i]);
        (&self.places[..images * self.each], furthest)
    }
}

/// What a sum begins with.
#[derive(Clone, Copy)]
pub(crate) enum Begin<'a> {
    Zero,
    /// A number for each output; as many as all panels are wide.
    With(&'a [f32]),
    /// What is there already.
    There,
}

/// Sums over windows: for each pixel `Σ over runs of input · weights`.
pub(crate) struct Windows<'a> {
    pub input: &'a [f32],
    pub images: usize,
    pub pairs: &'a Pairs,
    pub runs: &'a [Run],
    pub begin: Begin<'a>,
    pub output: &'a mut [f32],
}

impl Windows<'_> {
    /// All panels, whose weights follow each other: of each `[numbers of all runs, panel width]`.
    #[inline(always)]
    pub fn panels<L: Lanes>(&mut self, panels: &[Panel], weights: &[f32]) {
        let numbers: usize = self.runs.iter().map(|r| r.len).sum();
        let mut at = 0;
        for panel in panels {
            let len = numbers * panel.vectors * L::WIDTH;
            let weights = &weights[at..at + len];
            match (panel.vectors, L::WIDTH == 16) {
                (4, _) => self.rows::<L, 6, 4>(panel.first, weights),
                (2, true) => self.rows::<L, 12, 2>(panel.first, weights),
                (2, false) => self.rows::<L, 6, 2>(panel.first, weights),
                _ => self.rows::<L, 12, 1>(panel.first, weights),
            }
            at += len;
        }
    }

    #[inline(always)]
    fn rows<L: Lanes, const R: usize, const V: usize>(&mut self, first: usize, weights: &[f32]) {
        let (places, [from, to]) = self.pairs.of(self.images);
        let longest = self.runs.iter().map(|r| r.offset + r.len).max().unwrap_or(0);
        assert!(places.is_empty() || from + longest <= self.input.len());
        assert!(places.is_empty() || to + first + V * L::WIDTH <= self.output.len());
        let mut start = [L::splat(0.0); V];
        if let Begin::With(bias) = self.begin {
            assert!(first + V * L::WIDTH <= bias.len());
            for v in 0..V {
                // SAFETY: the panel lies in `bias`, asserted above.
                start[v] = unsafe { L::load(bias.as_ptr().add(first + v * L::WIDTH)) };
            }
        }
        // What a whole block would compute for nothing, blocks of four rows mostly do not.
        let mut whole = places.len() / R * R;
        if places.len() > whole && whole > 0 && places.len() + R - whole <= 2 * FEW {
            whole -= R;
        }
        if places.len() - whole > R - FEW / 2 {
            whole = places.len();
        }
        let (places, few) = places.split_at(whole);
        self.blocks::<L, R, V>(places, first, weights, start);
        self.blocks::<L, FEW, V>(few, first, weights, start);
    }

    #[inline(always)]
    fn blocks<L: Lanes, const R: usize, const V: usize>(
        &mut self,
        places: &[[u32; 2]],
        first: usize,
        weights: &[f32],
        start: [L::Vector; V],
    ) {
        let adds = matches!(self.begin, Begin::There);
        let one = L::splat(1.0);
        for places in places.chunks(R) {
            let (mut from, mut to) = ([0; R], [0; R]);
            for r in 0..R {
                // Rows beyond the last repeat it, and are not stored.
                let [window, pixel] = places[r.min(places.len() - 1)];
                (from[r], to[r]) = (window as usize, pixel as usize + first);
            }
            // SAFETY: every window lies in `input`, asserted by the caller; the weights are as long as all runs.
            let sums = unsafe { block::<L, R, V>(self.input.as_ptr(), &from, self.runs, weights.as_ptr()) };
            for r in 0..places.len().min(R) {
                for v in 0..V {
                    // SAFETY: the pixel's numbers of this panel lie in `output`, asserted by the caller.
                    unsafe {
                        let to = self.output.as_mut_ptr().add(to[r] + v * L::WIDTH);
                        let before = if adds { L::load(to) } else { start[v] };
                        L::store(to, L::multiply_add(before, one, sums[r][v]));
                    }
                }
            }
        }
    }
}

/// Rows of a block at the end, where few are left.
const FEW: usize = 4;

/// How the columns of a product are covered.
#[derive(Clone, Debug)]
pub(crate) struct Panels {
    pub panels: Vec<Panel>,
    pub pitch: usize,
}

impl Panels {
    pub fn new(path: Path, columns: usize) -> Self {
        Self { panels: panels(path.width(), columns), pitch: path.pitch(columns) }
    }
}

/// Lays out a matrix as panels want it; `at` is where row and column are.
#[inline(always)]
pub(crate) fn pack<L: Lanes>(
    to: &mut [f32],
    cover: &Panels,
    (rows, columns): (usize, usize),
    from: &[f32],
    at: impl Fn(usize, usize) -> usize,
) {
    let mut to = to.iter_mut();
    for panel in &cover.panels {
        for row in 0..rows {
            for (column, to) in (panel.first..panel.first + panel.vectors * L::WIDTH).zip(to.by_ref()) {
                *to = if column < columns { from[at(row, column)] } else { 0.0 };
            }
        }
    }
}
