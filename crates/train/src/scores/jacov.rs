use super::{Needs, Score};
use nalgebra::DMatrix;

pub(super) static SCORE: Score = Score {
    name: "jacov",
    summary: "how differently answers depend on their inputs for different examples",
    scale: "minus a sum over eigenvalues of a correlation matrix",
    paper: "arXiv:2006.04647",
    needs: Needs::Inputs,
    needs_numbers: true,
    needs_classes: false,
    measure: |probe| {
        let (jacobian, examples) = probe.jacobian();
        let len = jacobian.len() / examples;
        // Of more examples than half of what they differ in, some are sums of others whatever the network.
        let rows: Vec<&[f32]> = jacobian.chunks_exact(len.max(1)).take((len / 2).max(2)).collect();
        let values = correlations(&rows).symmetric_eigenvalues();
        -values.iter().map(|v| (v + SMALL).ln() + 1.0 / (v + SMALL)).sum::<f64>()
    },
};

const SMALL: f64 = 1e-5;

/// The correlations of rows of equal length; not a number where a row has one value throughout.
pub(super) fn correlations(rows: &[&[f32]]) -> DMatrix<f64> {
    let centred: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| {
            let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / row.len() as f64;
            let centred: Vec<f64> = row.iter().map(|x| f64::from(*x) - mean).collect();
            let norm = centred.iter().map(|x| x * x).sum::<f64>().sqrt();
            centred.into_iter().map(|x| x / norm).collect()
        })
        .collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut found = DMatrix::zeros(rows.len(), rows.len());
    for i in 0..rows.len() {
        for j in 0..=i {
            found[(i, j)] = dot(&centred[i], &centred[j]);
            found[(j, i)] = found[(i, j)];
        }
    }
    found
}
