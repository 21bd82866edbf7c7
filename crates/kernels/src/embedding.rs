//! Rows of a table, side by side or as their mean, and what their gradients add to the table.

/// Which rows a batch reads: `codes` places for each of `batch` examples, of rows of `size` numbers.
///
/// A place counts rows from 1; 0 reads no row, and is zeros in a sequence and not counted in a mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Examples.
    pub batch: usize,
    /// Places of one example.
    pub codes: usize,
    /// Numbers in a row.
    pub size: usize,
}

impl Lookup {
    /// Writes the rows as `[batch, size, codes]`, all of `y` being overwritten.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says, or a place is beyond the table.
    pub fn sequence(&self, table: &[f32], places: &[u32], y: &mut [f32]) {
        assert_eq!((places.len(), y.len()), (self.batch * self.codes, self.batch * self.codes * self.size));
        y.fill(0.0);
        for (places, y) in self.examples(places).zip(y.chunks_exact_mut((self.codes * self.size).max(1))) {
            for (code, row) in rows(places, self.size) {
                for (y, x) in y[code..].iter_mut().step_by(self.codes).zip(&table[row]) {
                    *y = *x;
                }
            }
        }
    }

    /// Adds the gradient of [`Lookup::sequence`] to that of the table.
    ///
    /// # Panics
    /// As [`Lookup::sequence`].
    pub fn sequence_gradient(&self, places: &[u32], dy: &[f32], dtable: &mut [f32]) {
        assert_eq!((places.len(), dy.len()), (self.batch * self.codes, self.batch * self.codes * self.size));
        for (places, dy) in self.examples(places).zip(dy.chunks_exact((self.codes * self.size).max(1))) {
            for (code, row) in rows(places, self.size) {
                for (dx, dy) in dtable[row].iter_mut().zip(dy[code..].iter().step_by(self.codes)) {
                    *dx += dy;
                }
            }
        }
    }

    /// Writes the mean of each example's rows, `[batch, size]`; zeros where it reads none.
    ///
    /// # Panics
    /// Where a slice has not the length that the shape says, or a place is beyond the table.
    pub fn mean(&self, table: &[f32], places: &[u32], y: &mut [f32]) {
        assert_eq!((places.len(), y.len()), (self.batch * self.codes, self.batch * self.size));
        y.fill(0.0);
        for (places, y) in self.examples(places).zip(y.chunks_exact_mut(self.size.max(1))) {
            for (_, row) in rows(places, self.size) {
                y.iter_mut().zip(&table[row]).for_each(|(y, x)| *y += x);
            }
            let share = share(places);
            y.iter_mut().for_each(|y| *y *= share);
        }
    }

    /// Adds the gradient of [`Lookup::mean`] to that of the table.
    ///
    /// # Panics
    /// As [`Lookup::mean`].
    pub fn mean_gradient(&self, places: &[u32], dy: &[f32], dtable: &mut [f32]) {
        assert_eq!((places.len(), dy.len()), (self.batch * self.codes, self.batch * self.size));
        for (places, dy) in self.examples(places).zip(dy.chunks_exact(self.size.max(1))) {
            let share = share(places);
            for (_, row) in rows(places, self.size) {
                dtable[row].iter_mut().zip(dy).for_each(|(dx, dy)| *dx += share * dy);
            }
        }
    }

    fn examples<'a>(&self, places: &'a [u32]) -> std::slice::ChunksExact<'a, u32> {
        places.chunks_exact(self.codes.max(1))
    }
}

/// Where in the table the row of each code lies that reads one.
fn rows(places: &[u32], size: usize) -> impl Iterator<Item = (usize, std::ops::Range<usize>)> + '_ {
    let read = places.iter().enumerate().filter(|(_, place)| **place > 0);
    read.map(move |(code, place)| (code, (*place as usize - 1) * size..*place as usize * size))
}

fn share(places: &[u32]) -> f32 {
    let count = places.iter().filter(|place| **place > 0).count();
    if count == 0 { 0.0 } else { 1.0 / count as f32 }
}
