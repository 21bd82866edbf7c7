use super::{Needs, Score};
use nalgebra::DMatrix;

pub(super) static SCORE: Score = Score {
    name: "nwot",
    summary: "how differently activations answer to different examples: in how few units two of them agree",
    scale: "the logarithm of a determinant",
    paper: "arXiv:2006.04647",
    needs: Needs::Inputs,
    needs_numbers: false,
    needs_classes: false,
    measure: |probe| {
        let examples = probe.batch(0).len();
        log_determinant(&agreement(&probe.signs().units, examples))
    },
};

/// In how many units each two examples are on the same side.
fn agreement(units: &[u64], examples: usize) -> DMatrix<f64> {
    let mut rows = vec![0u64; examples * units.len().div_ceil(64)];
    let words = units.len().div_ceil(64);
    for (place, unit) in units.iter().enumerate() {
        let mut left = *unit;
        while left != 0 {
            let example = left.trailing_zeros() as usize;
            rows[example * words + place / 64] |= 1 << (place % 64);
            left &= left - 1;
        }
    }
    DMatrix::from_fn(examples, examples, |i, j| {
        let (a, b) = (&rows[i * words..(i + 1) * words], &rows[j * words..(j + 1) * words]);
        let differ: u32 = a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum();
        (units.len() - differ as usize) as f64
    })
}

/// The logarithm of the size of a determinant; minus infinity where it is 0.
fn log_determinant(matrix: &DMatrix<f64>) -> f64 {
    matrix.clone().lu().u().diagonal().iter().map(|x| x.abs().ln()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_counts_units_on_the_same_side() {
        // Of three examples the first two agree in one unit of three, the others never and twice.
        let units = [0b011, 0b010, 0b001];
        let k = agreement(&units, 3);
        assert_eq!([k[(0, 0)], k[(0, 1)], k[(0, 2)], k[(1, 2)]], [3.0, 1.0, 1.0, 1.0]);
        // det [[3, 1, 1], [1, 3, 1], [1, 1, 3]] = 20
        assert!((log_determinant(&k) - 20f64.ln()).abs() < 1e-12);
        assert_eq!(log_determinant(&agreement(&[0, 0], 2)), f64::NEG_INFINITY);
    }
}
