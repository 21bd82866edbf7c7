//! What rows of tables and codes are embedded with.

use nascent_core::architecture::op::{Embedding, EmbeddingBag, PerFeature};

pub fn bins(bins: usize, x: &[f64]) -> Vec<f64> {
    let of = |x: f64, bin: usize| (x * bins as f64 - bin as f64).clamp(0.0, 1.0);
    x.iter().flat_map(|x| (0..bins).map(move |bin| of(*x, bin))).collect()
}

pub fn each(op: &PerFeature, x: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let k = x.len() / op.features;
    let mut y = bias.to_vec();
    for (at, y) in y.iter_mut().enumerate() {
        let (feature, o) = (at / op.size, at % op.size);
        for i in 0..k {
            *y += x[feature * k + i] * weight[(feature * k + i) * op.size + o];
        }
    }
    y
}

pub fn waves(frequencies: usize, x: &[f64], frequency: &[f64]) -> Vec<f64> {
    let mut y = Vec::new();
    for (x, frequency) in x.iter().zip(frequency.chunks(frequencies)) {
        y.extend(frequency.iter().map(|c| (2.0 * std::f64::consts::PI * c * x).sin()));
        y.extend(frequency.iter().map(|c| (2.0 * std::f64::consts::PI * c * x).cos()));
    }
    y
}

/// The vector of a code.
fn vector(code: f64, vocabulary: usize, size: usize, table: &[f64]) -> Vec<f64> {
    if code >= 1.0 && code < vocabulary as f64 {
        let row = code as usize - 1;
        return table[row * size..(row + 1) * size].to_vec();
    }
    vec![0.0; size]
}

pub fn embed(op: &Embedding, codes: &[f64], table: &[f64]) -> Vec<f64> {
    let vectors: Vec<Vec<f64>> = codes.iter().map(|c| vector(*c, op.vocabulary, op.size, table)).collect();
    (0..op.size).flat_map(|i| vectors.iter().map(move |v| v[i])).collect()
}

pub fn embed_bag(op: &EmbeddingBag, codes: &[f64], table: &[f64]) -> Vec<f64> {
    let codes: Vec<f64> = codes.iter().copied().filter(|c| *c >= 1.0 && *c < op.vocabulary as f64).collect();
    let mut sum = vec![0.0; op.size];
    for code in &codes {
        for (sum, x) in sum.iter_mut().zip(vector(*code, op.vocabulary, op.size, table)) {
            *sum += x / codes.len() as f64;
        }
    }
    sum
}
