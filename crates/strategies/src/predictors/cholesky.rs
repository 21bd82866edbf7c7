//! A positive definite matrix as a product of a triangle with itself, row by row.

/// The lower triangle `L` of `K = L Lᵀ`, to which rows can be added.
#[derive(Clone, Default)]
pub(crate) struct Cholesky {
    /// Row after row, row `i` of length `i + 1`.
    triangle: Vec<f64>,
    rows: usize,
}

fn start(row: usize) -> usize {
    row * (row + 1) / 2
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Four sums at a time: the compiler may not reorder a single one.
    let mut sums = [0.0; 4];
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a4.remainder().iter().zip(b4.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a4.zip(b4) {
        for i in 0..4 {
            sums[i] += x[i] * y[i];
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

impl Cholesky {
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.triangle[start(i)..start(i + 1)]
    }

    /// Adds the next row of `K`, up to its diagonal; the diagonal is kept above `least`.
    pub(crate) fn push(&mut self, row: &[f64], least: f64) {
        let mut solved = row[..self.rows].to_vec();
        self.forward(&mut solved);
        let diagonal = (row[self.rows] - dot(&solved, &solved)).max(least).sqrt();
        self.triangle.extend_from_slice(&solved);
        self.triangle.push(diagonal);
        self.rows += 1;
    }

    /// Drops the rows from `rows` on.
    pub(crate) fn truncate(&mut self, rows: usize) {
        self.rows = self.rows.min(rows);
        self.triangle.truncate(start(self.rows));
    }

    /// Solves `L x = b` for as many rows as `b` has.
    pub(crate) fn forward(&self, b: &mut [f64]) {
        for i in 0..b.len() {
            let row = self.row(i);
            b[i] = (b[i] - dot(&row[..i], &b[..i])) / row[i];
        }
    }

    /// Solves `Lᵀ x = b` for as many rows as `b` has.
    pub(crate) fn backward(&self, b: &mut [f64]) {
        for i in (0..b.len()).rev() {
            let row = self.row(i);
            b[i] /= row[i];
            let solved = b[i];
            b[..i].iter_mut().zip(row).for_each(|(b, l)| *b -= l * solved);
        }
    }

    /// Half of the logarithm of `K`'s determinant.
    pub(crate) fn half_log_determinant(&self) -> f64 {
        (0..self.rows).map(|i| self.row(i)[i].ln()).sum()
    }

    /// `K⁻¹`, row after row, all of it.
    pub(crate) fn inverse(&self) -> Vec<f64> {
        let n = self.rows;
        // The rows of `columns` are the columns of L⁻¹, each from its diagonal on.
        let mut columns = vec![0.0; n * n];
        for j in 0..n {
            let column = &mut columns[j * n..(j + 1) * n];
            column[j] = 1.0 / self.row(j)[j];
            for i in j + 1..n {
                let row = self.row(i);
                column[i] = -dot(&row[j..i], &column[j..i]) / row[i];
            }
        }
        let mut inverse = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let value = dot(&columns[i * n + i..(i + 1) * n], &columns[j * n + i..(j + 1) * n]);
                inverse[i * n + j] = value;
                inverse[j * n + i] = value;
            }
        }
        inverse
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nascent_core::rng::Rng;

    /// A random positive definite matrix and its factor.
    fn random(n: usize) -> (Vec<Vec<f64>>, Cholesky) {
        let mut rng = Rng::new(4, 0);
        let a: Vec<Vec<f64>> = (0..n).map(|_| (0..n + 3).map(|_| rng.normal()).collect()).collect();
        let k: Vec<Vec<f64>> = a.iter().map(|x| a.iter().map(|y| dot(x, y)).collect()).collect();
        let mut factor = Cholesky::default();
        k.iter().enumerate().for_each(|(i, row)| factor.push(&row[..=i], 1e-12));
        (k, factor)
    }

    #[test]
    fn the_inverse_and_the_solutions_are_right() {
        let (k, factor) = random(13);
        let inverse = factor.inverse();
        let mut b: Vec<f64> = (0..13).map(f64::from).collect();
        factor.forward(&mut b);
        factor.backward(&mut b);
        for (i, row) in k.iter().enumerate() {
            for j in 0..13 {
                let product: f64 = (0..13).map(|m| row[m] * inverse[m * 13 + j]).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-8);
            }
            assert!((dot(row, &b) - i as f64).abs() < 1e-8);
        }
    }

    #[test]
    fn rows_can_be_dropped_and_added_again() {
        let (k, mut factor) = random(9);
        let whole = factor.triangle.clone();
        factor.truncate(5);
        assert_eq!(factor.rows(), 5);
        (5..9).for_each(|i| factor.push(&k[i][..=i], 1e-12));
        assert_eq!(factor.triangle, whole);
    }
}
