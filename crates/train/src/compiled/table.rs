//! Vectors of codes.

use super::Step;
use super::store::{Pass, ValueId};
use crate::optimizer::Gradient;

/// A trained vector for each code, or the mean of those of all codes that are something.
pub(super) struct Embed {
    x: ValueId,
    y: ValueId,
    slot: usize,
    is_mean: bool,
    /// Whether the answers are by the same table, which have taught all of it before it is this step's turn.
    is_tied: bool,
    /// The place of each row of the table among those that the batch reads, from 1; 0 where it is not read.
    place_of: Vec<u32>,
    rows: Vec<u32>,
}

impl Embed {
    pub fn new(x: ValueId, y: ValueId, slot: usize, is_mean: bool, is_tied: bool) -> Self {
        Self { x, y, slot, is_mean, is_tied, place_of: Vec::new(), rows: Vec::new() }
    }

    /// The row of the table that a code reads: that of the number before, for 0 has none.
    fn row(code: f32, rows: usize) -> Option<usize> {
        // What is no code, below 0 or no number, becomes 0.
        (code as usize).checked_sub(1).filter(|row| *row < rows)
    }

    /// Calls `f` for each code that is something: its row, where its vector lies among the outputs, and what share it has there.
    fn each(&self, pass: &Pass<'_>, rows: usize, mut f: impl FnMut(usize, usize, f32)) {
        let [x, y] = [self.x, self.y].map(|value| &pass.store.values[value.0]);
        let (codes, len) = (x.grid.channels, y.flat.image_len());
        for n in 0..pass.images {
            let own = &x.numbers[n * x.grid.image_len()..][..codes];
            let count = own.iter().filter(|code| Self::row(**code, rows).is_some()).count().max(1);
            for (i, code) in own.iter().enumerate() {
                let Some(row) = Self::row(*code, rows) else { continue };
                if self.is_mean {
                    f(row, n * len, 1.0 / count as f32);
                } else {
                    f(row, n * len + i * y.flat.pitch, 1.0);
                }
            }
        }
    }

    /// Adds what each vector is to learn to the gradient of its row, which lies at `at` among those of `numbers`.
    fn learn(&self, pass: &Pass<'_>, rows: usize, numbers: &mut [f32], at: impl Fn(usize) -> usize) {
        let Some(dy) = pass.store.gradient(self.y, 0) else { return };
        let size = dy.grid.channels;
        self.each(pass, rows, |row, place, share| {
            let to = &mut numbers[at(row) * size..][..size];
            to.iter_mut().zip(&dy.numbers[place..]).for_each(|(to, g)| *to += share * g);
        });
    }
}

impl Step for Embed {
    fn forward(&mut self, pass: &mut Pass<'_>) {
        let (grid, flat) = (pass.store.values[self.y.0].grid, pass.store.values[self.y.0].flat);
        let size = grid.channels;
        let table = &pass.weights[self.slot];
        let mut y = pass.store.take(self.y);
        for n in 0..pass.images {
            for pixel in 0..grid.pixels() {
                y[n * grid.image_len() + grid.at(0, pixel)..][..size].fill(0.0);
            }
        }
        self.each(pass, table.len() / size, |row, place, share| {
            let (n, pixel) = (place / flat.image_len(), place % flat.image_len() / flat.pitch);
            let to = &mut y[n * grid.image_len() + grid.at(0, pixel)..][..size];
            to.iter_mut().zip(&table[row * size..]).for_each(|(to, x)| *to += share * x);
        });
        pass.store.put(self.y, y);
    }

    fn backward(&mut self, pass: &mut Pass<'_>) {
        pass.store.settle(self.y, pass.images);
        let size = pass.store.values[self.y.0].grid.channels;
        let rows = pass.weights[self.slot].len() / size;
        if self.is_tied {
            let mut numbers = std::mem::take(pass.store.learn(self.slot, rows * size));
            self.learn(pass, rows, &mut numbers, |row| row);
            *pass.store.learn(self.slot, 0) = numbers;
            return;
        }
        let mut place_of = std::mem::take(&mut self.place_of);
        let mut read = std::mem::take(&mut self.rows);
        place_of.resize(rows, 0);
        self.each(pass, rows, |row, _, _| {
            if place_of[row] == 0 {
                read.push(row as u32);
                place_of[row] = read.len() as u32;
            }
        });
        let gradient = pass.store.learned[self.slot].take();
        let Gradient { mut numbers, rows: known } =
            gradient.unwrap_or(Gradient { numbers: Vec::new(), rows: None });
        numbers.clear();
        numbers.resize(read.len() * size, 0.0);
        self.learn(pass, rows, &mut numbers, |row| place_of[row] as usize - 1);
        read.iter().for_each(|row| place_of[*row as usize] = 0);
        let mut known = known.unwrap_or_default();
        known.clone_from(&read);
        read.clear();
        if !numbers.is_empty() {
            pass.store.learned[self.slot] = Some(Gradient { numbers, rows: Some(known) });
        }
        (self.place_of, self.rows) = (place_of, read);
    }
}
